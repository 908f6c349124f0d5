"""What the work file says of each ticket at a time: read from its events alone, and from no vendor's code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from xmo_demo import month

TICKETS, SEED = 240, 3
_QUIET = timedelta(minutes=3)
_STATES = {
    "assigned": "in_progress",
    "waiting": "waiting",
    "on_hold": "on_hold",
    "resumed": "in_progress",
    "resolved": "resolved",
    "reopened": "in_progress",
    "closed": "closed",
    "cancelled": "cancelled",
}
_ENDED = frozenset({"resolved", "closed", "cancelled"})

Work = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Point:
    """One touchpoint: what, when, by whom, on which channel, and until when was promised; `event` is the work file's
    word for what brought it about, "" where a vendor told it."""

    at: datetime
    what: str
    side: str
    channel: str | None = None
    promised_at: datetime | None = None
    event: str = ""


def whole() -> list[Work]:
    """Return the month."""
    return list(month.month(TICKETS, SEED))


def living(works: Sequence[Work], moment: datetime) -> dict[int, Work]:
    """Return the tickets that are there at a time, as they stand, by their numbers."""
    there = (until(work, moment) for work in works if _at(work["events"][0]) <= moment)
    return {work["number"]: work for work in there if work["events"][-1]["what"] != "deleted"}


def deleted(works: Sequence[Work]) -> dict[int, datetime]:
    """Return when tickets are deleted, by their numbers."""
    return {work["number"]: _last(work, "deleted") for work in works if work["events"][-1]["what"] == "deleted"}


def begin(works: Sequence[Work]) -> datetime:
    """Return a time when nothing has happened yet."""
    return min(_at(work["events"][0]) for work in works) - timedelta(days=1)


def end(works: Sequence[Work]) -> datetime:
    """Return a time when all has happened, and all that was promised is due."""
    return max(_at(event) for work in works for event in work["events"]) + timedelta(days=3)


def until(work: Work, moment: datetime) -> Work:
    """Return the ticket as it stood at a time: with what had happened by then."""
    events = [event for event in work["events"] if _at(event) <= moment]
    promises = [event["until"] for event in events if event["what"] == "promised"]
    groups = [event["group"] for event in events if event["what"] == "assigned"]
    first_group = next(event["group"] for event in work["events"] if event["what"] == "assigned")
    standing = {"promised": (promises or [None])[-1], "group": (groups or [None])[-1], "first_group": first_group}
    return {**work, "events": events, **standing, "now": moment}


def moments(works: Sequence[Work]) -> list[datetime]:
    """Return times at which tickets of both kinds are new, waiting and on hold, and the end. Nothing happens or is due
    in the minutes before, which Zendesk does not export yet."""
    times = sorted({_at(event) for work in works for event in work["events"]})
    dues = {_time(event["until"]) for work in works for event in work["events"] if "until" in event}
    stamps = sorted({*times, *dues})
    quiet = [at + _QUIET for at, following in pairwise(stamps) if at + _QUIET < following]
    wanted = {(kind, state) for kind in ("incident", "request") for state in ("new", "waiting", "on_hold")}
    found = []
    for moment in quiet:
        there = [until(work, moment) for work in works if _at(work["events"][0]) <= moment]
        seen = {(work["kind"], _state(work)) for work in there} & wanted
        if seen:
            found.append(moment)
            wanted -= seen
    assert not wanted, f"the month is never quiet while there is {wanted}"
    return [*found, end(works)]


def facts(work: Work) -> dict[str, Any]:
    """Return what the fields of a ticket must be, and what may stand in the place of some: when it was first open and
    due, when it ended, whether the promise was kept so far, and whether the last one was, and its first group."""
    requester, happened = work["requester"], [event["what"] for event in work["events"]]
    state, missed_at = _state(work), _missed_at(work["events"])
    missed_at = missed_at if missed_at and missed_at <= work["now"] else None
    over = state in _ENDED
    return {
        **{name: work[name] for name in ("number", "kind", "title", "service", "group", "priority", "category")},
        **{name: requester[name] for name in ("language", "timezone", "place", "organisation")},
        "channel": work["channel"],
        "requester": requester["email"],
        "state": state,
        "opened_at": _at(work["events"][0]),
        "changed_at": _at(work["events"][-1]),
        "resolved_at": _last(work, "resolved") if state in {"resolved", "closed"} else None,
        "closed_at": _last(work, state) if state in {"closed", "cancelled"} else None,
        "promised_at": _time(work["promised"]) if work["promised"] else None,
        "reopens": happened.count("reopened"),
        "reassignments": sum(point.what == "handoff" for point in points(work)),
        "sla_met": missed_at is None if over or missed_at else None,
        "missed_at": missed_at,
        "ended_at": _ends(work)[-1] if over else None,
        "kept_so_far": missed_at is None,
        "last_promise_kept": _last_kept(work) if over else None,
        "first_group": work["first_group"],
    }


def points(work: Work) -> list[Point]:
    """Return the touchpoints of a ticket's life in order of time."""
    return list(_points(work))


def _points(work: Work) -> Iterator[Point]:
    waiting, group, ended = True, "", False
    for event in work["events"]:
        at, what = _at(event), event["what"]
        if what in {"opened", "asked"}:
            yield Point(at, "contact", "requester", work["channel"] if what == "opened" else None, event=what)
            waiting = True
        elif what == "acknowledged":
            yield Point(at, "update", "machine", event=what)
        elif what == "replied":
            yield Point(at, "response" if waiting else "update", "desk", event=what)
            waiting = False
        elif what == "assigned":
            if group and event["group"] != group:
                yield Point(at, "handoff", "desk", event=what)
            group = event["group"]
        elif what == "promised":
            yield Point(at, "promise", "desk", promised_at=_time(event["until"]), event=what)
        elif what in _ENDED and not ended:
            yield Point(at, "resolved", "desk", event=what)
        elif what == "reopened" and ended:
            yield Point(at, "reopened", "requester", event=what)
        ended = what in _ENDED or (ended and what != "reopened")


def _state(work: Work) -> str:
    return ([_STATES[event["what"]] for event in work["events"] if event["what"] in _STATES] or ["new"])[-1]


def _ends(work: Work) -> list[datetime]:
    return [point.at for point in points(work) if point.what == "resolved"]


def _last_kept(work: Work) -> bool:
    """Tell whether what was promised last was kept each time that the ticket ended."""
    return all(end <= _time(work["promised"]) for end in _ends(work))


def _missed_at(events: Sequence[Mapping[str, str]]) -> datetime | None:
    """Return when the ticket was first open and due."""
    due, ended = None, False
    for event, following in pairwise([*events, None]):
        if event is None:
            break
        due = _time(event["until"]) if event["what"] == "promised" else due
        ended = event["what"] in _ENDED or (ended and event["what"] != "reopened")
        missed = due and max(due, _at(event))
        if missed and not ended and (following is None or missed < _at(following)):
            return missed
    return None


def _last(work: Work, what: str) -> datetime:
    return max(_at(event) for event in work["events"] if event["what"] == what)


def _at(event: Mapping[str, str]) -> datetime:
    return _time(event["at"])


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
