"""The SLAs of a ticket: what follows from its row, so that both say the same of whether it was kept.

Each ticket with an SLA has one on its response as well, which is missed more often, and some have had a stricter one on
the resolution that was cancelled when the priority changed.
"""

from __future__ import annotations

from collections.abc import Iterator

from xmo_servicenow.sandbox.history import Values
from xmo_servicenow.sandbox.schema import is_cancelled, is_ended, sys_id

AGREEMENTS = {
    "Resolution": {"type": "SLA", "target": "resolution"},
    "First response": {"type": "SLA", "target": "response"},
}


def of(row: Values) -> Iterator[Values]:
    """Yield the SLAs of one ticket as they stand. A work file says of each ticket whether anything was promised: then
    one without a due date has none."""
    if row.get("due_date") == "" or not row.get("made_sla"):
        return
    missed, odd = row["made_sla"] == "false", int(row["sys_id"], 16) % 4
    ended, cancelled = (tell(row["sys_class_name"], row["state"]) for tell in (is_ended, is_cancelled))
    held = row["state"] in {"3", "-5"} and not ended
    stage = "cancelled" if cancelled else "completed" if ended else "paused" if held else "in_progress"
    yield _sla(row, "Resolution", stage, missed, row.get("due_date", ""))
    yield _sla(row, "First response", "completed", odd == 0, row["opened_at"])
    if odd == 1:
        yield _sla(row, "Resolution", "cancelled", True, row["opened_at"], n=2)


def _sla(row: Values, name: str, stage: str, missed: bool, until: str, n: int = 1) -> Values:
    at = row["sys_updated_on"]
    return {
        "sys_id": sys_id("task_sla", f"{row['sys_id']}:{name}:{n}"),
        "task": row["sys_id"],
        "sla": sys_id("contract_sla", name),
        "stage": stage,
        "has_breached": str(missed).lower(),
        "active": str(stage in {"in_progress", "paused"}).lower(),
        "planned_end_time": until,
        "sys_created_on": row["sys_created_on"],
        "sys_updated_on": at,
        "sys_mod_count": "0",
    }
