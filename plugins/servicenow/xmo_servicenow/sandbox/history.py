"""History to be replayed: dated changes of tickets, read from a CSV file in the shape of the UCI incident log.

The file is the audit log of a real instance ("Incident management process enriched event log", UCI Machine Learning
Repository 498): one row is the whole incident after one change, incidents one after another. Decisions:

- A row takes effect at its `sys_updated_at`, but never before the row above it: one row of the file goes back in time.
- Times carry no zone: they are taken as UTC. Missing, `?` in the file, is the empty string.
- `resolved_at`, `closed_at`, `resolved_by` and `closed_code` are final values on every row. A vendor cannot know them
  beforehand, so the two times are those of the rows that entered the states (see `schema.entered`), and the other two
  appear with the first resolution.
- `sys_mod_count` counts the rows that were replayed and our own writes: five numbers of the file repeat.
- The states of the log become the vendor's numbers; a state that is none of them (`-100`) stays as it is.
- Persons have no address in the file: "Caller 2146" becomes caller-2146@example.com, at the first place they are seen.
- The file knows no business service: its categories stand in for one.
- `sys_created_at` is missing for every third incident: then it is the time of the first row.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from pathlib import Path

from xmo_hooks import ConfigError
from xmo_servicenow.sandbox.clock import stamp
from xmo_servicenow.sandbox.schema import REFERENCES, entered, is_ended, sys_id

Values = dict[str, str]

_STATES = {
    "New": "1",
    "Active": "2",
    "Resolved": "6",
    "Closed": "7",
    **dict.fromkeys(("Awaiting User Info", "Awaiting Vendor", "Awaiting Problem", "Awaiting Evidence"), "3"),
}
_HOLD_REASONS = {"Awaiting User Info": "1", "Awaiting Problem": "3", "Awaiting Vendor": "4"}
_AS_THEY_ARE = frozenset(
    [
        "active",
        "reassignment_count",
        "reopen_count",
        "made_sla",
        "category",
        "subcategory",
        "u_symptom",
        "knowledge",
        "u_priority_confirmation",
        "notify",
        "sys_updated_by",
        "sys_created_by",
    ]
)
_LEVELS = frozenset({"impact", "urgency", "priority"})
_REFERENCES = frozenset(
    [
        "caller_id",
        "opened_by",
        "location",
        "cmdb_ci",
        "assignment_group",
        "assigned_to",
        "problem_id",
        "rfc",
        "vendor",
        "caused_by",
    ]
)
_NEEDED = frozenset({"number", "incident_state", "opened_at", "sys_updated_at", "caller_id", "reopen_count"})


@dataclass(frozen=True, slots=True)
class Change:
    """What changes in one record at one time: the columns that differ from before, or its deletion."""

    stamp: str
    table: str
    sys_id: str
    values: Values
    deletes: bool = False


@dataclass(slots=True)
class History:
    """All changes in order of time, and the records that tickets refer to: table, then sys_id, then columns."""

    changes: list[Change] = field(default_factory=list)
    records: dict[str, dict[str, Values]] = field(default_factory=dict)

    def refer(self, table: str, name: str, columns: Mapping[str, str] | None = None) -> str:
        """Return the sys_id of a referred record, which exists from now on; the first one to name it fills it."""
        record = self.records.setdefault(table, {})
        key = sys_id(table, name)
        if key not in record:
            record[key] = {"name": name, **(_person(name) if table == "sys_user" else {}), **(columns or {})}
        return key

    def enter(self, at: str, table: str, name: str, values: Values, by: str) -> str:
        """Let a record of a table beside the tickets come into being, and return its sys_id."""
        key = sys_id(table, name)
        self.changes.append(Change(at, table, key, {**values, "sys_created_on": at, "sys_created_by": by}))
        return key

    def sort(self) -> None:
        """Put the changes in order of time; those of one moment stay as they came."""
        self.changes.sort(key=attrgetter("stamp"))


def _person(name: str) -> Values:
    user_name = name.lower().replace(" ", "-")
    return {"user_name": user_name, "email": f"{user_name}@example.com", "active": "true", "vip": "false"}


def read(path: Path) -> History:
    """Read a CSV file, plain or gzipped. Raises `ConfigError` where it is not there or not in the expected shape."""
    history = History()
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
            rows = csv.reader(file)
            columns = next(rows, [])
            _check(path, columns)
            history.changes += _replay(history, columns, rows)
    except (OSError, EOFError, ValueError) as error:
        raise ConfigError(f"The sandbox cannot read {path}: {error}", hint=_HINT) from error
    history.sort()
    return history


_HINT = "Give a work file (.jsonl), or a CSV file, plain or .gz, in the shape of the UCI incident event log."


def _check(path: Path, columns: Iterable[str]) -> None:
    missing = _NEEDED.difference(columns)
    if missing:
        raise ConfigError(
            f"The sandbox cannot replay {path}: it has no column {', '.join(sorted(missing))}", hint=_HINT
        )


def _replay(history: History, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[Change]:
    known: dict[str, tuple[Values, Values]] = {}
    for cells in rows:
        row = dict(zip(columns, cells, strict=True))
        before, shown = known.setdefault(row["number"], ({}, {"sys_updated_on": ""}))
        at = shown["sys_updated_on"] = max(shown["sys_updated_on"], _stamp(row["sys_updated_at"]))
        # A row repeats the whole incident: only what differs from the row above is worth translating.
        values = _translate(history, row, dict(row.items() - before.items()))
        if not before:
            values["sys_created_on"] = _stamp(row.get("sys_created_at", "?")) or at
        values |= _ending(history, row, shown.get("state", ""), values.get("state", shown.get("state", "")), at)
        changed = {column: value for column, value in values.items() if shown.get(column, "") != value}
        yield Change(at, "incident", sys_id("incident", row["number"]), changed)
        shown |= changed
        known[row["number"]] = (row, shown)


def _ending(history: History, row: Values, before: str, after: str, at: str) -> Values:
    values = entered("incident", before, after, at)
    values.pop("active", None)  # the file has its own
    if is_ended("incident", after):
        values["close_code"] = _text(row.get("closed_code", ""))
        values["resolved_by"] = _reference(history, "resolved_by", row.get("resolved_by", ""))
    return values


def _translate(history: History, row: Values, changed: Values) -> Values:
    values = {column: _text(changed[column]) for column in _AS_THEY_ARE & changed.keys()}
    values |= {column: _text(changed[column]).partition(" ")[0] for column in _LEVELS & changed.keys()}
    if "caller_id" in changed and (caller := _text(row["caller_id"])):
        history.refer("sys_user", caller, {"location": _reference(history, "location", row.get("location", ""))})
    values |= {column: _reference(history, column, changed[column]) for column in _REFERENCES & changed.keys()}
    if "incident_state" in changed:
        values["state"] = values["incident_state"] = _STATES.get(row["incident_state"], row["incident_state"])
        values["hold_reason"] = _HOLD_REASONS.get(row["incident_state"], "")
    if "opened_at" in changed:
        values["opened_at"] = _stamp(row["opened_at"])
    if "contact_type" in changed:
        values["contact_type"] = _text(row["contact_type"]).lower().replace(" ", "-")
    if "category" in changed:
        service = _text(row["category"])
        values["business_service"] = history.refer("cmdb_ci_service", service) if service else ""
    if {"category", "u_symptom"} & changed.keys():
        said = (_text(row.get("category", "")), _text(row.get("u_symptom", "")))
        values["short_description"] = ": ".join(filter(None, said))
    return values | ({"number": row["number"]} if "number" in changed else {})


def _reference(history: History, column: str, text: str) -> str:
    name = _text(text)
    return history.refer(REFERENCES[column], name) if name else ""


@lru_cache(maxsize=4096)
def _text(text: str) -> str:
    return "" if text == "?" else " ".join(text.split())


@lru_cache(maxsize=4096)
def _stamp(text: str) -> str:
    if text == "?":
        return ""
    date, _, time = text.partition(" ")
    day, month, year = date.split("/")
    hour, minute = time.split(":")
    return stamp(datetime(int(year), int(month), int(day), int(hour), int(minute), tzinfo=UTC))
