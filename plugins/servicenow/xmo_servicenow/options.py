"""The options of a ServiceNow source, and the schema that checks them.

    [sources.corp]
    kind = "servicenow"
    url = "https://acme.service-now.com"
    username = "xmo"                                # or token = { env = "CORP_TOKEN" }
    password = { env = "CORP_PASSWORD" }
    tables = ["incident", "sc_req_item"]            # a name, or a table: see below
    fields = { organisation = "requester.department.name", department = "u_department" }
    labels = { priority = { "1" = "critical" } }    # raw values without a label stay as they are

`fields`: a key that is a field of the ticket says which column feeds it ("" for none); any other key becomes an
attribute of the ticket. A column that begins with "requester." is looked up at the requester. In place of the list,
each table may be written with options of its own; its `fields` and `states` go before those of the source:

    [[sources.corp.tables]]
    name = "incident"

    [[sources.corp.tables]]
    name = "u_ticket"
    kind = "incident"                               # needed where the table is not one of the vendor's own
    states = { "6" = "resolved" }                   # raw state to state; what is not mapped stays unknown
    fields = { requester = "u_customer" }
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, get_args
from urllib.parse import urlsplit

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from xmo_hooks import PersonKind, State
from xmo_servicenow.tables import KNOWN

_STATES = get_args(State)
_DURATION = re.compile(r"(\d{1,6})([dhms])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_URL = re.compile(r"https?://(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+(@[A-Za-z0-9._-]+)?)(:\d{1,5})?([/?#]\S*)?")
_TOKEN = re.compile(r"[!-~]+")
_TABLE = validate.Regexp(r"[A-Za-z][A-Za-z0-9_]*\Z", error="Not the name of a table, such as incident.")
_COLUMN = validate.Regexp(
    r"([A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*)?\Z", error="Not the name of a column, such as u_site."
)
_FIELD = validate.Regexp(r"[a-z][a-z0-9_]*\Z", error="Write a name in small letters, digits and _.")
_STATE = validate.OneOf(_STATES, error="Must be one of: {choices}.")


def reveal(secret: Any) -> str:
    """Return the text of a secret that the core wrapped, or of a plain string."""
    show = getattr(secret, "reveal", None)
    return str(show()) if show else str(secret)


@dataclass(frozen=True, kw_only=True, slots=True)
class TableOptions:
    """One table to read: its kind of ticket, and the states and fields in which it differs from the defaults."""

    name: str
    kind: str
    states: Mapping[str, State] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """The options of one source. `password` and `token` may be plain strings or wrapped secrets: see `reveal`."""

    url: str
    tables: tuple[TableOptions, ...]
    username: str = ""
    password: Any = field(default="", repr=False)
    token: Any = field(default="", repr=False)
    fields: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, State] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    page_size: int = 500
    overlap: timedelta = timedelta(seconds=120)
    requester_kind: PersonKind = "employee"


class SecretField(fields.Field[Any]):
    """A secret: a string, or a value with `reveal`. It is never repeated in a message."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if not isinstance(value, str) and not hasattr(value, "reveal"):
            raise ValidationError('Not a secret: write { env = "NAME" } or { file = "path" }.')
        if not reveal(value):
            raise ValidationError("Must not be empty.")
        return value


class DurationField(fields.Field[timedelta]):
    """A length of time: a whole number and its unit (`2m`, `120s`), or seconds."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> timedelta:
        if type(value) is int and 0 <= value < 1_000_000:
            return timedelta(seconds=value)
        match = _DURATION.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise ValidationError('Not a length of time: write a number and d, h, m or s, such as "2m".')
        return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _states() -> fields.Dict:
    shown = {"example": '{ "9" = "on_hold" }', "meaning": "your own states; `xmo check` names those it does not know"}
    return fields.Dict(keys=fields.String(), values=fields.String(validate=_STATE), load_default=dict, metadata=shown)


def _columns() -> fields.Dict:
    # `Schema.fields` is marshmallow's own, so the option of that name is loaded as `columns`.
    return fields.Dict(
        keys=fields.String(validate=_FIELD),
        values=fields.String(validate=_COLUMN),
        load_default=dict,
        data_key="fields",
        metadata={"example": '{ department = "u_department" }', "meaning": "your own columns"},
    )


class TableSchema(Schema):
    """Checks a table that has options of its own, and loads it to `TableOptions`."""

    name = fields.String(required=True, validate=_TABLE)
    kind = fields.String(validate=_FIELD)
    states = _states()
    columns = _columns()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> TableOptions:
        """Turn the checked values into a `TableOptions`; a table that is not the vendor's must say its kind."""
        name, known = data["name"], KNOWN.get(data["name"])
        kind = data.get("kind") or (known.kind if known else None)
        if kind is None:
            raise ValidationError(f'Say what the table holds: {{ name = "{name}", kind = "incident" }}.', "kind")
        return TableOptions(name=name, kind=kind, states=data["states"], fields=data["columns"])


class TableField(fields.Field[TableOptions]):
    """A table: its name, or a table of options with the name in it."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> TableOptions:
        table: TableOptions = TableSchema().load({"name": value} if isinstance(value, str) else value)
        return table


def _some(tables: list[TableOptions]) -> None:
    if not tables:
        raise ValidationError("Name at least one table, such as incident.")


def _each_once(tables: list[TableOptions]) -> None:
    names = [table.name for table in tables]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValidationError(f"Named twice: {', '.join(twice)}.")


def _plain(url: str) -> None:
    # by hand: marshmallow's own pattern takes a tenth of a second to compile, in every run
    if not _URL.fullmatch(url):
        raise ValidationError("Not an address: write it with https://, such as https://acme.service-now.com.")
    parts = urlsplit(url)
    if parts.query or parts.fragment or parts.username:
        raise ValidationError("Write the address of the instance alone, such as https://acme.service-now.com.")


class OptionsSchema(Schema):
    """Checks the options of a `[sources.NAME]` of kind "servicenow" and loads them to `Options`."""

    url = fields.String(
        required=True, validate=_plain, metadata={"example": '"https://"', "meaning": "NAME.service-now.com"}
    )
    username = fields.String(
        validate=validate.Length(min=1), metadata={"example": '"xmo"', "meaning": "the API user", "starts": True}
    )
    password = SecretField(metadata={"starts": True})
    token = SecretField(metadata={"meaning": "in place of user and password"})
    tables = fields.List(
        TableField(),
        load_default=lambda: [TableSchema().load({"name": "incident"})],
        validate=[_some, _each_once],
        metadata={"example": '["incident", "sc_req_item"]', "starts": True},
    )
    columns = _columns()
    states = _states()
    labels = fields.Dict(
        keys=fields.String(validate=_FIELD),
        values=fields.Dict(keys=fields.String(), values=fields.String()),
        load_default=dict,
        metadata={"example": '{ priority = { "1" = "critical" } }', "meaning": "words for raw values"},
    )
    page_size = fields.Integer(
        strict=True,
        load_default=500,
        validate=validate.Range(min=1, max=10_000),
        metadata={"example": "500", "meaning": "rows a request; halved where the vendor cannot keep up"},
    )
    overlap = DurationField(
        load_default=timedelta(seconds=120),
        metadata={"example": '"2m"', "meaning": "how far each run reads again, for changes that were committed late"},
    )
    requester_kind = fields.String(
        load_default="employee",
        validate=validate.OneOf(get_args(PersonKind)),
        metadata={"example": '"employee"', "meaning": "or customer, partner, unknown"},
    )

    @validates_schema
    def _one_way_in(self, data: dict[str, Any], **_: Any) -> None:
        named: set[str] = {name for name in ("username", "password", "token") if name in data}
        if named == {"token"}:
            if not _TOKEN.fullmatch(reveal(data["token"])):
                raise ValidationError("Holds a space or a character that cannot stand in a header.", "token")
        elif named != {"username", "password"}:
            raise ValidationError("Log in one way: username and password, or token.", _culprit(named))

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Options:
        """Turn the checked values into `Options`; paths are added to the address, so it ends without a slash."""
        columns, tables, url = data.pop("columns"), tuple(data.pop("tables")), data.pop("url").rstrip("/")
        return Options(url=url, tables=tables, fields=columns, **data)


def _culprit(named: set[str]) -> str:
    """Return the option to point at: the one too many, else the one that is missing."""
    if "token" in named:
        return "token"
    return "username" if "password" in named else "password"
