"""Turning a ticket's row into what it tells: a fast path for rows as they usually come, marshmallow for all others,
which also names the field at fault.

A ticket that was merged into another one is cancelled: the vendor closes it with a tag.

What a ticket tells by itself: that the requester turned to the desk, that it was resolved (the last time, unless the
stream of updates tells each time), and the answer to the older kind of survey, good or bad, which stands in the ticket.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from marshmallow import ValidationError

from xmo_hooks import Answer, BadRecord, Contact, Native, State, Ticket, Touchpoint
from xmo_zendesk.fields import COLUMNS, OBJECTS, schema, when, words
from xmo_zendesk.options import Options, Place
from xmo_zendesk.surveys import SATISFACTION

Values = dict[str, Any]
Get = Callable[[Values], Any]
Record = Ticket | Touchpoint | Native

STATES: Mapping[str, State] = {
    "new": "new",
    "open": "in_progress",
    "pending": "waiting",
    "hold": "on_hold",
    "solved": "resolved",
    "closed": "closed",
}
KINDS = {"incident": "incident", "problem": "problem"}  # question, task and none at all are requests
PRIORITIES = {"urgent": "critical", "high": "high", "normal": "medium", "low": "low"}
# The words of `via`, as objects of it have them and as the export of updates writes it.
CHANNELS = {
    "web": "portal",
    "voice": "phone",
    "native_messaging": "chat",
    "web form": "portal",
    "mail": "email",
    "phone call (incoming)": "phone",
    "web service": "api",
}
_ENDED = frozenset({"solved", "closed"})
_SCORES = {"good": 1, "bad": 0}
_NEEDED = tuple(one.name for one in COLUMNS if one.required)
_EMPTY = {one.name: one.read(None) for one in COLUMNS}
_BY_OBJECT = {
    name: tuple((one.name, one.column, one.read) for one in COLUMNS if one.inside == name) for name in ("", *OBJECTS)
}
_SCHEMA = schema()


def read(row: Mapping[str, Any]) -> Values | None:
    """Return the values of a row by name, or None for one that the schema has to judge."""
    values = _EMPTY.copy()
    try:
        for inside, columns in _BY_OBJECT.items():
            found = row.get(inside) if inside else row
            if found is None:
                continue
            get = found.get
            for name, column, reader in columns:
                if (value := get(column)) is not None:  # readers are called for what is there alone: most is not
                    values[name] = reader(value)
    except (AttributeError, TypeError, ValueError):
        return None
    return None if None in [values[name] for name in _NEEDED] else values


def judge(row: Mapping[str, Any]) -> Values:
    """Return the values of a row by name, or raise `BadRecord` with the field at fault."""
    try:
        loaded: Values = _SCHEMA.load(row)
    except ValidationError as error:
        column, message = _fault(error.messages)
        raise bad(f"{column}: {message}", column, row) from None
    for name in OBJECTS:
        loaded |= loaded.pop(name) or {}
    # What is missing or null, marshmallow leaves out or as it is: a reader may make 0 or nothing of it.
    return _EMPTY | {name: value for name, value in loaded.items() if value is not None}


class Parser:
    """Parses the rows of tickets."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._url = f"{options.url}/agent/tickets/"
        self._states = {**STATES, **options.states}
        self._service, self._category = _getter(options.service), _getter(options.category)
        self._place = _getter(options.fields.get("place"))
        self._fields = tuple((name, _getter(place)) for name, place in options.fields.items() if name != "place")

    def records(self, row: Mapping[str, Any]) -> Iterator[Record]:
        """Yield what a row tells, or raise `BadRecord`. A deleted ticket tells nothing."""
        values = read(row) or judge(row)
        if values["state"] == "deleted":
            return
        ticket = self._ticket(row, values)
        yield ticket
        yield Touchpoint(
            ticket=ticket.key,
            key="opened",
            at=ticket.opened_at,
            what="contact",
            side="requester",
            channel=ticket.channel,
        )
        if ticket.resolved_at and not self._options.touchpoints:
            key, at = resolved_key(ticket.resolved_at), ticket.resolved_at
            yield Touchpoint(ticket=ticket.key, key=key, at=at, what="resolved", side="desk")
        for at, length in values["promises"]:
            if length:
                key, due = f"promise:{int(at.timestamp())}", ticket.opened_at + length
                yield Touchpoint(ticket=ticket.key, key=key, at=at, what="promise", side="machine", promised_at=due)
        if native := _rating(ticket, values):
            yield native

    def _ticket(self, row: Mapping[str, Any], values: Values) -> Ticket:
        # By name and not in a loop: this is done for every row.
        key, status, changed_at = values["key"], values["state"], _changed(values)
        if changed_at is None:
            raise bad("generated_timestamp: is missing, and so is updated_at", "generated_timestamp", row)
        state = self._state(status, values)
        return Ticket(
            key=key,
            number=key,
            kind=self._kind(values),
            vendor_type=values["type"] or "ticket",
            state=state,
            vendor_state=status,
            opened_at=values["opened_at"],
            changed_at=changed_at,
            resolved_at=values["solved_at"] if status in _ENDED and state != "cancelled" else None,
            closed_at=_closed(values, state),
            promised_at=values["due_at"] or _promised(values),
            title=values["title"],
            url=self._url + key,
            requester=self._contact(values) if values["requester"] else None,
            reopens=values["reopens"],
            reassignments=max(values["stations"] - 1, 0),
            sla_met=values["met"],
            service=self._service(values),
            group=values["group"],
            priority=PRIORITIES.get(values["priority"] or "", values["priority"]),
            category=self._category(values),
            channel=CHANNELS.get(values["channel"] or "", values["channel"]),
            parent=values["parent"],
            attributes={name: found for name, get in self._fields if (found := get(values)) is not None},
        )

    def _state(self, status: str, values: Values) -> State:
        """Return the state: of the custom status, else of its category. A closed ticket keeps the custom status in
        which it was solved, so that only tells that it was cancelled."""
        if status in _ENDED and any(tag in self._options.merged_tags for tag in values["tags"]):
            return "cancelled"
        mapped = self._options.states.get(values["custom_state"] or "")
        if mapped and (status != "closed" or mapped == "cancelled"):
            return mapped
        return self._states.get(status, "unknown")

    def _kind(self, values: Values) -> str:
        kinds, type_ = self._options.kinds, values["type"]
        chosen = kinds.get(values["form_id"] or "") or kinds.get(type_ or "none")
        return chosen or KINDS.get(type_ or "", "request")

    def _contact(self, values: Values) -> Contact:
        return Contact(
            key=values["requester"],
            email=values["email"],
            name=values["name"],
            kind=self._options.requester_kind,
            language=values["language"],
            timezone=values["zone"],
            place=self._place(values),
            organisation=values["organization"],
        )


def bad(message: str, column: str, row: Mapping[str, Any]) -> BadRecord:
    """Make the error for a ticket's row that cannot be understood; its key is that of the ticket, where it has one."""
    key = row.get("id")
    return BadRecord(message, field=column, key=str(key) if type(key) is int and key > 0 else None)


def resolved_key(at: datetime) -> str:
    """Return the key of the event that a ticket was resolved, whichever stream tells it."""
    return f"solved:{int(at.timestamp())}"


def _changed(values: Values) -> datetime | None:
    """Return when the row became as it is: by the clock of the export, else that of the ticket, or at the later moment
    in which a target was kept or missed."""
    changed = [at for at in (values["generated_at"] or values["updated_at"], values["met_at"]) if at]
    return max(changed) if values["generated_at"] or values["updated_at"] else None


def _closed(values: Values, state: State) -> datetime | None:
    """Return when it was closed, the last thing that can happen to a ticket, or when it was cancelled."""
    if state == "cancelled":
        return values["solved_at"] or values["status_at"]  # type: ignore[no-any-return]
    return (values["status_at"] or values["updated_at"]) if values["state"] == "closed" else None


def _promised(values: Values) -> datetime | None:
    """Return when the last target for the resolution ends."""
    opened_at: datetime = values["opened_at"]
    length = values["promises"][-1][1] if values["promises"] else None
    return opened_at + length if length else None


def _rating(ticket: Ticket, values: Values) -> Native | None:
    """Read the good or bad of the older surveys. Where the row does not say when it was given, the time of the
    resolution stands for it: the ticket's own changes with every update."""
    rating = values["rating"]
    score = rating.get("score")
    if not isinstance(score, str) or score not in _SCORES:
        return None
    at = _given(rating) or values["solved_at"] or values["status_at"] or values["updated_at"] or ticket.changed_at
    said = words(rating.get("comment"))
    answer = Answer(
        question=SATISFACTION, version="legacy", value=_SCORES[score], low=0, high=1, best=1, code=score, text=said
    )
    return Native(ticket=ticket.key, key=str(rating.get("id") or ticket.key), at=at, answer=answer)


def _given(rating: Mapping[str, Any]) -> datetime | None:
    try:
        return when(rating.get("updated_at") or rating.get("created_at"))
    except ValueError:
        return None


def _getter(place: Place | None) -> Get:
    if isinstance(place, int):
        return lambda values: words(values["custom"].get(place))
    if place in ("brand", "form"):
        return lambda values: values[place] or values[f"{place}_id"]
    if place is not None:
        inside, _, name = place.partition(".")
        return lambda values: words(values[inside].get(name))
    return _nothing


def _nothing(_: Values) -> None:
    return None


def _fault(messages: Any) -> tuple[str, str]:
    """Return the first field at fault, by its path, and what is wrong with it."""
    path = []
    while isinstance(messages, dict):
        name, messages = next(iter(messages.items()))
        if name != "_schema":
            path.append(str(name))
    return ".".join(path), str(messages[0])
