"""Writing tickets: the newest change wins, and seeing one twice changes nothing."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, delete, func, select, tuple_

from xmo_core.keys import Keys
from xmo_core.store import tables as t
from xmo_core.store.engine import Store, batches
from xmo_hooks import ENDED, BadRecord, Contact, Person, Row, Ticket


@dataclass(frozen=True, slots=True)
class Asking:
    """What decides whether an end of a problem is history: since when people are asked (None: not at all), up to when
    this source was known completely before (None: it never was), but for the tickets that lay in quarantine."""

    since: datetime | None
    known_until: datetime | None
    unknown: Container[str] = frozenset()


def write_tickets(
    store: Store, connection: Connection, source: str, tickets: Sequence[Ticket], keys: Keys, asking: Asking
) -> None:
    """Upsert the tickets of one page with their persons and problems."""
    persons: dict[str, Contact] = {}
    ticket_rows, problem_rows = [], []
    for ticket in tickets:
        pseudonym = None
        if ticket.requester is not None:
            pseudonym = keys.pseudonym(source, ticket.requester)
            persons[pseudonym] = ticket.requester
        problem = f"{source}:{ticket.key}"
        ticket_rows.append(_ticket_row(source, problem, pseudonym, ticket))
        problem_rows.append(_problem_row(source, problem, pseudonym, ticket, asking))
    if persons:
        rows = [_person_row(pseudonym, contact) for pseudonym, contact in persons.items()]
        connection.execute(_upsert_person(store), rows)
    if ticket_rows:
        connection.execute(_upsert_ticket(store), ticket_rows)
        connection.execute(_upsert_problem(store), problem_rows)


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


def _ticket_row(source: str, problem: str, person: str | None, ticket: Ticket) -> dict[str, Any]:
    return {
        "source": source,
        "key": ticket.key,
        "problem": problem,
        "person": person,
        "number": ticket.number,
        "kind": ticket.kind,
        "vendor_type": ticket.vendor_type,
        "state": ticket.state,
        "vendor_state": ticket.vendor_state,
        "opened_at": ticket.opened_at,
        "changed_at": ticket.changed_at,
        "resolved_at": ticket.resolved_at,
        "closed_at": ticket.closed_at,
        "promised_at": ticket.promised_at,
        "title": ticket.title,
        "url": ticket.url,
        "reopens": ticket.reopens,
        "reassignments": ticket.reassignments,
        "sla_met": ticket.sla_met,
        "service": ticket.service,
        "group": ticket.group,
        "priority": ticket.priority,
        "category": ticket.category,
        "channel": ticket.channel,
        "parent": ticket.parent,
        "attributes": dict(ticket.attributes) or None,
    }


def _problem_row(source: str, problem: str, person: str | None, ticket: Ticket, asking: Asking) -> dict[str, Any]:
    ends, ended_at = ends_of(ticket)
    return {
        "id": problem,
        "source": source,
        "key": ticket.key,
        "person": person,
        "opened_at": ticket.opened_at,
        "changed_at": ticket.changed_at,
        "ended_at": ended_at,
        "ends": ends,
        "decided": settled_before(ticket, ends, ended_at, asking),
    }


def _person_row(pseudonym: str, contact: Contact) -> dict[str, Any]:
    return {
        "pseudonym": pseudonym,
        "kind": contact.kind,
        "language": contact.language,
        "timezone": contact.timezone,
        "place": contact.place,
        "organisation": contact.organisation,
        "attributes": dict(contact.attributes) or None,
    }


def _overwrite(statement: Any, table: Table, **instead: Any) -> dict[str, Any]:
    return {c.name: instead.get(c.name, statement.excluded[c.name]) for c in table.c if not c.primary_key}


def _upsert_ticket(store: Store) -> Any:
    insert = store.upsert(t.ticket)
    return insert.on_conflict_do_update(
        index_elements=["source", "key"],
        set_=_overwrite(insert, t.ticket),
        where=insert.excluded.changed_at >= t.ticket.c.changed_at,
    )


def _upsert_problem(store: Store) -> Any:
    insert = store.upsert(t.problem)
    greatest = func.greatest if store.dialect == "postgresql" else func.max
    return insert.on_conflict_do_update(
        index_elements=["id"],
        set_=_overwrite(insert, t.problem, decided=greatest(t.problem.c.decided, insert.excluded.decided)),
        where=insert.excluded.changed_at >= t.problem.c.changed_at,
    )


def _upsert_person(store: Store) -> Any:
    insert = store.upsert(t.person)
    return insert.on_conflict_do_update(index_elements=["pseudonym"], set_=_overwrite(insert, t.person))


def write_bad(
    store: Store,
    connection: Connection,
    source: str,
    bad: Iterable[tuple[str, Row, BadRecord]],
    run: int,
    now: datetime,
) -> None:
    """Keep rows that could not be understood, each with its reason, until they are replayed or arrive anew."""
    insert = store.upsert(t.quarantine)
    upsert = insert.on_conflict_do_update(
        index_elements=["source", "key"], set_=_overwrite(insert, t.quarantine, seen_at=t.quarantine.c.seen_at)
    )
    rows = [
        {
            "source": source,
            "key": key,
            "field": error.field,
            "reason": str(error),
            "raw": dict(row),
            "seen_at": now,
            "run": run,
        }
        for key, row, error in bad
    ]
    if rows:
        connection.execute(upsert, rows)


def release(connection: Connection, source: str, keys: Sequence[str]) -> int:
    """Take rows out of quarantine whose ticket has come in by now."""
    released = 0
    for some in batches(keys, 500):
        gone = (t.quarantine.c.source == source) & t.quarantine.c.key.in_(some)
        released += connection.execute(delete(t.quarantine).where(gone)).rowcount
    return released


def read_tickets(connection: Connection, ids: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Ticket]:
    """Return tickets by (source, key), without their requester."""
    found: dict[tuple[str, str], Ticket] = {}
    for some in batches(ids, 400):
        query = select(t.ticket).where(tuple_(t.ticket.c.source, t.ticket.c.key).in_(some))
        for row in connection.execute(query):
            found[row.source, row.key] = _ticket(row._mapping)
    return found


def read_persons(connection: Connection, pseudonyms: Sequence[str]) -> dict[str, Person]:
    """Return persons by pseudonym."""
    found: dict[str, Person] = {}
    for some in batches(pseudonyms, 500):
        for row in connection.execute(select(t.person).where(t.person.c.pseudonym.in_(some))):
            values = dict(row._mapping)
            found[row.pseudonym] = Person(**values | {"attributes": values["attributes"] or {}})
    return found


_TICKET_FIELDS = [c.name for c in t.ticket.c if c.name not in ("source", "problem", "person", "attributes")]


def _ticket(row: RowMapping) -> Ticket:
    return Ticket(**{name: row[name] for name in _TICKET_FIELDS}, attributes=row["attributes"] or {})
