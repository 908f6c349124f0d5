"""A work file: tickets with all that happens to them, one a line, as ServiceNow would keep it.

Each event becomes what it changes in the row, and so in the audit log, or a journal entry. Decisions:

- Incidents are of table `incident`, requests of `sc_req_item`, each with a request of its own that names the requester.
- A request has no state Resolved: it is then Closed Complete, and Pending for whatever it waits.
- The first group comes with the first assignment: before, a new ticket has none, so that it is no hand-off.
- The SLA is missed at the due time, unless the ticket has ended; times behind the last event of the file are left out.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from xmo_hooks import ConfigError
from xmo_servicenow.sandbox.clock import parse_time, stamp
from xmo_servicenow.sandbox.history import Change, History, Values
from xmo_servicenow.sandbox.schema import entered, sys_id

_TABLES = {"incident": ("incident", "INC"), "request": ("sc_req_item", "RITM")}
_PRIORITIES = {"critical": "1", "high": "2", "medium": "3", "low": "4"}
_CHANNELS = {"portal": "self-service"}
_STATES: Mapping[str, Mapping[str, Values]] = {
    "incident": {
        "waiting": {"state": "3", "hold_reason": "1"},
        "on_hold": {"state": "3", "hold_reason": "4"},
        "resumed": {"state": "2", "hold_reason": ""},
        "resolved": {"state": "6", "hold_reason": "", "close_code": "Solved"},
        "reopened": {"state": "2"},
        "closed": {"state": "7", "hold_reason": ""},
        "cancelled": {"state": "8", "hold_reason": ""},
    },
    "sc_req_item": {
        "waiting": {"state": "-5"},
        "on_hold": {"state": "-5"},
        "resumed": {"state": "2"},
        "resolved": {"state": "3"},
        "reopened": {"state": "2"},
        "closed": {"state": "3"},
        "cancelled": {"state": "7"},
    },
}
_WORDS = {
    "acknowledged": ("comments", "We have received your message."),
    "replied": ("comments", "Please try again, and tell us whether it works now."),
    "asked": ("comments", "Is there any news?"),
    "noted": ("work_notes", "Looked at it."),
}
_OVER = frozenset({"resolved", "closed", "cancelled", "deleted"})
_HINT = "Give a work file: JSON Lines, one ticket a line with its events, plain or .gz."


def is_work(path: Path) -> bool:
    """Tell by its name whether a file is a work file."""
    return path.name.endswith((".jsonl", ".jsonl.gz"))


def read(path: Path) -> History:
    """Read a work file. Raises `ConfigError`, with the line, where it is not there or not in the expected shape."""
    history = History()
    for number, line in enumerate(_lines(path), 1):
        try:
            history.changes += _Ticket(history, orjson.loads(line)).changes()
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ConfigError(f"The sandbox cannot use line {number} of {path}: {error!r}", hint=_HINT) from error
    end = max((one.stamp for one in history.changes if one.values.get("made_sla") != "false"), default="")
    history.changes = [one for one in history.changes if one.stamp <= end]
    history.sort()
    return history


def _lines(path: Path) -> list[bytes]:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            return file.read().splitlines()
    except (OSError, EOFError) as error:
        raise ConfigError(f"The sandbox cannot read {path}: {error}", hint=_HINT) from error


class _Ticket:
    """One ticket of a work file, while its events are played."""

    def __init__(self, history: History, told: Mapping[str, Any]) -> None:
        self._history, self._told, self._events = history, told, told["events"]
        self._table, prefix = _TABLES[told["kind"]]
        self._number = f"{prefix}{told['number']:07}"
        self._key = sys_id(self._table, self._number)
        self._caller = _person(history, told["requester"])
        self._user_name = told["requester"]["email"].partition("@")[0]
        self._agent, self._group, self._hand_offs, self._reopens, self._state = "service.desk", "", 0, 0, "1"

    def changes(self) -> Iterator[Change]:
        """Yield what changes in the ticket and beside it, in order of time."""
        due, over = "", False
        for event, then in zip(self._events, [*self._events[1:], None], strict=True):
            at, what = _stamp(event["at"]), event["what"]
            yield from self._happen(at, what, event)
            over = what in _OVER or (over and what != "reopened")
            due = _stamp(event["until"]) if what == "promised" else due
            missed = max(due, at)
            if due and not over and (then is None or missed < _stamp(then["at"])):
                yield Change(missed, self._table, self._key, {"made_sla": "false", "sys_updated_by": "system"})
                due = ""  # once missed, always missed

    def _happen(self, at: str, what: str, event: Mapping[str, Any]) -> Iterator[Change]:
        if what == "opened":
            yield from self._open(at)
        elif what == "deleted":
            yield Change(at, self._table, self._key, {}, deletes=True)
        elif what in _WORDS:
            yield from self._say(at, what)
        else:
            by = self._user_name if what == "reopened" else self._agent
            yield Change(at, self._table, self._key, {**self._values(at, what, event), "sys_updated_by": by})

    def _values(self, at: str, what: str, event: Mapping[str, Any]) -> Values:
        if what == "assigned":
            return self._assign(event)
        if what == "promised":
            return {"due_date": _stamp(event["until"])}
        if what == "reopened":
            self._reopens += 1
        counted = {"reopen_count": str(self._reopens)} if self._table == "incident" else {}
        return self._enter(at, _STATES[self._table][what]) | counted

    def _assign(self, event: Mapping[str, Any]) -> Values:
        self._hand_offs += bool(self._group) and event["group"] != self._group
        self._group, self._agent = event["group"], event["agent"]
        group = self._history.refer("sys_user_group", self._group)
        agent = self._history.refer("sys_user", self._agent, {"user_name": self._agent})
        counted = {"assignment_group": group, "assigned_to": agent, "reassignment_count": str(self._hand_offs)}
        return counted | (self._enter("", {"state": "2"}) if self._state == "1" else {})

    def _enter(self, at: str, values: Values) -> Values:
        following = entered(self._table, self._state, values["state"], at)
        self._state = values["state"]
        mirrored = {"incident_state": self._state} if self._table == "incident" else {}
        return {**values, **mirrored, **following}

    def _say(self, at: str, what: str) -> Iterator[Change]:
        element, text = _WORDS[what]
        by = {"acknowledged": "system", "asked": self._user_name}.get(what, self._agent)
        about = {"element": element, "element_id": self._key, "name": self._table, "value": text}
        entry = {**about, "sys_created_on": at, "sys_created_by": by}
        yield Change(at, self._table, self._key, {"sys_updated_by": by})
        yield Change(at, "sys_journal_field", sys_id("sys_journal_field", f"{self._key}:{at}:{what}"), entry)

    def _open(self, at: str) -> Iterator[Change]:
        told, refer = self._told, self._history.refer
        self._group = "" if any(one["what"] == "assigned" for one in self._events) else told["group"]
        values = {
            "number": self._number,
            **dict.fromkeys(("opened_at", "sys_created_on"), at),
            **dict.fromkeys(("sys_created_by", "sys_updated_by"), self._user_name),
            **dict.fromkeys(("impact", "urgency", "priority"), _PRIORITIES[told["priority"]]),
            "state": "1",
            "active": "true",
            "opened_by": self._caller,
            "made_sla": "true",
            "due_date": "",
            "reassignment_count": "0",
            "contact_type": _CHANNELS.get(told["channel"], told["channel"]),
            "business_service": refer("cmdb_ci_service", told["service"]),
            "assignment_group": refer("sys_user_group", self._group) if self._group else "",
            "short_description": told["title"],
        }
        yield from self._own(at, values, told["category"])

    def _own(self, at: str, values: Values, category: str) -> Iterator[Change]:
        """Yield the opening, with what only tickets of this table have."""
        if self._table == "incident":
            own = {"caller_id": self._caller, "incident_state": "1", "reopen_count": "0"}
            own |= {"category": category, "subcategory": category}
            yield Change(at, self._table, self._key, values | own)
            return
        request = sys_id("sc_request", self._number)
        head = {**values, "number": f"REQ{self._told['number']:07}", "requested_for": self._caller}
        yield Change(at, "sc_request", request, head)
        item = self._history.refer("sc_cat_item", category)
        own = {"request": request, "requested_for": self._caller, "cat_item": item}
        yield Change(at, self._table, self._key, values | own)


def _person(history: History, told: Mapping[str, str]) -> str:
    about = {
        "email": told["email"],
        "user_name": told["email"].partition("@")[0],
        "preferred_language": told["language"],
        "time_zone": told["timezone"],
        "company": history.refer("core_company", told["organisation"]),
        "location": history.refer("cmn_location", told["place"]),
    }
    return history.refer("sys_user", told["name"], about)


def _stamp(text: str) -> str:
    at: datetime = parse_time(text)
    return stamp(at)
