"""Zendesk's times: ISO 8601 in UTC, epoch seconds in the exports, epoch milliseconds in the filters of surveys."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any


def moment(text: str) -> datetime:
    """Read `2026-01-31T10:15:30Z` to aware UTC; raises `ValueError` or `TypeError` for anything else."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is UTC:
        return at
    if at.tzinfo is None:
        raise ValueError("has no zone")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("out of range") from None


def epoch(seconds: int) -> datetime:
    """Read whole seconds since 1970 to aware UTC; raises `ValueError` or `TypeError` for anything else."""
    if seconds.__class__ is not int:
        raise TypeError("not whole seconds")
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError):
        raise ValueError("out of range") from None


def seconds_of(value: Any) -> int | None:
    """Return the epoch seconds of an ISO time or of a number, or None for anything else."""
    if value.__class__ is str:
        return _seconds(value)
    return value if type(value) is int else None


@lru_cache(maxsize=1024)  # a page of events names each of its seconds many times
def _seconds(text: str) -> int | None:
    try:
        return int(moment(text).timestamp())
    except (OverflowError, ValueError):
        return None
