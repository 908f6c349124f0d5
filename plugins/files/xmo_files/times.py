"""Times as people and programs write them into files, read to aware UTC."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_EXCEL = datetime(1899, 12, 30)  # noqa: DTZ001 - day 0 of a spreadsheet, whose days have no zone
_DAY = 86_400
# Days as people write them: without separators, 10111213 is rather a number; and not every Python reads weeks.
_EXTENDED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}([:Z+-].*)?)?")
_NUMBER = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d{1,3})?")
_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}")


def number(text: str) -> float:
    """Read a number with a decimal point, or a comma, as half of Europe writes. Raises `ValueError`, also for what may
    as well be a group of three: `1,000` is a thousand to others."""
    if _GROUPED.fullmatch(text):
        raise ValueError("is a thousand or a fraction: write 1000 or 1.000")
    if not _NUMBER.fullmatch(text):  # what Python takes besides, `nan` and `1_000`, nobody measured
        raise ValueError("is no number, such as 1.5 or 1,5 without a unit")
    return float(text.replace(",", "."))


def _iso(text: str) -> datetime:
    if not _EXTENDED.fullmatch(text):
        raise ValueError("is not written as 2026-01-31")
    return datetime.fromisoformat(text)


def _epoch(text: str) -> datetime:
    return datetime.fromtimestamp(float(text), UTC)


def _epoch_ms(text: str) -> datetime:
    return datetime.fromtimestamp(float(text) / 1000, UTC)


def _excel(text: str) -> datetime:
    # a fraction of a day in decimal digits is off by microseconds
    return _EXCEL + timedelta(seconds=round(number(text) * _DAY))


WAYS: dict[str, Callable[[str], datetime]] = {
    "iso": _iso,
    "epoch": _epoch,
    "epoch_ms": _epoch_ms,
    "excel": _excel,
}


class Times:
    """Reads times that are written in one of some ways: `iso`, `epoch` (seconds), `epoch_ms`, `excel` (days since
    1899-12-30), or a form of `strptime`. One that names no zone is of `zone`: where clocks were set back, an hour that
    came twice counts as its first; one that was skipped counts as if they had not been set."""

    def __init__(self, ways: Sequence[str], zone: ZoneInfo) -> None:
        self._ways, self._zone = tuple(ways), zone
        self.read = lru_cache(maxsize=16_384)(self._read)  # rows of one ticket repeat its times

    def _read(self, text: str) -> datetime:
        for way in self._ways:
            try:
                at = WAYS[way](text) if way in WAYS else datetime.strptime(text, way)  # noqa: DTZ007 - zone: below
                return (at if at.tzinfo else at.replace(tzinfo=self._zone)).astimezone(UTC)
            except (OSError, OverflowError, ValueError):
                continue
        raise ValueError(f"is no time like {', '.join(self._ways)}")
