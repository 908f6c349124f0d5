"""The rate at which one source is asked."""

from collections.abc import Callable
from threading import Lock

_MINUTE = 60.0


class Limiter:
    """Grants at most `per_minute` requests in any minute, a few of them at once, from any number of threads.

    A vendor counts in minutes of its own choosing, so the burst is taken out of the steady rate: whichever minute is
    looked at, burst and steady requests together stay within the limit.
    """

    def __init__(self, per_minute: int, monotonic: Callable[[], float]) -> None:
        burst = max(1, min(10, per_minute // 20))
        self._interval = _MINUTE / max(1, per_minute - burst)
        self._slack = self._interval * (burst - 1)
        self._monotonic = monotonic
        self._due = float("-inf")  # when the next request would be due at the steady rate
        self._lock = Lock()

    def reserve(self) -> float:
        """Take the next place in line and return the seconds until its turn, 0 when it has come."""
        with self._lock:
            now = self._monotonic()
            due = max(self._due, now)
            self._due = due + self._interval
            return max(0.0, due - self._slack - now)
