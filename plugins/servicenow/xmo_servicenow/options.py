"""The options of a ServiceNow source, and the schema that checks them.

    [sources.corp]
    kind = "servicenow"
    url = "https://acme.service-now.com"
    username = "xmo"                                # one way to log in: see below
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

A state may be told apart by the reason for a hold: "3/1" is state 3 with hold reason 1, and goes before "3".

Ways to log in: `username` and `password`; a bearer `token`; an `api_key`; or OAuth by `client_id` and `client_secret`,
alone (client credentials), with `username` and `password`, or with a `refresh_token`; `scope` where the client has one.

`sla`, `surveys` and `touchpoints` each read more tables, in bulk: see `beside` and `surveys`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, get_args
from urllib.parse import urlsplit

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from xmo_hooks import PersonKind, State
from xmo_servicenow.secret import SecretField, reveal
from xmo_servicenow.tables import KNOWN
from xmo_servicenow.ways import LOG_INS, mistake

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


@dataclass(frozen=True, kw_only=True, slots=True)
class TableOptions:
    """One table to read: its kind of ticket, and the states and fields in which it differs from the defaults."""

    name: str
    kind: str
    states: Mapping[str, State] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """The options of one source. Secrets may be plain strings or wrapped: see `reveal`."""

    url: str
    tables: tuple[TableOptions, ...]
    username: str = ""
    password: Any = field(default="", repr=False)
    token: Any = field(default="", repr=False)
    api_key: Any = field(default="", repr=False)
    client_id: str = ""
    client_secret: Any = field(default="", repr=False)
    refresh_token: Any = field(default="", repr=False)
    scope: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, State] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    page_size: int = 500
    overlap: timedelta = timedelta(seconds=120)
    requester_kind: PersonKind = "employee"
    sla: bool = False
    surveys: bool = False
    touchpoints: bool = False
    machines: tuple[str, ...] = ()
    webhook_secret: Any = field(default="", repr=False)


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


def _switch(meaning: str) -> fields.Boolean:
    return fields.Boolean(
        truthy={True}, falsy={False}, load_default=False, metadata={"example": "true", "meaning": meaning}
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
    api_key = SecretField(metadata={"meaning": "in place of user and password"})
    client_id = fields.String(validate=validate.Length(min=1), metadata={"meaning": "OAuth, with or without a user"})
    client_secret = SecretField()
    refresh_token = SecretField(metadata={"meaning": "OAuth for a user who has agreed; the next ones are kept"})
    scope = fields.String(metadata={"meaning": "of OAuth, where the client has one"})
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
    sla = _switch("read task_sla for what was promised, and whether it was kept; else made_sla tells")
    surveys = _switch("read the answers to ServiceNow's own surveys about these tickets")
    touchpoints = _switch("tell openings, hand-offs, promises, comments and ends, from the history; else tickets alone")
    machines = fields.List(
        fields.String(validate=validate.Length(min=1)),
        load_default=list,
        metadata={"example": '["integration.mail"]', "meaning": "users that are no people, beside system and guest"},
    )

    webhook_secret = SecretField(
        metadata={"meaning": "what the business rule signs with, where there is one: without it, none is believed"}
    )

    @validates_schema
    def _one_way_in(self, data: dict[str, Any], **_: Any) -> None:
        if wrong := mistake(LOG_INS.intersection(data)):
            raise ValidationError(wrong[1], wrong[0])
        if "scope" in data and "client_id" not in data:
            raise ValidationError("Belongs to client_id and client_secret.", "scope")
        for name in ("token", "api_key"):
            if name in data and not _TOKEN.fullmatch(reveal(data[name])):
                raise ValidationError("Holds a space or a character that cannot stand in a header.", name)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Options:
        """Turn the checked values into `Options`; paths are added to the address, so it ends without a slash."""
        columns, tables, url = data.pop("columns"), tuple(data.pop("tables")), data.pop("url").rstrip("/")
        return Options(url=url, tables=tables, fields=columns, machines=tuple(data.pop("machines")), **data)
