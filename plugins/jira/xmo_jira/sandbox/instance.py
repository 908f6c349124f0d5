"""One site in memory: its issues, the index that search looks into, and what was written."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from heapq import heapify, heappop, heappush
from threading import RLock
from typing import Any
from zoneinfo import ZoneInfo

from xmo_hooks import MARKER
from xmo_jira.sandbox.clock import SECOND, Clock, stamp
from xmo_jira.sandbox.faults import Faults
from xmo_jira.sandbox.life import OURS, Comment, Issue, Standing, Touch, stand
from xmo_jira.sandbox.people import People
from xmo_jira.sandbox.work import Work

_FIRST_ID = 10_000


class Instance:
    """The issues of one site. Whoever calls holds `lock`, from `catch_up` until the answer is made."""

    def __init__(self, works: Iterable[Work], clock: Clock, faults: Faults, *, cloud: bool) -> None:
        self.clock = clock
        self.faults = faults
        self.cloud = cloud
        self.people = People(faults, cloud=cloud)
        self.lock = RLock()
        self.journal: list[dict[str, Any]] = []
        self.version = 0  # goes up whenever search may find something else
        self._zone = ZoneInfo("UTC")
        self._issues: dict[str, Issue] = {}
        self._fill(works)
        self._order: list[Issue] = []
        self._dirty = False
        self._index_at = 0
        self._queue: list[tuple[int, int]] = [(issue.work.events[0].at, issue.id) for issue in self.issues()]
        heapify(self._queue)
        self.catch_up()
        self.found()  # sorted before the first request, which would else wait for it

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of our own user."""
        return self._zone

    def put_zone(self, name: str) -> None:
        """Set the time zone of our own user; raises `ValueError` or a zoneinfo error for one that does not exist."""
        zone = ZoneInfo(name)
        with self.lock:
            self._zone, self.people.zone = zone, name
            self.version += 1

    def issues(self) -> Iterator[Issue]:
        """Yield every issue once, whether it is there yet or no longer."""
        return (issue for name, issue in self._issues.items() if name == issue.key)

    def catch_up(self) -> int:
        """Let the index know what happened until now, or until `lag` seconds ago, and return the time it knows.
        Called before every answer; what was found once is not forgotten when the lag grows."""
        lag = int(self.faults.rates.get("lag", 0.0) * SECOND)
        self._index_at = max(self._index_at, self.clock.millis() - lag)
        while self._queue and self._queue[0][0] <= self._index_at:
            _, id_ = heappop(self._queue)
            self._index(self._issues[str(id_)])
        return self._index_at

    def _index(self, issue: Issue) -> None:
        moved = issue.moved(self._index_at)
        self.version += 1
        if moved != issue.indexed:
            if moved and not issue.indexed:
                self._order.append(issue)
            issue.indexed = moved
            self._dirty = True
        following = issue.next(self._index_at)
        if following is not None:
            heappush(self._queue, (following, issue.id))

    def found(self, since: int = 0, last: int = 0) -> list[Issue]:
        """Return the issues that search knows in the order of change stamp and id, from behind (`since`, `last`); not
        to be changed by the caller."""
        if self._dirty:
            self._order = [issue for issue in self._order if issue.indexed]
            self._order.sort(key=_place)  # nearly sorted already: cheaper than a tree
            self._dirty = False
        return self._order[bisect_left(self._order, (since, last), key=_place) :] if since or last else self._order

    def issue(self, name: str) -> Issue | None:
        """Return an issue by id or key as it is at this moment, or None where it is not there or not for us."""
        found = self._issues.get(name.upper())
        return found if found and found.moved(self.clock.millis()) and not self.hides(found) else None

    def hides(self, issue: Issue) -> bool:
        """Tell whether an issue is hidden from our user."""
        return self.faults.marks("hidden", issue.id)

    def stand(self, issue: Issue, until: int | None = None) -> Standing:
        """Return how an issue stands at a time, else now."""
        stale = self.faults.marks("stale", issue.id)
        return stand(issue, self.clock.millis() if until is None else until, stale=stale)

    def comment(self, issue: Issue, comment: Comment) -> Comment:
        """Add a comment of our own user, and note it in the journal; the issue's change stamp moves."""
        standing = self.stand(issue)
        entry = comment._replace(id=self._next_id(), at=self.clock.millis())
        self._add(issue, entry)
        marker = MARKER.search(entry.text)
        said = {"comment": str(entry.id), "text": entry.text, "public": entry.public, "time": stamp(entry.at)}
        about = {"number": issue.key, "id": str(issue.id), "status": standing.status.name}
        so_far = {"reopen_count": standing.reopens, "marker": marker[0] if marker else None}
        self.journal.append({**about, **so_far, **said})
        return entry

    def touch(self, issue: Issue) -> None:
        """Change an issue without telling any story."""
        self._add(issue, Touch(self._next_id(), self.clock.millis()))

    def questions(self) -> Mapping[str, int]:
        """Return for each issue how many of our comments hold a marker."""
        counts: dict[str, int] = {}
        for entry in self.journal:
            if entry["marker"]:
                counts[entry["number"]] = counts.get(entry["number"], 0) + 1
        return counts

    def _add(self, issue: Issue, entry: Comment | Touch) -> None:
        issue.added.append(entry)
        heappush(self._queue, (entry.at, issue.id))
        self.catch_up()

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _fill(self, works: Iterable[Work]) -> None:
        base, others = _FIRST_ID, 0
        for work in works:
            others += work.kind == "task"
            key = f"OPS-{others}" if work.kind == "task" else f"SUP-{work.number}"
            issue = Issue(_FIRST_ID + work.number, key, work, base)
            self._issues[key] = self._issues[str(issue.id)] = issue
            base += len(work.events)
        self._last_id = base + _FIRST_ID


def ours(text: str, *, public: bool = True, document: Any = None, properties: Any = ()) -> Comment:
    """Return a comment of our own user that has no id and no time yet."""
    return Comment(0, 0, OURS, text, public, properties, document)


def _place(issue: Issue) -> tuple[int, int]:
    return issue.indexed, issue.id
