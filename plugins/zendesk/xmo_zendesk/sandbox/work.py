"""Tickets and what happens to them, and how both are read from a work file.

A work file has one ticket a line, as JSON: number, kind, title, priority, service, category, channel, group, requester,
promised, and its events in order of time. What Zendesk makes of it:

- The number is the ticket's id. Requests are questions, for Zendesk has no type of that name.
- Service and category are two dropdowns of the account. An option's value is also a tag on the ticket, as with every
  dropdown there.
- A promise is an SLA policy with a target for the resolution, in calendar hours; only tasks have a due date.
- A cancelled ticket is solved with the custom status "Cancelled", and has the tag `cancelled`.
- Beside the usual events a ticket may be `offered` a survey and `rated` (`rating` 1 to 5, `text`); `text` also gives
  words to a comment.
- One that is `merged` into another one is closed with the tag `closed_by_merge`.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from xmo_hooks import ConfigError
from xmo_zendesk.sandbox.clock import parse_time, unix
from xmo_zendesk.sandbox.directory import CATEGORY, SERVICE, Directory

TYPES = {"incident": "incident", "request": "question", "problem": "problem", "task": "task"}
PRIORITIES = {"critical": "urgent", "high": "high", "medium": "normal", "low": "low"}
CHANNELS = {"portal": "web", "email": "email", "phone": "voice", "chat": "chat"}
EVENTS = frozenset(
    (
        *("opened", "acknowledged", "assigned", "replied", "asked", "noted", "promised", "waiting", "on_hold"),
        *("resumed", "resolved", "reopened", "closed", "cancelled", "deleted", "offered", "rated"),
        "merged",
    )
)
_HINT = "Give a work file: JSON Lines, one ticket a line with its events, plain or .gz."


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A comment that was written through the API."""

    author: int
    public: bool
    body: str
    html: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Update:
    """What a client of the API wrote into a ticket at once: new values, a comment, and metadata of its own."""

    values: Mapping[str | int, Any]
    said: Said | None = None
    custom: Mapping[str, Any] = field(default_factory=dict)


class Event(NamedTuple):
    """One dated thing that happens to one ticket; `seq` is its own within the ticket, and never changes.

    `what` is a word of the work file, "written" for an `update` through the API, or "system" for an update that leaves
    no trace but the change stamp. Groups and agents are ids, times UNIX seconds.
    """

    at: int
    ticket: int
    seq: int
    what: str
    group: int | None = None
    agent: int | None = None
    until: int | None = None
    text: str = ""
    rating: int = 0
    update: Update | None = None


@dataclass(slots=True)
class Ticket:
    """One ticket as it was opened, and its events, of which the first `applied` have happened."""

    id: int
    type: str
    subject: str
    priority: str | None
    service: str | None
    category: str | None
    channel: str
    group: int
    requester: int
    organization: int | None
    events: list[Event] = field(default_factory=list)
    applied: int = 0

    @property
    def stamp(self) -> int:
        """Return when it changed last, whatever changed: `generated_timestamp`."""
        return self.events[self.applied - 1].at

    @property
    def place(self) -> tuple[int, int]:
        """Return where it stands in an export."""
        return self.stamp, self.id


def read(path: Path, directory: Directory) -> list[Ticket]:
    """Read a work file. Raises `ConfigError`, with the line, where it is not there or not in the expected shape."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            lines = file.read().splitlines()
    except (OSError, EOFError) as error:
        raise ConfigError(f"The sandbox cannot read {path}: {error}", hint=_HINT) from error
    tickets: dict[int, Ticket] = {}
    for number, line in enumerate(lines, 1):
        try:
            ticket = _ticket(orjson.loads(line), directory)
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise ConfigError(f"The sandbox cannot use line {number} of {path}: {error!r}", hint=_HINT) from error
        if ticket.id in tickets:
            raise ConfigError(f"Line {number} of {path} has ticket {ticket.id} again", hint=_HINT)
        tickets[ticket.id] = ticket
    return list(tickets.values())


def _ticket(row: Mapping[str, Any], directory: Directory) -> Ticket:
    person = row["requester"]
    organization = directory.organization(person["organisation"]) if person.get("organisation") else None
    ticket = Ticket(
        id=int(row["number"]),
        type=TYPES[row["kind"]],
        subject=str(row["title"]),
        priority=PRIORITIES[row["priority"]] if row.get("priority") else None,
        service=directory.option(SERVICE, row["service"]) if row.get("service") else None,
        category=directory.option(CATEGORY, row["category"]) if row.get("category") else None,
        channel=CHANNELS[row["channel"]],
        group=directory.group(_first_group(row)),
        requester=directory.requester(person, organization),
        organization=organization,
    )
    ticket.events = [_event(ticket.id, seq, told, directory) for seq, told in enumerate(_told(row))]
    times = [event.at for event in ticket.events]
    if times != sorted(times) or not times or ticket.events[0].what != "opened":
        raise ValueError("its events must be in order of time, and the first one is opened")
    return ticket


def _first_group(row: Mapping[str, Any]) -> str:
    """Return the group that is assigned first; the row names the last one. No ticket is without a group here."""
    return next((str(event["group"]) for event in row["events"] if event.get("group")), str(row["group"]))


def _told(row: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the events; a promise that no event makes was made when the ticket was opened."""
    first, *others = row["events"]
    yield first
    if row.get("promised") and all(event["what"] != "promised" for event in others):
        yield {"at": first["at"], "what": "promised", "until": row["promised"]}
    yield from others


def _event(ticket: int, seq: int, told: Mapping[str, Any], directory: Directory) -> Event:
    if told["what"] not in EVENTS:
        raise ValueError(f"no event is called {told['what']!r}")
    return Event(
        at=unix(parse_time(told["at"])),
        ticket=ticket,
        seq=seq,
        what=told["what"],
        group=directory.group(told["group"]) if told.get("group") else None,
        agent=directory.agent(told["agent"]) if told.get("agent") else None,
        until=unix(parse_time(told["until"])) if told.get("until") else None,
        text=str(told.get("text", "")),
        rating=int(told.get("rating", 0)),
    )
