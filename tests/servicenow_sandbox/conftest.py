"""Sandboxes on real sockets."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.servicenow_sandbox.support import Hand, Served, life, log
from xmo_hooks import SandboxOptions
from xmo_servicenow.sandbox.web import build

Serve = Callable[[SandboxOptions], Served]
Replay = Callable[[Sequence[Mapping[str, str]]], Served]


class Quiet(WSGIRequestHandler):
    """Speaks HTTP/1.1, as `xmo sandbox` does, and logs nothing."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@contextmanager
def serving(options: SandboxOptions) -> Iterator[Served]:
    hand, slept = Hand(), list[float]()
    app = build(options, monotonic=hand, wall=lambda: 1_800_000_000.0, sleep=slept.append)
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
    with ExitStack() as stack:
        yield lambda options: stack.enter_context(serving(options))


@pytest.fixture
def replay(serve: Serve, tmp_path: Path) -> Replay:
    return lambda rows: serve(SandboxOptions(data=log(tmp_path / "log.csv", rows)))


@pytest.fixture
def desk(replay: Replay) -> Served:
    """Six incidents that were changed in one and the same minute, two of them resolved, callers 1 to 3."""
    rows = []
    for n in range(1, 7):
        steps = [("New", "1/3/2016 08:00"), ("Resolved" if n > 4 else "Active", "1/3/2016 09:00")]
        rows += life(f"INC{n}", *steps, caller_id=f"Caller {(n + 1) // 2}", reassignment_count=str(n * 2))
    return replay(rows)
