"""Sandboxes on real sockets."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread
from typing import Protocol

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.jira_sandbox.support import Hand, Line, Served, ticket, work_file
from xmo_hooks import SandboxOptions
from xmo_jira.sandbox.web import build


class Serve(Protocol):
    """Serves a sandbox for one test."""

    def __call__(self, options: SandboxOptions, *, cloud: bool = True) -> Served: ...


class Play(Protocol):
    """Serves a sandbox that plays these tickets."""

    def __call__(self, *lines: Line, cloud: bool = True) -> Served: ...


class Quiet(WSGIRequestHandler):
    """Speaks HTTP/1.1, as `xmo sandbox` does, and logs nothing."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@contextmanager
def serving(options: SandboxOptions, cloud: bool) -> Iterator[Served]:
    hand, slept = Hand(), list[float]()
    app = build(options, cloud=cloud, monotonic=hand, wall=lambda: 1_800_000_000.0, sleep=slept.append)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    served = Served(f"http://127.0.0.1:{server.server_port}", hand, slept, cloud)
    try:
        yield served
    finally:
        served.session.close()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:
        yield lambda options, *, cloud=True: stack.enter_context(serving(options, cloud))


@pytest.fixture
def play(serve: Serve, tmp_path: Path) -> Play:
    return lambda *lines, cloud=True: serve(SandboxOptions(data=work_file(tmp_path / "work.jsonl", lines)), cloud=cloud)


def _six(play: Play, cloud: bool) -> Served:
    lines = [
        ticket(n, ("08:00", "opened"), ("09:00", "resolved" if n > 4 else "assigned"), requester=(n + 1) // 2)
        for n in range(1, 7)
    ]
    return play(*lines, cloud=cloud)


@pytest.fixture
def desk(play: Play) -> Served:
    """Six requests of a Cloud site that were changed in one and the same second, two of them resolved."""
    return _six(play, True)


@pytest.fixture
def server(play: Play) -> Served:
    """The same six on a server."""
    return _six(play, False)
