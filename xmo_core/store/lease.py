"""Leases: who may sync a source, and who may ask. One at a time, over all machines that share the store.

A lease carries a fencing token that grows with each claim. Every transaction of its holder renews it by that token, so
a holder that slept past its time finds out before it writes, however long it slept. Times here are the wall clock,
never the run's `now`.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, select, update

from xmo_core.store import tables as t
from xmo_core.store.engine import Store
from xmo_hooks import XmoError

# Longer than the retries of one page may take; a holder that died on this machine is found out at once.
TERM = timedelta(minutes=10)


class LeaseHeldError(XmoError):
    """Another run holds the lease: this one leaves, with exit code 75."""


class LeaseLostError(XmoError):
    """Our lease ran out and somebody else took it: what we were about to write is dropped, they will do it."""


class Lease:
    """One claimed lease."""

    def __init__(self, name: str, token: int, wall: Callable[[], datetime]) -> None:
        self.name = name
        self.token = token
        self._wall = wall

    def renew(self, connection: Connection) -> None:
        """Hold on to the lease inside a transaction that writes; raises `LeaseLostError` when it is no longer ours."""
        ours = (t.lease.c.name == self.name) & (t.lease.c.token == self.token)
        done = connection.execute(update(t.lease).where(ours).values(until=self._wall() + TERM))
        if done.rowcount != 1:
            raise LeaseLostError(
                f"Another run took over '{self.name}' while this one was held up.",
                hint="Nothing is lost: the other run carries on from the last stored page.",
            )

    def release(self, connection: Connection) -> None:
        """Let go, so that the next run need not wait for the term to end."""
        ours = (t.lease.c.name == self.name) & (t.lease.c.token == self.token)
        connection.execute(update(t.lease).where(ours).values(holder="", until=self._wall()))


def claim(store: Store, name: str, wall: Callable[[], datetime]) -> Lease:
    """Claim a lease that nobody holds, whose term is over, or whose holder died on this machine."""
    with store.writing() as connection:
        # The row must be there to be locked: a doubled insert does nothing.
        connection.execute(
            store.upsert(t.lease).values(name=name, token=0, holder="", until=wall()).on_conflict_do_nothing()
        )
        row = connection.execute(select(t.lease).where(t.lease.c.name == name).with_for_update()).one()
        if row.holder and row.until > wall() and not _died(row.holder):
            raise LeaseHeldError(
                f"Another run is at work on '{name}' (process {row.holder.rpartition('/')[2]}, "
                f"its lease lasts until {row.until:%H:%M:%S} UTC).",
                hint="Nothing to do: it will finish the work. `xmo status` shows it.",
            )
        connection.execute(
            update(t.lease)
            .where(t.lease.c.name == name)
            .values(token=row.token + 1, holder=_ourselves(), until=wall() + TERM)
        )
    return Lease(name, row.token + 1, wall)


def _ourselves() -> str:
    return f"{_place()}/{os.getpid()}"


def _place() -> str:
    """Name where a process number means something: this boot of this machine, and this container on it."""
    parts = [socket.gethostname()]
    for path, read in (("/proc/sys/kernel/random/boot_id", Path.read_text), ("/proc/self/ns/pid", Path.readlink)):
        if Path(path).parent.is_dir():
            parts.append(str(read(Path(path))).strip())
    return ":".join(parts)


def _died(holder: str) -> bool:
    """Say whether the holder was a process of this very place that is gone, as after a kill or a power cut."""
    place, _, number = holder.rpartition("/")
    if place != _place():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
