"""Leases: who may sync a source, and who may ask. One at a time, over all machines that share the store.

A lease carries a fencing token that grows with each claim. Every transaction of its holder renews it by that token, so
a holder that slept past its time finds out before it writes, however long it slept. Times here are the wall clock,
never the run's `now`.
"""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select, update

from xmo_core.store import tables as t
from xmo_core.store.engine import Store
from xmo_hooks import XmoError

# Longer than the retries of one page may take; a holder that died on this machine is found out at once.
TERM = timedelta(minutes=10)
ASKING = "asking"  # under which questions are decided on, sent and scored


class LeaseHeldError(XmoError):
    """Another run holds the lease: this one leaves, with exit code 75."""


class LeaseLostError(XmoError):
    """Our lease ran out and somebody else took it: what we were about to write is dropped, they will do it."""


class Lease:
    """One claimed lease."""

    def __init__(self, store: Store, name: str, token: int, wall: Callable[[], datetime]) -> None:
        self._store, self.name, self.token, self._wall = store, name, token, wall

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction that writes and holds on to the lease; see `renew`."""
        with self._store.writing() as connection:
            self.renew(connection)
            yield connection

    def renew(self, connection: Connection) -> None:
        """Hold on to the lease inside a transaction that writes; raises `LeaseLostError` when it is no longer ours."""
        if not self._update(connection, until=self._wall() + TERM):
            hint = "Nothing is lost: what this run had not finished is done by the other one, or by the next."
            raise LeaseLostError(f"Another run took over '{self.name}' while this one was held up.", hint=hint)

    def release(self, connection: Connection) -> None:
        """Let go, so that the next run need not wait for the term to end."""
        self._update(connection, holder="", until=self._wall())

    def _update(self, connection: Connection, **values: Any) -> bool:
        ours = (t.lease.c.name == self.name) & (t.lease.c.token == self.token)
        return connection.execute(update(t.lease).where(ours).values(values)).rowcount == 1


def claim(store: Store, name: str, wall: Callable[[], datetime]) -> Lease:
    """Claim a lease that nobody holds, whose term is over, or whose holder died on this machine."""
    ours = t.lease.c.name == name
    with store.writing() as connection:
        # The row must be there to be locked: a doubled insert does nothing.
        row = store.upsert(t.lease).values(name=name, token=0, holder="", until=wall())
        connection.execute(row.on_conflict_do_nothing())
        found = connection.execute(select(t.lease).where(ours).with_for_update()).one()
        if found.holder and found.until > wall() and not _died(found.holder):
            who = f"process {found.holder.rpartition('/')[2]}, its lease lasts until {found.until:%H:%M:%S} UTC"
            hint = "`xmo status` shows it. Run this again when it is done."
            raise LeaseHeldError(f"Another run is at work on '{name}' ({who}).", hint=hint)
        claimed = {"token": found.token + 1, "holder": f"{_place()}/{os.getpid()}", "until": wall() + TERM}
        connection.execute(update(t.lease).where(ours).values(claimed))
    return Lease(store, name, found.token + 1, wall)


def _place() -> str:
    """Name where a process number means something: this boot of this machine, and this container on it."""
    about = (("/proc/sys/kernel/random/boot_id", Path.read_text), ("/proc/self/ns/pid", Path.readlink))
    found = [str(read(Path(path))).strip() for path, read in about if Path(path).parent.is_dir()]
    return ":".join([socket.gethostname(), *found])


def _died(holder: str) -> bool:
    """Say whether the holder was a process of this very place that is gone, as after a kill or a power cut."""
    place, _, number = holder.rpartition("/")
    if place != _place():
        return False
    try:
        os.kill(int(number), 0)
    except OSError as error:  # of a process that is alive, and somebody else's, it is a PermissionError
        return isinstance(error, ProcessLookupError)
    return False
