"""A served sandbox, a hand-driven clock, and small work files."""

import gzip
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import requests

Row = dict[str, Any]
DAY = "2026-03-02"
LOG_IN = ("xmo@example.org/token", "sandbox")
REQUESTER = {
    "email": "p17@example.org",
    "name": "Person 17",
    "language": "de",
    "timezone": "Europe/Berlin",
    "organisation": "Sales",
    "place": "Berlin",
}
USUAL = {
    "kind": "incident",
    "title": "Mail is slow",
    "priority": "high",
    "service": "Mail",
    "category": "software",
    "channel": "email",
    "group": "Service Desk",
    "requester": REQUESTER,
    "promised": None,
}


class Hand:
    """A monotonic clock that only the test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Served:
    """One sandbox on a real socket, and a session that is logged in."""

    def __init__(self, url: str, hand: Hand, slept: list[float]) -> None:
        self.url = url
        self.hand = hand
        self.slept = slept
        self.session = requests.Session()
        self.session.auth = LOG_IN

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        return self.session.request(method, f"{self.url}/api/v2/{path}", timeout=30, **more)

    def get(self, path: str, **params: str | int) -> requests.Response:
        return self.ask("GET", path, params={name: str(value) for name, value in params.items()})

    def json(self, path: str, **params: str | int) -> Row:
        response = self.get(path, **params)
        assert response.status_code == 200, response.text
        body: Row = response.json()
        return body

    def export(self, **params: str | int) -> Row:
        return self.json(
            "incremental/tickets/cursor.json", **({} if "cursor" in params else {"start_time": 0}) | params
        )

    def exported(self, **params: str | int) -> list[int]:
        return [ticket["id"] for ticket in self.export(**params)["tickets"]]

    def ticket(self, key: int, **params: str | int) -> Row:
        ticket: Row = self.json(f"tickets/{key}", **params)["ticket"]
        return ticket

    def row(self, key: int, **params: str | int) -> Row:
        """Return the row of one ticket in an export of all."""
        (row,) = [row for row in self.export(**params)["tickets"] if row["id"] == key]
        return dict(row)

    def comments(self, key: int, **params: str | int) -> list[Row]:
        comments: list[Row] = self.json(f"tickets/{key}/comments", **params)["comments"]
        return comments

    def write(self, key: int, **ticket: Any) -> requests.Response:
        return self.ask("PUT", f"tickets/{key}.json", json={"ticket": ticket})

    def say(self, key: int, text: str, **more: Any) -> requests.Response:
        return self.write(key, comment={"body": text}, **more)

    def put(self, switch: str, body: object) -> requests.Response:
        return requests.put(f"{self.url}/sandbox/{switch}", json=body, timeout=10)

    def clock(self, now: str) -> None:
        response = self.put("clock", {"now": now})
        assert response.status_code == 200, response.text

    def faults(self, **rates: float) -> None:
        response = self.put("faults", {name.removeprefix("_"): rate for name, rate in rates.items()})
        assert response.status_code == 200, response.text

    def survey(self, mode: str) -> None:
        assert self.put("survey", {"mode": mode}).json() == {"mode": mode}

    def journal(self) -> list[Row]:
        journal: list[Row] = requests.get(f"{self.url}/sandbox/journal", timeout=10).json()
        return journal


def at(text: str) -> str:
    """Return a time of the usual day, or of another where one is named: `10:00`, `10:00:30`, `03-04 10:00`."""
    day, _, clock = text.rpartition(" ")
    return f"{'2026-' + day if day else DAY}T{clock}{':00' if clock.count(':') == 1 else ''}Z"


def event(told: str | Mapping[str, Any]) -> Row:
    """Return an event: `09:00 assigned a1 Network` is one of agent a1 in group Network, `09:00 promised 16:00` a due
    time, and `09:00 rated 5` a rating. A mapping is taken as it is."""
    if not isinstance(told, str):
        return dict(told)
    words = told.split()
    days = 1 if "-" in words[0] else 0
    when, what, rest = at(" ".join(words[: days + 1])), words[days + 1], words[days + 2 :]
    more: Row = {}
    if what == "assigned":
        more = {"agent": rest[0], "group": rest[1] if len(rest) > 1 else "Network"}
    elif what == "promised":
        more = {"until": at(" ".join(rest))}
    elif what == "rated":
        more = {"rating": int(rest[0]), "text": " ".join(rest[1:])}
    return {"at": when, "what": what, **more}


def line(number: int, *events: str | Mapping[str, Any], **columns: Any) -> Row:
    """Return one ticket of a work file; what is not named is usual."""
    return {"number": number, **USUAL, **columns, "events": [event(told) for told in events]}


def work_file(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write rows as a work file."""
    body = b"".join(orjson.dumps(row) + b"\n" for row in rows)
    path.write_bytes(gzip.compress(body) if path.suffix == ".gz" else body)
    return path
