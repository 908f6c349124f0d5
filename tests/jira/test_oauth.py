"""Log-in by tokens that rotate: the source, the core that renews them, and the site's own log-in together."""

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.jira.conftest import Connect
from tests.jira.support import NOW, fetched
from tests.jira.test_against_sandbox import MARKER, MESSAGE, serving, tickets
from xmo_core.http import Session
from xmo_core.oauth import OAuth
from xmo_core.store import Store, open_store, versions
from xmo_hooks import AuthError, SandboxOptions
from xmo_jira.sandbox import SANDBOX
from xmo_jira.sandbox.login import LIFETIME
from xmo_jira.sandbox.site import CLOUD_ID
from xmo_jira.sandbox.web import build
from xmo_jira.source import Jira

Process = Callable[[Store], Jira]


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Callable[[str], Store]]:
    opened = []

    def made(name: str) -> Store:
        store = open_store(f"sqlite:///{tmp_path / name}.db")
        versions.ensure(store)
        opened.append(store)
        return store

    yield made
    for store in opened:
        store.close()


@pytest.fixture
def hours() -> list[float]:
    """The hours that have passed at the site; nobody here looks at a clock."""
    return [0.0]


@pytest.fixture
def process(connect: Connect, hours: list[float]) -> Iterator[Process]:
    """`process(store)` connects as another process of that store would: through the gateway, with the first refresh
    token from its config."""
    make = partial(build, monotonic=lambda: hours[0] * LIFETIME)
    with serving(replace(SANDBOX, make=make), SandboxOptions(generate=60)) as url:
        lines = tomllib.loads(SANDBOX.config(f"{url}/ex/jira/{CLOUD_ID}"))
        common = {name: value for name, value in lines.items() if name not in ("kind", "username", "token")}
        tokens = {"client_id": "xmo", "client_secret": "sandbox", "refresh_token": "sandbox"}
        where = {"token_url": f"{url}/oauth/token", "site_url": url, "page_size": 10}

        def made(store: Store) -> Jira:
            def granted(grant: Any, session: Session) -> OAuth:
                return OAuth(grant, session, store, "desk", lambda: NOW)

            return connect(granted=granted, **common, **tokens, **where)

        yield made


def test_a_token_that_ends_between_two_pages_is_renewed_and_no_ticket_is_lost(
    process: Process, stores: Callable[[str], Store], hours: list[float]
) -> None:
    source = process(stores("one"))
    whole = {row["id"] for page in fetched(source) for row in page.rows}
    pages = source.fetch(None, None)
    seen = {row["id"] for row in next(pages).rows}
    hours[0] += 1
    seen |= {row["id"] for page in pages for row in page.rows}
    assert seen == whole
    assert len(whole) > 50


def test_a_token_that_ends_before_a_question_is_renewed_and_the_question_written_once(
    process: Process, stores: Callable[[str], Store], hours: list[float]
) -> None:
    source = process(stores("one"))
    ticket = next(iter(tickets(source).values()))
    hours[0] += 1
    receipt = source.comment(ticket, MESSAGE)
    assert source.find(ticket, MARKER) == receipt


def test_the_next_process_goes_on_with_the_token_that_came_last(
    process: Process, stores: Callable[[str], Store], hours: list[float]
) -> None:
    store = stores("one")
    for _ in range(3):  # the first refresh token is good for one use
        assert len(tickets(process(store))) > 50
        hours[0] += 1


def test_whoever_lost_the_store_is_told_to_log_in_anew(process: Process, stores: Callable[[str], Store]) -> None:
    assert tickets(process(stores("one")))
    source = process(stores("another"))
    with pytest.raises(AuthError) as caught:
        fetched(source)
    assert "Log in anew" in caught.value.hint
    (found,) = source.check()
    assert (found.level, "Log in anew" in found.fix) == ("error", True)
