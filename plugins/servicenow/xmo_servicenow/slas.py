"""What the SLAs of a ticket say: rows of `task_sla`, which stand in the raw row of their ticket."""

from collections.abc import Sequence
from datetime import datetime

from xmo_hooks import Row
from xmo_servicenow.keyset import is_stamp, moment

SLA = "_sla"  # the key under which a ticket's row holds its SLAs
COLUMNS = ("task", "stage", "has_breached", "planned_end_time", "sla.type", "sla.target", "sla.name")
_RUNNING = ("in_progress", "paused")


def outcome(slas: Sequence[Row]) -> tuple[bool | None, datetime | None]:
    """Return whether all that was agreed on the resolution was kept so far (None: nothing was), and until when it is
    promised: what runs ends first, else what ran ended last.

    Cancelled ones do not count, nor do agreements on the response or inside the desk (OLA, underpinning contract).
    """
    ours = [one for one in slas if _counts(one)]
    running = [one for one in ours if one.get("stage") in _RUNNING]
    ends = sorted(end for one in running or ours if is_stamp(end := one.get("planned_end_time")))
    promised = moment(ends[0] if running else ends[-1]) if ends else None
    return (not any(_breached(one) for one in ours) if ours else None), promised


def _counts(sla: Row) -> bool:
    # an instance that does not know `target` names them all the more clearly
    target = str(sla.get("sla.target") or sla.get("sla.name") or "").lower()
    kind = str(sla.get("sla.type") or "sla").lower()
    known = sla.get("has_breached") in {"true", "false"} and sla.get("stage") != "cancelled"
    return known and kind == "sla" and "response" not in target


def _breached(sla: Row) -> bool:
    return sla.get("has_breached") == "true" or sla.get("stage") == "breached"
