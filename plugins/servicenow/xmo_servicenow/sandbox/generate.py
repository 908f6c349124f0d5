"""Made-up tickets with a plausible history: who asked about what, how it went, and what was reopened.

The same seed and window give the same tickets. Persons, groups and services are numbered, never named.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random

from xmo_servicenow.sandbox.clock import stamp
from xmo_servicenow.sandbox.history import Change, History, Values
from xmo_servicenow.sandbox.schema import entered, sys_id

WINDOW = timedelta(days=90)
_SERVICES, _GROUPS, _PLACES = 6, 8, 4
_REOPENED, _HELD, _LATE = 0.08, 0.25, 0.15
_OTHERS = {
    "sc_request": ("REQ", ("1", "3")),
    "sc_req_item": ("RITM", ("1", "2", "3")),
    "sc_task": ("SCTASK", ("1", "2", "3")),
    "problem": ("PRB", ("101", "102", "103", "106", "107")),
    "change_request": ("CHG", ("-5", "-4", "-3", "-2", "-1", "0", "3")),
}
_Step = tuple[timedelta, Values]


def add(history: History, incidents: int, start: datetime, seed: int) -> None:
    """Add `incidents` made-up incidents, and one twentieth of that (at least 3) of every other type, to a history;
    they are opened within `WINDOW` from `start` on."""
    draw = Random(seed)  # noqa: S311 - play data, no secret
    for n in range(incidents):
        history.changes += _ticket(history, draw, "incident", f"INC9{n:06}", start, _incident_steps(draw))
    others = max(3, incidents // 20)
    for table, (prefix, states) in _OTHERS.items():
        for n in range(others):
            steps = [(timedelta(hours=draw.uniform(1, 48)), {"state": state}) for state in states[1:]]
            first = (timedelta(0), {"state": states[0], **_own(history, table, n, draw, others)})
            history.changes += _ticket(history, draw, table, f"{prefix}9{n:06}", start, [first, *steps])
    history.sort()


def _incident_steps(draw: Random) -> list[_Step]:
    hours = [timedelta(hours=draw.expovariate(1 / mean)) + timedelta(minutes=1) for mean in (2, 6, 20, 24, 30)]
    steps = [
        (timedelta(0), {"state": "1"}),
        (hours[0], {"state": "2", "reassignment_count": str(draw.choice((0, 0, 1, 2)))}),
    ]
    if draw.random() < _HELD:
        steps += [(hours[1], {"state": "3", "hold_reason": "1"}), (hours[1], {"state": "2", "hold_reason": ""})]
    steps += [(hours[2], {"state": "6", "close_code": "Solved", "made_sla": str(draw.random() > _LATE).lower()})]
    if draw.random() < _REOPENED:
        steps += [(hours[3], {"state": "2", "reopen_count": "1"}), (hours[4], {"state": "6"})]
    return [*steps, (timedelta(days=5), {"state": "7"})]


def _ticket(
    history: History, draw: Random, table: str, number: str, start: datetime, steps: Sequence[_Step]
) -> Iterator[Change]:
    opened = start + WINDOW * draw.random()
    key, state, at = sys_id(table, number), "", opened
    first = _first(history, draw, table, number, stamp(opened))
    for after, values in steps:
        at += after
        following = entered(table, state, values.get("state", state), stamp(at))
        state = values.get("state", state)
        mirrored = {"incident_state": state} if table == "incident" else {}
        yield Change(stamp(at), table, key, {**first, **following, **mirrored, **values})
        first = {}


def _first(history: History, draw: Random, table: str, number: str, opened: str) -> Values:
    service = draw.randrange(_SERVICES) + 1
    caller = _person(history, draw)
    level = draw.choice(("1", "2", "2", "3", "3", "3"))
    values = {
        "number": number,
        "opened_at": opened,
        "sys_created_on": opened,
        "opened_by": caller,
        "made_sla": "true",
        "priority": level,
        "impact": level,
        "urgency": level,
        "reassignment_count": "0",
        "contact_type": draw.choice(("phone", "phone", "email", "self-service")),
        "business_service": history.refer("cmdb_ci_service", f"Service {service}"),
        "assignment_group": history.refer("sys_user_group", f"Group {draw.randrange(_GROUPS) + 1}"),
        "short_description": f"Service {service}: something is wrong ({number})",
    }
    if table == "incident":
        values |= {"caller_id": caller, "reopen_count": "0", "category": f"Category {service}"}
        values["subcategory"] = f"Subcategory {service}{draw.randrange(3)}"
    return values


def _own(history: History, table: str, n: int, draw: Random, others: int) -> Values:
    person = _person(history, draw)
    if table == "sc_request":
        return {"requested_for": person}
    if table == "sc_req_item":
        item = history.refer("sc_cat_item", f"Item {n % 5 + 1}")
        return {"requested_for": person, "cat_item": item, "request": sys_id("sc_request", f"REQ9{n % others:06}")}
    if table == "sc_task":
        return {"request_item": sys_id("sc_req_item", f"RITM9{n % others:06}")}
    return {}


def _person(history: History, draw: Random) -> str:
    n = draw.randrange(60) + 1
    place = history.refer("cmn_location", f"Location {n % _PLACES + 1}")
    return history.refer(
        "sys_user", f"Caller {9000 + n}", {"location": place, "preferred_language": ("en", "de")[n % 2]}
    )
