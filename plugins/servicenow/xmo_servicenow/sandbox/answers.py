"""The vendor's answers as HTTP: results, error envelopes, and the odd ones."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

import orjson
from flask import Response, request

NOT_AUTHENTICATED = (401, "User Not Authenticated", "Required to provide Auth information")
NO_RECORD = (404, "No Record found", "Record doesn't exist or ACL restricts the record retrieval")
NO_READ = (403, "User Not Authorized", "Failed API level ACL Validation")
NO_WRITE = (403, "Operation Failed", "ACL Exception Update Failed due to security constraints")
_JSON = "application/json;charset=UTF-8"
_CANCELLED = "Transaction cancelled: maximum execution time exceeded"
_CHECK = "Check logs for error trace or enable glide.rest.debug property to verify REST request processing"


class Failure(Exception):
    """A request that is answered with the error envelope."""

    def __init__(self, status: int, message: str, detail: str | None = None) -> None:
        super().__init__(message)
        self.answer = (status, message, detail)


def json(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON answer."""
    return Response(orjson.dumps(body), status, dict(headers or {}), content_type=_JSON)


def envelope(status: int, message: str, detail: str | None, headers: Mapping[str, str] | None = None) -> Response:
    """Return the vendor's error envelope."""
    return json(_failure(message, detail), status, headers)


def html(status: int, title: str, text: str) -> Response:
    """Return a page for humans, where a program expects JSON."""
    page = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1><p>{text}</p></body></html>"
    return Response(page, status, content_type="text/html;charset=UTF-8")


def hibernating() -> Response:
    """Return what a sleeping developer instance sends, with status 200."""
    return html(200, "Instance Hibernating page", "Your instance is hibernating. Please sign in to wake it up.")


def unavailable(variant: int) -> Response:
    """Return a 503: 0 the JSON envelope of the instance, 1 the page of a proxy before it."""
    if variant:
        return html(503, "Service Unavailable", "The server is temporarily unable to service your request.")
    return envelope(503, "Service Unavailable", "Maximum number of concurrent requests exceeded")


def rate_limited(now: float, retry_after: str) -> Response:
    """Return the refusal of a rate rule; `now` is the real time in UNIX seconds."""
    reset = {"X-RateLimit-Limit": "100", "X-RateLimit-Reset": str(int(now) + 1), "X-RateLimit-Rule": "5a" * 16}
    detail = "Rate limit of 100 requests per hour for Table API exceeded"
    return envelope(429, "Rate limit exceeded", detail, {**reset, "Retry-After": retry_after})


def cancelled(rows: list[Any], variant: int, headers: Mapping[str, str]) -> Response:
    """Return a list that a quota rule cut off after its 200 was sent: 0 the error alone, 1 half the rows and then the
    error, 2 JSON that is broken where the rows end."""
    failure = _failure(_CANCELLED, f"{_CANCELLED} {_CHECK}")
    half = rows[: len(rows) // 2]
    if variant < 2:
        return json({"result": half, **failure} if variant else failure, headers=headers)
    body = b'{"result":[' + b"".join(orjson.dumps(row) + b"," for row in half) + b"]," + orjson.dumps(failure)[1:]
    return Response(body, 200, dict(headers), content_type=_JSON)


def dropped() -> Response:
    """Hang up. Where the server hands out no socket (werkzeug's does), the answer breaks off before its end."""
    wire = request.environ.get("werkzeug.socket")
    if isinstance(wire, socket.socket):
        wire.shutdown(socket.SHUT_RDWR)
    answer = Response(b"", 502)
    answer.automatically_set_content_length = False
    answer.headers["Content-Length"] = "1000"
    return answer


def _failure(message: str, detail: str | None) -> dict[str, object]:
    return {"error": {"message": message, "detail": detail}, "status": "failure"}
