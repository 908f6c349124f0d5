"""Writing tickets: the newest change wins, and seeing one twice changes nothing."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Column, Connection, RowMapping, bindparam, delete, func, literal_column, select, tuple_, update

from xmo_core.keys import Keys
from xmo_core.store import tables as t
from xmo_core.store.bulk import Cells, bulk
from xmo_core.store.engine import Store
from xmo_core.store.types import native_time
from xmo_hooks import ENDED, BadRecord, Contact, Native, Person, Row, Ticket, Touchpoint

Bad = tuple[str, Row, BadRecord]  # a row that could not be understood, after the key to keep it under


@dataclass(frozen=True, slots=True)
class Asking:
    """What decides whether an end of a problem is history: since when people are asked (None: not at all), up to when
    this source was known completely before (None: it never was), but for the tickets that lay in quarantine."""

    since: datetime | None
    known_until: datetime | None
    unknown: Container[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Told:
    """What some raw rows tell, and those that could not be understood."""

    tickets: list[Ticket] = field(default_factory=list)
    touchpoints: list[Touchpoint] = field(default_factory=list)
    natives: list[Native] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)

    def add(self, record: Ticket | Touchpoint | Native) -> None:
        """Take one record in."""
        if isinstance(record, Ticket):
            self.tickets.append(record)
        elif isinstance(record, Touchpoint):
            self.touchpoints.append(record)
        else:
            self.natives.append(record)


class TicketWriter:
    """Upserts the tickets of one source, page by page, with their persons and problems, events and answers."""

    def __init__(self, store: Store, source: str, keys: Keys, asking: Asking) -> None:
        self._source, self._keys, self._asking = source, keys, asking
        greatest = func.greatest if store.dialect == "postgresql" else func.max
        decided = greatest(t.problem.c.decided, literal_column("excluded.decided"))
        # a later row may not know any more whether the promise was kept: that is no news
        self._tickets = bulk(store, store.overwrite(t.ticket, sla_met=_unless_unknown(t.ticket.c.sla_met)))
        self._problems = bulk(store, store.overwrite(t.problem, decided=decided))
        # a source that knows less about a person takes nothing away
        known = [column.name for column in t.person.c if not column.primary_key and column.name != "kind"]
        kept = {name: _unless_unknown(t.person.c[name]) for name in known}
        self._persons = bulk(store, store.overwrite(t.person, **kept))
        self._touchpoints = bulk(store, store.overwrite(t.touchpoint))
        self._natives = bulk(store, store.overwrite(t.native))
        self._at = native_time(store.dialect)

    def write(self, connection: Connection, told: Told) -> None:
        """Write one page inside the caller's transaction."""
        self._write_tickets(connection, told.tickets)
        self._touchpoints(connection, [self._touchpoint_row(one) for one in told.touchpoints])
        self._natives(connection, [self._native_row(one) for one in told.natives])

    def delete(self, connection: Connection, keys: Sequence[str], now: datetime) -> None:
        """Note that tickets were deleted at the vendor: what they told stays, and nobody is asked about them. Their
        rows leave quarantine: one that was mended later would bring a ticket back."""
        if not keys:  # as almost always: no statement is made for nothing
            return
        for table, ended in ((t.ticket, {"deleted_at": now}), (t.problem, {"ended_at": None})):
            ours = (table.c.source == self._source) & (table.c.key == bindparam("gone"))
            connection.execute(update(table).where(ours).values(ended), [{"gone": key} for key in sorted(keys)])
        release(connection, self._source, keys)

    def _write_tickets(self, connection: Connection, tickets: Sequence[Ticket]) -> None:
        persons: dict[str, Contact] = {}
        ticket_rows, problem_rows = [], []
        for ticket in tickets:
            pseudonym = None
            if ticket.requester is not None:
                pseudonym = self._keys.pseudonym(self._source, ticket.requester)
                persons[pseudonym] = ticket.requester
            problem = f"{self._source}:{ticket.key}"
            opened_at, changed_at = self._at(ticket.opened_at), self._at(ticket.changed_at)
            ticket_rows.append(self._ticket_row(problem, pseudonym, opened_at, changed_at, ticket))
            problem_rows.append(self._problem_row(problem, pseudonym, opened_at, changed_at, ticket))
        self._persons(connection, [_person_row(*person) for person in sorted(persons.items(), key=lambda one: one[0])])
        self._tickets(connection, ticket_rows)
        self._problems(connection, problem_rows)

    def _touchpoint_row(self, one: Touchpoint) -> Cells:
        promised = one.promised_at and self._at(one.promised_at)
        return (self._source, one.ticket, one.key, one.what, one.side, one.channel, self._at(one.at), promised)

    def _native_row(self, one: Native) -> Cells:
        a = one.answer
        said = (a.question, a.version, a.code, a.text, a.value, a.low, a.high, a.best)
        return (self._source, one.ticket, one.key, *said, self._at(one.at))

    def _ticket_row(self, problem: str, person: str | None, opened_at: Any, changed_at: Any, t_: Ticket) -> Cells:
        """Build a row in the order of the table's columns."""
        at = self._at
        resolved_at, closed_at = t_.resolved_at and at(t_.resolved_at), t_.closed_at and at(t_.closed_at)
        promised_at = t_.promised_at and at(t_.promised_at)
        # fmt: off
        return (
            self._source, t_.key, problem, person, t_.number, t_.kind, t_.vendor_type, t_.state, t_.vendor_state,
            t_.title, t_.url, t_.service, t_.group, t_.priority, t_.category, t_.channel, t_.parent,
            opened_at, changed_at, resolved_at, closed_at, promised_at, None,
            t_.reopens, t_.reassignments, t_.sla_met, _json(t_.attributes),
        )
        # fmt: on

    def _problem_row(self, id_: str, person: str | None, opened_at: Any, changed_at: Any, ticket: Ticket) -> Cells:
        ends, ended_at = ends_of(ticket)
        settled = settled_before(ticket, ends, ended_at, self._asking)
        ended = ended_at and self._at(ended_at)
        return (id_, self._source, ticket.key, person, opened_at, changed_at, ended, ends, settled)


def _unless_unknown(column: Column[Any]) -> Any:
    """Overwrite a column only with what is known."""
    return func.coalesce(literal_column(f"excluded.{column.name}"), column)


def _person_row(pseudonym: str, c: Contact) -> Cells:
    return (pseudonym, c.kind, c.language, c.timezone, c.place, c.organisation, _json(c.attributes))


def _json(document: Mapping[str, str]) -> str | None:
    return orjson.dumps(document).decode() if document else None


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


def write_bad(store: Store, connection: Connection, source: str, bad: Iterable[Bad], run: int, now: datetime) -> None:
    """Keep rows that could not be understood, each with its reason, until they are replayed or arrive anew."""
    about = {"source": source, "seen_at": now, "run": run}
    rows = [about | {"key": key, "field": e.field, "reason": str(e), "raw": dict(row)} for key, row, e in bad]
    if rows:
        connection.execute(store.overwrite(t.quarantine, seen_at=t.quarantine.c.seen_at), rows)


def release(connection: Connection, source: str, keys: Iterable[str]) -> None:
    """Take rows out of quarantine whose ticket has come in by now, or is deleted."""
    if rows := [{"come": key} for key in sorted(keys)]:
        gone = (t.quarantine.c.source == source) & (t.quarantine.c.key == bindparam("come"))
        connection.execute(delete(t.quarantine).where(gone), rows)


def read_tickets(connection: Connection, ids: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Ticket]:
    """Return some hundreds of tickets by (source, key), without their requester."""
    query = select(t.ticket).where(tuple_(t.ticket.c.source, t.ticket.c.key).in_(ids))
    return {
        (row["source"], row["key"]): Ticket(**{name: row[name] for name in _TICKET_FIELDS} | _attributes(row))
        for row in connection.execute(query).mappings()
    }


def read_persons(connection: Connection, pseudonyms: Sequence[str]) -> dict[str, Person]:
    """Return some hundreds of persons by pseudonym."""
    query = select(t.person).where(t.person.c.pseudonym.in_(pseudonyms))
    return {row["pseudonym"]: Person(**dict(row) | _attributes(row)) for row in connection.execute(query).mappings()}


_TICKET_FIELDS = [c.name for c in t.ticket.c if c.name not in ("source", "problem", "person", "deleted_at")]


def _attributes(row: RowMapping) -> dict[str, Any]:
    return {"attributes": row["attributes"] or {}}
