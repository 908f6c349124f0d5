"""Sources on real sockets, with the session that the core hands to them."""

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests.zendesk.support import NOW, Granted, Told, options
from xmo_core.http import Session
from xmo_core.options import HttpOptions
from xmo_hooks import Tools
from xmo_zendesk.source import Zendesk

Connect = Callable[..., Zendesk]


@pytest.fixture
def log() -> Told:
    return Told()


@dataclass
class Clock:
    """What a source takes for the time."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def connect(httpserver: HTTPServer, log: Told, clock: Clock) -> Iterator[Connect]:
    """`connect(**options)` makes a source that asks the test's server; waits take no time."""
    with ExitStack() as stack:

        def made(**values: Any) -> Zendesk:
            session = Session(
                name="desk",
                options=HttpOptions(),
                requests_per_minute=None,
                now=clock,
                log=log,
                on_wait=lambda _: None,
                sleep=lambda _: None,
                random=random.Random(1),
            )
            stack.enter_context(session)
            here = options(**{"url": httpserver.url_for("/").rstrip("/"), **values})
            return Zendesk(here, Tools(session=session, now=clock, log=log, oauth=Granted))

        yield made
