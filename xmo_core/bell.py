"""The bell of `xmo serve`: something was rung for, so `xmo run --heard` is started, one at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from threading import Event, Thread

from sqlalchemy.exc import SQLAlchemyError

from xmo_core.cli import DONE, FAILED
from xmo_core.logs import get as get_log
from xmo_hooks import XmoError

log = get_log("xmo.bell")
GATHER = 1.0  # seconds: what is told in one go is fetched in one go
_PAUSE, _LONGEST = 5.0, 60.0  # seconds after a run that could not do its work, doubled each time


class Bell:
    """Watches the queue. `next_due` says when the next rung ticket is due, None for none; `start` does the work, waits
    for its end, and returns its exit code; `wall` is the clock; `pause` waits some seconds, and returns True where it
    is over."""

    def __init__(
        self,
        next_due: Callable[[], datetime | None],
        start: Callable[[], int],
        wall: Callable[[], datetime],
        pause: Callable[[float], bool] | None = None,
    ) -> None:
        self._next_due, self._start, self._wall = next_due, start, wall
        self._rung, self._over = Event(), Event()
        self._pause = pause or self._over.wait
        self._failed = 0
        self._thread = Thread(target=self._watch, daemon=True, name="bell")

    def ring(self) -> None:
        """Say that something came into the queue. Called by whoever wrote it, from any thread."""
        self._rung.set()

    def open(self) -> None:
        """Begin to watch, with a look into the queue: what was rung for before a restart is still there."""
        self._thread.start()

    def close(self) -> None:
        """Stop watching, after the run that is at work."""
        self._over.set()
        self._rung.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.is_set():
            self.turn()

    def turn(self) -> None:
        """Wait until something is due, start one run, and wait after one that could not do its work."""
        try:
            due = self._await()
            if due is None or self._pause(GATHER):
                return
            self._rung.clear()
            # a run in which one source failed has put that one off by itself: the others need not wait for it
            worked = self._start() in (DONE, FAILED) and self._next_due() != due
        except (XmoError, OSError, SQLAlchemyError) as error:  # no memory for a process, a store that is repaired
            # what a database says may quote what was to be written
            reason = type(error).__name__ if isinstance(error, SQLAlchemyError) else str(error)
            log.warning("queue not worked off", reason=reason)
            worked = False
        self._failed = 0 if worked else self._failed + 1
        if self._failed:
            self._pause(min(_LONGEST, _PAUSE * 2 ** min(self._failed - 1, 10)))

    def _await(self) -> datetime | None:
        """Return when what is due was due, once it is; None where it is over."""
        while not self._over.is_set():
            due = self._next_due()
            left = None if due is None else (due - self._wall()).total_seconds()
            if left is not None and left <= 0:
                return due
            self._rung.wait(left)
            self._rung.clear()
        return None
