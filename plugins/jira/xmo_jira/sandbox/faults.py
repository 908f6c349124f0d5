"""Faults that are switched on by rate. The same seed and the same requests fail in the same way again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from difflib import get_close_matches
from hashlib import blake2b
from threading import Lock

from xmo_hooks import ConfigError

_LONGEST = {"slow": 60.0, "lag": 86_400.0}  # seconds; every other fault has a share


class Faults:
    """Which faults are on, and whom they hit; `known` are the names that there are."""

    def __init__(self, rates: Mapping[str, float], known: Mapping[str, str], seed: int) -> None:
        self._known = known
        self._seed = seed
        self._lock = Lock()
        self._requests = 0
        self._hits: Counter[str] = Counter()
        self.rates = self.checked(rates)

    def request(self) -> int:
        """Return the number of a new request, by which `hits` decides."""
        with self._lock:
            self._requests += 1
            return self._requests

    def hits(self, fault: str, request: int) -> bool:
        """Tell whether a fault hits this request."""
        rate = self.rates.get(fault, 0.0)
        return rate > 0 and self._share(f"{fault}:{request}") < rate

    def turn(self, fault: str, of: int) -> int:
        """Return which of a fault's `of` variants is next, from 0, one after another."""
        with self._lock:
            self._hits[fault] += 1
            return (self._hits[fault] - 1) % of

    def marks(self, fault: str, what: object) -> bool:
        """Tell whether a fault sticks to this issue or person: the same ones at the same rate, more at a higher one."""
        rate = self.rates.get(fault, 0.0)
        return rate > 0 and self._share(f"{fault}:{what}") < rate

    def checked(self, rates: Mapping[str, float]) -> dict[str, float]:
        """Return the rates of faults, or raise `ConfigError` for an unknown name or a rate that is none."""
        for name, rate in rates.items():
            if name not in self._known:
                near = get_close_matches(name, self._known, n=1)
                hint = f"Did you mean {near[0]}?" if near else f"Faults: {', '.join(self._known)}."
                raise ConfigError(f"This Jira sandbox has no fault {name!r}", hint=hint)
            most = _LONGEST.get(name, 1.0)
            if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 <= rate <= most:
                raise ConfigError(f"The rate of fault {name} is {rate!r}", hint=f"Give a number from 0 to {most:g}.")
        return {name: float(rate) for name, rate in rates.items()}

    def _share(self, what: str) -> float:
        digest = blake2b(f"{self._seed}:{what}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) / 2**64
