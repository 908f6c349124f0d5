"""Turning the row of an update into the events of its ticket's life. Pure: see `updates` for what makes a row ready."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from xmo_hooks import BadRecord, Side, Touchpoint, What
from xmo_zendesk import speech
from xmo_zendesk.parse import CHANNELS, resolved_key
from xmo_zendesk.times import moment

Row = Mapping[str, Any]


def touchpoints(row: Row, machines: frozenset[str]) -> Iterator[Touchpoint]:
    """Yield the events that an update tells, or raise `BadRecord`."""
    try:
        yield from _events(row, machines)
    except TypeError:  # a list or an object, where the vendor has a word
        raise BadRecord("child_events: are not what Zendesk describes", field="child_events") from None


def _events(row: Row, machines: frozenset[str]) -> Iterator[Touchpoint]:
    ticket, at, answered = row.get("ticket_id"), _time(row, "created_at"), bool(row.get(speech.ANSWERED))
    if type(ticket) is not int:
        raise BadRecord("ticket_id: is not an id", field="ticket_id")
    for index, child in enumerate(speech.children(row)):
        side: Side = "machine" if speech.is_notice(child) else speech.side_of(row, child, machines)
        what, due = _what(row, child, side, answered)
        if what is None:
            continue
        answered = what == "response" or (answered and what != "contact")
        yield Touchpoint(
            ticket=str(ticket),
            key=resolved_key(at) if what == "resolved" else str(child.get("id") or f"{row.get('id')}.{index}"),
            at=at,
            what=what,
            side=side,
            channel=_channel(row, child) if what in ("contact", "response", "update") else None,
            promised_at=due,
        )


def _what(row: Row, child: Row, side: Side, answered: bool) -> tuple[What | None, datetime | None]:
    if speech.is_comment(child):
        if side == "requester":
            return "contact", None
        return ("update" if answered or side == "machine" else "response"), None
    if speech.is_notice(child):
        return ("update" if _reaches_requester(row, child) else None), None
    found = speech.change(child)
    return _of_change(*found) if found else (None, None)


def _of_change(field: str, value: Any, before: Any) -> tuple[What | None, datetime | None]:
    if field == speech.DUE:
        return ("promise", _due(value)) if value else (None, None)
    if field == speech.GROUP:
        return ("handoff" if value and before and str(value) != str(before) else None), None
    if value in speech.OVER and before not in speech.OVER:
        return "resolved", None
    return ("reopened" if before in speech.OVER and value not in speech.OVER else None), None


def _reaches_requester(row: Row, child: Row) -> bool:
    asker, recipients = row.get(speech.ASKER), child.get("recipients")
    return asker is not None and isinstance(recipients, list) and str(asker) in [str(one) for one in recipients]


def _channel(row: Row, child: Row) -> str | None:
    word = speech.channel_of(row, child)
    return CHANNELS.get(word or "", word)


def _due(value: Any) -> datetime | None:
    """Read a due time, which is not said to be written as all other times are: a promise may come without its time."""
    try:
        return moment(value)
    except (TypeError, ValueError):
        return None


def _time(row: Row, name: str) -> datetime:
    try:
        return moment(row[name])
    except (KeyError, TypeError, ValueError):
        raise BadRecord(f"{name}: is not a time like 2026-01-31T10:15:30Z", field=name) from None
