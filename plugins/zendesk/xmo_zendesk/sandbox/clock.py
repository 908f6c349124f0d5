"""The sandbox's own clock: it starts where it is told, runs as fast as it is told, and never goes back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from threading import Lock

from xmo_hooks import Refused

_DAY = 86_400


@lru_cache(maxsize=4096)
def _date(day: int) -> str:
    return datetime.fromtimestamp(day * _DAY, UTC).date().isoformat()


@cache  # exports write millions of times, and a day has few seconds
def _time(second: int) -> str:
    return f"T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z"


def iso(seconds: int) -> str:
    """Return a time, in UNIX seconds, as the vendor writes it: `2026-01-31T10:15:30Z`."""
    day, second = divmod(seconds, _DAY)
    return _date(day) + _time(second)


def unix(at: datetime) -> int:
    """Return the whole UNIX seconds of a time; parts of a second are cut off, as the vendor does."""
    return int(at.timestamp() // 1)


def parse_time(text: str) -> datetime:
    """Parse an ISO time; one without a zone is UTC. Raises `ValueError`."""
    at = datetime.fromisoformat(text)
    return (at.replace(tzinfo=UTC) if at.tzinfo is None else at).astimezone(UTC)


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
                shown, wanted = iso(unix(self._now())), iso(unix(at))
                raise Refused(f"The clock shows {shown} and cannot go back to {wanted}", reason="expired")
            self._shown, self._since = at, self._monotonic()

    def _now(self) -> datetime:
        return self._shown + timedelta(seconds=(self._monotonic() - self._since) * self.speed)
