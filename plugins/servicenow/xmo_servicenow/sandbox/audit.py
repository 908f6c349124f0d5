"""The audit log of the tickets: each change of a column that is audited, noted as it happens.

Entries are kept small until somebody reads the log, for most never do.
"""

from __future__ import annotations

from collections.abc import Iterator

from xmo_servicenow.sandbox.history import Values
from xmo_servicenow.sandbox.schema import sys_id

AUDITED = ("state", "incident_state", "assignment_group", "due_date", "sla_due")


class Audit:
    """What has changed in which ticket since the log was read last."""

    def __init__(self) -> None:
        self._noted: list[tuple[str, str, str, str, str, str, str]] = []
        self._written = 0

    def note(self, row: Values, values: Values, at: str) -> None:
        """Note what `values` are about to change in a ticket; records of other tables are not audited."""
        if table := row.get("sys_class_name"):
            by = values.get("sys_updated_by") or row.get("sys_updated_by", "")
            for column in AUDITED:
                if column in values and values[column] != (before := row.get(column, "")):
                    self._noted.append((at, table, row["sys_id"], column, before, values[column], by))

    def written(self) -> Iterator[Values]:
        """Yield the entries that have not been yielded before."""
        for at, table, key, column, before, after, by in self._noted:
            self._written += 1
            about = {"tablename": table, "documentkey": key, "fieldname": column, "oldvalue": before, "newvalue": after}
            entry = {"sys_id": sys_id("sys_audit", str(self._written)), **about}
            yield {**entry, "user": by, "sys_created_on": at, "sys_created_by": by}
        self._noted.clear()
