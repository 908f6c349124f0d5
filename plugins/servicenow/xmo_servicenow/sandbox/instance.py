"""One ServiceNow instance in memory: its tables as they stand at the sandbox's time, and what was written to them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, tzinfo
from operator import itemgetter
from threading import RLock
from typing import Any
from zoneinfo import ZoneInfo

from xmo_servicenow.sandbox import slas
from xmo_servicenow.sandbox.audit import Audit
from xmo_servicenow.sandbox.clock import Clock, stamp
from xmo_servicenow.sandbox.history import Change, History, Values
from xmo_servicenow.sandbox.schema import COLUMNS, JOURNALS, LABELS, TASK_TABLES, entered, is_ended, sys_id

USER = "xmo"
PASSWORD = "sandbox"  # noqa: S105 - the documented log-in of a stand-in
_IN_ORDER = itemgetter("sys_updated_on", "sys_id")
_READ_ONLY = frozenset({"number", "comments", "work_notes"})


class Instance:
    """The tables of one instance. Whoever calls holds `lock`, from `catch_up` until the rows are read."""

    def __init__(self, history: History, clock: Clock) -> None:
        self.clock = clock
        self.lock = RLock()
        self.journal: list[dict[str, str]] = []
        self._changes = history.changes
        self._applied = 0
        self._rows: dict[str, dict[str, Values]] = {table: {} for table in COLUMNS}
        self._in_order: dict[str, list[Values]] = {table: [] for table in COLUMNS}
        self._unsorted = set(COLUMNS)
        self._names: dict[str, str] = {}
        self._audit = Audit()
        self._fill(history)
        self.zone: tzinfo = UTC  # of the user xmo: dates in queries are read in it, display values shown in it
        self.user = self._rows["sys_user"][sys_id("sys_user", USER)]

    def put_zone(self, name: str) -> None:
        """Set the time zone of the user `xmo`; raises `ValueError` or a zoneinfo error for one that does not exist."""
        zone = UTC if name in {"GMT", "UTC"} else ZoneInfo(name)
        with self.lock:
            self.zone = zone
            self.user["time_zone"] = name

    def catch_up(self) -> None:
        """Apply what has happened until the sandbox's time. Called before every answer."""
        now = stamp(self.clock.now())
        while self._applied < len(self._changes) and self._changes[self._applied].stamp <= now:
            self._apply(self._changes[self._applied])
            self._applied += 1

    def rows(self, table: str) -> list[Values]:
        """Return all rows of a table in the order of change stamp and sys_id; not to be changed by the caller."""
        if table == "task_sla":
            return [sla for row in self.rows("task") for sla in slas.of(row)]
        if table == "sys_audit":
            for entry in self._audit.written():
                self._add(table, entry, entry["sys_created_on"])
        rows = self._in_order[table]
        if table in self._unsorted:
            rows.sort(key=_IN_ORDER)  # nearly sorted already: cheaper than keeping an index
            self._unsorted.remove(table)
        return rows

    def row(self, table: str, key: str) -> Values | None:
        """Return one row, or None. Every task is also a row of table `task`."""
        if table in {"task_sla", "sys_audit"}:
            return next((row for row in self.rows(table) if row["sys_id"] == key), None)
        return self._rows[table].get(key)

    def name(self, key: str) -> str:
        """Return what a form shows for a reference: the number of a ticket, the name of anything else."""
        return self._names.get(key, "")

    def touch(self, row: Values) -> None:
        """Update a row without changing anything else: its change stamp and its counter move."""
        self._update(row, stamp(self.clock.now()))

    def write(self, row: Values, body: Mapping[str, Any]) -> None:
        """Write what a PATCH asks for. Unknown and read-only columns are ignored, as the vendor does; a text in a
        journal column becomes a journal entry; nothing changed means nothing touched."""
        table = row["sys_class_name"]
        texts = {column: _raw(value) for column, value in body.items() if column in COLUMNS[table]}
        values = {
            c: v for c, v in texts.items() if not c.startswith("sys_") and c not in _READ_ONLY and row.get(c, "") != v
        }
        entries = {column: text for column, text in texts.items() if column in JOURNALS and text}
        if values or entries:
            values |= self._following(row, values)
            self._change(row, {**values, "sys_updated_by": USER}, stamp(self.clock.now()))
        for column, text in entries.items():
            self._enter(row, column, text)

    def _following(self, row: Values, values: Values) -> Values:
        table, before = row["sys_class_name"], row["state"]
        after = values.get("state") or values.get("incident_state") or before
        following = entered(table, before, after, stamp(self.clock.now()))
        if table == "incident" and after != before:
            following |= {"state": after, "incident_state": after}
            if is_ended(table, before) and not is_ended(table, after):
                following["reopen_count"] = str(int(row.get("reopen_count") or 0) + 1)
        return following

    def _enter(self, row: Values, element: str, text: str) -> None:
        now = row["sys_updated_on"]
        key = sys_id("sys_journal_field", str(len(self.journal)))
        about = {"element": element, "element_id": row["sys_id"], "name": row["sys_class_name"], "value": text}
        self._add("sys_journal_field", {"sys_id": key, **about, **_created(now, USER)}, now)
        state = {"state": row["state"], "reopen_count": row.get("reopen_count", "")}
        said = {"table": about["name"], "sys_id": row["sys_id"], "element": element, "text": text, "time": now}
        self.journal.append({"number": row["number"], **state, **said})

    def _apply(self, change: Change) -> None:
        row = self._rows[change.table].get(change.sys_id)
        if row is None:
            row = {"sys_id": change.sys_id, **change.values}
            if change.table in TASK_TABLES:
                row["sys_class_name"] = change.table
            self._names[change.sys_id] = row.get("number", "")
            self._add(change.table, row, change.stamp)
        elif change.deletes:
            self._delete(row, change)
        else:
            self._change(row, change.values, change.stamp)

    def _change(self, row: Values, values: Values, at: str) -> None:
        self._audit.note(row, values, at)
        row |= values
        self._update(row, at)

    def _delete(self, row: Values, change: Change) -> None:
        for table in (change.table, "task"):
            del self._rows[table][change.sys_id]
            self._in_order[table] = [one for one in self._in_order[table] if one is not row]
        about = {"tablename": change.table, "documentkey": change.sys_id, "display_value": row["number"]}
        key = sys_id("sys_audit_delete", change.sys_id)
        self._add("sys_audit_delete", {"sys_id": key, **about, **_created(change.stamp, "admin")}, change.stamp)

    def _update(self, row: Values, at: str) -> None:
        row["sys_updated_on"] = at
        row["sys_mod_count"] = str(int(row["sys_mod_count"]) + 1)
        self._unsorted |= {row["sys_class_name"], "task"}

    def _add(self, table: str, row: Values, at: str) -> None:
        row |= {"sys_updated_on": at, "sys_mod_count": "0"}
        names = {table, "task"} if table in TASK_TABLES else {table}
        for name in names:
            self._rows[name][row["sys_id"]] = row
            self._in_order[name].append(row)
        self._unsorted |= names

    def _fill(self, history: History) -> None:
        start = history.changes[0].stamp if history.changes else stamp(self.clock.now())
        history.refer("sys_user", USER, {"time_zone": "GMT", "email": ""})
        for name, about in slas.AGREEMENTS.items():
            history.refer("contract_sla", name, about)
        for table, records in history.records.items():
            self._names |= {key: values["name"] for key, values in records.items()}
            if table in TASK_TABLES:
                continue  # the log names problems and changes, it does not hold them: references that lead nowhere
            for key, values in records.items():
                self._add(table, {"sys_id": key, "sys_created_on": start, **values}, start)
        for (table, element), labels in LABELS.items():
            for value, text in labels.items():
                choice = {"name": table, "element": element, "value": value, "label": text, "language": "en"}
                self._add("sys_choice", {"sys_id": sys_id("sys_choice", f"{table}.{element}.{value}"), **choice}, start)


def _created(at: str, by: str) -> Values:
    return {"sys_created_on": at, "sys_created_by": by}


def _raw(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
