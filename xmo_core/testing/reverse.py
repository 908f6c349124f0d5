"""A desk that is a real server: each call is handed on to it, and its answers come back as they are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "host"})


class Reverse:
    """A WSGI app in front of a server that runs at `url`. Where a call or an answer names the one address, the other
    one is put in its place, so that neither side sees that there are two."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Hand one call on; called by the server."""
        here = f"http://{environ['HTTP_HOST']}"
        sent = {name[5:].replace("_", "-").title(): value for name, value in environ.items() if name[:5] == "HTTP_"}
        if environ.get("CONTENT_TYPE"):
            sent["Content-Type"] = environ["CONTENT_TYPE"]
        headers = {k: v.replace(here, self._url) for k, v in sent.items() if k.lower() not in _HOP}
        path = environ["PATH_INFO"] + (f"?{environ['QUERY_STRING']}" if environ["QUERY_STRING"] else "")
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        answer = self._session.request(
            environ["REQUEST_METHOD"], self._url + path, headers=headers, data=body, allow_redirects=False, timeout=30
        )
        back = [(k, v.replace(self._url, here)) for k, v in answer.headers.items() if k.lower() not in _HOP]
        start_response(f"{answer.status_code} {answer.reason}", back)
        return [answer.content.replace(self._url.encode(), here.encode())]
