"""Writing tickets: the newest change wins, and seeing one twice changes nothing."""

from collections.abc import Container, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, RowMapping, bindparam, delete, func, literal_column, select, tuple_, update

from xmo_core.store import tables as t
from xmo_core.store.bulk import bulk
from xmo_core.store.engine import Store
from xmo_core.store.rows import Bad, Rows
from xmo_hooks import Person, Ticket


class TicketWriter:
    """Upserts the tickets of one source, page by page, with their persons and problems, events, answers and
    measurements."""

    def __init__(self, store: Store, source: str) -> None:
        self._store, self._source = store, source
        greatest = func.greatest if store.dialect == "postgresql" else func.max
        decided = greatest(t.problem.c.decided, literal_column("excluded.decided"))
        # a later row may not know any more whether the promise was kept: that is no news
        self._tickets = bulk(store, store.overwrite(t.ticket, sla_met=_unless_unknown(t.ticket.c.sla_met)))
        self._problems = bulk(store, store.overwrite(t.problem, decided=decided))
        # a source that knows less about a person takes nothing away
        kept = {column.name: _unless_unknown(column) for column in t.person.c if not column.primary_key}
        said = func.nullif(literal_column("excluded.kind"), literal_column("'unknown'"))
        kept["kind"] = func.coalesce(said, t.person.c.kind)
        self._persons = bulk(store, store.overwrite(t.person, **kept))
        self._touchpoints = bulk(store, store.overwrite(t.touchpoint))
        self._natives = bulk(store, store.overwrite(t.native))
        self._measurements = bulk(store, store.overwrite(t.measurement))

    def write(self, connection: Connection, rows: Rows) -> None:
        """Write what one page told inside the caller's transaction."""
        self._persons(connection, rows.persons)
        self._tickets(connection, rows.tickets)
        self._problems(connection, rows.problems)
        self._touchpoints(connection, rows.touchpoints)
        self._natives(connection, rows.natives)
        self._measurements(connection, rows.measurements)

    def take_in(
        self, connection: Connection, rows: Rows, deleted: Sequence[str], held: Container[str], run: int, now: datetime
    ) -> dict[str, int]:
        """Write what was fetched, and keep quarantine (its keys: `held`) true to it; returns the counts of it."""
        self.write(connection, rows)
        write_bad(self._store, connection, self._source, rows.bad, run, now)
        release(connection, self._source, [key for key in rows.keys if key in held])
        self.delete(connection, deleted, now)
        also = {"touchpoints": len(rows.touchpoints), "natives": len(rows.natives)}
        also |= {"measurements": len(rows.measurements), "deleted": len(deleted)}
        return {"tickets": len(rows.tickets), "quarantined": len(rows.bad)} | {k: n for k, n in also.items() if n}

    def delete(self, connection: Connection, keys: Sequence[str], now: datetime) -> None:
        """Note that tickets were deleted at the vendor: what they told stays, and nobody is asked about them. Their
        rows leave quarantine: one that was mended later would bring a ticket back."""
        if not keys:  # as almost always: no statement is made for nothing
            return
        for table, ended in ((t.ticket, {"deleted_at": now}), (t.problem, {"ended_at": None})):
            ours = (table.c.source == self._source) & (table.c.key == bindparam("gone"))
            connection.execute(update(table).where(ours).values(ended), [{"gone": key} for key in sorted(keys)])
        release(connection, self._source, keys)


def _unless_unknown(column: Column[Any]) -> Any:
    """Overwrite a column only with what is known."""
    return func.coalesce(literal_column(f"excluded.{column.name}"), column)


def write_bad(store: Store, connection: Connection, source: str, bad: Iterable[Bad], run: int, now: datetime) -> None:
    """Keep rows that could not be understood, each with its reason, until they are replayed or arrive anew."""
    about = {"source": source, "seen_at": now, "run": run}
    rows = [about | {"key": b.key, "field": b.field, "reason": b.reason, "raw": b.raw} for b in bad]
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
