"""The sandbox's own clock: it starts where it is told, runs as fast as it is told, and never goes back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock

from xmo_hooks import Refused


def stamp(at: datetime) -> str:
    """Return a UTC time as the vendor stores it: `YYYY-MM-DD HH:MM:SS`."""
    return at.isoformat(" ", "seconds")[:19]


class Clock:
    """A clock that shows `start` and gains `speed` seconds for each second of `monotonic`."""

    def __init__(self, start: datetime, speed: float, monotonic: Callable[[], float]) -> None:
        self.speed = speed
        self._monotonic = monotonic
        self._lock = Lock()
        self._shown = start
        self._since = monotonic()

    def now(self) -> datetime:
        """Return the sandbox's time."""
        with self._lock:
            return self._now()

    def put(self, at: datetime) -> None:
        """Set the clock on to `at`; raises `Refused` where that lies behind it: no vendor takes history back."""
        with self._lock:
            if at < self._now():
                raise Refused(
                    f"The clock shows {stamp(self._now())} and cannot go back to {stamp(at)}", reason="expired"
                )
            self._shown, self._since = at, self._monotonic()

    def _now(self) -> datetime:
        return self._shown + timedelta(seconds=(self._monotonic() - self._since) * self.speed)


def parse_time(text: str) -> datetime:
    """Parse an ISO time; one without a zone is UTC, as in the vendor's own raw values. Raises `ValueError`."""
    at = datetime.fromisoformat(text)
    return (at.replace(tzinfo=UTC) if at.tzinfo is None else at).astimezone(UTC)
