"""Made-up tickets with a plausible history: who asked about what, how it went, what was reopened, and who rated it.

The same seed and window give the same tickets. Persons, groups and services are numbered, never named.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from math import log
from random import Random
from typing import Any, TypeVar

from xmo_zendesk.sandbox.clock import unix
from xmo_zendesk.sandbox.directory import CATEGORY, SERVICE, Directory
from xmo_zendesk.sandbox.work import Event, Ticket

T = TypeVar("T")
WINDOW = timedelta(days=90)
_SERVICES, _GROUPS, _PLACES, _ORGANIZATIONS, _AGENTS = 6, 8, 4, 5, 12
_HOUR, _DAY = 3600, 86_400
_HELD, _REOPENED, _PROMISED, _MOVED, _HANDED, _OFFERED, _RATED = 0.25, 0.08, 0.7, 0.05, 0.3, 0.6, 0.4
_CANCELLED, _DELETED = 0.03, 0.005
_TARGETS = {"urgent": 8, "high": 16, "normal": 48, "low": 120}
_WORDS = ("", "", "Quick and friendly.", "I had to ask twice.")
_Step = tuple[int, str, dict[str, Any]]


class Generator:
    """Makes up tickets, one after another."""

    def __init__(self, directory: Directory, count: int, start: datetime, seed: int) -> None:
        self._directory = directory
        self._start = unix(start)
        self._draw = Random(seed)  # noqa: S311 - play data, no secret
        self._persons = max(60, count // 20)
        self._groups = [directory.group(f"Group {n + 1}") for n in range(_GROUPS)]
        self._agents = [directory.agent(f"a{n + 1}") for n in range(_AGENTS)]

    def ticket(self, key: int) -> Ticket:
        """Make up the ticket of this id; it is opened within `WINDOW`."""
        draw, directory = self._draw, self._directory
        service = int(draw.random() * _SERVICES) + 1
        requester, organization = self._person()
        priority = self._pick(("urgent", "high", "normal", "normal", "low"))
        ticket = Ticket(
            id=key,
            type=self._pick(("incident", "incident", "question")),
            subject=f"Service {service}: something is wrong ({key})",
            priority=priority,
            service=directory.option(SERVICE, f"Service {service}"),
            category=directory.option(CATEGORY, f"Category {service}{int(draw.random() * 3)}"),
            channel=self._pick(("web", "email", "email", "voice", "chat")),
            group=self._groups[0],
            requester=requester,
            organization=organization,
        )
        at = self._start + int(WINDOW.total_seconds() * draw.random())
        for seq, (after, what, more) in enumerate(self._steps(at, priority)):
            at += max(1, after)
            ticket.events.append(Event(at, key, seq, what, **more))
        return ticket

    def _steps(self, opened: int, priority: str) -> Iterator[_Step]:
        """Yield what happens, each with the seconds since what happened before."""
        draw, due = self._draw, opened + _TARGETS[priority] * _HOUR
        yield 0, "opened", {}
        yield 5, "acknowledged", {}
        if draw.random() < _PROMISED:
            yield 5, "promised", {"until": due}
            if draw.random() < _MOVED:
                yield 600, "promised", {"until": due + _DAY}
        yield self._after(1), "assigned", self._desk()
        if draw.random() < _CANCELLED:
            yield self._after(4), "cancelled", {}
            return
        yield self._after(2), "replied", {}
        if draw.random() < _HANDED:
            yield self._after(3), "assigned", self._desk()
            yield self._after(1), "noted", {}
        if draw.random() < _HELD:
            yield self._after(1), self._pick(("waiting", "waiting", "on_hold")), {}
            yield self._after(20), "asked", {}
            yield 60, "resumed", {}
        yield self._after(16), "resolved", {}
        yield from self._ending()

    def _ending(self) -> Iterator[_Step]:
        draw = self._draw
        if draw.random() < _REOPENED:
            yield self._after(12), "asked", {}
            yield 60, "reopened", {}
            yield self._after(12), "resolved", {}
        if draw.random() < _OFFERED:
            yield _DAY, "offered", {}
            if draw.random() < _RATED:
                yield (
                    self._after(6),
                    "rated",
                    {"rating": self._pick((1, 2, 3, 4, 4, 5, 5, 5)), "text": self._pick(_WORDS)},
                )
        yield 4 * _DAY, "closed", {}
        if draw.random() < _DELETED:
            yield 30 * _DAY, "deleted", {}

    def _after(self, hours: float) -> int:
        return int(-log(1 - self._draw.random()) * hours * _HOUR) + 1

    def _pick(self, choices: Sequence[T]) -> T:
        # Random.choice takes three times as long, and a benchmark wants a million of them.
        return choices[int(self._draw.random() * len(choices))]

    def _desk(self) -> dict[str, Any]:
        return {"group": self._pick(self._groups), "agent": self._pick(self._agents)}

    def _person(self) -> tuple[int, int]:
        n = int(self._draw.random() * self._persons) + 1
        organization = self._directory.organization(f"Organization {n % _ORGANIZATIONS + 1}")
        person = {
            "email": f"person-{n}@example.org",
            "name": f"Person {n}",
            "language": ("en-US", "de")[n % 2],
            "timezone": ("Europe/London", "Europe/Berlin")[n % 2],
            "place": f"Place {n % _PLACES + 1}",
        }
        return self._directory.requester(person, organization), organization
