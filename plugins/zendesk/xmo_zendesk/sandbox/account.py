"""One Zendesk account in memory: its tickets as they stand at the sandbox's time, and what was written to them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from operator import attrgetter
from threading import RLock
from typing import Any

from xmo_zendesk.sandbox.answers import Failure, not_found
from xmo_zendesk.sandbox.clock import Clock, iso, unix
from xmo_zendesk.sandbox.course import Course, course
from xmo_zendesk.sandbox.directory import Directory
from xmo_zendesk.sandbox.life import Audit, Life, live
from xmo_zendesk.sandbox.work import Event, Ticket, Update

_WRITTEN = 500_000  # the numbers of events that no file told of begin here
_ARCHIVED_AFTER = 120 * 86_400
_PLACE = attrgetter("place")
_AT = attrgetter("at")


class Account:
    """The tickets of one account. Whoever calls holds `lock`, from `catch_up` until the answer is made."""

    def __init__(self, tickets: Sequence[Ticket], directory: Directory, clock: Clock) -> None:
        self.clock = clock
        self.directory = directory
        self.lock = RLock()
        self.survey = "surveys"
        self.role = "admin"
        self.journal: list[dict[str, Any]] = []
        self.changed: set[int] = set()  # since whoever keeps something computed has looked
        self.offers: dict[int, Event] = {}
        self._tickets = {ticket.id: ticket for ticket in tickets}
        self._timeline = sorted(event for ticket in tickets for event in ticket.events)
        self._applied = 0
        self._extra = 0
        self._order: list[Ticket] = []
        self._is_ordered = True

    @property
    def now(self) -> int:
        """Return the sandbox's time in UNIX seconds."""
        return unix(self.clock.now())

    def catch_up(self) -> None:
        """Let happen what happens until the sandbox's time. Called before every answer."""
        until = bisect_right(self._timeline, self.now, lo=self._applied, key=_AT)
        for event in self._timeline[self._applied : until]:
            self._happen(event)
        self._applied = until

    def exported(self) -> Sequence[Ticket]:
        """Return all tickets in the order of an export: by change stamp and id. Not to be changed by the caller."""
        if not self._is_ordered:
            self._order.sort(key=_PLACE)  # nearly sorted already: cheaper than keeping an index
            self._is_ordered = True
        return self._order

    def happened(self, start: int, until: int) -> Iterator[Event]:
        """Yield the events that have happened from `start` to `until`, both included, in order of time."""
        first = bisect_left(self._timeline, start, hi=self._applied, key=_AT)
        for number in range(first, bisect_right(self._timeline, until, lo=first, hi=self._applied, key=_AT)):
            yield self._timeline[number]

    def any(self, key: int) -> Ticket:
        """Return a ticket of an export, deleted ones as well."""
        return self._tickets[key]

    def ticket(self, key: int) -> tuple[Ticket, Life]:
        """Return one ticket and its life; raises the failure that answers for one that is not there."""
        found = self._tickets.get(key)
        if found is None or not found.applied:
            raise not_found()
        life = self.life(found)
        if life.state["status"] == "deleted":
            raise not_found()
        return found, life

    def listed(self, key: int) -> tuple[Ticket, Life] | None:
        """Return one ticket as a list has it, or None: deleted and archived tickets stand in exports only."""
        try:
            found, life = self.ticket(key)
        except Failure:
            return None
        is_archived = life.state["status"] == "closed" and self.now - life.updated > _ARCHIVED_AFTER
        return None if is_archived else (found, life)

    def life(self, ticket: Ticket) -> Life:
        """Return the life of a ticket until now."""
        return live(ticket, self.directory)

    def course(self, life: Life) -> Course:
        """Return what the figures of a ticket are computed from."""
        return course(life, self.directory)

    def touch(self, ticket: Ticket, what: str = "system") -> None:
        """Let the system, or an agent with a note, update a ticket now."""
        self._insert(ticket, what, None)

    def write(self, ticket: Ticket, update: Update) -> tuple[Life, Audit]:
        """Write an update into a ticket; returns its life and the audit of the update."""
        event = self._insert(ticket, "written", update)
        life = self.life(ticket)
        self.journal.append(self._entry(ticket, life, update, event.at))
        return life, life.audits[-1]

    def _entry(self, ticket: Ticket, life: Life, update: Update, at: int) -> dict[str, Any]:
        said = update.said
        return {
            "number": str(ticket.id),
            "state": life.state["status"],
            "reopen_count": str(self.course(life).reopens),
            "text": said.body if said else "",
            "public": said.public if said else None,
            "values": {str(name): value for name, value in update.values.items()},
            "custom": dict(update.custom),
            "time": iso(at),
        }

    def _insert(self, ticket: Ticket, what: str, update: Update | None) -> Event:
        event = Event(self.now, ticket.id, _WRITTEN + self._extra, what, update=update)
        self._extra += 1
        ticket.events.insert(ticket.applied, event)
        self._timeline.insert(self._applied, event)
        self._applied += 1
        self._happen(event)
        return event

    def _happen(self, event: Event) -> None:
        ticket = self._tickets[event.ticket]
        if not ticket.applied:
            self._order.append(ticket)
        ticket.applied += 1
        self._is_ordered = False
        self.changed.add(ticket.id)
        if event.what in {"offered", "rated"}:
            self.offers.setdefault(ticket.id, event)
