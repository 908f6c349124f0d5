"""What the served vendors share: a quick HTTP server, and templates whose holes are filled for each ticket."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import orjson

Fill = Callable[[int], bytes]  # what a hole holds for the ticket with this number


class Request(NamedTuple):
    """A request: its path, its query, and the JSON that was posted."""

    path: str
    query: Mapping[str, str]
    body: Any


class Answer(NamedTuple):
    """An answer of 200, ready to be sent."""

    body: bytes
    headers: Mapping[str, str] = {}


class Template:
    """JSON of one ticket, cut where tickets differ: `holes` tells for each pattern what a match of it becomes."""

    def __init__(self, body: bytes, holes: Mapping[bytes, Callable[[bytes], Fill]]) -> None:
        pieces = re.split(b"(" + b"|".join(holes) + b")", body)
        fills: dict[bytes, tuple[Fill, list[int]]] = {}
        for place in range(1, len(pieces), 2):
            found = pieces[place]
            make = next(make for pattern, make in holes.items() if re.fullmatch(pattern, found))
            fills.setdefault(found, (make(found), []))[1].append(place)
        self._pieces, self._fills = pieces, list(fills.values())

    def fill(self, number: int) -> bytes:
        """Return the JSON of one ticket."""
        pieces = self._pieces.copy()
        for fill, places in self._fills:
            value = fill(number)
            for place in places:
                pieces[place] = value
        return b"".join(pieces)


SENT = "/sent"  # where a server tells how many requests it has answered, and with how many bytes


def serve(answer: Callable[[Request], Answer]) -> None:
    """Serve on a free port of this machine, which is printed, until the process ends."""

    requests, sent = [0], [0]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # headers and body are two packets: the second must not wait for the first

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            if address.path == SENT:
                self._send(Answer(orjson.dumps({"requests": requests[0], "bytes": sent[0]})))
                return
            query = {name: values[0] for name, values in parse_qs(address.query).items()}
            posted = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            found = answer(Request(address.path, query, orjson.loads(posted) if posted else None))
            requests[0], sent[0] = requests[0] + 1, sent[0] + len(found.body)
            self._send(found)

        def _send(self, found: Answer) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json;charset=UTF-8")
            self.send_header("Content-Length", str(len(found.body)))
            for name, value in found.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(found.body)

        do_POST = do_GET  # noqa: N815 - the base class names it so

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
