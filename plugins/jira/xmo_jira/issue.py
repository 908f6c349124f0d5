"""The one description of a raw issue: which of its own fields are read, and as what.

There is one reader for each field. The fast path calls them; where one of them refuses a value, a marshmallow schema
made of the same readers names the field at fault. marshmallow alone would take as long as fetching and storing a row.
Messages never repeat a value: it may be personal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields

from xmo_hooks import BadRecord, Row
from xmo_jira import values
from xmo_jira.states import Status

Reader = Callable[[Any], Any]
Values = dict[str, Any]


def _id(value: Any) -> str:
    text = str(value) if isinstance(value, int | str) else ""
    if not (text.isascii() and text.isdigit()):
        raise ValueError("is not a number")
    return text


def _needed(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("is not a text")
    return value


def _text(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ValueError("is not a text")
    return value or None


def _time(value: Any) -> datetime | None:
    return None if value is None else _needed_time(value)


def _needed_time(value: Any) -> datetime:
    if not isinstance(value, str):
        raise ValueError("is not a time")
    return values.moment(value)


def _status(value: Any) -> Status:
    name = values.name(value)
    if name is None:
        raise ValueError("is missing")
    category = value.get("statusCategory")
    key = category.get("key") if isinstance(category, dict) else None
    return str(value.get("id")), name, key if isinstance(key, str) else None


def _object(value: Any) -> dict[str, Any] | None:
    if value is not None and not isinstance(value, dict):
        raise ValueError("is not an object")
    return value


_NEEDED: Mapping[str, Reader] = {"created": _needed_time, "updated": _needed_time, "status": _status}
_OTHERS: Mapping[str, Reader] = {
    "summary": _text,
    "issuetype": values.name,
    "priority": values.name,
    "resolution": values.name,
    "resolutiondate": _time,
    "statuscategorychangedate": _time,
    "reporter": _object,
    "parent": _object,
}
_ITSELF: Mapping[str, Reader] = {"id": _id, "key": _needed}
_READERS = tuple({**_NEEDED, **_OTHERS}.items())


class _Read(fields.Field[Any]):
    """A value as its reader reads it."""

    def __init__(self, reader: Reader, **how: Any) -> None:
        super().__init__(**how)
        self._reader = reader

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        try:
            return self._reader(value)
        except ValueError as error:
            raise ValidationError(str(error)) from None


def _schema() -> Schema:
    needed = {name: _Read(reader, required=True) for name, reader in {**_ITSELF, **_NEEDED}.items()}
    others = {name: _Read(reader, load_default=None, allow_none=True) for name, reader in _OTHERS.items()}
    return Schema.from_dict({**needed, **others}, name="issue")(unknown=EXCLUDE)


class Issue:
    """Reads the fields of raw issues."""

    def __init__(self) -> None:
        self._schema = _schema()

    def read(self, row: Row) -> Values:
        """Return the values of an issue by name, or raise `BadRecord` with the field at fault."""
        raw = row.get("fields")
        if not isinstance(raw, dict):
            raise bad("fields: is not an object", "fields", row)
        get = raw.get
        try:
            read: Values = {name: reader(get(name)) for name, reader in _READERS}
            read["id"], read["key"] = _id(row.get("id")), _needed(row.get("key"))
        except ValueError:
            return self._load(row, raw)
        return read

    def _load(self, row: Row, raw: Mapping[str, Any]) -> Values:
        own = {name: row[name] for name in _ITSELF if name in row}
        try:
            loaded: Values = self._schema.load({name: raw[name] for name, _ in _READERS if name in raw} | own)
        except ValidationError as error:
            name, messages = next(iter(error.messages_dict.items()))
            where = name if name in _ITSELF else f"fields.{name}"
            raise bad(f"{where}: {messages[0]}", where, row) from None
        return loaded


def bad(message: str, field: str, row: Row) -> BadRecord:
    """Make the error for a row that cannot be understood; its key is that of the row, where that can be read."""
    key = row.get("id")
    return BadRecord(message, field=field, key=key if isinstance(key, str) and key.isdigit() else None)
