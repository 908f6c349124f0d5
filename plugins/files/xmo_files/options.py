"""The options of a files source, and the schema that checks them.

    [sources.history]
    kind = "files"
    url = "exports/"                                  # a folder, a file or a pattern such as exports/*.csv.gz
    times = ["%d.%m.%Y %H:%M"]                        # how times are written; "iso" by itself
    timezone = "Europe/Berlin"                        # of times that name no zone
    fields = { key = "Ticket ID", opened_at = ["Opened", "Received"], kind = { value = "incident" }, state = "Status" }
    states = { "Done" = "closed" }
    surveys = [{ value = "Rating", low = 1, high = 5 }]
    touchpoints = [{ at = "First answer", what = "response" }]

Where files differ, `tables` says so; what stands above it holds for each table that does not say it anew:

    [[sources.history.tables]]
    name = "calls*.csv"
    fields = { key = ["Ticket", "Call"], channel = { value = "phone" } }
    touchpoints = [{ at = "End", what = "abandoned", when = { "Result" = "hung up" } }]

    [[sources.history.tables]]
    name = "laptops*.csv"
    fields = {}
    measurements = [{ name = "start", value = "Boot", unit = "s", at = "Day", about = "Laptop" }]
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from marshmallow import Schema, ValidationError, fields, post_load, validate

from xmo_files.mapping import ALONE, ASIDE, REQUESTER, TICKET, WHO, Event, Gauge, Options, Pick, Question, Table
from xmo_files.times import WAYS
from xmo_hooks import Family, PersonKind, Side, State, What

MISSING = ("?", "NA", "N/A", "NULL")
_NAME = validate.Regexp(r"[a-z][a-z0-9_]*\Z", error="Write a name in small letters, digits and _.")
_FILLED = validate.Length(min=1)
# Who acts, where the config does not say it.
_SIDES: Mapping[What, Side] = {"contact": "requester", "reopened": "requester", "abandoned": "requester"}
_YEARS = ("%Y", "%y", "%c", "%x")


def _one_of(type_: Any) -> validate.OneOf:
    return validate.OneOf(get_args(type_), error="Must be one of: {choices}.")


class PickField(fields.Field[Pick]):
    """Where a value comes from: a column, some columns of which the first counts that is filled, or `{ value = … }`."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Pick:
        match value:
            case {"value": str() | int() | float() as constant} if len(value) == 1:
                return Pick(constant=str(constant).lower() if isinstance(constant, bool) else str(constant))
            case str() if value:
                return Pick((value,))
            case [*names] if names and all(isinstance(name, str) and name for name in names):
                return Pick(tuple(names))
        raise ValidationError('Write the name of a column, ["some", "columns"], or { value = "always the same" }.')


class WhenField(fields.Field[dict[str, frozenset[str]]]):
    """Which rows are meant: what a column must hold, one text or some."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, frozenset[str]]:
        asked = value if isinstance(value, dict) else {}
        found = {name: [said] if isinstance(said, str) else said for name, said in asked.items()}
        if not found or not all(
            isinstance(said, list) and said and all(isinstance(one, str) for one in said) for said in found.values()
        ):
            raise ValidationError('Write which column must hold what: { "Result" = ["hung up", "lost"] }.')
        return {name: frozenset(said) for name, said in found.items()}


class ZoneField(fields.Field[ZoneInfo]):
    """A time zone of the IANA database."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> ZoneInfo:
        try:
            return ZoneInfo(value)
        except (AttributeError, OSError, TypeError, ValueError, ZoneInfoNotFoundError):
            raise ValidationError('Not a time zone that this machine knows, such as "Europe/Berlin".') from None


def _format(text: str) -> None:
    if text in WAYS:
        return
    try:
        if not any(year in text for year in _YEARS):
            raise ValueError
        datetime.strptime(datetime(2024, 1, 31, 13, 5).strftime(text), text)  # noqa: DTZ001, DTZ007 - only the form
    except ValueError:
        known = ", ".join(WAYS)
        text = f'Not a way to write times: write {known}, or one such as "%d.%m.%Y %H:%M".'
        raise ValidationError(text) from None


def _encoding(name: str) -> None:
    try:
        if len("\n".encode(name)) <= 4 and "\n".encode(name).decode(name) == "\n":
            return
    except (LookupError, UnicodeError):
        pass
    raise ValidationError("Not an encoding of text, such as utf-8, utf-16 or cp1252.")


def _shown(example: str, meaning: str, **more: Any) -> dict[str, Any]:
    return {"example": example, "meaning": meaning, **more}


class EventSchema(Schema):
    """Checks one of `touchpoints`, and loads it to an `Event`."""

    at = PickField(required=True)
    what = fields.String(required=True, validate=_one_of(What))
    side = fields.String(validate=_one_of(Side))
    key = PickField()
    channel = PickField()
    promised_at = PickField()
    when = WhenField()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Event:
        """Say who acted, where the config does not: whoever came, came back or gave up is the requester."""
        return Event(**{"side": _SIDES.get(data["what"], "desk"), **data})


class QuestionSchema(Schema):
    """Checks one of `surveys`, and loads it to a `Question`."""

    question = fields.String(load_default="csat", validate=_NAME)
    value = PickField()
    text = PickField()
    at = PickField()
    key = PickField()
    low = fields.Integer(strict=True, load_default=1)
    high = fields.Integer(strict=True, load_default=5)
    best = fields.Integer(strict=True)
    numbers = fields.Dict(keys=fields.String(), values=fields.Integer(strict=True), data_key="values")

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Question:
        """Refuse a scale that is none; its good end is the upper one, unless the config says the lower."""
        best = data.setdefault("best", data["high"])
        if "value" not in data and "text" not in data:
            raise ValidationError("Name the column of the answer.", "value")
        if data["low"] >= data["high"] or best not in (data["low"], data["high"]):
            raise ValidationError("low must lie below high, and best be one of the two.", "low")
        values = data.pop("numbers", {})
        if any(not data["low"] <= number <= data["high"] for number in values.values()):
            raise ValidationError("Holds a number outside of low and high.", "values")
        return Question(values=values, **data)


class GaugeSchema(Schema):
    """Checks one of `measurements`, and loads it to a `Gauge`."""

    name = fields.String(required=True, validate=_NAME)
    value = PickField(required=True)
    unit = fields.String(required=True, validate=_FILLED)
    at = PickField(required=True)
    family = fields.String(load_default="technical", validate=_one_of(Family))
    about = PickField()
    key = PickField()
    when = WhenField()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Gauge:
        """Make the gauge."""
        return Gauge(**data)


class RowsSchema(Schema):
    """Checks how rows are read: what a source says for all of its files, and a table anew for some."""

    # `Schema.fields` is marshmallow's own, so the option of that name is loaded as `columns`.
    columns = fields.Dict(
        keys=fields.String(validate=_NAME),
        values=PickField(),
        data_key="fields",
        metadata=_shown(
            '{ key = "Ticket ID", opened_at = "Opened", changed_at = "Updated", state = "Status" }',
            "which column feeds what; other names become cuts",
            starts=True,
        ),
    )
    states = fields.Dict(
        keys=fields.String(),
        values=fields.String(validate=_one_of(State)),
        metadata=_shown('{ "Done" = "closed" }', "`xmo check` names those it does not know", starts=True),
    )
    kinds = fields.Dict(
        keys=fields.String(),
        values=fields.String(validate=_NAME),
        metadata=_shown('{ "Service Request" = "request" }', "what your types of tickets are"),
    )
    labels = fields.Dict(
        keys=fields.String(validate=_NAME),
        values=fields.Dict(keys=fields.String(), values=fields.String()),
        metadata=_shown('{ priority = { "1" = "critical" } }', "words for raw values"),
    )
    times = fields.List(
        fields.String(validate=_format),
        validate=_FILLED,
        metadata=_shown('["%d.%m.%Y %H:%M", "iso"]', "tried in turn; also epoch, epoch_ms, excel"),
    )
    timezone = ZoneField(metadata=_shown('"Europe/Berlin"', "of times that name no zone; else UTC"))
    missing = fields.List(
        fields.String(), metadata=_shown('["?", "NA"]', "what stands for nothing, beside an empty cell")
    )
    encoding = fields.String(
        validate=_encoding, metadata=_shown('"cp1252"', "where a file does not say it; else utf-8")
    )
    delimiter = fields.String(
        validate=validate.Length(equal=1), metadata=_shown('";"', "else the one that the header is written with")
    )
    when = WhenField(metadata=_shown('{ "Deleted" = "no" }', "only rows where a column holds this"))
    touchpoints = fields.List(
        fields.Nested(EventSchema),
        metadata=_shown('[{ at = "First answer", what = "response" }]', "events that a row tells"),
    )
    surveys = fields.List(
        fields.Nested(QuestionSchema),
        metadata=_shown('[{ value = "Rating", low = 1, high = 5 }]', "answers to your own survey that a row holds"),
    )
    measurements = fields.List(
        fields.Nested(GaugeSchema),
        metadata=_shown('[{ name = "start", value = "Boot", unit = "s", at = "Day" }]', "numbers that a row measured"),
    )


class TableSchema(RowsSchema):
    """Checks one of `tables`."""

    name = fields.String(required=True, validate=_FILLED)


class _PlaceSchema(Schema):
    # apart, because marshmallow lists what is inherited first: `url` stands on top in what `xmo init` writes
    url = fields.String(
        required=True,
        validate=_FILLED,
        metadata=_shown('"exports/"', "a folder, a file, or a pattern such as exports/*.csv.gz"),
    )


class OptionsSchema(RowsSchema, _PlaceSchema):
    """Checks the options of a `[sources.NAME]` of kind "files" and loads them to `Options`. Paths start at `folder`,
    which the core sets to that of the config."""

    folder = Path()

    tables = fields.List(
        fields.Nested(TableSchema),
        validate=_FILLED,
        metadata=_shown('[{ name = "calls*.csv" }]', "files that differ, each with options as above"),
    )
    page_size = fields.Integer(
        strict=True,
        load_default=500,
        validate=validate.Range(min=1, max=10_000),
        metadata=_shown("500", "rows that are stored at once"),
    )
    requester_kind = fields.String(
        load_default="unknown",
        validate=_one_of(PersonKind),
        metadata=_shown('"employee"', "or customer, partner, unknown"),
    )

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Options:
        """Turn the checked values into `Options`: each table with what the source says for all."""
        own = {name: data.pop(name) for name in RowsSchema().fields if name in data}
        given = data.pop("tables", None)
        tables = [_table({**own, **table}) for table in given or [{}]]
        for number, table in enumerate(tables):
            if mistake := _mistake(table):
                option, text = mistake
                raise ValidationError({"tables": {number: {option: [text]}}} if given else {option: [text]})
        place = data.pop("url")
        if "://" in place:
            raise ValidationError("Write a path, such as exports/ or exports/*.csv.", "url")
        path = str(self.folder.absolute() / Path(place).expanduser())
        return Options(place=path, tables=tuple(tables), **data)


def _table(data: dict[str, Any]) -> Table:
    missing = data.pop("missing", MISSING)
    for name in data.keys() & {"times", "touchpoints", "surveys", "measurements"}:
        data[name] = tuple(data[name])
    return Table(fields=data.pop("columns", {}), missing=frozenset({"", *missing}), **data)


def _mistake(table: Table) -> tuple[str, str] | None:
    """Say what is wrong with a table as a whole: the option, and the reason."""
    if not (table.fields or table.touchpoints or table.surveys or table.measurements):
        return "fields", 'Say which column is what, at least { key = "…", opened_at = "…" }.'
    who = {column for name in WHO & table.fields.keys() for column in table.fields[name].columns}
    for name in table.fields.keys() - TICKET - REQUESTER:
        if who.intersection(table.fields[name].columns):
            return "fields", f"{name} would keep in clear who the requester is: only requester, email or name may."
    if any(who.intersection(gauge.about.columns) for gauge in table.measurements if gauge.about):
        return "measurements", "about would keep in clear who the requester is: it is a device, application or service."
    return None if table.tells_tickets else _mistake_aside(table)


def _mistake_aside(table: Table) -> tuple[str, str] | None:
    """Say what is wrong with a table whose rows are no tickets."""
    if table.fields.keys() - ASIDE or not (table.touchpoints or table.surveys or table.measurements):
        return "fields", "A ticket needs opened_at: name the column, or some of which the first counts that is filled."
    if any(question.at is None for question in table.surveys):
        return "surveys", "Without a ticket in the row, say `at` which time it was answered."
    if "key" in table.fields:
        return None
    if table.surveys:
        return "surveys", "Say in `fields` which column is the `key` of the ticket that was answered about."
    if parts := sorted({event.what for event in table.touchpoints} - ALONE):
        return (
            "touchpoints",
            f"Say in `fields` which column is the `key` of the ticket: {parts[0]} is part of its life.",
        )
    return None
