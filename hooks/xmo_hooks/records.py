"""What travels through the line. Every record is frozen, keyword-only, and holds only aware UTC times."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Literal

Json = Any  # whatever json.dumps takes; cursors and raw rows are opaque to the core
Row = Mapping[str, Any]
State = Literal["new", "in_progress", "waiting", "on_hold", "resolved", "closed", "cancelled", "unknown"]
ENDED: frozenset[str] = frozenset({"resolved", "closed", "cancelled"})
PersonKind = Literal["employee", "customer", "partner", "unknown"]
What = Literal["contact", "response", "handoff", "promise", "update", "resolved", "reopened", "abandoned"]
Side = Literal["requester", "desk", "machine"]
Family = Literal["technical", "operational"]
# What each question that XMO writes has in its text: so it is found again, and never taken for anybody's word.
MARKER = re.compile(r"xmo:[A-Za-z0-9_-]{16}(?![A-Za-z0-9_-])")
_NOTHING: Mapping[str, str] = {}


def utc(name: str, at: datetime | None) -> None:
    """Refuse a time that is not aware UTC; `name` is the field that the message names."""
    if at is not None and at.tzinfo is not UTC:
        raise ValueError(f"{name} must be an aware UTC time, got {at!r}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Contact:
    """A requester as one source knows them. `key`, `email` and `name` are never stored beside answers: `email`
    (else source and `key`) becomes the person's pseudonym."""

    key: str
    email: str | None = None
    name: str | None = None
    kind: PersonKind = "unknown"
    language: str | None = None
    timezone: str | None = None
    place: str | None = None
    organisation: str | None = None
    attributes: Mapping[str, str] = field(default_factory=lambda: _NOTHING)


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """One requester over all sources: a keyed pseudonym and the cuts that figures may use."""

    pseudonym: str
    kind: PersonKind = "unknown"
    language: str | None = None
    timezone: str | None = None
    place: str | None = None
    organisation: str | None = None
    attributes: Mapping[str, str] = field(default_factory=lambda: _NOTHING)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ticket:
    """One service record, normalised. `key` never changes at the vendor; `vendor_type` is the vendor's name for such
    records; `state` "unknown" is a vendor state that nobody mapped; `attributes` are what the config names. `sla_met`
    None is not known, and leaves what an older row knew; elsewhere None is none. Who served is not a field, on
    purpose."""

    key: str
    number: str
    kind: str
    vendor_type: str
    state: State
    vendor_state: str
    opened_at: datetime
    changed_at: datetime
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    promised_at: datetime | None = None
    title: str | None = None
    url: str | None = None
    requester: Contact | None = None
    reopens: int = 0
    reassignments: int = 0
    sla_met: bool | None = None
    service: str | None = None
    group: str | None = None
    priority: str | None = None
    category: str | None = None
    channel: str | None = None
    parent: str | None = None
    attributes: Mapping[str, str] = field(default_factory=lambda: _NOTHING)

    def __post_init__(self) -> None:
        # Written out: a loop over the fields costs 7 µs a row, this next to nothing.
        utc("opened_at", self.opened_at)
        utc("changed_at", self.changed_at)
        utc("resolved_at", self.resolved_at)
        utc("closed_at", self.closed_at)
        utc("promised_at", self.promised_at)


@dataclass(frozen=True, kw_only=True, slots=True)
class Touchpoint:
    """One dated event in a ticket's life, from its history at the vendor. `key` is the event's own there. "response" is
    a desk's first or later word to the requester, "update" any other news to them, "promise" a time that was named or
    moved (`promised_at`), "abandoned" a contact that came to nothing: a call or chat given up, a search without a hit,
    a page left. `side` is who acted: what an automaton says ("machine") is no human response. What XMO wrote
    is never a touchpoint. A contact that became no ticket has none, and its own `requester`, where one is known."""

    key: str
    at: datetime
    what: What
    side: Side
    ticket: str | None = None
    requester: Contact | None = None
    channel: str | None = None
    promised_at: datetime | None = None

    def __post_init__(self) -> None:
        utc("at", self.at)
        utc("promised_at", self.promised_at)


@dataclass(frozen=True, kw_only=True, slots=True)
class Measurement:
    """A number that was measured, and that no ticket tells: how long a laptop took to start, how often an application
    crashed. `key` is its own at the source, and among all of its measurements; `about` the device, application or
    service, as the source calls it, never a person."""

    key: str
    at: datetime
    name: str
    value: float
    unit: str
    family: Family = "technical"
    about: str | None = None
    ticket: str | None = None
    requester: Contact | None = None

    def __post_init__(self) -> None:
        utc("at", self.at)
        if not isfinite(self.value):
            raise ValueError(f"value must be a finite number, got {self.value!r}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Raw rows as the vendor sent them, the cursor that stands behind the last of them, and the keys of tickets that
    were deleted at the vendor."""

    rows: Sequence[Row]
    cursor: Json
    deleted: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One request of a vendor's webhook: its headers, their names in small letters, and its body, byte for byte."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """What a webhook told: the keys of tickets to fetch as they are now; where there are none, the `reason`. `at` is
    when the vendor signed it, and stands in what is signed; None where no time does."""

    keys: Sequence[str]
    at: datetime | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        utc("at", self.at)


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """What a fetch would bring: tickets, and the requests it would take."""

    tickets: int
    requests: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One line of `xmo check`: level, what was found, and what to do about it."""

    level: Literal["ok", "note", "warning", "error"]
    text: str
    fix: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Occasion:
    """What may be asked about: the n-th end of one person's problem (n = reopens + 1), `at` which it ended."""

    key: str
    problem: str
    n: int
    at: datetime
    person: Person
    source: str
    ticket: Ticket


@dataclass(frozen=True, kw_only=True, slots=True)
class Ledger:
    """What one person has been asked before, this occasion left out. Opting out is for ever."""

    asked_at: Sequence[datetime] = ()
    opted_out: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """A vote to ask, with this probability; the probabilities of all votes multiply."""

    rule: str
    probability: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Skip:
    """A vote not to ask, for good: any Skip wins."""

    rule: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait:
    """A vote to decide later: no decision is made before `until`."""

    rule: str
    reason: str
    until: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One value to one question. `value` lies between `low` and `high`, `best` is the good end; `code` is the stable
    name of the chosen option in every language; `text` what was written."""

    question: str
    version: str
    value: int | None = None
    low: int | None = None
    high: int | None = None
    best: int | None = None
    code: str | None = None
    text: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Native:
    """An answer to the vendor's own survey about a ticket; `key` is the answer's own at the vendor."""

    ticket: str
    key: str
    at: datetime
    answer: Answer

    def __post_init__(self) -> None:
        utc("at", self.at)


@dataclass(frozen=True, kw_only=True, slots=True)
class Invitation:
    """The question on its way; `link` leads to the page, `marker` is found again at the vendor."""

    id: str
    occasion: Occasion
    state: str
    marker: str
    link: str
    expires_at: datetime
    answers: Sequence[Answer] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """The words of one invitation. `text` must hold `marker`, so that it can be found before it is ever sent twice;
    `subject` is one line, for a channel whose messages have one."""

    marker: str
    text: str
    subject: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """The word of a vendor or a channel for what was delivered: its own reference, and when."""

    reference: str
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Experience:
    """One occasion joined with its answers."""

    occasion: Occasion
    answers: Sequence[Answer]


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """Rows that agree in `key`: how many, of how many persons, the sum of each column, and for each pair of columns
    ("n" counts rows) the products of the persons' own sums, added up. All integers, equal on every database."""

    key: tuple[str | None, ...]
    n: int
    persons: int
    sums: Mapping[str, int]
    products: Mapping[tuple[str, str], int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One published number with its interval and its counts. `shares` are fractions of the answered, by code.
    `hidden`: the wall took the numbers out. `key` holds one value for each axis of its table."""

    key: tuple[str, ...]
    measure: str
    value: float | None
    low: float | None
    high: float | None
    unit: Literal["net", "share", "count"]
    asked: int
    answered: int
    persons: int
    shares: Mapping[str, float] = field(default_factory=dict)
    hidden: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """Figures over the same axes. `definition` says in words how they are made; `total` is the same without axes."""

    name: str
    title: str
    definition: str
    by: tuple[str, ...]
    figures: Sequence[Figure]
    total: Sequence[Figure] = ()
    caveat: str = ""
