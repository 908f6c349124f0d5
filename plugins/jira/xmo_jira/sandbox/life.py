"""One issue's life: how it stands at a time, what its changelog and its comments say by then."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from xmo_jira.sandbox.clock import DAY
from xmo_jira.sandbox.site import (
    DUE_AT,
    PROJECTS,
    TEAM,
    WORKFLOWS,
    Project,
    Status,
)
from xmo_jira.sandbox.work import Event, Work

REQUESTER, MACHINE, DESK, OURS = "requester", "machine", "desk", "xmo"  # who acts; anybody else is an agent
_TEXTS = {
    "acknowledged": "We have received your request and will come back to you.",
    "replied": "We are looking into it and will let you know.",
    "asked": "Is there any news?",
    "noted": "Seen this before; the last time a restart helped.",
}


class Item(NamedTuple):
    """One changed field of a history: the id of a status, an agent, a due time in epoch milliseconds, else a name."""

    field: str
    before: str | int | None
    after: str | int | None


class History(NamedTuple):
    """One entry of the changelog."""

    id: int
    at: int
    who: str
    items: Sequence[Item]


class Comment(NamedTuple):
    """One comment; `document` is its body where it was written as a document rather than as text."""

    id: int
    at: int
    who: str
    text: str
    public: bool = True
    properties: Sequence[Mapping[str, Any]] = ()
    document: Any = None


class Touch(NamedTuple):
    """A change of an issue from outside its story: its labels were tidied up."""

    id: int
    at: int


class Issue:
    """An issue: its story, what was added to it since, and how search knows it. `base` is the first id of its own
    comments and histories. `indexed` is its change stamp in the index of search, or 0 where it is not there."""

    __slots__ = ("added", "base", "id", "indexed", "key", "project", "properties", "work")

    def __init__(self, id_: int, key: str, work: Work, base: int) -> None:
        self.id = id_
        self.key = key
        self.work = work
        self.base = base
        self.project: Project = PROJECTS[key.partition("-")[0]]
        self.indexed = 0
        self.added: list[Comment | Touch] = []
        self.properties: dict[str, Any] = {}
        if self.project.is_desk:
            self.properties["request.channel.type"] = {"value": work.channel}

    def moved(self, until: int) -> int:
        """Return the change stamp by then, or 0 where the issue is not there. A rating does not move it."""
        moved = 0
        for event in self.work.events:
            if event.at > until:
                break
            if event.what == "deleted":
                return 0
            if event.what != "rated":
                moved = event.at
        stamps = [entry.at for entry in self.added if entry.at <= until] if moved else ()
        return max(moved, *stamps) if stamps else moved

    def next(self, after: int) -> int | None:
        """Return when something happens next, by its story."""
        return next((event.at for event in self.work.events if event.at > after), None)

    def rated(self, until: int) -> int | None:
        """Return when the requester last rated the issue."""
        return next((e.at for e in reversed(self.work.events) if e.what == "rated" and e.at <= until), None)


@dataclass(slots=True)
class Standing:
    """How an issue stands. `reopens` counts how often it left the statuses that end it."""

    created: int
    updated: int
    status: Status
    status_at: int
    due: int | None
    team: str | None
    assignee: str | None = None
    resolution: str | None = None
    resolved_at: int | None = None
    labels: list[str] = field(default_factory=list)
    stars: Event | None = None
    reopens: int = 0
    histories: list[History] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)


def stand(issue: Issue, until: int, *, stale: bool = False) -> Standing:
    """Tell the story of an issue that is there, up to a time. `stale`: a reopened one keeps its resolution."""
    told = _Told(issue, stale=stale)
    for place, event in enumerate(issue.work.events):
        if event.at > until:
            break
        told.tell(event, issue.base + place)
    for entry in issue.added:
        if entry.at <= until:
            told.add(entry)
    told.standing.updated = issue.moved(until)
    return told.standing


class _Told:
    def __init__(self, issue: Issue, *, stale: bool) -> None:
        work = issue.work
        self._stale = stale
        self._flow = WORKFLOWS[work.kind]
        promised = any(event.what == "promised" for event in work.events)
        opened = work.events[0].at
        self.standing = Standing(
            created=opened,
            updated=opened,
            status=self._flow["new"],
            status_at=opened,
            due=None if promised else work.promised,
            team=None if any(event.group for event in work.events) else work.group,  # the first assignment names it
        )

    def tell(self, event: Event, id_: int) -> None:
        change = _CHANGES.get(event.what)
        items = change(self, event) if change else []
        if items:
            who = {"closed": MACHINE, "reopened": REQUESTER}.get(event.what) or self._agent()
            self.standing.histories.append(History(id_, event.at, who, items))
        if event.what in _TEXTS:
            who = {"asked": REQUESTER, "acknowledged": MACHINE}.get(event.what) or self._agent()
            text = event.text or _TEXTS[event.what]
            self.standing.comments.append(Comment(id_, event.at, who, text, event.what != "noted"))

    def add(self, entry: Comment | Touch) -> None:
        now = self.standing
        if isinstance(entry, Comment):
            now.comments.append(entry)
            now.comments.sort(key=lambda comment: comment.at)
            return
        before, now.labels = " ".join(now.labels), [*now.labels, f"tidy-{len(now.labels) + 1}"]
        now.histories.append(History(entry.id, entry.at, DESK, [Item("labels", before, " ".join(now.labels))]))
        now.histories.sort(key=lambda history: history.at)

    def assigned(self, event: Event) -> list[Item]:
        now = self.standing
        items = []
        if event.agent != now.assignee:
            items.append(Item("assignee", now.assignee, event.agent))
        if event.group and event.group != now.team:
            items.append(Item(TEAM, now.team, event.group))
        now.assignee, now.team = event.agent or now.assignee, event.group or now.team
        return items + (self._enter("in_progress", event.at) if now.status.category == "new" else [])

    def promised(self, event: Event) -> list[Item]:
        before, self.standing.due = self.standing.due, event.until
        items = [Item(DUE_AT, before, event.until)]
        if before is None or event.until is None or before // DAY != event.until // DAY:
            items.append(Item("duedate", before, event.until))
        return items

    def rated(self, event: Event) -> list[Item]:
        self.standing.stars = event
        return []

    def resumed(self, event: Event) -> list[Item]:
        return self._enter("in_progress", event.at)

    def entered(self, event: Event) -> list[Item]:
        return self._enter(event.what, event.at)

    def reopened(self, event: Event) -> list[Item]:
        items = self._enter("in_progress", event.at)
        self.standing.reopens += 1
        return items if self._stale else items + self._resolve(None, None)

    def ended(self, event: Event) -> list[Item]:
        was_done = self.standing.status.category == "done"
        items = self._enter(event.what, event.at)
        if was_done and self.standing.resolution:
            return items
        return items + self._resolve("Won't Do" if event.what == "cancelled" else "Done", event.at)

    def _agent(self) -> str:
        return self.standing.assignee or DESK

    def _enter(self, state: str, at: int) -> list[Item]:
        now, to = self.standing, self._flow[state]
        if now.status == to:
            return []
        item = Item("status", now.status.id, to.id)
        now.status, now.status_at = to, at
        return [item]

    def _resolve(self, resolution: str | None, at: int | None) -> list[Item]:
        now = self.standing
        before, now.resolution, now.resolved_at = now.resolution, resolution, at
        return [] if before == resolution else [Item("resolution", before, resolution)]


_Change = Callable[[_Told, Event], list[Item]]
_CHANGES: Mapping[str, _Change] = {
    "assigned": _Told.assigned,
    "promised": _Told.promised,
    "rated": _Told.rated,
    "resumed": _Told.resumed,
    "waiting": _Told.entered,
    "on_hold": _Told.entered,
    "reopened": _Told.reopened,
    "resolved": _Told.ended,
    "closed": _Told.ended,
    "cancelled": _Told.ended,
}
