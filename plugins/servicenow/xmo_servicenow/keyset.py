"""The cursor of a table, and the encoded queries that go with it.

The vendor has no cursor. The rows of a table are ordered by (sys_updated_on, sys_id), and the cursor is that pair of
the last row that was seen: a row that changes while pages are read moves behind it and comes again, none is lost.
A table whose rows never change is walked by (sys_created_on, sys_id) in the same way: `column` says by which.
Stamps are the vendor's raw text, "YYYY-MM-DD HH:MM:SS" in UTC, so they compare as text.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeGuard

from xmo_hooks import Json, Row, XmoError

CHANGED, CREATED = "sys_updated_on", "sys_created_on"  # the stamps by which tables are walked
NEVER = "9999-12-31 23:59:59"
_SYS_ID = re.compile(r"[0-9A-Za-z_-]{2,64}", re.ASCII)
_TABLE = re.compile(r"[0-9A-Za-z_]{1,80}", re.ASCII)
_HEX = re.compile(r"[0-9a-f]{32}", re.ASCII)
_UNSAFE = re.compile(r"[\x00-\x1f^]")


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in the order of a table: the stamp and the sys_id of one row."""

    stamp: str
    sys_id: str

    def json(self) -> dict[str, str]:
        """Return the position as it stands in a cursor."""
        return {"stamp": self.stamp, "sys_id": self.sys_id}


def moment(stamp: str) -> datetime:
    """Read a raw date of the vendor as UTC; raises `ValueError` for anything that is not exactly one."""
    # The marks are checked by hand, in half the time of a pattern: `fromisoformat` takes weeks and zones as well.
    if len(stamp) != 19 or stamp[4:17:3] != "-- ::":
        raise ValueError("not a date and time")
    return datetime.fromisoformat(stamp + "+00:00")


def stamp_of(at: datetime) -> str:
    """Write a UTC time as the vendor does, in whole seconds."""
    return at.isoformat(" ", "seconds")[:19]


def is_stamp(value: object) -> TypeGuard[str]:
    """Tell whether a value of a row is a stamp that can be ordered and read."""
    if not isinstance(value, str):
        return False
    try:
        moment(value)
    except ValueError:
        return False
    return True


def order(column: str = CHANGED) -> str:
    """Return the order in which a table is walked by this stamp."""
    return f"ORDERBY{column}^ORDERBYsys_id"


def newest(column: str = CHANGED) -> str:
    """Return the order that begins with the newest rows."""
    return f"ORDERBYDESC{column}"


def since(stamp: str | None, column: str = CHANGED) -> str:
    """Return the condition for all rows from this stamp on, or for all rows."""
    return f"{column}>={stamp}" if stamp else ""


def after(position: Position, column: str = CHANGED) -> str:
    """Return the condition for all rows behind this position."""
    stamp, sys_id = position.stamp, safe_id(position.sys_id)
    return f"{column}>{stamp}^NQ{column}={stamp}^sys_id>{sys_id}"


def both(where: str, also: str) -> str:
    """Return the condition for rows that meet two of them; the first may be any of several (`^NQ`)."""
    return "^NQ".join("^".join(filter(None, (one, also))) for one in where.split("^NQ"))


def among(keys: Iterable[str], column: str = "sys_id") -> str:
    """Return the condition for the rows whose sys_id, or reference to another record, is one of these."""
    return f"{column}IN" + ",".join(safe_id(key) for key in keys)


def safe(text: str) -> str:
    """Return the text if it may stand in an encoded query, which knows no escape; raises `XmoError` otherwise."""
    if _UNSAFE.search(text):
        raise XmoError('A text with "^" or a control character cannot stand in a query to ServiceNow.')
    return text


def is_id(value: object) -> TypeGuard[str]:
    """Tell whether a value can be a sys_id: 32 hex digits, or letters, digits, - and _ in hand-made records."""
    return isinstance(value, str) and _SYS_ID.fullmatch(value) is not None


def safe_id(key: str) -> str:
    """Return the key if it can be a sys_id; raises `XmoError` otherwise."""
    if not is_id(key):
        raise XmoError(f"{key!r} is no sys_id of ServiceNow.")
    return key


def safe_table(name: str) -> str:
    """Return the name if it can be that of a table; raises `XmoError` otherwise."""
    if _TABLE.fullmatch(name) is None:
        raise XmoError(f"{name!r} is no table of ServiceNow.")
    return name


def last(rows: Sequence[Row], horizon: str = NEVER, column: str = CHANGED) -> Position | None:
    """Return the position of the last row, up to `horizon`, that has one: a row with a broken stamp or sys_id cannot
    be an anchor."""
    for row in reversed(rows):
        stamp, sys_id = row.get(column), row.get("sys_id")
        if is_stamp(stamp) and is_id(sys_id) and stamp <= horizon:
            return Position(stamp, sys_id)
    return None


def newest_stamp(rows: Iterable[Row], column: str = CHANGED) -> str | None:
    """Return the newest stamp of these rows, or None where none of them shows one."""
    return max((stamp for row in rows if is_stamp(stamp := row.get(column))), default=None)


def advances(anchor: Position | None, to: Position) -> bool:
    """Tell whether `to` lies behind `anchor`. Ids that are no hex digits are ordered as the vendor's database likes,
    so of those only equality is told."""
    if anchor is None or to.stamp != anchor.stamp:
        return anchor is None or to.stamp > anchor.stamp
    if _HEX.fullmatch(anchor.sys_id) and _HEX.fullmatch(to.sys_id):
        return to.sys_id > anchor.sys_id
    return to.sys_id != anchor.sys_id


def forward(old: Position | None, new: Position | None) -> Position | None:
    """Return the later of two positions: a cursor never goes back, not while the overlap is read again."""
    return max((position for position in (old, new) if position), default=None)


def position(cursor: Json, table: str) -> Position | None:
    """Read the position of one table from a cursor; raises `XmoError` for a cursor of somebody else."""
    if cursor is None:
        return None
    entry: Any = cursor.get(table, {}) if isinstance(cursor, Mapping) else None
    if not is_entry(entry):
        raise XmoError(
            f"The stored cursor of table {table} is not one that this source wrote.",
            hint="Read this source from the beginning.",
        )
    return Position(entry["stamp"], entry["sys_id"]) if entry else None


def positions(cursor: Json, tables: Iterable[str]) -> dict[str, Any]:
    """Copy a cursor, to move it on; raises `XmoError` where it is none for these tables."""
    for table in tables:
        position(cursor, table)
    return dict(cursor or {})


def is_entry(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Tell whether a value can stand in a cursor for one table: a position, or {} where there is none yet."""
    if not isinstance(value, Mapping):
        return False
    return not value or (is_stamp(value.get("stamp")) and is_id(value.get("sys_id")))


def bound(reached: Position | None, first: datetime | None, overlap: timedelta) -> str | None:
    """Return the stamp from which a run reads: `overlap` behind the position, for a row may become visible a
    transaction (60 s at most) after its stamp; without a position from `first`, or from the beginning (None)."""
    if reached is None:
        return stamp_of(first) if first else None
    at = moment(reached.stamp)
    return stamp_of(at - min(overlap, at - datetime.min.replace(tzinfo=UTC)))
