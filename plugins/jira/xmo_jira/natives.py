"""Answers to the vendor's own survey: one question, one to five stars, kept in two custom fields of the ticket."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from xmo_hooks import Answer, Native, Ticket
from xmo_jira.fields import Columns
from xmo_jira.values import some_time

_KEYS = ("rating", "value", "score")


def rating(value: Any) -> int | None:
    """Return the stars, or None. The documentation does not say what the field looks like, so several shapes are
    taken, and one that is none of them costs no ticket."""
    if isinstance(value, dict):
        value = next((value[key] for key in _KEYS if key in value), None)
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if value in (1, 2, 3, 4, 5) else None


def natives(
    ticket: Ticket, fields: Mapping[str, Any], columns: Columns, resolved_at: datetime | None
) -> Iterator[Native]:
    """Yield the ticket's rating, if it has one. There is one for each ticket: who rates again overwrites it. Where it
    has no date it gets one that does not move with each change: `resolved_at`, the last time that the ticket was also
    where it was opened again, else its end, else its opening."""
    stars = next((found for column in columns.get("rating", ()) if (found := rating(fields.get(column)))), None)
    if stars:
        own = (some_time(fields.get(column)) for column in columns.get("rated_at", ()))
        at = next(filter(None, own), resolved_at or ticket.resolved_at or ticket.closed_at or ticket.opened_at)
        answer = Answer(question="csat", version="jira", value=stars, low=1, high=5, best=5)
        yield Native(ticket=ticket.key, key="csat", at=at, answer=answer)
