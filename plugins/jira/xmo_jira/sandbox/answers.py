"""The vendor's answers as HTTP: results, the error envelopes of its APIs, and the odd ones."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from flask import Response, request

_JSON = "application/json;charset=UTF-8"
_DESK = "/rest/servicedeskapi/"
NO_ISSUE = "Issue does not exist or you do not have permission to see it."
NOT_LOGGED_IN = "You are not authenticated. Authentication required to perform this operation."
INVALID = "Invalid request payload. Refer to the REST API documentation and try again."


class Failure(Exception):
    """A request that is answered with an error envelope: `messages` about it all, `errors` about single fields."""

    def __init__(self, status: int, *messages: str, errors: Mapping[str, str] | None = None) -> None:
        super().__init__(*messages)
        self.status = status
        self.messages = messages
        self.errors = errors or {}


def json(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON answer."""
    return Response(orjson.dumps(body), status, dict(headers or {}), content_type=_JSON)


def nothing(status: int = 204) -> Response:
    """Return an answer without a body."""
    return Response(b"", status)


def envelope(failure: Failure) -> Response:
    """Return an error in the shape of the API that was asked: each has its own."""
    if request.path.startswith(_DESK):
        text = " ".join([*failure.messages, *failure.errors.values()])
        told: dict[str, Any] = {"errorMessage": text, "i18nErrorMessage": {"i18nKey": "sd.error", "parameters": []}}
    else:
        told = {"errorMessages": list(failure.messages), "errors": dict(failure.errors)}
    return json(told, failure.status)


def gateway(status: int, message: str) -> Response:
    """Return an error of the gateway before the Cloud API."""
    return json({"code": status, "message": message}, status)


def no_route() -> Response:
    """Return what a path gets that leads nowhere."""
    return json({"message": f"null for uri: {request.url}", "status-code": 404}, 404)


def unavailable(variant: int) -> Response:
    """Return a 503: 0 as JSON, 1 as a page for people, 2 with Retry-After."""
    if variant == 1:
        page = (
            "<!DOCTYPE html><html><head><title>503</title></head><body><h1>Temporarily unavailable</h1></body></html>"
        )
        return Response(page, 503, content_type="text/html;charset=UTF-8")
    later = {"Retry-After": "1"} if variant == 2 else {}
    return json({"errorMessages": ["Jira is temporarily unavailable."], "errors": {}}, 503, later)


def captcha() -> Response:
    """Return the refusal after too many failed log-ins: a person has to log in with a browser first."""
    reason = f"CAPTCHA_CHALLENGE; login-url={request.host_url}login.jsp"
    headers = {"X-Authentication-Denied-Reason": reason, "X-Seraph-LoginReason": "AUTHENTICATION_DENIED"}
    page = "<html><body><h1>Forbidden (403)</h1><p>Encountered a CAPTCHA challenge.</p></body></html>"
    return Response(page, 403, headers, content_type="text/html;charset=UTF-8")


def rate_limited(headers: Mapping[str, str]) -> Response:
    """Return a 429 with these headers."""
    return json({"errorMessages": ["Rate limit exceeded."], "errors": {}}, 429, headers)


def dropped() -> Response:
    """Hang up. Where the server hands out no socket (werkzeug's does), the answer breaks off before its end."""
    _hang_up(request.environ.get("werkzeug.socket"))
    return _short(Response(b"", 502), 1000)


def cut(answer: Response) -> Response:
    """Return the first half of an answer that announced itself whole; then the connection is dropped."""
    body = answer.get_data()
    wire = request.environ.get("werkzeug.socket")

    def half() -> Iterator[bytes]:
        yield body[: len(body) // 2]
        _hang_up(wire)

    torn = Response(half(), answer.status_code, content_type=answer.content_type)
    return _short(torn, len(body))


def _short(answer: Response, announced: int) -> Response:
    answer.automatically_set_content_length = False
    answer.headers["Content-Length"] = str(announced)
    return answer


def _hang_up(wire: object) -> None:
    if isinstance(wire, socket.socket):
        wire.shutdown(socket.SHUT_RDWR)
