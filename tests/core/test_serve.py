"""The pages as they are served: what goes wrong is logged, and whoever reads the log cannot answer in others' place."""

import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Thread
from typing import Any

import pytest
import requests
from flask import Flask
from waitress.server import create_server
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from xmo_core import logs
from xmo_core.keys import Keys
from xmo_core.options import LogOptions
from xmo_core.secrets import redact

KEYS = Keys("0123456789abcdef0123456789abcdef")
TOKENS = [KEYS.token(KEYS.invitation(f"corp:{n}#1")) for n in range(200)]  # some with - and _ at every place


@pytest.fixture
def log() -> io.StringIO:
    stream = io.StringIO()
    logs.configure(LogOptions(), stream)
    return stream


@pytest.fixture
def served() -> Iterator[Callable[[Any], str]]:
    """`served(app)` serves it at /a, as `xmo serve` does, and returns the address."""
    stop: list[Callable[[], None]] = []

    def serve(app: Any) -> str:
        opened: dict[int, Any] = {}
        server = create_server(DispatcherMiddleware(NotFound(), {"/a": app}), host="127.0.0.1", port=0, map=opened)
        thread = Thread(target=server.run)
        thread.start()

        def end() -> None:
            with suppress(OSError):  # the loop may do it, and close the trigger, before the bell is rung
                server.trigger.pull_trigger(lambda: server.asyncore.close_all(opened, True))
            thread.join()
            server.task_dispatcher.shutdown()

        stop.append(end)
        return f"http://127.0.0.1:{server.effective_port}/a"

    yield serve
    for end in stop:
        end()


def raising(environ: Any, start_response: Any) -> list[bytes]:
    raise KeyError(environ["PATH_INFO"])


def flask() -> Any:
    app = Flask("pages")

    @app.get("/<token>")
    def page(token: str) -> str:
        raise KeyError(token)

    return app


@pytest.mark.parametrize("make", [lambda: raising, flask], ids=["waitress logs it", "flask logs it"])
def test_a_page_that_fails_leaves_no_token_in_the_log(
    log: io.StringIO, served: Callable[[Any], str], make: Callable[[], Any]
) -> None:
    url = served(make())
    for token in TOKENS[:5]:
        assert requests.get(f"{url}/{token}", timeout=30).status_code == 500
    assert log.getvalue().count("KeyError") >= 5
    assert "***" in log.getvalue()
    assert [token for token in TOKENS if token.partition(".")[2] in log.getvalue()] == []


def test_every_token_is_taken_out_of_any_text() -> None:
    for token in TOKENS:
        assert redact(f"GET /a/{token}/done: {token!r} {token}.") == "GET /a/***/done: '***' ***."


@pytest.mark.parametrize("text", ["xmo_servicenow.source", "/srv/a/xmo.db", "corp:INC0010001#1", "127.0.0.1:8080"])
def test_what_is_no_token_stays(text: str) -> None:
    assert redact(text) == text
