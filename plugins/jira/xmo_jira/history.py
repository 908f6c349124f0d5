"""What the history of a ticket tells: when it ended and was opened again, whose hands it went through."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, NamedTuple

from xmo_hooks import ENDED, Row, Side, State, What
from xmo_jira.changelog import HISTORIES
from xmo_jira.fields import holder_of
from xmo_jira.options import Options
from xmo_jira.states import Vocabulary
from xmo_jira.values import event_time, some_time

SITE = "site"  # the key under which a fetched row holds the facts of its site
# A change is written a moment after the stamp that it gives the ticket. What is much later happened after the row was
# read: it comes again, with a later stamp.
_LATE = timedelta(seconds=5)

Item = Mapping[str, Any]


class Event(NamedTuple):
    """One change that means something: what, when, its key, which side made it, and the time that it promises."""

    what: What
    at: datetime
    key: str
    side: Side
    promised_at: datetime | None = None


class Story:
    """What the changes of one ticket mean, told in their order.

    A ticket ends and opens by its status. Where nothing is known of a status any more, because it was deleted, the
    resolution tells. A hand-off is one to another holder, also past a time without any.
    """

    def __init__(self, vocabulary: Vocabulary, site: Mapping[str, Any], holder: str, promised: str) -> None:
        self.events: list[Event] = []
        self.reopens = self.handoffs = 0
        self.resolved_at: datetime | None = None  # when it ended last
        self.reopened_at: datetime | None = None  # when it was opened again last
        self.closed_at: datetime | None = None  # when it came into the state that it cannot leave by answering
        self.promises: list[Any] = []  # the due time before each change of it
        self._vocabulary, self._categories = vocabulary, site.get("categories") or {}
        self._holder_field, self._promised_field = holder, promised
        self._at: datetime  # of the change that is being taken in
        self._change: Mapping[str, Any]
        self._ended: bool | None = None
        self._clear = True  # whether the present status says if the ticket has ended
        self._holder: Any = None

    def take(self, at: datetime, change: Mapping[str, Any]) -> None:
        """Take in the next change."""
        self._at, self._change, items = at, change, change["items"]
        if status := items.get("status"):
            self._status(status)
        if not self._clear and (resolution := items.get("resolution")):
            self._turn(resolution.get("to") is not None, "resolution")
        if holder := items.get(self._holder_field):
            self._hand_on(holder)
        if promised := items.get(self._promised_field):
            self.promises.append(promised.get("from") or promised.get("fromString"))
            until = some_time(promised.get("to")) or some_time(promised.get("toString"))
            if until:
                self._tell("promise", self._promised_field, until)

    def _tell(self, what: What, field: str, promised_at: datetime | None = None) -> None:
        side: Side = "desk" if what == "handoff" else self._change["side"]
        self.events.append(Event(what, self._at, f"{self._change['id']}-{field}", side, promised_at))

    def _state(self, status: Any, name: Any) -> State:
        return self._vocabulary.state((status, name, self._categories.get(str(status))))

    def _status(self, item: Item) -> None:
        if self._ended is None:
            before = self._state(item.get("from"), item.get("fromString"))
            self._ended = before in ENDED if before != "unknown" else None
        after = self._state(item.get("to"), item.get("toString"))
        self._clear = after != "unknown"
        if self._clear:
            self._turn(after in ENDED, "status")
            if after in ("closed", "cancelled"):
                self.closed_at = self._at

    def _turn(self, ended: bool, field: str) -> None:
        if ended and not self._ended:
            self.resolved_at = self._at
            self._tell("resolved", field)
        elif self._ended and not ended:
            self.reopens, self.reopened_at, self.closed_at = self.reopens + 1, self._at, None
            self._tell("reopened", field)
        self._ended = ended

    def _hand_on(self, item: Item) -> None:
        held, after = self._holder or item["from"], item["to"]
        if after and held and after != held:
            self.handoffs += 1
            self._tell("handoff", self._holder_field)
        self._holder = after or held


class Teller:
    """Tells the stories of the tickets of one source."""

    def __init__(self, options: Options, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._holder, self._promised = holder_of(options), options.promised

    def story(self, row: Row, updated: datetime) -> Story | None:
        """Tell what happened to a ticket until its own stamp, or None where its history did not come with the row.
        Raises `ValueError` for a history that cannot be read."""
        if HISTORIES not in row:
            return None
        site = row.get(SITE)
        story = Story(self._vocabulary, site if isinstance(site, dict) else {}, self._holder, self._promised)
        last = updated + _LATE
        for at, _, change in _dated(row[HISTORIES]):
            if at <= last:
                story.take(at, change)
        return story


def _dated(changes: Any) -> list[tuple[datetime, int, Mapping[str, Any]]]:
    if not isinstance(changes, list):
        raise ValueError("is not a list of changes")
    dated = []
    for change in changes:
        number = str(change["id"])
        dated.append((event_time(change["created"]), int(number) if number.isdigit() else 0, change))
    return sorted(dated, key=itemgetter(0, 1))
