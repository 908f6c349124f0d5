"""Made-up tickets with a plausible history: who asked about what, how it went, and what was reopened.

The same seed and window give the same tickets. Persons, groups and services are numbered, never named.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from xmo_jira.sandbox.clock import DAY, SECOND
from xmo_jira.sandbox.work import Event, Person, Work

WINDOW = 90 * DAY
_HOUR = 3_600 * SECOND
_SERVICES, _GROUPS, _EACH = 6, 8, 3  # services, groups, and agents in each
_HELD, _WAITED, _REOPENED, _RATED, _CANCELLED, _MOVED = 0.1, 0.25, 0.08, 0.25, 0.03, 0.15
_KINDS = (*["incident"] * 12, *["request"] * 11, "problem", "change")
_PRIORITIES = ("critical", *["high"] * 3, *["medium"] * 10, *["low"] * 4)
_CHANNELS = (*["portal"] * 5, *["email"] * 3, "phone", "chat")
_CATEGORIES = ("access", "hardware", "network", "software")
_PROMISES = {"critical": 8, "high": 24, "medium": 72, "low": 120}  # hours
_PLACES = (("de", "Europe/Berlin"), ("en", "America/New_York"), ("en", "Asia/Kolkata"))
_STARS = (1, 2, 3, 4, 4, 5, 5, 5)


def works(tickets: int, start: int, seed: int, first: int = 1) -> Iterator[Work]:
    """Make `tickets` tickets of a service desk, numbered from `first`, and one twentieth of that (at least 3) tasks of
    another team; they are opened within `WINDOW` milliseconds from `start` on."""
    draw = Random(seed)  # noqa: S311 - play data, no secret
    people = [_person(n) for n in range(1, max(60, tickets // 20) + 1)]
    for n in range(tickets + max(3, tickets // 20)):
        kind = draw.choice(_KINDS) if n < tickets else "task"
        yield _work(draw, first + n, kind, start, people)


def _person(n: int) -> Person:
    language, zone = _PLACES[n % len(_PLACES)]
    return Person(f"p{n}@example.org", f"Person {n}", language, zone, f"Organisation {n % 5 + 1}")


def _work(draw: Random, number: int, kind: str, start: int, people: list[Person]) -> Work:
    service = draw.randrange(_SERVICES) + 1
    priority = draw.choice(_PRIORITIES)
    opened = start + int(WINDOW * draw.random()) // SECOND * SECOND
    events = tuple(_events(draw, opened, opened + _PROMISES[priority] * _HOUR))
    return Work(
        number=number,
        kind=kind,
        title=f"Service {service}: something is wrong ({number})",
        priority=priority,
        service=f"Service {service}",
        category=draw.choice(_CATEGORIES),
        channel=draw.choice(_CHANNELS),
        group=next((event.group for event in reversed(events) if event.group), "Group 1"),
        requester=draw.choice(people),
        promised=next((event.until for event in reversed(events) if event.until), None),
        events=events,
    )


def _events(draw: Random, opened: int, due: int) -> Iterator[Event]:
    at = opened

    def later(hours: float) -> int:
        nonlocal at
        at += (int(draw.expovariate(1 / hours) * 3_600) + 30) * SECOND
        return at

    yield Event(at, "opened")
    yield Event(at := at + 2 * SECOND, "acknowledged")
    yield Event(at := at + SECOND, "promised", until=due)
    if draw.random() < _CANCELLED:
        yield Event(later(4), "cancelled")
        return
    for group in draw.sample(range(_GROUPS), draw.choice((1, 1, 1, 2, 3))):
        yield Event(later(2), "assigned", f"Group {group + 1}", f"a{group + _GROUPS * draw.randrange(_EACH) + 1}")
    yield Event(later(1), "replied")
    if draw.random() < _WAITED:
        yield from (Event(later(1), "waiting"), Event(later(12), "asked"), Event(at := at + SECOND, "resumed"))
    if draw.random() < _HELD:
        yield from (Event(later(1), "on_hold"), Event(later(1), "noted"), Event(later(24), "resumed"))
    if draw.random() < _MOVED:
        yield Event(later(1), "promised", until=due + 24 * _HOUR)
    yield Event(later(20), "resolved")
    if draw.random() < _REOPENED:
        yield from (Event(later(24), "reopened"), Event(later(4), "replied"), Event(later(24), "resolved"))
    if draw.random() < _RATED:
        yield Event(later(6), "rated", rating=draw.choice(_STARS), text="That is what I think.")
    yield Event(at + 5 * DAY, "closed")
