"""Sources on real sockets, with the session that the core hands to them."""

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from requests import PreparedRequest
from requests.auth import AuthBase

from tests.jira.support import NOW, Told, options
from xmo_core.http import Session
from xmo_core.options import HttpOptions
from xmo_hooks import Grant, Tools
from xmo_jira.source import Jira

Connect = Callable[..., Jira]


class Granted(AuthBase):
    """A log-in by tokens, as the core's: it keeps what it was granted with."""

    def __init__(self, grant: Grant) -> None:
        self.grant = grant

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.grant.refresh_token}"
        return request


@pytest.fixture
def log() -> Told:
    return Told()


@pytest.fixture
def connect(httpserver: HTTPServer, log: Told) -> Iterator[Connect]:
    """`connect(**options)` makes a source that asks the test's server; waits take no time. `granted` makes its log-in
    by tokens."""
    with ExitStack() as stack:

        def made(granted: Callable[..., AuthBase] | None = None, **values: Any) -> Jira:
            session = Session(
                name="desk",
                options=HttpOptions(),
                requests_per_minute=None,
                now=lambda: NOW,
                log=log,
                on_wait=lambda _: None,
                sleep=lambda _: None,
                random=random.Random(1),
            )
            stack.enter_context(session)
            here = options(**{"url": httpserver.url_for("/").rstrip("/"), **values})
            oauth = partial(granted, session=session) if granted else Granted
            return Jira(here, Tools(session=session, now=lambda: NOW, log=log, oauth=oauth))

        yield made
