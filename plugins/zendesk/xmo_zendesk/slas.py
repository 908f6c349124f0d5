"""Whether targets were kept, and what was promised, from the stream of metric events.

A ticket does not say whether its targets were kept, and no bulk call tells it: only the stream of metric events does,
spread over the ticket's life, and a breach comes without any change of the ticket. So

- the stream is walked beside the tickets, page by page, never behind the tickets of the page at hand;
- what it has told of each ticket is kept in a ledger, which is part of the cursor: a few signs for a ticket that has a
  target, nothing for the others;
- each row of a ticket takes along what the ledger says, and a ticket about which there is news since its row went out
  is fetched again, a hundred in a request;
- the ledger holds `MOST` tickets, so that memory and cursor do not grow with the history. Beyond that closed ones fall
  out first, then those of which nothing was heard for longest, each after its news was told. One that falls out with
  its target open, or that the vendor does not show, is counted as lost;
- what began before the ledger did, or before its ticket last may have fallen out, is known in part: then a breach is
  told, which counts whatever went before, but never a kept target.

The rule: a breach counts unless it is marked as deleted (the ticket changed before it counted); without a target there
is no outcome; with a target for the resolution its outcome is the ticket's, else that of all targets that were
fulfilled. Group targets are agreements inside the desk and count for nothing here. A target for the resolution in hours
of the calendar is a promise: nothing stops that clock, so it ends so long after the opening.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from xmo_zendesk.times import seconds_of

SLA = "_sla"
MOST = 10_000
_RESOLUTION = "s"
_CODES: Mapping[str, str] = {
    "resolution_time": _RESOLUTION,
    "reply_time": "r",
    "requester_wait_time": "w",
    "agent_work_time": "a",
    "pausable_update_time": "p",
    "periodic_update_time": "u",
}
_TARGET, _BREACHED, _FULFILLED = "t", "b", "f"
_PROMISE, _CLOSED = "=", "."
_PROMISES = 8  # kept of one ticket, the last ones
# In one second a target is applied before it can be fulfilled or breached.
_ORDER = {"apply_sla": 0, "activate": 1, "fulfill": 2, "breach": 3}
_BEGINS = frozenset({"apply_sla", "breach"})  # before one of these, nothing counts
# When, its place in `_ORDER` and in its page, which make the order in which events count; the ticket, the clock (metric
# and instance, as in "s1"), the kind, and the event. A plain tuple: there are dozens for each ticket.
_Event = tuple[int, int, int, str, str, str, Mapping[str, Any]]


@dataclass(slots=True)
class _Entry:
    """What is known of one ticket. `at`: when it changed last; `horizon`: whole only for a ticket that was
    opened then or later; `promises`: when each was made, and for how many seconds after the opening, 0 where it was
    taken back; `met` follows from the marks."""

    at: int = 0
    horizon: int = 0
    is_closed: bool = False
    marks: dict[str, str] = field(default_factory=dict)
    promises: list[tuple[int, int]] = field(default_factory=list)
    met: bool | None = None

    @classmethod
    def read(cls, line: str) -> "_Entry":
        _ticket, at, horizon, *words = line.split(" ")
        entry = cls(at=int(at), horizon=int(horizon), is_closed=_CLOSED in words)
        for word in words[entry.is_closed :]:
            if word.startswith(_PROMISE):
                made, _, seconds = word[1:].partition(":")
                entry.promises.append((int(made), int(seconds)))
            else:
                clock = word.rstrip(_TARGET + _BREACHED + _FULFILLED)
                entry.marks[clock] = word[len(clock) :]
        entry.met = outcome(entry.marks)
        return entry

    def text(self) -> str:
        promises = (f"{_PROMISE}{made}:{seconds}" for made, seconds in self.promises)
        closed = [_CLOSED] if self.is_closed else []
        marks = (clock + marks for clock, marks in self.marks.items())
        return " ".join([str(self.at), str(self.horizon), *closed, *marks, *promises])

    def take(self, at: int, clock: str, kind: str, raw: Mapping[str, Any]) -> bool:
        """Take in one event, and tell whether it is news."""
        before, news = self.marks.get(clock, ""), False
        if (marks := _marked(before, kind, raw)) != before:
            news, self.at = self._mark(clock, marks), at
        if kind == "apply_sla" and clock[0] == _RESOLUTION:
            news = self._promise(at, _promised(raw)) or news
        return news

    def met_of(self, opened: int) -> bool | None:
        """Return the outcome for a ticket that was opened at this second: a part of the story tells a breach only."""
        return None if self.met and opened < self.horizon else self.met

    def _mark(self, clock: str, marks: str) -> bool:
        before = self.met
        self.marks[clock] = marks
        if not marks:
            del self.marks[clock]
        self.met = outcome(self.marks)
        return self.met is not before

    def _promise(self, made: int, seconds: int) -> bool:
        if seconds == (self.promises[-1][1] if self.promises else 0):
            return False
        self.promises, self.at = [*self.promises, (made, seconds)][-_PROMISES:], made
        return True


class Ledger:
    """What the stream has told of each ticket, and for which of them there is news since their row went out.

    A cursor is kept after every page, so it holds one text, of a line for each ticket, and entries are read and written
    only where something was heard.
    """

    def __init__(self, told: str = "", news: Iterable[str] = (), horizon: int = 0) -> None:
        # the line of each ticket, the first to fall out first
        self._told = OrderedDict((line.partition(" ")[0], line) for line in told.splitlines())
        self._entries: dict[str, _Entry] = {}
        self._changed: set[str] = set()  # whose line is old
        self._news = dict.fromkeys(news)  # each of them has an entry
        self.horizon = horizon
        self.lost = 0

    def text(self) -> str:
        """Return what is known as it is kept in a cursor."""
        for ticket in self._changed:
            self._told[ticket] = f"{ticket} {self._entries[ticket].text()}"
        self._changed.clear()
        return "\n".join(self._told.values())

    @property
    def news(self) -> list[str]:
        """The tickets about which there is news since their row went out."""
        return list(self._news)

    def take(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Take in one page of metric events; those of a kind that means nothing here are passed over."""
        for at, _, _, ticket, clock, kind, raw in sorted(_known(events)):
            if ticket not in self._told and kind not in _BEGINS:
                continue
            entry = self._entry(ticket)
            if entry.take(at, clock, kind, raw):
                self._news[ticket] = None
            if entry.marks or entry.promises:
                self._keep(ticket, entry)
                self._told.move_to_end(ticket)
            else:
                self._drop(ticket)

    def tell(self, row: dict[str, Any]) -> dict[str, Any]:
        """Write into a ticket's row what is known, which is no longer news then."""
        ticket = str(row.get("id"))
        self._news.pop(ticket, None)
        if ticket in self._told:
            entry = self._entry(ticket)
            promises = [list(promise) for promise in entry.promises]
            met = entry.met_of(seconds_of(row.get("created_at")) or 0)
            row[SLA] = {"met": met, "at": entry.at, "promises": promises}
        return row

    def settle(self, tickets: Iterable[str]) -> None:
        """Take it for told: their rows went out, or nobody shows them to us."""
        for ticket in tickets:
            self._news.pop(ticket, None)

    def close(self, tickets: Iterable[str]) -> None:
        """Let closed tickets, of which nothing is heard any more, be the first to fall out."""
        for ticket in tickets:
            if ticket in self._told:
                entry = self._entry(ticket)
                entry.is_closed = True
                self._keep(ticket, entry)
                self._told.move_to_end(ticket, last=False)

    def forget(self, tickets: Sequence[str]) -> None:
        """Drop tickets that are deleted."""
        for ticket in tickets:
            self._drop(ticket)

    def falling(self) -> list[str]:
        """Return those of the tickets that fall out next about which there is news: it has to be told before."""
        return [ticket for ticket in self._excess() if ticket in self._news]

    def fall(self) -> None:
        """Drop the tickets beyond `MOST`; what is still news is lost."""
        for ticket in list(self._excess()):
            entry = self._entry(ticket)
            if not entry.is_closed:
                self.horizon = max(self.horizon, entry.at + 1)
                self.lost += entry.met is None or ticket in self._news
            self._drop(ticket)

    def _excess(self) -> Iterator[str]:
        return islice(self._told, max(0, len(self._told) - MOST))

    def _entry(self, ticket: str) -> _Entry:
        known = self._entries.get(ticket)
        return known or (_Entry.read(line) if (line := self._told.get(ticket)) else _Entry(horizon=self.horizon))

    def _keep(self, ticket: str, entry: _Entry) -> None:
        self._entries[ticket] = entry
        self._changed.add(ticket)
        self._told.setdefault(ticket, "")

    def _drop(self, ticket: str) -> None:
        self._told.pop(ticket, None)
        self._news.pop(ticket, None)
        self._entries.pop(ticket, None)
        self._changed.discard(ticket)


def outcome(marks: Mapping[str, str]) -> bool | None:
    """Return whether the targets were kept, None while there is none or it is open."""
    aimed = {clock: told for clock, told in marks.items() if _TARGET in told or _BREACHED in told}
    resolution = {clock: told for clock, told in aimed.items() if clock[0] == _RESOLUTION}
    counted = (resolution or aimed).values()
    if any(_BREACHED in told for told in counted):
        return False
    fulfilled = [_FULFILLED in told for told in counted]
    kept = all(fulfilled) if resolution else any(fulfilled)
    return True if counted and kept else None


def _marked(marks: str, kind: str, raw: Mapping[str, Any]) -> str:
    if kind == "apply_sla":
        return _with(marks, _TARGET) if _target(raw) is not None else marks.replace(_TARGET, "")
    if kind == "breach" and raw.get("deleted") is not True:
        return _with(marks, _BREACHED)
    if kind == "fulfill" and _TARGET in marks:
        return _with(marks, _FULFILLED)
    if kind == "activate":
        return marks.replace(_FULFILLED, "")  # the clock runs again, as after reopening
    return marks


def _with(marks: str, mark: str) -> str:
    return marks if mark in marks else "".join(sorted(marks + mark))


def _target(raw: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the target that is set; another policy may also take the target of a metric away."""
    sla = raw.get("sla", {})
    return sla if isinstance(sla, dict) and sla.get("target", True) is not None else None


def _promised(raw: Mapping[str, Any]) -> int:
    """Return the seconds of a target in hours of the calendar, else 0: in business hours we cannot count."""
    target = _target(raw) or {}
    seconds, minutes = target.get("target_in_seconds"), target.get("target")
    if target.get("business_hours") is not False:
        return 0
    if type(seconds) is int:
        return seconds
    return minutes * 60 if type(minutes) is int else 0


def _known(events: Iterable[Mapping[str, Any]]) -> Iterator[_Event]:
    for number, raw in enumerate(events):
        if (order := _ORDER.get(kind := str(raw.get("type")))) is None:
            continue
        code, ticket, at = _CODES.get(str(raw.get("metric"))), raw.get("ticket_id"), seconds_of(raw.get("time"))
        if code and ticket is not None and at is not None:
            yield at, order, number, str(ticket), f"{code}{raw.get('instance_id', 1)}", kind, raw
