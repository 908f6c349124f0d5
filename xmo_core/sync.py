"""Fetching: the pages of each source go into the store, each with its cursor in one transaction.

The next page is fetched while this one is written; several sources run side by side; one that fails stops no other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import Connection, select

from xmo_core.asking import read_switch
from xmo_core.checkpoints import reach
from xmo_core.logs import get as get_log
from xmo_core.office import Office
from xmo_core.progress import Progress
from xmo_core.store import tables as t
from xmo_core.store.lease import Lease
from xmo_core.store.runs import Run
from xmo_core.store.tickets import Asking, TicketWriter, release, write_bad
from xmo_hooks import BadRecord, Json, Page, Row, Source, Ticket, XmoError

log = get_log("xmo.sync")
Bad = tuple[str, Row, BadRecord]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """What of a source to fetch: from its cursor on (by default), everything, or what changed `since`."""

    since: datetime | None = None
    full: bool = False

    def start(self, stored: Json) -> Json:
        """Return the cursor to begin with."""
        return None if self.full or self.since else stored


def sync_all(
    office: Office,
    run: Run,
    leases: Mapping[str, Lease],
    sources: Mapping[str, Source],
    scope: Scope,
    progress: Progress,
) -> None:
    """Sync the sources side by side; each failure is noted in the run under the name of its source."""

    def one(name: str) -> None:
        try:
            _Sync(office, run, leases[name], name, sources[name], progress).run(scope)
        except XmoError as error:
            run.fail(name, str(error))
            log.warning("sync failed", source=name, reason=str(error))
        except Exception as error:
            run.fail(name, f"The plugin failed: {type(error).__name__}: {error}")
            log.exception("sync failed", source=name)

    with ThreadPoolExecutor(max(1, len(sources)), thread_name_prefix="sync") as pool:
        list(pool.map(one, sources))


class _Sync:
    """One source's sync."""

    def __init__(self, office: Office, run: Run, lease: Lease, name: str, source: Source, progress: Progress) -> None:
        self._office, self._run, self._lease = office, run, lease
        self._name, self._source, self._progress = name, source, progress

    def run(self, scope: Scope) -> None:
        """Fetch to the end."""
        store = self._office.store
        with store.reading() as connection:
            stored, known_until = read_cursor(connection, self._name)
            held = set(_held(connection, self._name))
            asking = Asking(since=read_switch(connection).since, known_until=known_until, unknown=held)
        writer = TicketWriter(store, self._name, self._office.keys, asking)
        pages = self._source.fetch(scope.start(stored), scope.since)
        for page in ahead(pages):
            reach("page.fetched")
            self._store(page, writer, held)
        with store.writing() as connection:
            self._lease.renew(connection)
            self._save_cursor(connection, complete_at=self._office.now())
        reach("sync.complete")
        self._progress.done(self._name)

    def _store(self, page: Page, writer: TicketWriter, held: set[str]) -> None:
        tickets, bad = parse(self._source, page.rows)
        with self._office.store.writing() as connection:
            self._lease.renew(connection)
            writer.write(connection, tickets)
            write_bad(self._office.store, connection, self._name, bad, self._run.id, self._office.now())
            if come := held.intersection(ticket.key for ticket in tickets):
                release(connection, self._name, sorted(come))
            self._save_cursor(connection, cursor=page.cursor)
            reach("page.written")
        reach("page.stored")
        held.update(key for key, _, _ in bad)
        self._run.count(self._name, pages=1, tickets=len(tickets), quarantined=len(bad))
        self._progress.page(self._name, len(tickets))
        log.info("page stored", source=self._name, tickets=len(tickets), quarantined=len(bad))

    def _save_cursor(self, connection: Connection, **values: object) -> None:
        row = self._office.store.upsert(t.cursor).values(source=self._name, **values)
        connection.execute(row.on_conflict_do_update(index_elements=["source"], set_=values))


def parse(source: Source, rows: Sequence[Row]) -> tuple[list[Ticket], list[Bad]]:
    """Parse rows one by one; what cannot be understood comes back with its reason and a key to keep it under."""
    tickets: list[Ticket] = []
    bad: list[Bad] = []
    for row in rows:
        try:
            tickets.append(source.parse(row))
        except BadRecord as error:
            bad.append((error.key or _digest(row), row, error))
    return tickets, bad


def _digest(row: Row) -> str:
    return "row:" + hashlib.sha256(orjson.dumps(dict(row), option=orjson.OPT_SORT_KEYS)).hexdigest()[:24]


def ahead(pages: Iterator[Page]) -> Iterator[Page]:
    """Yield pages while the next one is already being fetched."""
    with ThreadPoolExecutor(1, thread_name_prefix="fetch") as pool:
        future = pool.submit(next, pages, None)
        while (page := future.result()) is not None:
            future = pool.submit(next, pages, None)
            yield page


def read_cursor(connection: Connection, source: str) -> tuple[Json, datetime | None]:
    """Return where a source stands, and when it was last known completely."""
    row = connection.execute(select(t.cursor).where(t.cursor.c.source == source)).one_or_none()
    return (row.cursor, row.complete_at) if row else (None, None)


def _held(connection: Connection, source: str) -> Sequence[str]:
    return connection.execute(select(t.quarantine.c.key).where(t.quarantine.c.source == source)).scalars().all()


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a sync would do for one source; None where the vendor cannot say."""

    source: str
    since: datetime | None
    tickets: int | None
    requests: int | None
    minutes: float | None


def plan(office: Office, name: str, source: Source, scope: Scope) -> Plan:
    """Ask the vendor what a sync would bring, without fetching it."""
    with office.store.reading() as connection:
        stored, known_until = read_cursor(connection, name)
    estimate = source.count(scope.start(stored), scope.since)
    since = scope.since or (None if scope.full else known_until)
    if estimate is None:
        return Plan(source=name, since=since, tickets=None, requests=None, minutes=None)
    per_minute = office.config.sources[name].requests_per_minute
    minutes = estimate.requests / per_minute if per_minute else None
    return Plan(source=name, since=since, tickets=estimate.tickets, requests=estimate.requests, minutes=minutes)


def dry_run(office: Office, name: str, source: Source, scope: Scope, progress: Progress) -> tuple[int, list[Bad]]:
    """Fetch and parse as a sync would, and write nothing; returns how many tickets are good, and the bad rows."""
    with office.store.reading() as connection:
        stored, _ = read_cursor(connection, name)
    good, all_bad = 0, []
    for page in ahead(source.fetch(scope.start(stored), scope.since)):
        tickets, bad = parse(source, page.rows)
        good += len(tickets)
        all_bad += bad
        progress.page(name, len(tickets))
    return good, all_bad


def replay(office: Office, run: Run, lease: Lease, name: str, source: Source) -> tuple[int, int]:
    """Parse quarantined rows again, those that still fail as the vendor has them now; returns how many came in, and how
    many stay."""
    with office.store.reading() as connection:
        query = select(t.quarantine.c.raw).where(t.quarantine.c.source == name)
        rows = list(connection.execute(query).scalars())
        asking = Asking(since=read_switch(connection).since, known_until=None)
        held = set(_held(connection, name))
    tickets, bad = parse(source, rows)
    known = [key for key, _, error in bad if error.key]
    if known:
        fresh, still = parse(source, source.fetch_some(known))
        tickets += fresh
        keys = {ticket.key for ticket in fresh}
        bad = [one for one in bad if one[0] not in keys and one[0] not in {key for key, _, _ in still}] + still
    with office.store.writing() as connection:
        lease.renew(connection)
        TicketWriter(office.store, name, office.keys, asking).write(connection, tickets)
        write_bad(office.store, connection, name, bad, run.id, office.now())
        come = held - {key for key, _, _ in bad}
        release(connection, name, sorted(come))
    run.count(name, replayed=len(tickets), quarantined=len(bad))
    return len(tickets), len(bad)
