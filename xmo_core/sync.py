"""Fetching: the pages of each source go into the store, each with its cursor in one transaction.

The next page is fetched while this one is written; several sources run side by side; one that fails stops no other.
"""

import hashlib
from collections.abc import Container, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import orjson
from sqlalchemy import ColumnElement, Connection, select, true

from xmo_core.asking import read_switch
from xmo_core.checkpoints import reach
from xmo_core.logs import get as get_log
from xmo_core.office import Office
from xmo_core.progress import Progress
from xmo_core.registry import contract_kept
from xmo_core.store import tables as t
from xmo_core.store.lease import Lease
from xmo_core.store.runs import Run
from xmo_core.store.tickets import Asking, Bad, TicketWriter, Told, release, write_bad
from xmo_hooks import BadRecord, Json, Page, Restarts, Row, Source, Sweeps, XmoError

log = get_log("xmo.sync")
_q = t.quarantine.c
# How often a vendor that does not report deletions is asked for them (a daily timer is not on the second), about what
# changed within which time; how many may be gone at once, however few there are.
_SWEEP, _SWEPT, _CHUNK, _FEW = timedelta(hours=20), timedelta(days=90), 500, 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """What of a source to fetch: from its cursor on (by default), everything, or what changed `since`."""

    since: datetime | None = None
    full: bool = False

    def fetch(self, source: Source, can: Container[str], stored: Json) -> Iterator[Page]:
        """Yield the pages, while the next one is already being fetched."""
        pages = source.fetch(self.start(source, can, stored), self.since)
        with ThreadPoolExecutor(1, thread_name_prefix="fetch") as pool:
            future = pool.submit(next, pages, None)
            while (page := future.result()) is not None:
                future = pool.submit(next, pages, None)
                yield page

    def start(self, source: Source, can: Container[str], stored: Json) -> Json:
        """Return the cursor to begin with."""
        if self.since:
            return None
        if self.full:
            return cast("Restarts", source).restart(stored) if "restart" in can else None
        return stored


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
        run.fail(name, f"{error} {error.hint}".rstrip())
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
        self._can = office.config.sources[name].kind.can

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
        for page in scope.fetch(self._source, self._can, stored):
            reach("page.fetched")
            self._store(page, writer, held, {"cursor": page.cursor} if moves else {})
        with self._lease.writing() as connection:
            self._save_cursor(connection, **({"complete_at": self._office.now()} if moves else {}))
        reach("sync.complete")
        if "gone" in self._can:
            self._sweep(writer, scope.full)
        self._progress.done(self._name)

    def _store(self, page: Page, writer: TicketWriter, held: set[str], cursor: Mapping[str, Json]) -> None:
        told, now = parse(self._source, page.rows), self._office.now()
        with self._lease.writing() as connection:
            writer.write(connection, told)
            write_bad(self._office.store, connection, self._name, told.bad, self._run.id, now)
            release(connection, self._name, held.intersection(ticket.key for ticket in told.tickets))
            writer.delete(connection, page.deleted, now)
            self._save_cursor(connection, **cursor)
            reach("page.written")
        reach("page.stored")
        held.update(key for key, _, _ in told.bad)
        also = {"touchpoints": len(told.touchpoints), "natives": len(told.natives), "deleted": len(page.deleted)}
        counts = {"tickets": len(told.tickets), "quarantined": len(told.bad)} | {k: n for k, n in also.items() if n}
        self._run.count(self._name, pages=1, **counts)
        self._progress.page(self._name, len(told.tickets))
        (log.warning if told.bad else log.info)("page stored", source=self._name, **counts)

    def _sweep(self, writer: TicketWriter, full: bool) -> None:
        """Ask the vendor which tickets it no longer has: once a day of those that lately changed, or now of all. One
        that was called gone and is shown again comes in again; where most are gone, the account has lost a right."""
        now, c, s = self._office.now(), t.ticket.c, t.cursor.c
        with self._office.store.reading() as connection:
            swept = connection.execute(select(s.swept_at).where(s.source == self._name)).scalar()
        if swept is not None and swept > now - _SWEEP and not full:
            return
        lost, found, there = list[str](), list[str](), 0
        for known in self._known(true() if full else c.changed_at > now - _SWEPT):
            gone = set(cast("Sweeps", self._source).gone(list(known)))
            lost += [key for key, deleted in known.items() if key in gone and not deleted]
            found += [key for key, deleted in known.items() if key not in gone and deleted]
            there += sum(key not in gone for key in known)
        if len(lost) > max(_FEW, there):
            fix = "Look at the rights of the account; `xmo check` shows them."
            log.warning("most tickets are not shown", source=self._name, tickets=len(lost), fix=fix)
            lost = []
        back = parse(self._source, self._source.fetch_some(found)) if found else Told()
        with self._lease.writing() as connection:
            writer.delete(connection, lost, now)
            writer.write(connection, back)
            self._save_cursor(connection, swept_at=now)
        if lost:
            self._run.count(self._name, deleted=len(lost))

    def _known(self, which: ColumnElement[bool]) -> Iterator[dict[str, bool]]:
        """Yield the keys of our tickets, some hundreds at a time, and whether each was called gone before."""
        c, after = t.ticket.c, ""
        while True:
            query = select(c.key, c.deleted_at.is_not(None)).where((c.source == self._name) & which & (c.key > after))
            with self._office.store.reading() as connection:
                known = {row[0]: row[1] for row in connection.execute(query.order_by(c.key).limit(_CHUNK))}
            if not known:
                return
            yield known
            after = list(known)[-1]  # the last one as the database sorts

    def _save_cursor(self, connection: Connection, **values: object) -> None:
        if values:
            known = {"source": self._name, "known_since": self._office.now()}
            row = self._office.store.upsert(t.cursor).values(known | values)
            new = {name: row.excluded[name] for name in values}
            connection.execute(row.on_conflict_do_update(index_elements=["source"], set_=new))


def parse(source: Source, rows: Sequence[Row]) -> Told:
    """Parse rows one by one; what cannot be understood comes back with its reason and a key to keep it under."""
    told = Told()
    for row in rows:
        try:
            for record in source.parse(row):
                told.add(record)
        except BadRecord as error:
            told.bad.append((error.key or _digest(row), row, error))
    return told


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
    config = office.config.sources[name]
    estimate = source.count(scope.start(source, config.kind.can, stored), scope.since)
    since = scope.since or (None if scope.full else known_until)
    tickets, requests = (estimate.tickets, estimate.requests) if estimate else (None, None)
    paces = [pace for pace in (config.requests_per_minute, *config.limits.values()) if pace is not None]
    minutes = None if requests is None or not paces else requests / min(paces)
    return {"source": name, "since": since, "tickets": tickets, "requests": requests, "minutes": minutes}


def dry_run(office: Office, name: str, source: Source, scope: Scope, progress: Progress) -> tuple[int, list[Bad]]:
    """Fetch and parse as a sync would, and write nothing; returns how many tickets are good, and the bad rows."""
    with office.store.reading() as connection:
        stored, *_ = read_cursor(connection, name)
    good, all_bad = 0, []
    for page in scope.fetch(source, office.config.sources[name].kind.can, stored):
        told = parse(source, page.rows)
        good += len(told.tickets)
        all_bad += told.bad
        progress.page(name, len(told.tickets))
    return good, all_bad


def replay(office: Office, run: Run, lease: Lease, name: str, source: Source) -> None:
    """Parse quarantined rows again, those that still fail as the vendor has them now; the run counts how many came in,
    and how many stay."""
    with office.store.reading() as connection:
        query = select(_q.key, _q.raw).where(_q.source == name)
        held = {row.key: row.raw for row in connection.execute(query)}
        asking = Asking(since=read_switch(connection).since, known_until=None)
    told = parse(source, list(held.values()))
    bad = told.bad
    if known := [key for key, _, error in bad if error.key]:
        fresh = parse(source, source.fetch_some(known))
        settled = {ticket.key for ticket in fresh.tickets} | {key for key, _, _ in fresh.bad}
        bad = [one for one in bad if one[0] not in settled] + fresh.bad
        told.tickets.extend(fresh.tickets)
        told.touchpoints.extend(fresh.touchpoints)
        told.natives.extend(fresh.natives)
    with lease.writing() as connection:
        TicketWriter(office.store, name, office.keys, asking).write(connection, told)
        write_bad(office.store, connection, name, bad, run.id, office.now())
        release(connection, name, held.keys() - {key for key, _, _ in bad})
    run.count(name, replayed=len(held) - len(bad), quarantined=len(bad))
