"""Turning a row into records: the ticket, the events and the answers that it tells."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from typing import get_args

import orjson

from xmo_files.cells import Cells
from xmo_files.mapping import ALONE, REQUESTER, TICKET, Event, Gauge, Pick, Question, Table
from xmo_files.sheet import written_at
from xmo_files.times import Times
from xmo_hooks import ENDED, Answer, Contact, Measurement, Native, PersonKind, Row, State, Ticket, Touchpoint

ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_OURS: Mapping[str, State] = {state: state for state in get_args(State) if state != "unknown"}
_NO_WORD = re.compile(r"[^a-z0-9]+")
_TEXTS = ("number", "kind", "state", "title", "url", "service", "group", "priority", "category", "channel", "parent")
Told = Ticket | Touchpoint | Native | Measurement


@dataclass(frozen=True, slots=True)
class _Life:
    """A ticket's state, and the times that belong to it."""

    state: State
    opened_at: datetime
    changed_at: datetime
    resolved_at: datetime | None
    closed_at: datetime | None


class Parser:
    """Parses the rows that one table is for."""

    def __init__(self, table: Table, requester_kind: PersonKind) -> None:
        self._table, self._requester_kind = table, requester_kind
        self._times = Times(table.times, table.timezone)
        self._states = {raw.casefold(): state for raw, state in table.states.items()}
        self._attributes = {name: pick for name, pick in table.fields.items() if name not in TICKET | REQUESTER}

    def is_meant(self, row: Row) -> bool:
        """Tell whether the row is one of this table's."""
        return self._cells(row).meets(self._table.when)

    def key(self, row: Row) -> str | None:
        """Return the key of the row's ticket. A row without a column for it, or that is no ticket and belongs to none,
        is known by its content."""
        pick = self._table.fields.get("key")
        found = self._cells(row).text(pick)
        if found or (pick and self._table.tells_tickets):
            return found
        return blake2b(orjson.dumps(row["cells"], option=orjson.OPT_SORT_KEYS), digest_size=12).hexdigest()

    def records(self, row: Row) -> Iterator[Told]:
        """Yield what the row tells, or raise `BadRecord` with file, row and column."""
        cells = self._cells(row)
        cells.key = self.key(row)
        if trouble := row.get("trouble"):
            raise cells.bad(trouble)
        if cells.key is None:
            raise cells.bad("is empty", _first(self._table.fields["key"]))
        ticket = self._ticket(cells, cells.key, written_at(row)) if self._table.tells_tickets else None
        of = ticket.key if ticket else cells.text(self._table.fields.get("key"))
        found: list[Told] = [ticket] if ticket else []
        found += filter(None, (self._touchpoint(cells, event, of) for event in self._table.touchpoints))
        found += filter(None, (self._native(cells, question, of, ticket) for question in self._table.surveys))
        found += filter(None, (self._measurement(cells, gauge, of) for gauge in self._table.measurements))
        yield from found

    def state(self, raw: str) -> State:
        """Return the meaning of a raw state: that of the config, else what it says itself, else unknown."""
        folded = raw.casefold()
        return self._states.get(folded) or _OURS.get(_word(folded), "unknown")

    def _cells(self, row: Row) -> Cells:
        return Cells(row, self._table, self._times)

    def _ticket(self, cells: Cells, key: str, written: datetime) -> Ticket:
        fields, labels = self._table.fields, self._table.labels
        text = {name: self._text(cells, name) for name in _TEXTS}
        life = self._life(cells, text["state"], written)
        kind = text["kind"] or "incident"
        said = {name: self._text(cells, name) for name in self._attributes}
        return Ticket(
            key=key,
            number=text["number"] or key,
            kind=self._table.kinds.get(kind) or _word(kind.casefold()) or "incident",
            vendor_type=kind,
            state=life.state,
            vendor_state=text["state"] or "",
            opened_at=life.opened_at,
            changed_at=life.changed_at,
            resolved_at=life.resolved_at,
            closed_at=life.closed_at,
            promised_at=cells.time(fields.get("promised_at")),
            title=text["title"],
            url=text["url"],
            requester=self._contact(cells),
            reopens=self._count(cells, "reopens"),
            reassignments=self._count(cells, "reassignments"),
            sla_met=cells.flag(fields.get("sla_met"), labels.get("sla_met", {})),
            service=text["service"],
            group=text["group"],
            priority=text["priority"],
            category=text["category"],
            channel=text["channel"],
            parent=text["parent"],
            attributes={name: what for name, what in said.items() if what and not ADDRESS.search(what)},
        )

    def _life(self, cells: Cells, raw_state: str | None, written: datetime) -> _Life:
        """Read state and times. Files repeat the last end on rows from before it, and keep it when a ticket is opened
        again: what has not ended has no end. Without a time of change, a ticket stood so when the file was written,
        also one that ended long before: an earlier file that has it open must not outlive the end."""
        fields = self._table.fields
        opened_at = cells.time(fields["opened_at"])
        if opened_at is None:
            raise cells.bad("is empty: a ticket needs a time of opening", _first(fields["opened_at"]))
        resolved_at, closed_at = cells.time(fields.get("resolved_at")), cells.time(fields.get("closed_at"))
        state = self._state(raw_state, resolved_at, closed_at)
        resolved_at = resolved_at if state in ENDED - {"cancelled"} else None
        closed_at = closed_at if state in ("closed", "cancelled") else None
        ends = [at for at in (resolved_at, closed_at) if at]
        changed_at = cells.time(fields.get("changed_at")) or max(written, opened_at, *ends)
        return _Life(state, opened_at, changed_at, resolved_at, closed_at)

    def _text(self, cells: Cells, name: str) -> str | None:
        found = cells.text(self._table.fields.get(name))
        labels = self._table.labels.get(name)
        return labels.get(found, found) if labels and found else found

    def _state(self, raw: str | None, resolved_at: datetime | None, closed_at: datetime | None) -> State:
        if "state" in self._table.fields:
            return self.state(raw or "")
        return "closed" if closed_at else "resolved" if resolved_at else "new"

    def _count(self, cells: Cells, name: str) -> int:
        number = cells.whole(self._table.fields.get(name)) or 0
        if number < 0:
            raise cells.bad("is less than 0", _first(self._table.fields[name]))
        return number

    def _contact(self, cells: Cells) -> Contact | None:
        said = {name: cells.text(self._table.fields.get(name)) for name in REQUESTER}
        key = said["requester"] or said["email"]
        if key is None:
            return None
        return Contact(
            key=key,
            email=said["email"],
            name=said["name"],
            kind=self._requester_kind,
            language=said["language"],
            timezone=said["timezone"],
            place=said["place"],
            organisation=said["organisation"],
        )

    def _touchpoint(self, cells: Cells, event: Event, of: str | None) -> Touchpoint | None:
        at = cells.time(event.at) if cells.meets(event.when) else None
        if at is None:
            return None
        if of is None and event.what not in ALONE:
            raise cells.bad(f"is empty: {event.what} needs a ticket", _first(self._table.fields.get("key")))
        own = f"{event.what} {at:%Y-%m-%dT%H:%M:%S}"
        return Touchpoint(
            ticket=of,
            key=cells.text(event.key) or (own if of else f"{own} {cells.key}"),
            at=at,
            what=event.what,
            side=event.side,
            requester=self._aside(cells),
            channel=cells.text(event.channel) or self._text(cells, "channel"),
            promised_at=cells.time(event.promised_at),
        )

    def _measurement(self, cells: Cells, gauge: Gauge, of: str | None) -> Measurement | None:
        value = cells.measured(gauge.value) if cells.meets(gauge.when) else None
        if value is None:
            return None
        at = cells.time(gauge.at)
        if at is None:
            raise cells.bad("is empty: a measurement needs a time", _first(gauge.at))
        own, about = cells.text(gauge.key) or f"{at:%Y-%m-%dT%H:%M:%S} {cells.key}", cells.text(gauge.about)
        return Measurement(
            key=f"{gauge.name} {own}",
            at=at,
            name=gauge.name,
            value=value,
            unit=gauge.unit,
            family=gauge.family,
            about=None if about and ADDRESS.search(about) else about,
            ticket=of,
            requester=self._aside(cells),
        )

    def _aside(self, cells: Cells) -> Contact | None:
        """Return whom a row is about that is no ticket; a ticket has its requester itself."""
        return None if self._table.tells_tickets else self._contact(cells)

    def _native(self, cells: Cells, asked: Question, of: str | None, ticket: Ticket | None) -> Native | None:
        value, text = cells.whole(asked.value, asked.values), cells.text(asked.text)
        if value is None and text is None:
            return None
        if of is None:
            raise cells.bad("is empty: an answer needs a ticket", _first(self._table.fields.get("key")))
        if value is not None and not asked.low <= value <= asked.high:
            raise cells.bad(f"lies outside of {asked.low} and {asked.high}", _first(asked.value))
        at = cells.time(asked.at)
        if at is None and ticket is not None:
            at = ticket.resolved_at or ticket.closed_at or ticket.changed_at
        if at is None:
            raise cells.bad("is empty: an answer needs a time", _first(asked.at))
        said = cells.text(asked.value)
        answer = Answer(
            question=asked.question, version="files", code=said if said in asked.values else None, text=text
        )
        if value is not None:
            answer = replace(answer, value=value, low=asked.low, high=asked.high, best=asked.best)
        own = cells.text(asked.key) or asked.question
        return Native(ticket=of, key=own, at=at, answer=answer)


def _first(pick: Pick | None) -> str:
    return pick.columns[0] if pick and pick.columns else ""


def _word(text: str) -> str:
    return _NO_WORD.sub("_", text).strip("_")
