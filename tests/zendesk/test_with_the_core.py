"""The source on the core's own session, against the sandbox: the vendor's pace, its tokens, and what we wrote."""

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.zendesk.support import MARKER, NOW, Told, fetched, message, options, rows_of, tickets_of, touchpoints_of
from tests.zendesk_sandbox.conftest import serving
from tests.zendesk_sandbox.support import Hand, Served, line, work_file
from xmo_core.http import Session
from xmo_core.oauth import OAuth
from xmo_core.options import HttpOptions
from xmo_core.store import Store, open_store, versions
from xmo_core.store.rows import ends_of
from xmo_hooks import SandboxOptions, Tools
from xmo_zendesk.plugin import xmo_sources
from xmo_zendesk.source import Zendesk

Asked = list[tuple[float, str, int]]  # when, by the clock of both sides; the path; the status of the answer
Process = Callable[..., tuple[Zendesk, Asked]]
LATER = NOW.replace(day=31)  # so that nothing of these days is too new to be exported
TOKEN = {"username": "xmo@example.org", "token": "sandbox"}
GRANT = {"client_id": "xmo", "client_secret": "sandbox", "refresh_token": "sandbox-refresh"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path / 'xmo.db'}")
    versions.ensure(store)
    yield store
    store.close()


@pytest.fixture
def process(store: Store, log: Told) -> Iterator[Process]:
    """`process(desk, **options)` makes the source as one process of XMO would have it, at the limits of its kind; all
    share a store. Waiting moves the sandbox's clock."""
    (kind,) = xmo_sources()
    with ExitStack() as stack:

        def made(desk: Served, **values: Any) -> tuple[Zendesk, Asked]:
            session = stack.enter_context(_session(desk.hand, kind.requests_per_minute, kind.limits, log))
            asked: Asked = []

            def note(answer: requests.Response, **_: Any) -> None:
                asked.append((desk.hand.seconds, str(answer.request.path_url), answer.status_code))

            session.hooks["response"].append(note)
            tools = Tools(
                session=session,
                now=lambda: LATER,
                log=log,
                oauth=lambda grant: OAuth(grant, session, store, "desk", lambda: LATER),
            )
            return Zendesk(options(url=desk.url, **values), tools), asked

        yield made


def _session(hand: Hand, requests_per_minute: int | None, limits: Any, log: Told) -> Session:
    def sleep(seconds: float) -> None:
        hand.seconds += seconds

    return Session(
        name="desk",
        options=HttpOptions(),
        requests_per_minute=requests_per_minute,
        limits=limits,
        now=lambda: LATER,
        log=log,
        on_wait=lambda _: None,
        sleep=sleep,
        monotonic=hand,
        random=random.Random(1),
    )


def test_ten_exports_a_minute_are_kept_over_all_streams_and_none_is_refused(process: Process, log: Told) -> None:
    with serving(SandboxOptions(generate=300, at=NOW)) as desk:
        desk.faults(limits=1.0)
        source, asked = process(desk, **TOKEN, page_size=20, sla=True, touchpoints=True, surveys=True)
        assert len(tickets_of(source, fetched(source))) > 100
    exports = [at for at, path, _ in asked if path.startswith("/api/v2/incremental/")]
    assert len(exports) > 12
    assert all(later - first >= 60 for first, later in zip(exports, exports[10:], strict=False))
    assert {status for _, _, status in asked} == {200}
    assert log.infos == []


def test_a_refresh_token_is_used_once_and_the_next_process_goes_on_with_its_successor(process: Process) -> None:
    with serving(SandboxOptions(generate=60, at=NOW)) as desk:
        first, asked_first = process(desk, **GRANT)
        pages = fetched(first)
        desk.put("tokens", {})  # what was granted ends without a word
        second, asked = process(desk, **GRANT)
        assert rows_of(fetched(second)) == rows_of(pages) != []
        assert [status for _, path, status in asked if path == "/oauth/tokens"] == [201]
        assert rows_of(fetched(first)) == rows_of(pages)  # with the token of the second
        assert [path for _, path, _ in asked_first].count("/oauth/tokens") == 1


def test_our_question_is_no_first_response_and_no_reason_to_ask_again(process: Process, tmp_path: Path) -> None:
    told = ["08:00 opened", "08:10 assigned a1", "09:00 resolved", "03-03 09:00 reopened", "03-03 09:30 replied"]
    data = work_file(tmp_path / "work.jsonl", [line(17, *told)])
    with serving(SandboxOptions(data=data, at=NOW.replace(day=2))) as desk:
        source, _ = process(desk, **TOKEN, touchpoints=True)
        before = fetched(source)
        (ticket,) = tickets_of(source, before)
        source.comment(ticket, message())
        desk.clock("2026-03-02T13:00:00Z")
        after = fetched(source, before[-1].cursor)
        (echo,) = tickets_of(source, after)
        assert echo.changed_at > ticket.changed_at
        assert ends_of(echo) == ends_of(ticket)
        assert touchpoints_of(source, after) == touchpoints_of(source, before)[:1]
        assert MARKER in desk.comments(17)[-1]["body"]
        desk.clock("2026-03-03T12:00:00Z")
        assert ("response", "desk") in [(one.what, one.side) for one in touchpoints_of(source, fetched(source))]
