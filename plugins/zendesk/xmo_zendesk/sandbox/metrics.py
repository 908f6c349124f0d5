"""The figures of a ticket: its metric set, and the metric events of which the SLA stream is made.

Minutes come in pairs: of the calendar, and of business hours. Targets are in calendar hours. An event's id follows from
the update that caused it, so it stays the same whatever happens later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise, zip_longest
from operator import itemgetter
from typing import Any, NamedTuple

from xmo_zendesk.sandbox.clock import iso
from xmo_zendesk.sandbox.course import Course, Moment, business
from xmo_zendesk.sandbox.statuses import ENDED

POLICY = 70_000_000_001
_WAITING, _TARGETED = "requester_wait_time", "resolution_time"
_PAUSES: Mapping[str, frozenset[str]] = {
    _WAITING: frozenset({"pending"}),
    "agent_work_time": frozenset({"pending", "hold"}),
    _TARGETED: frozenset(),
}
_METRICS = ("reply_time", *_PAUSES)
_TYPES = ("measure", "activate", "apply_sla", "pause", "fulfill", "update_status", "breach")
Minutes = dict[str, int | None]


class Measure(NamedTuple):
    """One metric event. `more` are the properties that only its type has."""

    time: int
    seq: int
    metric: str
    type: str
    instance: int = 1
    more: Mapping[str, Any] | None = None

    def shown(self, ticket: int) -> dict[str, Any]:
        """Return the event as the vendor shows it."""
        slot = _METRICS.index(self.metric) * len(_TYPES) + _TYPES.index(self.type)
        return {
            "id": (ticket * 1_000_000 + self.seq) * 100 + slot,
            "ticket_id": ticket,
            "metric": self.metric,
            "instance_id": self.instance,
            "type": self.type,
            "time": iso(self.time),
            **(self.more or {}),
        }


def metric_set(ticket: int, told: Course, root: str) -> dict[str, Any]:
    """Return the metric set of a ticket, as it comes along with tickets."""
    created, solved = told.statuses[0].at, told.solved
    replies = [word.at for word in told.words if word.value]
    assigned = [moment.at for moment in told.assignees]
    spent = _spent(told)
    dates = {
        "created_at": created,
        "updated_at": max(filter(None, (told.requester_at, told.assignee_at, told.statuses[-1].at))),
        "assignee_updated_at": told.assignee_at,
        "requester_updated_at": told.requester_at,
        "status_updated_at": told.statuses[-1].at,
        "custom_status_updated_at": told.statuses[-1].at,
        "initially_assigned_at": assigned[0] if assigned else None,
        "assigned_at": assigned[-1] if assigned else None,
        "solved_at": solved[-1] if solved else None,
        "latest_comment_added_at": told.comment_at,
    }
    return {
        "url": f"{root}api/v2/ticket_metrics/{ticket}.json",
        "id": ticket,
        "ticket_id": ticket,
        **{name: at and iso(at) for name, at in dates.items()},
        "group_stations": len(told.groups),
        "assignee_stations": len(told.assignees),
        "reopens": told.reopens,
        "replies": len(replies),
        "reply_time_in_minutes": _between(created, replies[:1]),
        "first_resolution_time_in_minutes": _between(created, solved[:1]),
        "full_resolution_time_in_minutes": _between(created, solved[-1:]),
        "agent_wait_time_in_minutes": _sum(spent, "pending"),
        "requester_wait_time_in_minutes": _sum(spent, "new", "open", "hold"),
        "on_hold_time_in_minutes": _sum(spent, "hold"),
    }


def measures(told: Course) -> list[Measure]:
    """Return the metric events of a ticket in order of time; a breach that lies ahead is among them."""
    first = told.statuses[0]
    found = [Measure(first.at, first.seq, metric, "measure", 0) for metric in _METRICS]
    for metric, pauses in _PAUSES.items():
        found += _clock(metric, pauses, told.statuses)
    found += _replies(told)
    found += _target(told)
    return sorted(found, key=itemgetter(0, 1))


def _clock(metric: str, pauses: frozenset[str], statuses: list[Moment]) -> Iterator[Measure]:
    """Yield how one clock ran: it is fulfilled when the ticket is solved, and runs again when it is reopened."""
    running, since, spent, worked = "", 0, 0, 0
    for moment in statuses:
        kind = "fulfill" if moment.value in ENDED else "pause" if moment.value in pauses else "activate"
        if kind == running:
            continue
        if running == "activate":
            spent, worked = spent + moment.at - since, worked + business(since, moment.at)
        running, since = kind, moment.at
        yield Measure(moment.at, moment.seq, metric, kind)
        if kind == "fulfill":
            yield _status(moment, metric, 1, spent, worked)


def _replies(told: Course) -> Iterator[Measure]:
    """Yield each turn of waiting for an agent's public word; solving the ticket ends one as well."""
    ends = [Moment(moment.at, moment.seq, True) for moment in told.statuses if moment.value in ENDED]
    instance, since = 0, None
    for moment in sorted([*told.words, *ends], key=itemgetter(0, 1)):
        if since is None and not moment.value:
            instance, since = instance + 1, moment.at
            yield Measure(moment.at, moment.seq, "reply_time", "activate", instance)
        elif since is not None and moment.value:
            yield Measure(moment.at, moment.seq, "reply_time", "fulfill", instance)
            yield _status(moment, "reply_time", instance, moment.at - since, business(since, moment.at))
            since = None


def _target(told: Course) -> Iterator[Measure]:
    """Yield the policy's targets, and when each was missed; what a later target replaced is a deleted breach."""
    created = told.statuses[0].at
    for target, following in zip_longest(told.targets, told.targets[1:]):
        due = target.value
        yield Measure(target.at, target.seq, _TARGETED, "apply_sla", more={"sla": _sla(due - created)})
        if following is not None:
            yield Measure(due, target.seq, _TARGETED, "breach", more={"deleted": True})
        elif (missed := _missed(told.statuses, max(due, target.at))) is not None:
            yield Measure(missed, target.seq, _TARGETED, "breach", more={"deleted": False})


def _missed(statuses: list[Moment], due: int) -> int | None:
    """Return when the ticket was, or will be, open and due, or None where that is never."""
    for now, then in pairwise([*statuses, None]):
        if now is not None and now.value not in ENDED and (then is None or then.at > due):
            return max(now.at, due)
    return None


def _sla(seconds: int) -> dict[str, Any]:
    policy = {"id": POLICY, "title": "Resolution", "description": "When a ticket must be resolved"}
    return {"target": seconds // 60, "target_in_seconds": seconds, "business_hours": False, "policy": policy}


def _status(moment: Moment, metric: str, instance: int, spent: int, worked: int) -> Measure:
    status = {"calendar": spent // 60, "business": worked // 60}
    return Measure(moment.at, moment.seq, metric, "update_status", instance, {"status": status})


def _between(start: int, ends: list[int]) -> Minutes:
    if not ends:
        return {"calendar": None, "business": None}
    return {"calendar": (ends[0] - start) // 60, "business": business(start, ends[0]) // 60}


def _spent(told: Course) -> dict[str, tuple[int, int]]:
    """Return the seconds in each status that is over, of the calendar and in business hours."""
    spent: dict[str, tuple[int, int]] = {}
    for status, start, end in told.spans():
        calendar, worked = spent.get(status, (0, 0))
        spent[status] = calendar + end - start, worked + business(start, end)
    return spent


def _sum(spent: Mapping[str, tuple[int, int]], *statuses: str) -> Minutes:
    pairs = [spent[status] for status in statuses if status in spent]
    return {"calendar": sum(pair[0] for pair in pairs) // 60, "business": sum(pair[1] for pair in pairs) // 60}
