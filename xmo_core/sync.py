"""Fetching: the pages of each source go into the store, each with its cursor in one transaction.

The next page is fetched and parsed while this one is written; sources run side by side; one that fails stops no other.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, select, true

from xmo_core.asking import read_switch
from xmo_core.checkpoints import reach
from xmo_core.connected import Connected, Read, Scope
from xmo_core.logs import get as get_log
from xmo_core.office import Office
from xmo_core.progress import Progress
from xmo_core.registry import contract_kept
from xmo_core.store import Store
from xmo_core.store import tables as t
from xmo_core.store.lease import Lease
from xmo_core.store.rows import Asking, Bad
from xmo_core.store.runs import Run
from xmo_core.store.tickets import TicketWriter, release, write_bad
from xmo_hooks import Json, XmoError

log = get_log("xmo.sync")
T = TypeVar("T")
_q = t.quarantine.c
# How often a vendor that does not report deletions is asked for them (a daily timer is not on the second), about what
# changed within which time; how many may be gone at once, however few there are.
_SWEEP, _SWEPT, _CHUNK, _FEW = timedelta(hours=20), timedelta(days=90), 500, 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What the store knows of a source: its cursor, since when it is synced, up to when it is known completely, the
    keys that lie in quarantine, and since when people are asked."""

    cursor: Json
    since: datetime | None
    until: datetime | None
    held: frozenset[str]
    asked_since: datetime | None

    @property
    def asking(self) -> Asking:
        """Return what decides whether an end is history: what a source brings when it is added is."""
        since = self.asked_since and self.since and max(self.asked_since, self.since)
        return Asking(since, self.until, self.held)


def read_known(connection: Connection, source: str) -> Known:
    """Read what the store knows of a source."""
    row = connection.execute(select(t.cursor).where(t.cursor.c.source == source)).one_or_none()
    cursor, since, until = (row.cursor, row.known_since, row.complete_at) if row else (None, None, None)
    held = frozenset(connection.execute(select(_q.key).where(_q.source == source)).scalars())
    return Known(cursor=cursor, since=since, until=until, held=held, asked_since=read_switch(connection).since)


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
    sources: Mapping[str, Connected],
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

    def __init__(
        self, office: Office, run: Run, lease: Lease, name: str, source: Connected, progress: Progress
    ) -> None:
        self._office, self._run, self._lease = office, run, lease
        self._name, self._source, self._progress = name, source, progress
        self._can = office.config.sources[name].kind.can
        # made once: each statement is a ring of some sixty objects, which would lie about until they are looked for
        self._cursor_upsert = cache(partial(_cursor_upsert, office.store))

    def run(self, scope: Scope) -> None:
        """Fetch to the end."""
        store = self._office.store
        with store.reading() as connection:
            known = read_known(connection, self._name)
        if known.since is None:  # a source that is added later brings its history, too: nobody is asked about that
            known = replace(known, since=self._office.now().replace(microsecond=0))
            with self._lease.writing() as connection:
                self._save_cursor(connection, known_since=known.since)
        # what is fetched again from before does not move where the source stands
        moves = scope.since is None or (known.cursor is None and known.until is None)
        asking, held, writer = known.asking, set(known.held), TicketWriter(store, self._name)
        for read in self._source.pages(scope, known.cursor, asking):
            reach("page.fetched")
            self._store(read, writer, held, {"cursor": read.cursor} if moves else {})
        with self._lease.writing() as connection:
            self._save_cursor(connection, **({"complete_at": self._office.now()} if moves else {}))
        reach("sync.complete")
        if "gone" in self._can:
            self._sweep(writer, asking, scope.full)
        self._progress.done(self._name)

    def _store(self, read: Read, writer: TicketWriter, held: set[str], cursor: Mapping[str, Json]) -> None:
        rows, now = read.rows, self._office.now()
        with self._lease.writing() as connection:
            counts = writer.take_in(connection, rows, read.deleted, held, self._run.id, now)
            self._save_cursor(connection, **cursor)
            reach("page.written")
        reach("page.stored")
        held.update(bad.key for bad in rows.bad)
        self._run.count(self._name, pages=1, **counts)
        self._progress.page(self._name, len(rows.tickets))
        (log.warning if rows.bad else log.info)("page stored", source=self._name, **counts)

    def _sweep(self, writer: TicketWriter, asking: Asking, full: bool) -> None:
        """Ask the vendor which tickets it no longer has: once a day of those that lately changed, or now of all. One
        that was called gone and is shown again comes in again; where most are gone, the account has lost a right."""
        now, c, s = self._office.now(), t.ticket.c, t.cursor.c
        with self._office.store.reading() as connection:
            swept = connection.execute(select(s.swept_at).where(s.source == self._name)).scalar()
        if swept is not None and swept > now - _SWEEP and not full:
            return
        lost, found, there = list[str](), list[str](), 0
        for known in self._known(true() if full else c.changed_at > now - _SWEPT):
            gone = self._source.gone(list(known))
            lost += [key for key, deleted in known.items() if key in gone and not deleted]
            found += [key for key, deleted in known.items() if key not in gone and deleted]
            there += sum(key not in gone for key in known)
        if len(lost) > max(_FEW, there):
            fix = "Look at the rights of the account; `xmo check` shows them."
            log.warning("most tickets are not shown", source=self._name, tickets=len(lost), fix=fix)
            lost = []
        back = [self._source.fetch_some(keys, asking) for keys in _chunks(found)]
        with self._lease.writing() as connection:
            writer.delete(connection, lost, now)
            for rows in back:
                writer.write(connection, rows)
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
            connection.execute(self._cursor_upsert(*values), known | values)


def _cursor_upsert(store: Store, *names: str) -> Any:
    row = store.upsert(t.cursor)
    new = {name: row.excluded[name] for name in names}
    return row.on_conflict_do_update(index_elements=["source"], set_=new)


def _chunks(things: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield some at a time: what is asked of a source in one step is bounded, and so is the time that it takes."""
    return (things[start : start + _CHUNK] for start in range(0, len(things), _CHUNK))


def plan(office: Office, name: str, source: Connected, scope: Scope) -> dict[str, Any]:
    """Ask the vendor what a sync would bring, without fetching it: since when, how many tickets, in how many requests
    and minutes; None where the vendor cannot say."""
    with office.store.reading() as connection:
        known = read_known(connection, name)
    config = office.config.sources[name]
    estimate = source.count(scope, known.cursor)
    since = scope.since or (None if scope.full else known.until)
    tickets, requests = (estimate.tickets, estimate.requests) if estimate else (None, None)
    paces = [pace for pace in (config.requests_per_minute, *config.limits.values()) if pace is not None]
    minutes = None if requests is None or not paces else requests / min(paces)
    return {"source": name, "since": since, "tickets": tickets, "requests": requests, "minutes": minutes}


def dry_run(office: Office, name: str, source: Connected, scope: Scope, progress: Progress) -> tuple[int, list[Bad]]:
    """Fetch and parse as a sync would, and write nothing; returns how many tickets are good, and the bad rows."""
    with office.store.reading() as connection:
        known = read_known(connection, name)
    good, all_bad = 0, []
    for read in source.pages(scope, known.cursor, known.asking):
        good += len(read.rows.tickets)
        all_bad += read.rows.bad
        progress.page(name, len(read.rows.tickets))
    return good, all_bad


def replay(office: Office, run: Run, lease: Lease, name: str, source: Connected) -> None:
    """Parse quarantined rows again, those that still fail as the vendor has them now; the run counts how many came in,
    and how many stay."""
    with office.store.reading() as connection:
        query = select(_q.key, _q.raw).where(_q.source == name)
        held = {row.key: row.raw for row in connection.execute(query)}
        asking = Asking(read_switch(connection).since, None)
    told = [source.parse(raws, asking) for raws in _chunks(list(held.values()))]
    bad = [one for rows in told for one in rows.bad]
    for known in _chunks([one.key for one in bad if one.fetchable]):
        fresh = source.fetch_some(known, asking)
        settled = {*fresh.keys, *(one.key for one in fresh.bad)}
        bad = [one for one in bad if one.key not in settled] + fresh.bad
        told.append(fresh)
    writer = TicketWriter(office.store, name)
    with lease.writing() as connection:
        for rows in told:
            writer.write(connection, rows)
        write_bad(office.store, connection, name, bad, run.id, office.now())
        release(connection, name, held.keys() - {one.key for one in bad})
    run.count(name, replayed=len(held) - len(bad), quarantined=len(bad))
