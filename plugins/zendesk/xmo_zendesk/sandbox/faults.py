"""Faults that are switched on by rate. The same seed and the same requests fail in the same way again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from difflib import get_close_matches
from hashlib import blake2b
from threading import Lock
from typing import Any

from xmo_hooks import ConfigError
from xmo_zendesk.sandbox import FAULTS

Json = dict[str, Any]
_LONGEST = 60.0
_BROKEN: tuple[Json, ...] = (
    {"created_at": "yesterday"},
    {"updated_at": "2026-31-31T00:00:00Z"},
    {"created_at": None},
)


class Faults:
    """Which faults are on, and whom they hit."""

    def __init__(self, rates: Mapping[str, float], seed: int) -> None:
        self._seed = seed
        self._lock = Lock()
        self._requests = 0
        self._hits: Counter[str] = Counter()
        self.rates = checked(rates)

    def request(self) -> int:
        """Return the number of a new request, by which `hits` decides."""
        with self._lock:
            self._requests += 1
            return self._requests

    def hits(self, fault: str, request: int) -> bool:
        """Tell whether a fault hits this request."""
        return self._share(f"{fault}:{request}") < self.rates.get(fault, 0.0)

    def turn(self, fault: str, of: int) -> int:
        """Return which of a fault's `of` variants is next, from 0, one after another."""
        with self._lock:
            self._hits[fault] += 1
            return (self._hits[fault] - 1) % of

    def leaves_out(self, user: int | None) -> bool:
        """Tell whether a user is missing from sideloads: the same ones at the same rate."""
        rate = self.rates.get("nameless", 0.0)
        return rate > 0 and self._share(f"nameless:{user}") < rate

    def spoil(self, row: Json) -> Json:
        """Return a ticket with a value that nobody can parse, if it is one of those."""
        rate = self.rates.get("unparsable", 0.0)
        if rate == 0 or (share := self._share(f"unparsable:{row['id']}")) >= rate:
            return row
        return {**row, **_BROKEN[int(share * 1e6) % len(_BROKEN)]}

    def _share(self, what: str) -> float:
        digest = blake2b(f"{self._seed}:{what}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) / 2**64


def checked(rates: Mapping[str, float]) -> dict[str, float]:
    """Return the rates of faults, or raise `ConfigError` for an unknown name or a rate that is none."""
    for name, rate in rates.items():
        if name not in FAULTS:
            near = get_close_matches(name, FAULTS, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Faults: {', '.join(FAULTS)}."
            raise ConfigError(f"The Zendesk sandbox has no fault {name!r}", hint=hint)
        most = _LONGEST if name == "slow" else 1.0
        if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 <= rate <= most:
            raise ConfigError(f"The rate of fault {name} is {rate!r}", hint=f"Give a number from 0 to {most:g}.")
    return {name: float(rate) for name, rate in rates.items()}
