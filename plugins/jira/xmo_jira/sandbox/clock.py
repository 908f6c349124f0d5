"""The sandbox's own clock: it starts where it is told, runs as fast as it is told, and never goes back.

Times inside the sandbox are epoch milliseconds, the vendor's own unit.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from threading import Lock

from xmo_hooks import Refused

SECOND = 1_000
DAY = 86_400 * SECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def millis(at: datetime) -> int:
    """Return the epoch milliseconds of an aware time, without the rounding of floats."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def moment(at: int, zone: tzinfo = UTC) -> datetime:
    """Return the aware time of epoch milliseconds, in a zone."""
    return (_EPOCH + timedelta(milliseconds=at)).astimezone(zone)


def stamp(at: int, zone: tzinfo = UTC) -> str:
    """Return a time as the vendor writes it: milliseconds, and an offset without a colon."""
    text = moment(at, zone).isoformat(timespec="milliseconds")
    return text[:-3] + text[-2:]


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

    def millis(self) -> int:
        """Return the sandbox's time in epoch milliseconds."""
        return millis(self.now())

    def put(self, at: datetime) -> None:
        """Set the clock on to `at`; raises `Refused` where that lies behind it: no vendor takes history back."""
        with self._lock:
            if at < self._now():
                raise Refused(f"The clock shows {self._now():%Y-%m-%dT%H:%M:%SZ} and cannot go back", reason="expired")
            self._shown, self._since = at, self._monotonic()

    def _now(self) -> datetime:
        return self._shown + timedelta(seconds=(self._monotonic() - self._since) * self.speed)
