"""A served sandbox, a hand-driven clock, and small files of work."""

import gzip
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import requests

from xmo_jira.sandbox.site import CLOUD_ID

Json = dict[str, Any]
Line = dict[str, Any]
DAY = "2026-03-02"
MARKER = "xmo:AbCdEf0123456_-x"
CLOUD_LOGIN = ("xmo@example.org", "sandbox")
SERVER_LOGIN = ("xmo", "sandbox")
SOME = ["summary", "status", "updated"]


class Hand:
    """A monotonic clock that only the test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Served:
    """One sandbox on a real socket, and a session that is logged in."""

    def __init__(self, url: str, hand: Hand, slept: list[float], cloud: bool) -> None:
        self.url = url
        self.hand = hand
        self.slept = slept
        self.cloud = cloud
        self.gateway = f"{url}/ex/jira/{CLOUD_ID}"
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.auth = CLOUD_LOGIN if cloud else SERVER_LOGIN
        self._api = "/rest/api/3" if cloud else "/rest/api/2"

    def get(self, path: str, **params: Any) -> requests.Response:
        return self.session.get(f"{self.url}{path}", params=params, timeout=10)

    def post(self, path: str, body: object) -> requests.Response:
        return self.session.post(f"{self.url}{path}", json=body, timeout=10)

    def told(self, path: str, **params: Any) -> Any:
        """Return what a path answers below the version of the API that this edition has."""
        answer = self.get(path if path.startswith("/rest/") else f"{self._api}{path}", **params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def search(self, jql: str = "project = SUP", **more: Any) -> requests.Response:
        path = "/rest/api/3/search/jql" if self.cloud else "/rest/api/2/search"
        return self.post(path, {"jql": jql, **more})

    def found(self, jql: str = "project = SUP", **more: Any) -> list[Json]:
        answer = self.search(jql, **{"fields": SOME, **more})
        assert answer.status_code == 200, answer.text
        rows: list[Json] = answer.json()["issues"]
        return rows

    def keys(self, jql: str = "project = SUP", **more: Any) -> list[str]:
        return [row["key"] for row in self.found(jql, **more)]

    def refused(self, jql: str) -> str:
        answer = self.search(jql, fields=SOME)
        assert answer.status_code == 400, answer.text
        (message,) = answer.json()["errorMessages"]
        return str(message)

    def fields(self, key: str, **params: Any) -> Json:
        fields: Json = self.told(f"/issue/{key}", **params)["fields"]
        return fields

    def comment(self, key: str, text: str = f"How did it go? [{MARKER}]", public: bool = True) -> requests.Response:
        return self.post(f"/rest/servicedeskapi/request/{key}/comment", {"body": text, "public": public})

    def custom(self, kind: str) -> list[str]:
        """Return the ids of the custom fields whose type ends so."""
        found = self.told("/field")
        return [each["id"] for each in found if each.get("schema", {}).get("custom", "").endswith(kind)]

    def put(self, switch: str, body: object) -> requests.Response:
        return requests.put(f"{self.url}/sandbox/{switch}", json=body, timeout=10)

    def clock(self, now: str) -> None:
        answer = self.put("clock", {"now": at(now)})
        assert answer.status_code == 200, answer.text

    def faults(self, **rates: float) -> None:
        answer = self.put("faults", {name.removeprefix("_"): rate for name, rate in rates.items()})
        assert answer.status_code == 200, answer.text

    def switch(self, name: str) -> Any:
        return requests.get(f"{self.url}/sandbox/{name}", timeout=10).json()


def at(text: str) -> str:
    """Return an ISO time in UTC: of `08:00` that day's, of `03-05T08:00` that year's."""
    if len(text) <= 8:
        text = f"{DAY}T{text}"
    return f"2026-{text}Z" if text[4] != "-" else f"{text}Z"


def ms(text: str) -> int:
    """Return the epoch milliseconds of a time as `at` reads it."""
    from datetime import datetime

    return int(datetime.fromisoformat(at(text)).timestamp()) * 1000


def ticket(number: int, *events: Sequence[str], requester: int = 7, **more: Any) -> Line:
    """Return a line of a work file. An event is (time, what), and for one that needs it (time, what, until or agent,
    group)."""
    person = {"email": f"p{requester}@example.org", "name": f"Person {requester}", "language": "de"}
    return {
        "number": number,
        "kind": "incident",
        "title": f"Ticket {number}",
        "priority": "high",
        "service": "Mail",
        "category": "software",
        "channel": "portal",
        "group": "Service Desk",
        "requester": {**person, "timezone": "Europe/Berlin", "organisation": "Sales", "place": "Berlin"},
        "promised": None,
        "events": [_event(*event) for event in events],
        **more,
    }


def _event(time: str, what: str, *more: str) -> Json:
    event: Json = {"at": at(time), "what": what}
    if what == "promised":
        return {**event, "until": at(more[0])}
    if what == "assigned":
        agent, group = (*more, *("a1", "Service Desk")[len(more) :])
        return {**event, "agent": agent, "group": group}
    return {**event, "rating": int(more[0]), "text": more[1]} if what == "rated" else event


def work_file(path: Path, lines: Iterable[Line]) -> Path:
    """Write a work file, with gzip where its name says so."""
    text = "".join(json.dumps(line) + "\n" for line in lines).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path
