"""Turning a vendor row into a ticket: a fast path for the rows as they usually come, marshmallow for all others.

marshmallow takes about 50 µs for a row, which is more than fetching and storing it. So the getters of the fast path are
derived once from the schema, and whatever they do not take goes to the schema, which also names the field at fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError

from xmo_hooks import ENDED, BadRecord, Contact, Row, State, Ticket, Touchpoint
from xmo_servicenow.fields import ATTRIBUTE, FLAGS, Code, Count, Flag, Layout, Moment, Reference, Text, count
from xmo_servicenow.keyset import is_id, moment
from xmo_servicenow.options import Options
from xmo_servicenow.slas import SLA, outcome
from xmo_servicenow.tables import CANONICAL, KNOWN, LABELS, TASK
from xmo_servicenow.touchpoints import History

TABLE = "_table"  # the key under which a fetched row says which table it came from
_LABELLED = ("service", "group", "priority", "category", "channel")

Values = dict[str, Any]
Pairs = tuple[tuple[str, str], ...]


class Getters:
    """The fast path: name and column of each field, grouped by how it is read."""

    def __init__(self, schema: Schema) -> None:
        def of(*kinds: type, required: bool) -> Pairs:
            return tuple(
                (name, str(field.data_key))
                for name, field in schema.fields.items()
                if type(field) in kinds and field.required is required
            )

        self._blank: Values = dict.fromkeys(schema.fields)  # a copy has room for all: it need not grow
        self._texts = of(Text, Reference, required=False)
        self._moments = of(Moment, required=False)
        self._counts = of(Count, required=False)
        self._flags = of(Flag, required=False)
        self._needed_moments = of(Moment, required=True)
        may_be_empty = {Text: False, Code: True}
        self._needed = tuple((*pair, empty) for kind, empty in may_be_empty.items() for pair in of(kind, required=True))

    def read(self, row: Row) -> Values | None:
        """Return the values by name, or None for a row that the schema has to judge."""
        get = row.get
        values = self._blank.copy()
        for name, column in self._texts:
            text = get(column)
            if text.__class__ is not str and text is not None:
                return None
            values[name] = text or None
        for name, column, may_be_empty in self._needed:
            text = get(column)
            if text.__class__ is not str or not (text or may_be_empty):
                return None
            values[name] = text
        try:
            for name, column in self._moments:
                stamp = get(column)
                values[name] = None if stamp is None or stamp == "" else moment(stamp)
            for name, column in self._counts:
                number = get(column)
                values[name] = None if number is None else count(number)
            for name, column in self._flags:
                values[name] = FLAGS[get(column, "")]
            for name, column in self._needed_moments:
                values[name] = moment(row[column])
        except (AttributeError, KeyError, TypeError, ValueError):
            return None
        return values


class Parser:
    """Parses the rows of one table."""

    def __init__(self, layout: Layout, options: Options) -> None:
        self._layout = layout
        self.schema = layout.schema()
        self._getters = Getters(self.schema)
        self._unwanted: Values = dict.fromkeys(CANONICAL.difference(layout.named))
        self._url = options.url
        self._kind = options.requester_kind
        self._attributes = tuple(name for name in layout.named if name.startswith(ATTRIBUTE))
        labels = ((name, _labels(layout, options, name)) for name in (*_LABELLED, *self._attributes))
        self._labels = tuple((name, words) for name, words in labels if words)
        self._open = frozenset(raw for raw, state in layout.states.items() if state not in {*ENDED, "unknown"})
        self._history = History(layout) if options.touchpoints else None

    def ticket(self, row: Row) -> Ticket:
        """Turn a row into a ticket, or raise `BadRecord` with the column at fault."""
        return self._build(row, self._values(row))

    def records(self, row: Row) -> tuple[Ticket | Touchpoint, ...]:
        """Turn a row into a ticket and, where they are wanted, the events of its life; or raise `BadRecord` with the
        column at fault."""
        if self._history is None:
            return (self.ticket(row),)
        values = self._values(row)
        ticket = self._build(row, values)
        try:
            return (ticket, *self._history.events(row, ticket, values["resolved_at"], values["user_name"]))
        except (KeyError, TypeError, ValueError):
            raise bad("the history of this ticket cannot be understood", "sys_created_on", row) from None

    def _values(self, row: Row) -> Values:
        values = self._getters.read(row)
        if values is None:
            values = self._load(row)
        values.update(self._unwanted)
        return values

    def _load(self, row: Row) -> Values:
        try:
            loaded: Values = self.schema.load(row)
        except ValidationError as error:
            column, messages = next(iter(error.messages_dict.items()))
            raise bad(f"{column}: {messages[0]}", column, row) from None
        return loaded

    def _build(self, row: Row, values: Values) -> Ticket:
        # By name and not in a loop: this is done for every row.
        opened_at = values["opened_at"] or values["created_at"]
        if opened_at is None:
            column = self._layout.named.get("opened_at", "sys_created_on")
            raise bad(f"{column}: is missing, and so is sys_created_on", column, row)
        for name, labels in self._labels:
            values[name] = labels.get(values[name], values[name])
        key, state, met, promised_at = values["key"], values["state"], values["sla_met"], values["promised_at"]
        table, is_open = values["type"] or self._layout.table, state in self._open
        meant = self._state(state, values["hold_reason"])
        if SLA in row:
            met, running_until = outcome(row[SLA])
            promised_at = running_until or promised_at
        return Ticket(
            key=key,
            number=values["number"] or key,
            kind=self._layout.kind,
            vendor_type=table,
            state=meant,
            vendor_state=state,
            opened_at=opened_at,
            changed_at=values["changed_at"],
            # both stay in the row when it is reopened; what was cancelled was not resolved, whatever the row says
            resolved_at=None if is_open or meant == "cancelled" else values["resolved_at"],
            closed_at=None if is_open else values["closed_at"],
            promised_at=promised_at,
            title=values["title"],
            url=f"{self._url}/nav_to.do?uri={table}.do?sys_id={key}",
            requester=self._contact(values) if values["requester"] else None,
            reopens=values["reopens"] or 0,
            reassignments=values["reassignments"] or 0,
            sla_met=met,
            service=values["service"],
            group=values["group"],
            priority=values["priority"],
            category=values["category"],
            channel=values["channel"],
            parent=values["parent"],
            attributes={name[1:]: values[name] for name in self._attributes if values[name]},
        )

    def _state(self, raw: str, hold_reason: str | None) -> State:
        states = self._layout.states
        found = states.get(f"{raw}/{hold_reason}") if hold_reason else None
        return found or states.get(raw, "unknown")

    def _contact(self, values: Values) -> Contact:
        return Contact(
            key=values["requester"],
            email=values["email"],
            name=values["name"],
            kind=self._kind,
            language=values["language"],
            timezone=values["timezone"],
            place=values["place"],
            organisation=values["organisation"],
        )


def _labels(layout: Layout, options: Options, name: str) -> Mapping[str, str]:
    """Return the words for raw values of a field: our own, where the vendor's column feeds it, then the options'."""
    vendors = KNOWN[layout.table].fields if layout.table in KNOWN else {}
    standard = layout.named.get(name) == {**TASK, **vendors}.get(name)
    return {**(LABELS.get(name, {}) if standard else {}), **options.labels.get(name.removeprefix(ATTRIBUTE), {})}


def bad(message: str, column: str, row: Row) -> BadRecord:
    """Make the error for a row that cannot be understood; its key is that of the row, where that can be read."""
    key = row.get("sys_id")
    return BadRecord(message, field=column, key=key if is_id(key) else None)
