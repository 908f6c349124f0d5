"""Sources on real sockets, with the session that the core hands to them."""

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests.servicenow.support import NOW, Granted, Told, options
from xmo_core.http import Session
from xmo_core.options import HttpOptions
from xmo_hooks import Tools
from xmo_servicenow.source import ServiceNow

Connect = Callable[..., ServiceNow]


@pytest.fixture
def log() -> Told:
    return Told()


@pytest.fixture
def connect(httpserver: HTTPServer, log: Told) -> Iterator[Connect]:
    """`connect(**options)` makes a source that asks the test's server; waits take no time."""
    with ExitStack() as stack:

        def made(**values: Any) -> ServiceNow:
            session = Session(
                name="corp",
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
            return ServiceNow(here, Tools(session=session, now=lambda: NOW, log=log, oauth=Granted))

        yield made
