"""Sandboxes on real sockets."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.zendesk_sandbox.support import Hand, Served, line, work_file
from xmo_hooks import SandboxOptions
from xmo_zendesk.sandbox.web import build

Serve = Callable[..., Served]
Play = Callable[..., Served]


class Quiet(WSGIRequestHandler):
    """Speaks HTTP/1.1, as `xmo sandbox` does, and logs nothing."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@contextmanager
def serving(options: SandboxOptions) -> Iterator[Served]:
    hand, slept = Hand(), list[float]()
    app = build(options, monotonic=hand, sleep=slept.append)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    served = Served(f"http://127.0.0.1:{server.server_port}", hand, slept)
    try:
        yield served
    finally:
        served.session.close()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """`serve(generate=5)` serves a sandbox of these options."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(serving(SandboxOptions(**options)))


@pytest.fixture
def play(serve: Serve, tmp_path: Path) -> Play:
    """`play(*rows)` serves the tickets of a work file."""

    def start(*rows: Mapping[str, Any], **options: Any) -> Served:
        return serve(data=work_file(tmp_path / "work.jsonl", rows), **options)

    return start


@pytest.fixture
def desk(play: Play) -> Served:
    """Five tickets, 11 to 15: two solved in one and the same second, two assigned, one new."""
    told = ["08:00 opened", "09:00 assigned a1", "10:00 resolved"]
    return play(line(11, *told), line(12, *told), line(13, *told[:2]), line(14, *told[:2]), line(15, told[0]))
