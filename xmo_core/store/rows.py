"""From records to rows: what a source tells, as the cells that the store's tables take.

This is done where the source is, in a process of its own; the one that writes has nothing left to do but that.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson

from xmo_core.keys import Keys
from xmo_core.store.bulk import Cells
from xmo_core.store.types import native_time
from xmo_hooks import ENDED, BadRecord, Contact, Measurement, Native, Row, Ticket, Touchpoint

Record = Ticket | Touchpoint | Native | Measurement
Parse = Callable[[Row], Iterable[Record]]


@dataclass(frozen=True, slots=True)
class Asking:
    """What decides whether an end of a problem is history: since when people are asked (None: not at all), up to when
    this source was known completely before (None: it never was), but for the tickets that lay in quarantine."""

    since: datetime | None
    known_until: datetime | None
    unknown: Set[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Bad:
    """A row that could not be understood: the key to keep it under and whether the vendor knows it, the column where it
    is known, and why."""

    key: str
    fetchable: bool
    field: str
    reason: str
    raw: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rows:
    """What some raw rows told, by table; each tuple in the order of its columns."""

    persons: list[Cells] = field(default_factory=list)
    tickets: list[Cells] = field(default_factory=list)
    problems: list[Cells] = field(default_factory=list)
    touchpoints: list[Cells] = field(default_factory=list)
    natives: list[Cells] = field(default_factory=list)
    measurements: list[Cells] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)

    @property
    def keys(self) -> list[str]:
        """Return the keys of the tickets, as the source calls them."""
        return [row[1] for row in self.tickets]


class Rowing:
    """Turns what a source tells into rows, for one store."""

    def __init__(self, name: str, parse: Parse, keys: Keys, dialect: str, asking: Asking) -> None:
        self._name, self._parse, self._keys = name, parse, keys
        self._at = native_time(dialect)
        self._unknown = {*asking.unknown}  # and what turns bad on the way
        self._asking = replace(asking, unknown=self._unknown)

    def rows(self, raws: Iterable[Row]) -> Rows:
        """Parse raw rows one by one; what cannot be understood comes back with its reason."""
        made, persons = Rows(), dict[str, Contact]()
        for raw in raws:
            try:
                for record in self._parse(raw):
                    self._add(made, persons, record)
            except BadRecord as error:
                key = error.key or _digest(raw)
                self._unknown.add(key)
                made.bad.append(Bad(key, bool(error.key), error.field, str(error), dict(raw)))
        # in one order for all who write, or two of them could wait for each other
        made.persons.extend(_person_row(*person) for person in sorted(persons.items(), key=lambda one: one[0]))
        return made

    def _add(self, made: Rows, persons: dict[str, Contact], record: Record) -> None:
        if isinstance(record, Ticket):
            pseudonym = self._pseudonym(record.requester)
            if pseudonym and record.requester:
                persons[pseudonym] = record.requester
            problem = f"{self._name}:{record.key}"
            opened_at, changed_at = self._at(record.opened_at), self._at(record.changed_at)
            made.tickets.append(self._ticket_row(problem, pseudonym, opened_at, changed_at, record))
            made.problems.append(self._problem_row(problem, pseudonym, opened_at, changed_at, record))
        elif isinstance(record, Native):
            made.natives.append(self._native_row(record))
        else:
            pseudonym = self._pseudonym(record.requester)
            if pseudonym and record.requester:  # a ticket's row tells more about a person
                persons.setdefault(pseudonym, record.requester)
            if isinstance(record, Touchpoint):
                made.touchpoints.append(self._touchpoint_row(pseudonym, record))
            else:
                made.measurements.append(self._measurement_row(pseudonym, record))

    def _pseudonym(self, contact: Contact | None) -> str | None:
        return self._keys.pseudonym(self._name, contact) if contact else None

    def _touchpoint_row(self, person: str | None, one: Touchpoint) -> Cells:
        promised = one.promised_at and self._at(one.promised_at)
        said = (one.what, one.side, one.channel, person, self._at(one.at), promised)
        return (self._name, one.ticket or "", one.key, *said)

    def _measurement_row(self, person: str | None, one: Measurement) -> Cells:
        said = (one.name, one.unit, one.family, one.about, one.ticket, person)
        return (self._name, one.key, *said, float(one.value), self._at(one.at))

    def _native_row(self, one: Native) -> Cells:
        a = one.answer
        said = (a.question, a.version, a.code, a.text, a.value, a.low, a.high, a.best)
        return (self._name, one.ticket, one.key, *said, self._at(one.at))

    def _ticket_row(self, problem: str, person: str | None, opened_at: Any, changed_at: Any, t_: Ticket) -> Cells:
        at = self._at
        resolved_at, closed_at = t_.resolved_at and at(t_.resolved_at), t_.closed_at and at(t_.closed_at)
        promised_at = t_.promised_at and at(t_.promised_at)
        # fmt: off
        return (
            self._name, t_.key, problem, person, t_.number, t_.kind, t_.vendor_type, t_.state, t_.vendor_state,
            t_.title, t_.url, t_.service, t_.group, t_.priority, t_.category, t_.channel, t_.parent,
            opened_at, changed_at, resolved_at, closed_at, promised_at, None,
            t_.reopens, t_.reassignments, t_.sla_met, _json(t_.attributes),
        )
        # fmt: on

    def _problem_row(self, id_: str, person: str | None, opened_at: Any, changed_at: Any, ticket: Ticket) -> Cells:
        ends, ended_at = ends_of(ticket)
        settled = settled_before(ticket, ends, ended_at, self._asking)
        ended = ended_at and self._at(ended_at)
        return (id_, self._name, ticket.key, person, opened_at, changed_at, ended, ends, settled)


def _person_row(pseudonym: str, c: Contact) -> Cells:
    return (pseudonym, c.kind, c.language, c.timezone, c.place, c.organisation, _json(c.attributes))


def _json(document: Mapping[str, str]) -> str | None:
    return orjson.dumps(document).decode() if document else None


def _digest(raw: Row) -> str:
    return "row:" + hashlib.sha256(orjson.dumps(dict(raw), option=orjson.OPT_SORT_KEYS)).hexdigest()[:24]


def ends_of(ticket: Ticket) -> tuple[int, datetime | None]:
    """Return how often the ticket has ended, and when it ended last if it is ended now."""
    if ticket.state in ENDED:
        return ticket.reopens + 1, ticket.resolved_at or ticket.closed_at or ticket.changed_at
    return ticket.reopens, None


def settled_before(ticket: Ticket, ends: int, ended_at: datetime | None, asking: Asking) -> int:
    """Return how many of the ends are history, not to be decided on. Of an end that was over before we could see it we
    know only that it lies behind the opening, and behind the last time that we knew the ticket."""
    if asking.since is None or (ended_at is not None and ended_at < asking.since):
        return ends
    known_until = None if ticket.key in asking.unknown else asking.known_until
    if max(ticket.opened_at, known_until or ticket.opened_at) >= asking.since:
        return 0
    return ends if ended_at is None else ends - 1
