"""The events of a ticket's life: what its row tells, and, where it was read, its history (see `beside`).

The audit log tells hand-offs, promises, ends and reopenings, the journal what was said where the requester sees it.
What XMO wrote, and the names of who served, have been taken out when it was read.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from xmo_hooks import ENDED, Row, Side, Ticket, Touchpoint, What
from xmo_servicenow.fields import Layout
from xmo_servicenow.keyset import is_stamp, moment, stamp_of
from xmo_servicenow.sides import SIDE

HISTORY = "_history"  # the key under which a ticket's row holds what was read of its history
AUDIT, COMMENTS = "audit", "comments"  # the parts of it; one that could not be read is not there
_STATES = frozenset({"state", "incident_state"})  # two names of one thing


def watched(layout: Layout) -> Mapping[str, str]:
    """Return the columns whose changes are events, and what each holds: state, group or due."""
    head = {name: layout.named.get(name, "").partition(".")[0] for name in ("state", "group", "promised_at")}
    states = _STATES if head["state"] in _STATES else {head["state"]}
    columns = {**dict.fromkeys(sorted(states), "state"), head["group"]: "group", head["promised_at"]: "due"}
    return {column: what for column, what in {**columns, "sla_due": "due"}.items() if column}


class History:
    """Tells the events of the tickets of one table."""

    def __init__(self, layout: Layout) -> None:
        self._states = layout.states
        self._watched = watched(layout)
        self._due = layout.named.get("promised_at", "")

    def events(self, row: Row, ticket: Ticket, resolved_at: datetime | None, user: str | None) -> Iterator[Touchpoint]:
        """Yield the events of one ticket. `resolved_at` is the last time it was, also where it was reopened; `user` the
        requester's user name. Raises `ValueError`, `KeyError` or `TypeError` for a history that is none."""
        key = ticket.key
        if ticket.requester is not None:
            channel, at = ticket.channel, ticket.opened_at
            yield Touchpoint(ticket=key, key="opened", at=at, what="contact", side="requester", channel=channel)
        history = row.get(HISTORY) or {}
        changes = list(self._changes(row, ticket, history[AUDIT])) if AUDIT in history else []
        yield from changes
        if COMMENTS in history and (user or ticket.requester is None):
            yield from _words(key, history[COMMENTS])
        if not any(one.what == "resolved" for one in changes):
            ended_at = resolved_at or (ticket.closed_at if ticket.state in ENDED else None)
            if ended_at:
                yield Touchpoint(ticket=key, key=_key("resolved", ended_at), at=ended_at, what="resolved", side="desk")

    def _changes(self, row: Row, ticket: Ticket, audit: Sequence[Row]) -> Iterator[Touchpoint]:
        by_kind: dict[str, list[Row]] = {"state": [], "group": [], "due": []}
        for one in sorted(audit, key=_in_order):
            by_kind[self._watched[one["fieldname"]]].append(one)
        yield from self._ends(ticket.key, by_kind["state"])
        yield from _hand_offs(ticket.key, by_kind["group"])
        if audit:  # else nothing says that this table is audited, so nothing follows from there being no change
            yield from self._first_promise(row, ticket, by_kind["due"])
        yield from _promises(ticket.key, by_kind["due"])

    def _ends(self, ticket: str, changes: Sequence[Row]) -> Iterator[Touchpoint]:
        ended = bool(changes) and self._states.get(changes[0]["oldvalue"]) in ENDED
        for one in changes:
            state = self._states.get(one["newvalue"])
            if state is None or (state in ENDED) == ended:
                continue
            ended, at, side = not ended, _at(one), one[SIDE]
            what: What = "resolved" if ended else "reopened"
            yield Touchpoint(ticket=ticket, key=_key(what, at), at=at, what=what, side=side)

    def _first_promise(self, row: Row, ticket: Ticket, changes: Sequence[Row]) -> Iterator[Touchpoint]:
        """Tell what was promised when the ticket was opened: the log holds changes, not what stood there before."""
        ours = [one for one in changes if one["fieldname"] == self._due]
        promised = ours[0]["oldvalue"] if ours else row.get(self._due)
        if is_stamp(promised):
            until, at = moment(promised), ticket.opened_at
            yield Touchpoint(ticket=ticket.key, key="promised", at=at, what="promise", side="desk", promised_at=until)


def _words(ticket: str, comments: Sequence[Row]) -> Iterator[Touchpoint]:
    waiting = True  # opening is the requester's first word
    for one in sorted(comments, key=_in_order):
        side: Side = one[SIDE]
        what: What = "contact" if side == "requester" else "response" if side == "desk" and waiting else "update"
        if side != "machine":
            waiting = side == "requester"
        yield Touchpoint(ticket=ticket, key=one["sys_id"], at=_at(one), what=what, side=side)


def _promises(ticket: str, changes: Sequence[Row]) -> Iterator[Touchpoint]:
    last = ""
    for one in changes:
        promised = one["newvalue"]
        if not is_stamp(promised) or promised == last:
            continue
        last, until = promised, moment(promised)
        side: Side = "machine" if one[SIDE] == "machine" else "desk"
        key, at = f"{one['sys_id']}:{one['fieldname']}", _at(one)
        yield Touchpoint(ticket=ticket, key=key, at=at, what="promise", side=side, promised_at=until)


def _hand_offs(ticket: str, changes: Sequence[Row]) -> Iterator[Touchpoint]:
    group = ""
    for one in changes:
        group, to = one["oldvalue"] or group, one["newvalue"]
        if group and to and to != group:
            key = f"{one['sys_id']}:{one['fieldname']}"
            yield Touchpoint(ticket=ticket, key=key, at=_at(one), what="handoff", side="desk")
        group = to or group


def _in_order(row: Row) -> tuple[str, str]:
    return row["sys_created_on"], row["sys_id"]


def _at(row: Row) -> datetime:
    return moment(row["sys_created_on"])


def _key(what: str, at: datetime) -> str:
    # by the time, not by the entry: the ticket's own row tells the same event without the log
    return f"{what}:{stamp_of(at)}"
