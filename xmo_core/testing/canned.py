"""A desk made of canned replies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Reply = tuple[str, str, Any]


class Canned:
    """A WSGI app that answers as it was told: each reply is a method, a path and the JSON to answer with.

    A path may name parameters (`"/tickets?after=7"`): then only a request with these gets the reply, and the one with
    most of them wins. In place of JSON may stand a function: it is handed the JSON that was sent and the parameters,
    and returns the answer. What no reply is for is answered with 404.
    """

    def __init__(self, replies: Sequence[Reply]) -> None:
        self._replies = [(method, *_split(path), answer) for method, path, answer in replies]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; called by the server."""
        asked = dict(parse_qsl(environ["QUERY_STRING"], keep_blank_values=True))
        found = [
            (len(named), answer)
            for method, path, named, answer in self._replies
            if (method, path) == (environ["REQUEST_METHOD"], environ["PATH_INFO"]) and named.items() <= asked.items()
        ]
        if not found:
            return _answer(start_response, "404 Not Found", {"error": "there is no canned reply for this"})
        answer = max(found, key=lambda one: one[0])[1]
        return _answer(start_response, "200 OK", _made(answer, environ, asked) if callable(answer) else answer)


def _split(path: str) -> tuple[str, dict[str, str]]:
    path, _, query = path.partition("?")
    return path, dict(parse_qsl(query, keep_blank_values=True))


def _made(answer: Callable[[Any, Mapping[str, str]], Any], environ: WSGIEnvironment, asked: Mapping[str, str]) -> Any:
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    return answer(orjson.loads(body) if body else None, asked)


def _answer(start_response: StartResponse, status: str, value: Any) -> Iterable[bytes]:
    body = orjson.dumps(value)
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
