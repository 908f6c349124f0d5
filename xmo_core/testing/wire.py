"""What lies between a plugin and its desk: it notes every call, and makes the trouble that real networks make.

The desk, any WSGI app, needs to know nothing of it.
"""

from __future__ import annotations

import gzip
import io
import socket
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
from werkzeug.test import run_wsgi_app

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# By this header the kit's session tells the wire what may be repeated; the desk never sees it.
HEADER = "X-Xmo-Kit"
Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it came over the wire. `read` says that the session may repeat it, `ours` that it came through
    the session at all; `at` is the time of the test's clock, `log_in` the header Authorization."""

    method: str
    path: str
    query: str
    body: bytes = field(repr=False)
    read: bool
    ours: bool
    at: datetime
    log_in: str = field(default="", repr=False)

    @property
    def what(self) -> tuple[str, str, str, bytes]:
        """Return what is asked: the same for a request that is repeated."""
        return self.method, self.path, self.query, self.body

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(slots=True)
class Answer:
    """One answer on its way back; `cut` ends the connection amid the body, and `lost` before the first byte."""

    status: str
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    cut: bool = False
    lost: bool = False

    def json(self) -> Any:
        """Return the body as parsed JSON, or None where it holds none."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None


Ask = Callable[[], Answer]  # hands the call on to the desk
Fault = Callable[[Call, Ask], Answer]
Plan = Callable[[Call], Fault | None]


def no_trouble(_call: Call) -> Fault | None:
    """Let every call through."""
    return None


class Wire:
    """A WSGI app in front of the desk's. `calls` holds all that was asked; `plan` names the fault for a call."""

    def __init__(self, desk: WSGIApplication, now: Callable[[], datetime]) -> None:
        self._desk, self._now = desk, now
        self.calls: list[Call] = []
        self.answers: list[Answer] = []
        self.plan: Plan = no_trouble

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one call; called by the server."""
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        mark = environ.pop(f"HTTP_{HEADER.upper().replace('-', '_')}", "")
        call = Call(
            environ["REQUEST_METHOD"],
            environ["PATH_INFO"],
            environ["QUERY_STRING"],
            body,
            read=mark == "read",
            ours=bool(mark),
            at=self._now(),
            log_in=environ.get("HTTP_AUTHORIZATION", ""),
        )
        self.calls.append(call)
        fault = self.plan(call)
        answer = fault(call, lambda: self._ask(environ)) if fault else self._ask(environ)
        self.answers.append(answer)
        return _sent(answer, environ, start_response)

    def _ask(self, environ: WSGIEnvironment) -> Answer:
        body, status, headers = run_wsgi_app(self._desk, environ, buffered=True)
        whole = b"".join(body)
        if headers.get("Content-Encoding") == "gzip":
            whole = gzip.decompress(whole)
            del headers["Content-Encoding"]
        dropped = {"content-length", "connection", "transfer-encoding"}
        return Answer(status, [(k, v) for k, v in headers if k.lower() not in dropped], whole)


def _sent(answer: Answer, environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
    if not answer.lost:
        start_response(answer.status, [*answer.headers, ("Content-Length", str(len(answer.body)))])
        yield answer.body[: len(answer.body) // 2] if answer.cut else answer.body
    if answer.lost or answer.cut:
        environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        raise ConnectionResetError("on purpose")
