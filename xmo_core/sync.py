"""Fetching: the pages of each source go into the store, each with its cursor in one transaction.

The next page is fetched while this one is written; several sources run side by side; one that fails stops no other.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, select

from xmo_core.asking import read_switch
from xmo_core.checkpoints import reach
from xmo_core.logs import get as get_log
from xmo_core.office import Office
from xmo_core.progress import Progress
from xmo_core.registry import contract_kept
from xmo_core.store import tables as t
from xmo_core.store.lease import Lease
from xmo_core.store.runs import Run
from xmo_core.store.tickets import Asking, Bad, TicketWriter, release, write_bad
from xmo_hooks import BadRecord, Json, Page, Row, Source, Ticket, XmoError

log = get_log("xmo.sync")
_q = t.quarantine.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """What of a source to fetch: from its cursor on (by default), everything, or what changed `since`."""

    since: datetime | None = None
    full: bool = False

    def fetch(self, source: Source, stored: Json) -> Iterator[Page]:
        """Yield the pages, while the next one is already being fetched."""
        pages = source.fetch(self.start(stored), self.since)
        with ThreadPoolExecutor(1, thread_name_prefix="fetch") as pool:
            future = pool.submit(next, pages, None)
            while (page := future.result()) is not None:
                future = pool.submit(next, pages, None)
                yield page

    def start(self, stored: Json) -> Json:
        """Return the cursor to begin with."""
        return None if self.full or self.since else stored


def lease_of(source: str) -> str:
    """Name the lease under which a source is synced."""
    return f"sync {source}"


@contextmanager
def noted(run: Run, name: str) -> Iterator[None]:
    """Note in the run what fails for one source, and go on with the others."""
    try:
        with contract_kept():
            yield
    except XmoError as error:
        run.fail(name, str(error))
        log.warning("source failed", source=name, reason=str(error))


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
        with noted(run, name):
            _Sync(office, run, leases[lease_of(name)], name, sources[name], progress).run(scope)

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
            stored, known_since, known_until = read_cursor(connection, self._name)
            held = set(connection.execute(select(_q.key).where(_q.source == self._name)).scalars())
            since = read_switch(connection).since
        if known_since is None:  # a source that is added later brings its history, too: nobody is asked about that
            known_since = self._office.now()
            with self._lease.writing() as connection:
                self._save_cursor(connection, known_since=known_since)
        asking = Asking(since=since and max(since, known_since), known_until=known_until, unknown=held)
        # what is fetched again from before does not move where the source stands
        moves = scope.since is None or (stored is None and known_until is None)
        writer = TicketWriter(store, self._name, self._office.keys, asking)
        for page in scope.fetch(self._source, stored):
            reach("page.fetched")
            self._store(page, writer, held, {"cursor": page.cursor} if moves else {})
        with self._lease.writing() as connection:
            self._save_cursor(connection, **({"complete_at": self._office.now()} if moves else {}))
        reach("sync.complete")
        self._progress.done(self._name)

    def _store(self, page: Page, writer: TicketWriter, held: set[str], cursor: Mapping[str, Json]) -> None:
        tickets, bad = parse(self._source, page.rows)
        with self._lease.writing() as connection:
            writer.write(connection, tickets)
            write_bad(self._office.store, connection, self._name, bad, self._run.id, self._office.now())
            release(connection, self._name, held.intersection(ticket.key for ticket in tickets))
            self._save_cursor(connection, **cursor)
            reach("page.written")
        reach("page.stored")
        held.update(key for key, _, _ in bad)
        self._run.count(self._name, pages=1, tickets=len(tickets), quarantined=len(bad))
        self._progress.page(self._name, len(tickets))
        log.info("page stored", source=self._name, tickets=len(tickets), quarantined=len(bad))

    def _save_cursor(self, connection: Connection, **values: object) -> None:
        if values:
            known = {"source": self._name, "known_since": self._office.now()}
            row = self._office.store.upsert(t.cursor).values(known | values)
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


def read_cursor(connection: Connection, source: str) -> tuple[Json, datetime | None, datetime | None]:
    """Return where a source stands, when it was synced first, and when it was last known completely."""
    row = connection.execute(select(t.cursor).where(t.cursor.c.source == source)).one_or_none()
    return (row.cursor, row.known_since, row.complete_at) if row else (None, None, None)


def plan(office: Office, name: str, source: Source, scope: Scope) -> dict[str, Any]:
    """Ask the vendor what a sync would bring, without fetching it: since when, how many tickets, in how many requests
    and minutes; None where the vendor cannot say."""
    with office.store.reading() as connection:
        stored, _, known_until = read_cursor(connection, name)
    estimate = source.count(scope.start(stored), scope.since)
    since = scope.since or (None if scope.full else known_until)
    tickets, requests = (estimate.tickets, estimate.requests) if estimate else (None, None)
    per_minute = office.config.sources[name].requests_per_minute
    minutes = None if requests is None or per_minute is None else requests / per_minute
    return {"source": name, "since": since, "tickets": tickets, "requests": requests, "minutes": minutes}


def dry_run(office: Office, name: str, source: Source, scope: Scope, progress: Progress) -> tuple[int, list[Bad]]:
    """Fetch and parse as a sync would, and write nothing; returns how many tickets are good, and the bad rows."""
    with office.store.reading() as connection:
        stored, *_ = read_cursor(connection, name)
    good, all_bad = 0, []
    for page in scope.fetch(source, stored):
        tickets, bad = parse(source, page.rows)
        good += len(tickets)
        all_bad += bad
        progress.page(name, len(tickets))
    return good, all_bad


def replay(office: Office, run: Run, lease: Lease, name: str, source: Source) -> None:
    """Parse quarantined rows again, those that still fail as the vendor has them now; the run counts how many came in,
    and how many stay."""
    with office.store.reading() as connection:
        query = select(_q.key, _q.raw).where(_q.source == name)
        held = {row.key: row.raw for row in connection.execute(query)}
        asking = Asking(since=read_switch(connection).since, known_until=None)
    tickets, bad = parse(source, list(held.values()))
    if known := [key for key, _, error in bad if error.key]:
        fresh, still = parse(source, source.fetch_some(known))
        tickets += fresh
        settled = {ticket.key for ticket in fresh} | {key for key, _, _ in still}
        bad = [one for one in bad if one[0] not in settled] + still
    with lease.writing() as connection:
        TicketWriter(office.store, name, office.keys, asking).write(connection, tickets)
        write_bad(office.store, connection, name, bad, run.id, office.now())
        release(connection, name, held.keys() - {key for key, _, _ in bad})
    run.count(name, replayed=len(tickets), quarantined=len(bad))
