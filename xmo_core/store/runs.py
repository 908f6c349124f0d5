"""Run history: one row for each run, with what it counted, how long it waited and for whom, and what failed."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from xmo_core.store import tables as t
from xmo_core.store.engine import Store


class Run:
    """The row of the run that is going on."""

    def __init__(self, store: Store, command: str, now: datetime, wall: Callable[[], datetime]) -> None:
        self._store, self._wall = store, wall
        self.now = now
        self.counts: dict[str, Any] = {}
        self.waited: dict[str, float] = {}
        self.errors: dict[str, str] = {}
        with store.writing() as connection:
            row = insert(t.run).values(command=command, state="running", started_at=wall(), now=now, **self._told())
            self.id: int = connection.execute(row.returning(t.run.c.id)).scalar_one()

    def count(self, group: str, **numbers: int) -> None:
        """Add to the counts of one source or step."""
        for name, number in numbers.items():
            counted = self.counts.setdefault(group, {})
            counted[name] = counted.get(name, 0) + number

    def wait(self, whom: str, seconds: float) -> None:
        """Add to the time spent waiting for somebody."""
        self.waited[whom] = round(self.waited.get(whom, 0.0) + seconds, 1)

    def fail(self, who: str, message: str) -> None:
        """Keep what failed, under the name of the source or step."""
        self.errors[who] = message

    def finish(self) -> None:
        """Close the row: done, or failed with the errors named."""
        end = {"state": "failed" if self.errors else "done", "ended_at": self._wall(), **self._told()}
        with self._store.writing() as connection:
            connection.execute(update(t.run).where(t.run.c.id == self.id).values(end))

    def _told(self) -> dict[str, Any]:
        return {"counts": self.counts, "waited": self.waited, "errors": self.errors}


def latest(store: Store, command: str | None = None, limit: int = 1) -> list[Mapping[str, Any]]:
    """Return the newest runs, newest first."""
    query = select(t.run).order_by(t.run.c.id.desc()).limit(limit)
    return store.read(query.where(t.run.c.command == command) if command else query)
