"""A month of work, as every vendor's sandbox can play it: tickets and what happened to them, one JSON object a line."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson

from xmo_hooks import ConfigError
from xmo_jira.sandbox.clock import millis, parse_time

ENDS = frozenset({"resolved", "closed", "cancelled"})
WHATS = ENDS | {
    *("opened", "acknowledged", "assigned", "replied", "asked", "noted", "promised", "waiting", "on_hold", "resumed"),
    *("reopened", "deleted", "rated"),
}
KINDS = frozenset({"incident", "request", "problem", "change", "task"})


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, `at` epoch milliseconds. `until` is what "promised" promises; `rating` and `text` are
    what "rated" says: 1 to 5 stars, and a comment."""

    at: int
    what: str
    group: str = ""
    agent: str = ""
    until: int | None = None
    rating: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Who asked; organisation and language where they are known."""

    email: str
    name: str
    language: str = ""
    timezone: str = "UTC"
    organisation: str = ""


@dataclass(frozen=True, slots=True)
class Work:
    """One ticket. `promised` is its due time, in epoch milliseconds, as it stands in the end."""

    number: int
    kind: str
    title: str
    priority: str
    service: str
    category: str
    channel: str
    group: str
    requester: Person
    promised: int | None
    events: tuple[Event, ...]


def read(path: Path) -> list[Work]:
    """Read a work file, plain or with gzip. Raises `ConfigError` that names the line which is no ticket."""
    people: dict[str, Person] = {}
    found = []
    for number, line in enumerate(_lines(path), 1):
        try:
            found.append(_work(orjson.loads(line), people))
        except (KeyError, TypeError, ValueError) as error:
            said = f"{type(error).__name__}: {error}"
            hint = "Each line is one ticket with its events, oldest first."
            raise ConfigError(f"Line {number} of {path.name} is no ticket ({said})", hint=hint) from error
    numbers = {work.number for work in found}
    if len(numbers) < len(found):
        raise ConfigError(f"{path.name} has a ticket number twice", hint="Give each ticket a number of its own.")
    return found


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            yield from (line for line in file if line.strip())
    except OSError as error:
        raise ConfigError(f"Cannot read {path.name}: {error.strerror or error}", hint="Name a work file.") from error


def _work(told: Mapping[str, Any], people: dict[str, Person]) -> Work:
    events = tuple(_event(event) for event in told["events"])
    if not events or events[0].what != "opened":
        raise ValueError("its first event is not 'opened'")
    if any(later.at < earlier.at for earlier, later in pairwise(events)):
        raise ValueError("its events are not in the order of time")
    return Work(
        number=int(told["number"]),
        kind=_known("kind", told["kind"], KINDS),
        title=str(told["title"]),
        priority=str(told["priority"]),
        service=str(told["service"]),
        category=str(told["category"]),
        channel=str(told["channel"]),
        group=str(told["group"]),
        requester=_person(told["requester"], people),
        promised=_time(told.get("promised")),
        events=events,
    )


def _event(told: Mapping[str, Any]) -> Event:
    return Event(
        at=millis(parse_time(told["at"])),
        what=_known("event", told["what"], WHATS),
        group=str(told.get("group") or ""),
        agent=str(told.get("agent") or ""),
        until=_time(told.get("until")),
        rating=int(told.get("rating") or 0),
        text=str(told.get("text") or ""),
    )


def _person(told: Mapping[str, Any], people: dict[str, Person]) -> Person:
    person = Person(
        email=str(told["email"]),
        name=str(told["name"]),
        language=str(told.get("language") or ""),
        timezone=str(told.get("timezone") or "UTC"),
        organisation=str(told.get("organisation") or ""),
    )
    return people.setdefault(person.email, person)


def _time(text: str | None) -> int | None:
    return None if text is None else millis(parse_time(text))


def _known(what: str, word: Any, words: frozenset[str]) -> str:
    if word not in words:
        raise ValueError(f"unknown {what} {word!r}")
    return str(word)
