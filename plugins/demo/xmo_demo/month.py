"""A month of work of a service desk, made up: the same one for every vendor's sandbox to serve (docs/work-file.md)."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

START = datetime(2026, 3, 2, 7, tzinfo=UTC)
DAYS = 28
PEOPLE = 90
ALL = slice(None)
_PLACES = (("Berlin", "de", "Europe/Berlin"), ("Leeds", "en", "Europe/London"), ("Pune", "en", "Asia/Kolkata"))
_DEPARTMENTS = ("Sales", "Finance", "Production", "Research")
_GROUPS = ("Service Desk", "Network", "Workplace")
# service, category, what people write
_TROUBLE = (
    ("Mail", "software", "Mails arrive an hour late"),
    ("VPN", "network", "The VPN drops every few minutes"),
    ("Laptop", "hardware", "The laptop does not wake up"),
    ("Printing", "hardware", "The printer on the second floor is silent"),
    ("Payroll", "software", "The pay slip does not open"),
    ("Identity", "access", "Locked out after the new password"),
)
_PRIORITIES = ("critical", "high", "medium", "medium", "low")
_CHANNELS = ("portal", "portal", "email", "phone", "chat")

Event = dict[str, str]


def write(path: Path, tickets: int, seed: int = 0, share: slice = ALL) -> None:
    """Write so many tickets to a file, one a line; or a share of them, such as every third."""
    with path.open("w", encoding="utf-8") as file:
        for ticket in islice(month(tickets, seed), share.start, share.stop, share.step):
            file.write(f"{json.dumps(ticket, ensure_ascii=False)}\n")


def month(tickets: int, seed: int = 0) -> Iterator[dict[str, Any]]:
    """Yield tickets in the order of their opening; the same ones for the same seed."""
    random = Random(seed)  # noqa: S311 - no secret
    openings = sorted(random.randrange(DAYS * 86_400) for _ in range(tickets))
    for number, seconds in enumerate(openings, 1):
        yield _ticket(random, number, START + timedelta(seconds=seconds))


def _ticket(random: Random, number: int, opened: datetime) -> dict[str, Any]:
    service, category, title = random.choice(_TROUBLE)
    life = _Life(random, opened)
    life.live()
    promises = [event["until"] for event in life.events if event["what"] == "promised"]
    return {
        "number": number,
        "kind": random.choice(("incident", "incident", "request")),
        "title": title,
        "priority": random.choice(_PRIORITIES),
        "service": service,
        "category": category,
        "channel": random.choice(_CHANNELS),
        "group": life.group,
        "promised": promises[-1] if promises else None,
        "requester": _person(random.randrange(PEOPLE)),
        "events": life.events,
    }


def _person(number: int) -> dict[str, str]:
    place, language, timezone = _PLACES[number % len(_PLACES)]
    about = {"place": place, "language": language, "timezone": timezone}
    who = {"email": f"person{number}@example.org", "name": f"Person {number}"}
    return {**who, **about, "organisation": _DEPARTMENTS[number % len(_DEPARTMENTS)]}


class _Life:
    """What happens to one ticket, each event at a second of its own."""

    def __init__(self, random: Random, opened: datetime) -> None:
        self._random, self._at = random, opened
        self.group = _GROUPS[0]
        self.events: list[Event] = [{"at": _stamp(opened), "what": "opened"}]

    def live(self) -> None:
        """Let it be worked on, until it is over or the month is."""
        chance = self._random.random
        if chance() < 0.3:
            self._then("acknowledged", 1)
        self._promise(hours=24)
        self._assign(self.group)
        for _ in range(self._random.choice((0, 0, 1, 2))):
            self._assign(self._random.choice([group for group in _GROUPS if group != self.group]))
        self._talk()
        if chance() < 0.2:
            self._then(self._random.choice(("waiting", "on_hold")), 90)
            self._then("resumed", 600)
        if chance() < 0.15:
            self._promise(hours=48)
        if chance() < 0.06:
            self._then("cancelled", 60)
        elif chance() < 0.9:
            self._end()

    def _talk(self) -> None:
        for _ in range(self._random.choice((0, 1, 1, 2))):
            self._then("replied", 120)
            if self._random.random() < 0.5:
                self._then("asked", 240)
        if self._random.random() < 0.3:
            self._then("noted", 30)

    def _end(self) -> None:
        self._then("resolved", 500)
        while self._random.random() < 0.12:
            self._then("reopened", 700)
            self._then("replied", 60)
            self._then("resolved", 300)
        if self._random.random() < 0.4:
            self._then("closed", 3 * 1440)
            if self._random.random() < 0.05:
                self._then("deleted", 1440)

    def _assign(self, group: str) -> None:
        self.group = group
        self._then("assigned", 20, group=group, agent=f"a{self._random.randrange(12)}")

    def _promise(self, hours: int) -> None:
        self._then("promised", 1)
        until = datetime.fromisoformat(self.events[-1]["at"]) + timedelta(hours=hours)
        self.events[-1]["until"] = _stamp(until)

    def _then(self, what: str, minutes: int, **facts: str) -> None:
        """Let this happen, about so many minutes after what was before."""
        self._at += timedelta(seconds=1 + int(self._random.expovariate(1 / (minutes * 60))))
        self.events.append({"at": _stamp(self._at), "what": what, **facts})


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
