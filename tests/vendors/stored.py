"""What the line has brought into the store from each vendor, read through the published views."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, select, text

from tests.line.desks import number
from tests.vendors.month import Point
from xmo_core.keys import Keys
from xmo_core.store import tables as t
from xmo_hooks import Contact

_TIMES = ("opened_at", "changed_at", "resolved_at", "closed_at", "promised_at", "deleted_at", "at")

Fields = dict[str, Any]


def tickets(connection: Connection, keys: Keys, mails: list[str]) -> dict[str, dict[int, Fields]]:
    """Return the fields of all tickets by source and number; the requester is the e-mail address, of those given, that
    the pseudonym stands for, else the pseudonym."""
    names = {keys.pseudonym("", Contact(key="", email=mail)): mail for mail in mails}
    found: dict[str, dict[int, Fields]] = {}
    for row in connection.execute(text("SELECT * FROM v_ticket")):
        found.setdefault(row.source, {})[number(row.number)] = _plain(row) | {"number": number(row.number)}
    whose = t.ticket.c.person == t.person.c.pseudonym
    for row in connection.execute(select(t.ticket, t.person).outerjoin(t.person, whose)):
        about = found[row.source][number(row.number)]
        about |= {name: getattr(row, name) for name in ("key", "title", "url", "parent", "attributes")}
        about |= {name: getattr(row, name) for name in ("language", "timezone", "place", "organisation")}
        about["requester"] = names.get(row.person, row.person)
    return found


def points(connection: Connection) -> dict[str, dict[int, list[Point]]]:
    """Return the touchpoints of all tickets by source and number, in order of time."""
    found: dict[str, dict[int, list[Point]]] = {}
    for row in connection.execute(text("SELECT * FROM v_touchpoint")):
        told = _plain(row)
        names = ("at", "what", "side", "channel", "promised_at")
        point = Point(*(told[name] for name in names))
        found.setdefault(row.source, {}).setdefault(number(row.number), []).append(point)
    for by_number in found.values():
        for of_ticket in by_number.values():
            of_ticket.sort(key=lambda one: (one.at, one.what))
    return found


def _plain(row: Row[Any]) -> Fields:
    """Read times, which SQLite's views show as text, and truth, which they show as a number."""
    fields = {name: _time(value) if name in _TIMES else value for name, value in row._mapping.items()}
    if fields.get("sla_met") is not None:
        fields["sla_met"] = bool(fields["sla_met"])
    return fields


def _time(value: Any) -> datetime | None:
    if value is None:
        return None
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
