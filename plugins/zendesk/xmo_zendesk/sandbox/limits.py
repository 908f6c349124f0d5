"""The vendor's rate limits, each over a window that glides along real time. None of them stands unless switched on."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from math import ceil
from threading import Lock

DOCUMENTED: Mapping[str, int] = {"account": 700, "exports": 10, "updates": 100, "ticket_updates": 30}
_WINDOWS: Mapping[str, int] = {"account": 60, "exports": 60, "updates": 60, "ticket_updates": 600}
WORDS: Mapping[str, str] = {
    "account": "API requests",
    "exports": "incremental export API requests",
    "updates": "ticket update API requests",
    "ticket_updates": "updates of one ticket",
}
Use = tuple[str, str]  # the name of a limit, and whatever is counted apart within it


class Limits:
    """Counts requests by the seconds of `monotonic`. `set` holds the limits that stand; without one nothing counts."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self.set: dict[str, int] = {}
        self._monotonic = monotonic
        self._lock = Lock()
        self._taken: defaultdict[Use, deque[float]] = defaultdict(deque)

    def take(self, uses: Iterable[Use], limits: Mapping[str, int]) -> tuple[str, int] | None:
        """Count a request, or return the limit that forbids it and the seconds to wait; then it does not count."""
        with self._lock:
            now, counted = self._monotonic(), [use for use in uses if use[0] in limits]
            for use in counted:
                self._forget(use, now)
                if len(self._taken[use]) >= limits[use[0]]:
                    return use[0], max(1, ceil(self._taken[use][0] + _WINDOWS[use[0]] - now))
            for use in counted:
                self._taken[use].append(now)
            return None

    def headers(self, uses: Iterable[Use], limits: Mapping[str, int]) -> dict[str, str]:
        """Return what an answer says about the limits, which is not about all of them."""
        told: dict[str, str] = {}
        with self._lock:
            for name, key in uses:
                if name in limits:
                    told |= self._told((name, key), limits[name])
        return told

    def _told(self, use: Use, limit: int) -> dict[str, str]:
        now, taken = self._monotonic(), self._taken[use]
        left = max(0, limit - len(taken))
        reset = max(0, ceil(taken[0] + _WINDOWS[use[0]] - now)) if taken else 0
        if use[0] == "account":
            both = {"X-Rate-Limit": str(limit), "X-Rate-Limit-Remaining": str(left)}
            return both | {
                "ratelimit-limit": str(limit),
                "ratelimit-remaining": str(left),
                "ratelimit-reset": str(reset),
            }
        if use[0] == "updates":
            return {"Zendesk-RateLimit-tickets-update": f"total={limit}; remaining={left}; resets={reset}"}
        return {}

    def _forget(self, use: Use, now: float) -> None:
        taken = self._taken[use]
        while taken and taken[0] <= now - _WINDOWS[use[0]]:
            taken.popleft()
