"""One ticket as a sandbox shows it: templates are cut from that, so that what is served looks as the vendor's does."""

from __future__ import annotations

import json
import tempfile
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from time import gmtime, strftime
from typing import TYPE_CHECKING, Any

from benchmarks.served.http import Fill
from xmo_hooks import Sandbox, SandboxOptions

if TYPE_CHECKING:
    from werkzeug.test import Client

NUMBER = 7_654_321
PERSONS = 50_000
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
START = int(BEGIN.timestamp())
EVERY = 20  # seconds from one ticket's last change to the next one's
_DAY = "2025-12-30"
END = datetime(2025, 12, 30, 12, 1, tzinfo=UTC)  # the last change of the sandbox's ticket
_EVENTS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("08:00", "opened", {}),
    ("08:01", "acknowledged", {}),
    ("08:15", "assigned", {"group": "Service Desk", "agent": "a1"}),
    ("08:20", "promised", {"until": f"{_DAY}T16:00:00Z"}),
    ("08:40", "replied", {}),
    ("09:00", "waiting", {}),
    ("10:00", "asked", {}),
    ("10:01", "resumed", {}),
    ("10:30", "assigned", {"group": "Network", "agent": "a2"}),
    ("11:30", "noted", {}),
    ("12:00", "replied", {}),
    (f"{END:%H:%M}", "resolved", {}),
)
WORK = {
    "number": NUMBER,
    "kind": "incident",
    "title": "The VPN client loses its connection every few minutes",
    "priority": "medium",
    "service": "Network and VPN",
    "category": "vpn",
    "channel": "portal",
    "group": "Service Desk",
    "requester": {
        "email": f"p{NUMBER}@example.org",
        "name": "A requester",
        "language": "en",
        "timezone": "Europe/Berlin",
        "organisation": "Finance",
        "place": "Hamburg",
    },
    "promised": f"{_DAY}T16:00:00Z",
    "events": [{"at": f"{_DAY}T{at}:00Z", "what": what, **more} for at, what, more in _EVENTS],
}


class Shown:
    """A sandbox that holds the one ticket, and is asked as its vendor is."""

    def __init__(self, sandbox: Sandbox, login: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder) / "work.jsonl"
            data.write_text(json.dumps(WORK) + "\n")
            app: Any = sandbox.make(SandboxOptions(data=data, at=BEGIN))
        self._client: Client = app.test_client()
        self._headers = {"Authorization": f"Basic {b64encode(login.encode()).decode()}"}

    def get(self, path: str) -> Any:
        """Return the JSON of an answer to a GET."""
        return self._client.get(path, headers=self._headers).json

    def post(self, path: str, body: Any) -> Any:
        """Return the JSON of an answer to a POST."""
        return self._client.post(path, json=body, headers=self._headers).json


def stamp(number: int) -> int:
    """Return the second in which a ticket changed last."""
    return START + number * EVERY


def later(made: Callable[[int], bytes]) -> Callable[[bytes], Fill]:
    """Return what fills a hole that held a time, written by `made`: as long before the ticket's last change as in the
    sandbox's ticket. The hole's own text is an ISO day, or time without zone, or seconds or milliseconds since 1970."""

    def hole(found: bytes) -> Fill:
        before = int(END.timestamp()) - _second(found)
        return lambda number: made(START + number * EVERY - before)

    return hole


@lru_cache(100_000)
def iso(second: int) -> bytes:
    """Write a time as in JSON, without its zone."""
    return strftime("%Y-%m-%dT%H:%M:%S", gmtime(second)).encode()


def text(of: Callable[[int], int]) -> Callable[[bytes], Fill]:
    """Return what fills a hole that held a number of the sandbox's ticket."""
    return lambda _: lambda number: b"%d" % of(number)


def _second(found: bytes) -> int:
    if found.isdigit():
        return int(found[:10])
    return int(datetime.fromisoformat(found.decode()).replace(tzinfo=UTC).timestamp())
