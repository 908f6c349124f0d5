"""The life of a ticket: what each of its events changed, and what it is like after the last one that has happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from xmo_zendesk.sandbox.directory import CATEGORY, SERVICE, SYSTEM, Directory
from xmo_zendesk.sandbox.statuses import CANCELLED, entering
from xmo_zendesk.sandbox.work import Event, Ticket

Values = Mapping[str | int, Any]
GOOD = 4  # of 5: what the vendor shows as a good rating where it knows only good and bad
_STATUS = {
    "waiting": "pending",
    "on_hold": "hold",
    "resumed": "open",
    "resolved": "solved",
    "reopened": "open",
    "closed": "closed",
    "cancelled": "solved",
    "merged": "closed",
    "deleted": "deleted",
}
_REQUESTERS_OWN = frozenset({"opened", "asked", "reopened", "rated"})
_BY_RULE = frozenset({"acknowledged", "promised", "offered", "closed"})
_WORDS = {
    "opened": "{subject}. Please help.",
    "acknowledged": "We have received your request and will come back to you.",
    "replied": "We are working on it: {subject}",
    "asked": "Is there any news? {subject}",
    "noted": "Note for colleagues: {subject}",
}


class Comment(NamedTuple):
    """One comment: who said what, and whether the requester sees it."""

    author: int
    public: bool
    body: str
    html: str


class Audit(NamedTuple):
    """One update: its event, who made it, and each value that it changed, as it was before and after."""

    event: Event
    author: int
    changes: list[tuple[str | int, Any, Any]]

    @property
    def id(self) -> int:
        """Return the id of the audit; those of its events follow it."""
        return self.event.ticket * 1_000_000_000 + self.event.seq * 1000

    @property
    def voice(self) -> tuple[int, bool] | None:
        """Return who speaks in its comment, and whether in public, or None where it has no comment."""
        if self.event.update:
            said = self.event.update.said
            return (said.author, said.public) if said else None
        return (self.author, self.event.what != "noted") if self.event.what in _WORDS else None

    def comment(self, ticket: Ticket) -> Comment | None:
        """Return its comment, or None where it has none."""
        if self.event.update:
            said = self.event.update.said
            return Comment(said.author, said.public, said.body, said.html) if said else None
        if self.voice is None:
            return None
        body = self.event.text or _WORDS[self.event.what].format(subject=ticket.subject)
        return Comment(*self.voice, body, paragraph(body))


class Life(NamedTuple):
    """What a ticket is like, and how it came to that."""

    state: dict[str | int, Any]
    audits: list[Audit]

    @property
    def updated(self) -> int:
        """Return when its last audit was made: `updated_at`."""
        return self.audits[-1].event.at

    def last(self, what: str) -> Event | None:
        """Return its last event of this name, or None."""
        return next((audit.event for audit in reversed(self.audits) if audit.event.what == what), None)


def live(ticket: Ticket, directory: Directory) -> Life:
    """Tell the life of a ticket up to the last event that has happened."""
    state = opened(ticket)
    audits = []
    for event in ticket.events[: ticket.applied]:
        if event.what == "system":
            continue
        author = _author(event, ticket, state, directory)
        after = _effects(event, state)
        changes = [(name, state[name], value) for name, value in after.items() if state[name] != value]
        state.update(after)
        audits.append(Audit(event, author, changes))
    return Life(state, audits)


def opened(ticket: Ticket) -> dict[str | int, Any]:
    """Return the values of a ticket when it is opened. Custom fields go by their ids; `sla` is no field but the target
    of the policy, in UNIX seconds."""
    return {
        **entering("new"),
        "priority": ticket.priority,
        "type": ticket.type,
        "subject": ticket.subject,
        "group_id": ticket.group,
        "assignee_id": None,
        "tags": [tag for tag in (ticket.service, ticket.category) if tag],
        SERVICE: ticket.service,
        CATEGORY: ticket.category,
        "external_id": None,
        "due_at": None,
        "satisfaction": "unoffered",
        "sla": None,
    }


def comments(ticket: Ticket, life: Life) -> list[tuple[Audit, Comment]]:
    """Return the comments of a ticket, oldest first, each with its audit."""
    return [(audit, comment) for audit in life.audits if (comment := audit.comment(ticket))]


def paragraph(text: str) -> str:
    """Return a text as the vendor's HTML of a comment."""
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\n", "<br>")
    return f'<div class="zd-comment" dir="auto"><p dir="auto">{safe}</p></div>'


def _author(event: Event, ticket: Ticket, state: Values, directory: Directory) -> int:
    if event.what in _REQUESTERS_OWN:
        return ticket.requester
    if event.what in _BY_RULE:
        return SYSTEM
    if event.update:
        return directory.me
    if event.what == "assigned":
        return directory.desk
    return event.agent or state["assignee_id"] or directory.desk


def _effects(event: Event, state: Values) -> Values:
    what = event.what
    values: dict[str | int, Any] = {}
    if what in _STATUS:
        values = entering(_STATUS[what])
    if what == "assigned":
        values = entering("open") if state["status"] == "new" else {}
        values |= {"group_id": event.group or state["group_id"], "assignee_id": event.agent or state["assignee_id"]}
    elif what == "cancelled":
        values |= {"custom_status_id": CANCELLED, "tags": sorted({*state["tags"], "cancelled"})}
    elif what == "merged":
        values |= {"tags": sorted({*state["tags"], "closed_by_merge"})}
    elif what == "promised":
        values["sla"] = event.until
        values |= {"due_at": event.until} if state["type"] == "task" else {}
    elif what in {"offered", "rated"}:
        values["satisfaction"] = "offered" if what == "offered" else "good" if event.rating >= GOOD else "bad"
    return event.update.values if event.update else values
