"""The vendor's answers as HTTP: JSON, its many shapes of errors, and the pages of what stands before it."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

import orjson
from flask import Response, request

Json = dict[str, Any]
NOT_AUTHENTICATED: Json = {"error": "Couldn't authenticate you"}
INVALID_TOKEN: Json = {
    "error": "invalid_token",
    "error_description": "The access token provided is expired, revoked, malformed or invalid for other reasons.",
}
FORBIDDEN: Json = {"error": {"title": "Forbidden", "message": "You do not have access to this page."}}
NOT_FOUND: Json = {"error": "RecordNotFound", "description": "Not found"}
NO_ENDPOINT: Json = {"error": "InvalidEndpoint", "description": "Not found"}
TOO_RECENT: Json = {
    "error": "StartTimeTooRecent",
    "description": "Too recent start_time. Use a start_time older than 60 seconds",
}
CONFLICT: Json = {"error": "UpdateConflict", "description": "The ticket has changed since it was read."}
COLLISION: Json = {"error": "DatabaseConflict", "description": "The record was being written by another request."}
TOO_DEEP: Json = {
    "errors": [
        {
            "code": "InvalidPaginationDepth",
            "title": "Invalid Pagination Depth",
            "detail": "Offset pagination ends at page 100: use cursor pagination",
        }
    ]
}
_JSON = "application/json; charset=utf-8"
_HTML = "text/html; charset=UTF-8"
_PAGES = {
    200: "Sign in",
    429: "Too Many Requests",
    503: "Service Unavailable",
    520: "Unknown Error",
    524: "A Timeout Occurred",
}


class Failure(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(str(status))
        self.status = status
        self.body = body


def not_found() -> Failure:
    """Return the failure of a record that is not there, or that this user may not see."""
    return Failure(404, NOT_FOUND)


def invalid(attribute: str, why: str) -> Failure:
    """Return the failure of a parameter that makes no sense."""
    message = f"You passed an invalid value for the {attribute} attribute. {why}"
    return Failure(400, {"error": {"title": "Invalid attribute", "message": message}})


def unprocessable(attribute: str, why: str, error: str = "InvalidValue") -> Failure:
    """Return the failure of a write whose values cannot be stored."""
    details = {attribute: [{"description": why, "error": error}]}
    return Failure(422, {"error": "RecordInvalid", "description": "Record validation errors", "details": details})


def closed() -> Failure:
    """Return the failure of a write to a closed ticket."""
    return unprocessable("status", "Status: closed prevents ticket update", "ClosedTicket")


def json(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON answer."""
    return Response(orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS), status, dict(headers or {}), content_type=_JSON)


def html(status: int, retry_after: str | None = None) -> Response:
    """Return a page for humans, where a program expects JSON."""
    title = f"{status} {_PAGES[status]}"
    page = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    headers = {"Retry-After": retry_after} if retry_after else None
    return Response(page, status, headers, content_type=_HTML)


def rate_limited(variant: int, retry_after: int, what: str = "API requests") -> Response:
    """Return a 429: 0 of the API, 1 a page of the edge before it, 2 the edge's own JSON."""
    if variant == 1:
        return html(429, str(retry_after))
    body: Json = {
        "error": "APIRateLimitExceeded",
        "description": f"Number of allowed {what} per minute exceeded",
    }
    if variant == 2:
        body = {"detail": "Rate limited by Zendesk edge protection", "status": "429", "title": "Automated response"}
    return json(body, 429, {"Retry-After": str(retry_after)})


def cut(answer: Response) -> Response:
    """Return an answer that announces its whole length and breaks off in the middle."""
    whole = answer.get_data()
    answer.set_data(whole[: len(whole) // 2])
    answer.automatically_set_content_length = False
    answer.headers["Content-Length"] = str(len(whole))
    return answer


def dropped() -> Response:
    """Hang up. Where the server hands out no socket (werkzeug's does), the answer breaks off before its end."""
    wire = request.environ.get("werkzeug.socket")
    if isinstance(wire, socket.socket):
        wire.shutdown(socket.SHUT_RDWR)
    answer = Response(b"", 502)
    answer.automatically_set_content_length = False
    answer.headers["Content-Length"] = "1000"
    return answer
