"""The one description of a ticket's row: which columns are read, by which reader, under which name. `parse` reads rows
by it quickly; the marshmallow schema that is made of it judges the rows that are not read so.

Readers take a raw value, None too, and raise `ValueError` or `TypeError` with what is wrong. Messages never repeat a
value: it may be personal.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from marshmallow import EXCLUDE, Schema, ValidationError, fields

from xmo_zendesk.join import BRAND, FORM, GROUP, LABEL, ORGANIZATION, REQUESTER
from xmo_zendesk.slas import SLA
from xmo_zendesk.times import epoch, moment

Reader = Callable[[Any], Any]


def text(value: Any) -> str | None:
    """Read a text; "" is None."""
    if value is None or value.__class__ is str:
        return value or None
    raise TypeError("is not a text")


def ident(value: Any) -> str | None:
    """Read an id, a number at the vendor; 0 and below are no ids of records that we read."""
    if value is None:
        return None
    if value.__class__ is int and value > 0:
        return str(value)
    raise TypeError("is not an id")


def when(value: Any) -> datetime | None:
    """Read an ISO time."""
    try:
        return None if value is None else moment(value)
    except (TypeError, ValueError):
        raise ValueError("is not a time like 2026-01-31T10:15:30Z") from None


def stamp(value: Any) -> datetime | None:
    """Read epoch seconds; 0 is None."""
    try:
        return epoch(value) if value else None
    except (TypeError, ValueError):
        raise ValueError("is not a time in seconds since 1970") from None


def count(value: Any) -> int:
    """Read a count; null is 0. Nine digits at most, so that any database holds it."""
    if value is None:
        return 0
    if value.__class__ is int and 0 <= value < 1_000_000_000:
        return int(value)
    raise TypeError("is not a count")


def flag(value: Any) -> bool | None:
    """Read a yes, a no or, where it is null, unknown."""
    if value is None or value is True or value is False:
        return value
    raise TypeError("is neither true nor false")


def channel(value: Any) -> str | None:
    """Read the channel out of `via`."""
    if value is None:
        return None
    if value.__class__ is dict:
        return text(value.get("channel"))
    raise TypeError("is not an object with a channel")


def tags(value: Any) -> Sequence[str]:
    """Read tags; null are none."""
    if value is None or value.__class__ is list:
        return value or ()
    raise TypeError("is not a list")


def thing(value: Any) -> Mapping[str, Any]:
    """Read an object as it is; null is an empty one."""
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise TypeError("is not an object")


def pairs(value: Any) -> Mapping[Any, Any]:
    """Read custom fields to their values by id."""
    if value is None:
        return {}
    try:
        return {one["id"]: one.get(LABEL, one["value"]) for one in value if one["value"] is not None}
    except (AttributeError, KeyError, TypeError):
        raise ValueError("is not a list of objects with id and value") from None


def promises(value: Any) -> Sequence[tuple[datetime, timedelta]]:
    """Read promises: when each was made, and how long after the opening it ends."""
    try:
        return [(epoch(made), timedelta(seconds=seconds)) for made, seconds in value or ()]
    except (TypeError, ValueError):
        raise ValueError("is not a list of pairs of seconds") from None


def words(value: Any) -> str | None:
    """Return the words of a field's value: several are joined, a tick is true or false."""
    if value is None or value in ("", []):
        return None
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


class Column(NamedTuple):
    """One value: its name, its column at the vendor, and its reader. `inside` is the object that it stands in."""

    name: str
    column: str
    read: Reader
    required: bool = False
    inside: str = ""


COLUMNS = (
    Column("key", "id", ident, required=True),
    Column("state", "status", text, required=True),
    Column("opened_at", "created_at", when, required=True),
    Column("updated_at", "updated_at", when),
    Column("generated_at", "generated_timestamp", stamp),
    Column("custom_state", "custom_status_id", ident),
    Column("type", "type", text),
    Column("title", "subject", text),
    Column("priority", "priority", text),
    Column("channel", "via", channel),
    Column("requester", "requester_id", ident),
    Column("parent", "problem_id", ident),
    Column("brand_id", "brand_id", ident),
    Column("form_id", "ticket_form_id", ident),
    Column("due_at", "due_at", when),
    Column("custom", "custom_fields", pairs),
    Column("rating", "satisfaction_rating", thing),
    Column("tags", "tags", tags),
    Column("group", GROUP, text),
    Column("brand", BRAND, text),
    Column("form", FORM, text),
    Column("reopens", "reopens", count, inside="metric_set"),
    Column("stations", "group_stations", count, inside="metric_set"),
    Column("solved_at", "solved_at", when, inside="metric_set"),
    Column("status_at", "status_updated_at", when, inside="metric_set"),
    Column("email", "email", text, inside=REQUESTER),
    Column("name", "name", text, inside=REQUESTER),
    Column("language", "locale", text, inside=REQUESTER),
    Column("zone", "iana_time_zone", text, inside=REQUESTER),
    Column("user_fields", "user_fields", thing, inside=REQUESTER),
    Column("organization", "name", text, inside=ORGANIZATION),
    Column("organization_fields", "organization_fields", thing, inside=ORGANIZATION),
    Column("met", "met", flag, inside=SLA),
    Column("met_at", "at", stamp, inside=SLA),
    Column("promises", "promises", promises, inside=SLA),
)
OBJECTS = tuple(dict.fromkeys(column.inside for column in COLUMNS if column.inside))


class Read(fields.Field[Any]):
    """A value that a reader reads."""

    def __init__(self, read: Reader, **how: Any) -> None:
        super().__init__(**how)
        self._read = read

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        try:
            found = self._read(value)
        except (TypeError, ValueError) as error:
            raise ValidationError(str(error)) from None
        if self.required and found is None:
            raise ValidationError("is empty")
        return found


def schema() -> Schema:
    """Make the schema that loads a row to the values by name, those inside an object under the object's name."""
    made: dict[str, fields.Field[Any]] = {one.name: _field(one) for one in COLUMNS if not one.inside}
    for name in OBJECTS:
        inside = Schema.from_dict({one.name: _field(one) for one in COLUMNS if one.inside == name}, name=name)
        made[name] = fields.Nested(inside(unknown=EXCLUDE), load_default=dict, allow_none=True)
    return Schema.from_dict(made, name="ticket row")(unknown=EXCLUDE)


def _field(column: Column) -> Read:
    how: dict[str, Any] = {"required": True} if column.required else {"allow_none": True}
    return Read(column.read, data_key=column.column, load_only=True, **how)
