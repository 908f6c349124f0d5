"""Service levels: each SLA of Service Management is a custom field with its cycles, several where a ticket was opened
again."""

from collections.abc import Mapping, Sequence
from typing import Any


def sla_met(fields: Mapping[str, Any], columns: Sequence[str], wanted: str) -> bool | None:
    """Tell whether no finished cycle was breached, or None where none has finished. `wanted` is the name of the SLA
    that counts, or the id of its field, casefolded; "" for all of them."""
    met = None
    for column in columns:
        sla = fields.get(column)
        if not isinstance(sla, dict) or (wanted and wanted not in (column, str(sla.get("name")).casefold())):
            continue
        cycles = sla.get("completedCycles")
        for cycle in cycles if isinstance(cycles, list) else ():
            breached = cycle.get("breached") if isinstance(cycle, dict) else None
            if breached is True:
                return False
            met = True if breached is False else met
    return met
