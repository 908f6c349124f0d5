"""The one description of a vendor row: which columns are read, as what, under which name. It is a marshmallow schema;
`parse` derives its fast path from it.

Raw values are text. References are the bare id, or an object with `value`, or with `display_value` and `link`.
Messages never repeat a value: it may be personal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields

from xmo_hooks import State
from xmo_servicenow.keyset import is_stamp, moment
from xmo_servicenow.options import Options, TableOptions
from xmo_servicenow.tables import CANONICAL, CONTACT, KNOWN, TASK

ATTRIBUTE = "+"  # stands before the name of an attribute, so that none collides with a field of the ticket
FLAGS: Mapping[str, bool | None] = {"true": True, "false": False, "": None}


def count(text: str) -> int:
    """Read a raw count, where "" is 0; raises `ValueError`. Nine digits at most, so that any database holds it."""
    if text == "":
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ValueError("not a count")
    return int(text)


class Text(fields.Field[str | None]):
    """A text; "" is None. Of an object the raw value, else the label."""

    keys: tuple[str, ...] = ("value", "display_value")

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str | None:
        text = self._plain(value) if isinstance(value, dict) else value
        if not isinstance(text, str):
            raise ValidationError("is not a text")
        if self.required and not text:
            raise ValidationError("is empty")
        return text or None

    def _plain(self, value: Mapping[str, Any]) -> Any:
        return next((value[key] for key in self.keys if key in value), None)


class Reference(Text):
    """A reference to another record: its sys_id, in an object without one the end of its link."""

    keys = ("value",)

    def _plain(self, value: Mapping[str, Any]) -> Any:
        link = value.get("link")
        if "value" in value or not isinstance(link, str):
            return super()._plain(value)
        return link.rpartition("/")[2]


class Code(Text):
    """A raw choice that must be there, though it may be empty."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        text = self._plain(value) if isinstance(value, dict) else value
        if not isinstance(text, str):
            raise ValidationError("is not a text")
        return text


class Moment(fields.Field[datetime | None]):
    """A date and time in UTC; "" is None."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> datetime | None:
        if value == "" and not self.required:
            return None
        if not is_stamp(value):
            raise ValidationError("is not a date and time like 2026-01-31 10:15:00")
        return moment(value)


class Count(fields.Field[int]):
    """A count; "" is 0."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        try:
            return count(value)
        except (AttributeError, ValueError):
            raise ValidationError("is not a count") from None


class Flag(fields.Field[bool | None]):
    """True, false or, where it is empty, unknown."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool | None:
        if not isinstance(value, str) or value not in FLAGS:
            raise ValidationError("is neither true nor false")
        return FLAGS[value]


_TYPES: Mapping[str, type[fields.Field[Any]]] = {
    **dict.fromkeys(("opened_at", "created_at", "resolved_at", "closed_at", "promised_at", "changed_at"), Moment),
    **dict.fromkeys(("reopens", "reassignments"), Count),
    **dict.fromkeys(("parent", "requester"), Reference),
    "sla_met": Flag,
    "state": Code,
}
_REQUIRED = frozenset({"key", "state", "changed_at"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """How one table is read: the kind of its tickets, its states, and the column of each field by name."""

    table: str
    kind: str
    states: Mapping[str, State]
    named: Mapping[str, str]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns to ask for, each once."""
        return tuple(dict.fromkeys(self.named.values()))

    @property
    def essential(self) -> frozenset[str]:
        """The columns without which no row can be understood."""
        return frozenset(self.named[name] for name in _REQUIRED)

    def schema(self) -> Schema:
        """Make the schema that loads a raw row to the values by name."""
        made = {name: _field(name, column) for name, column in self.named.items()}
        return Schema.from_dict(made, name=f"{self.table} row")(unknown=EXCLUDE)


def _field(name: str, column: str) -> fields.Field[Any]:
    required = name in _REQUIRED
    how: dict[str, Any] = {"required": True} if required else {"load_default": None, "allow_none": True}
    return _TYPES.get(name, Text)(data_key=column, load_only=True, **how)


def layout(table: TableOptions, options: Options) -> Layout:
    """Work out how a table is read: the options of the table go before those of the source, these before what is
    known of the vendor's own tables."""
    known = KNOWN.get(table.name)
    defaults = {**TASK, **(known.fields if known else {})}
    wanted = {**defaults, **options.fields, **table.fields}
    if not options.touchpoints:
        wanted.pop("user_name")  # tells the requester's comments from others: a name that nothing else needs
    requester = wanted["requester"]
    named = {"key": "sys_id", "changed_at": "sys_updated_on", "created_at": "sys_created_on", "type": "sys_class_name"}
    for name, column in wanted.items():
        if not column or (not requester and (name in CONTACT or column.startswith("requester."))):
            continue
        if name == "requester":
            named[name] = column
        else:
            named[name if name in CANONICAL else ATTRIBUTE + name] = _resolve(column, requester)
    states = {**(known.states if known else {}), **options.states, **table.states}
    return Layout(table=table.name, kind=table.kind, states=states, named=named)


def _resolve(column: str, requester: str) -> str:
    return requester + column.removeprefix("requester") if column.startswith("requester.") else column


def missing(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the columns that are in none of the rows. The vendor leaves out what the account may not read and what
    does not exist; what is empty is there as ""."""
    left = list(columns)
    for row in rows:
        if not left:
            break
        left = [column for column in left if column not in row]
    return left
