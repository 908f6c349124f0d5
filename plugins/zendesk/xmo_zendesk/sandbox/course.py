"""The course of a ticket through its statuses, groups, assignees and comments: what its figures are computed from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

from xmo_zendesk.sandbox.directory import SYSTEM, Directory
from xmo_zendesk.sandbox.life import Audit, Life

_DAY, _WEEK = 86_400, 7 * 86_400
_MONDAY = 4 * _DAY  # the first Monday after 1970-01-01
_OPENS, _CLOSES = 8 * 3600, 18 * 3600


class Moment(NamedTuple):
    """Something that happened to a ticket, by the number of the event that did it."""

    at: int
    seq: int
    value: Any


@dataclass(slots=True)
class Course:
    """Dated statuses, groups, assignees, targets and comments of one ticket, each kind in order of time."""

    statuses: list[Moment] = field(default_factory=list)
    groups: list[Moment] = field(default_factory=list)
    assignees: list[Moment] = field(default_factory=list)
    targets: list[Moment] = field(default_factory=list)
    words: list[Moment] = field(default_factory=list)  # public comments; the value tells whether an agent speaks
    requester_at: int | None = None
    assignee_at: int | None = None
    comment_at: int | None = None

    @property
    def solved(self) -> list[int]:
        """Return when it was solved, or closed without."""
        pairs = zip([Moment(0, 0, "new"), *self.statuses], self.statuses, strict=False)
        ends = {"solved", "closed"}
        return [now.at for before, now in pairs if now.value in ends and before.value not in ends]

    @property
    def reopens(self) -> int:
        """Return how often it left the status solved for one that is not an end."""
        pairs = pairwise(moment.value for moment in self.statuses)
        return sum(before == "solved" and after not in {"closed", "deleted"} for before, after in pairs)

    def spans(self) -> Iterator[tuple[str, int, int]]:
        """Yield each status that is over, with its beginning and end."""
        return ((now.value, now.at, then.at) for now, then in pairwise(self.statuses))


def course(life: Life, directory: Directory) -> Course:
    """Put a ticket's life in order, by what its figures ask for."""
    first = life.audits[0].event
    told = Course()
    told.statuses.append(Moment(first.at, first.seq, "new"))
    told.groups.append(Moment(first.at, first.seq, None))
    kinds = {"status": told.statuses, "group_id": told.groups, "assignee_id": told.assignees, "sla": told.targets}
    for audit in life.audits:
        at, seq = audit.event.at, audit.event.seq
        for name, _, after in audit.changes:
            if name in kinds:
                kinds[str(name)].append(Moment(at, seq, after))
        _who(told, audit, directory)
    return told


def _who(told: Course, audit: Audit, directory: Directory) -> None:
    at = audit.event.at
    voice = audit.voice
    speaker, is_public = voice or (audit.author, False)
    if directory.is_end_user(speaker):
        told.requester_at = at
    elif speaker != SYSTEM:
        told.assignee_at = at
    if voice:
        told.comment_at = at
        if is_public and speaker != SYSTEM:
            told.words.append(Moment(at, audit.event.seq, not directory.is_end_user(speaker)))


def business(start: int, end: int) -> int:
    """Return the seconds between two times that lie in business hours: 8 to 18 o'clock UTC, Monday to Friday."""
    return _until(end) - _until(start)


def _until(at: int) -> int:
    weeks, rest = divmod(at - _MONDAY, _WEEK)
    days, second = divmod(rest, _DAY)
    today = min(max(second - _OPENS, 0), _CLOSES - _OPENS) if days < 5 else 0
    return (weeks * 5 + min(days, 5)) * (_CLOSES - _OPENS) + today
