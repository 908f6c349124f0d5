"""Service levels: for each metric the cycles that are over, and the one that runs.

The promise of a ticket is the goal of both metrics, as it stands when a cycle ends; without a promise there is no goal
and no cycle. A ticket that is reopened begins a further cycle of "Time to resolution". The clock of both runs round the
clock and never pauses.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from xmo_jira.sandbox.clock import SECOND, moment, stamp
from xmo_jira.sandbox.life import Issue
from xmo_jira.sandbox.site import FIELDS, FIRST_RESPONSE, RESOLUTION
from xmo_jira.sandbox.work import ENDS

METRICS = {FIRST_RESPONSE: "1", RESOLUTION: "2"}
_STOPS = {FIRST_RESPONSE: ENDS | {"replied"}, RESOLUTION: ENDS}


@dataclass(frozen=True, slots=True)
class Cycle:
    """One measurement, in epoch milliseconds: `stopped` is None while it runs."""

    started: int
    stopped: int | None
    breach: int


def cycles(issue: Issue, metric: str, until: int) -> list[Cycle]:
    """Return the cycles of one metric by a time, oldest first; at most the last of them runs."""
    events = [event for event in issue.work.events if event.at <= until]
    promised = any(event.what == "promised" for event in issue.work.events)
    due = None if promised else issue.work.promised
    started: int | None = events[0].at
    found = []
    for event in events:
        if event.what == "promised":
            due = event.until
        elif event.what in _STOPS[metric] and started is not None:
            found += [Cycle(started, event.at, due)] if due is not None else []
            started = None
        elif event.what == "reopened" and metric == RESOLUTION:
            started = event.at
    if started is not None and due is not None:
        found.append(Cycle(started, None, due))
    return found


def value(issue: Issue, metric: str, until: int, zone: tzinfo, root: str) -> dict[str, Any]:
    """Return a metric as the field and the endpoint of the vendor show it."""
    found = cycles(issue, metric, until)
    link = f"{root}rest/servicedeskapi/request/{issue.id}/sla/{METRICS[metric]}"
    told: dict[str, Any] = {
        "id": METRICS[metric],
        "name": FIELDS[metric].name,
        "_links": {"self": link},
        "completedCycles": [_completed(cycle, zone) for cycle in found if cycle.stopped is not None],
    }
    running = _running(found, until)
    return {**told, "ongoingCycle": _ongoing(running, until, zone)} if running else told


def date(at: int, zone: tzinfo) -> dict[str, Any]:
    """Return a time as the Service Management API writes it; the friendly text is for people alone."""
    local = moment(at, zone)
    iso = local.strftime("%Y-%m-%dT%H:%M:%S%z")
    return {"iso8601": iso, "jira": stamp(at, zone), "friendly": local.strftime("%d.%m.%y %H:%M"), "epochMillis": at}


def _running(found: Iterable[Cycle], until: int) -> Cycle | None:
    return next((cycle for cycle in found if cycle.stopped is None and cycle.started <= until), None)


def _completed(cycle: Cycle, zone: tzinfo) -> dict[str, Any]:
    stopped = cycle.stopped or 0
    return {**_measured(cycle, stopped, zone), "stopTime": date(stopped, zone)}


def _ongoing(cycle: Cycle, until: int, zone: tzinfo) -> dict[str, Any]:
    return {**_measured(cycle, until, zone), "paused": False, "withinCalendarHours": True}


def _measured(cycle: Cycle, end: int, zone: tzinfo) -> dict[str, Any]:
    return {
        "startTime": date(cycle.started, zone),
        "breachTime": date(cycle.breach, zone),
        "breached": end > cycle.breach,
        "goalDuration": _duration(cycle.breach - cycle.started),
        "elapsedTime": _duration(end - cycle.started),
        "remainingTime": _duration(cycle.breach - end),
    }


def _duration(length: int) -> dict[str, Any]:
    minutes = abs(length) // (60 * SECOND)
    sign = "-" if length < 0 else ""
    return {"millis": length, "friendly": f"{sign}{minutes // 60} Std. {minutes % 60} Min."}
