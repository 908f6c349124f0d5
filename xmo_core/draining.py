"""Fetching what webhooks named: as it is now, into the store, as a sync does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

from xmo_core import sync
from xmo_core.connected import Connected
from xmo_core.logs import get as get_log
from xmo_core.office import Office
from xmo_core.store import rings
from xmo_core.store.lease import Lease
from xmo_core.store.rows import Rows
from xmo_core.store.runs import Run
from xmo_core.store.tickets import TicketWriter

log = get_log("xmo.draining")
_BATCH, _MOST = 100, 3  # what every vendor gives in one answer; how many of these one run takes, so that it ends soon


def drain(office: Office, run: Run, leases: Mapping[str, Lease], sources: Mapping[str, Connected]) -> list[str]:
    """Fetch what is rung for, the sources side by side, and write it as a sync does, each batch and its rows of the
    queue in one transaction; returns the problems that were written. Called under the leases of the sources, also by
    every run. What fails is noted in the run, and stays in the queue for later, as what is too much for one run."""
    problems: list[str] = []

    def one(name: str) -> None:
        with sync.noted(run, name):
            for written in _batches(office, run, leases[sync.lease_of(name)], name, sources[name]):
                problems.extend(written)

    with ThreadPoolExecutor(max(1, len(sources)), thread_name_prefix="drain") as pool:
        list(pool.map(one, sources))
    return problems


def hearing(office: Office, names: Iterable[str]) -> list[str]:
    """Name those of the sources whose vendor sends webhooks."""
    return [name for name in names if "hear" in office.config.sources[name].kind.can]


def _batches(office: Office, run: Run, lease: Lease, name: str, source: Connected) -> Iterator[list[str]]:
    for _ in range(_MOST):
        with lease.writing() as connection:
            taken = rings.take(connection, name, _BATCH, office.wall())
        if not taken:
            return
        yield _fetch(office, run, lease, name, source, taken)


def _fetch(office: Office, run: Run, lease: Lease, name: str, source: Connected, taken: Mapping[str, int]) -> list[str]:
    """Bring one batch in, and return its problems. Of a source that was never synced all is history: its first sync
    brings it as such. What the vendor does not show may be gone, or hidden from an account that lost a right: that is
    for the daily sync to tell, and until then its question stands."""
    with office.store.reading() as connection:
        known = sync.read_known(connection, name)
    rows = Rows()
    if known.since is not None:
        rows = source.fetch_some(list(taken), known.asking)
        if lost := taken.keys() - {*rows.keys, *(bad.key for bad in rows.bad)}:
            log.info("rung tickets not shown", source=name, tickets=len(lost))
    writer = TicketWriter(office.store, name)
    with lease.writing() as connection:
        counts = writer.take_in(connection, rows, (), known.held, run.id, office.now())
        rings.settle(connection, name, taken)
    run.count(name, heard=len(taken), **counts)
    return [f"{name}:{key}" for key in rows.keys]
