"""The statuses of an account: the five categories, their default custom statuses, and one of this account's own."""

from __future__ import annotations

from typing import Any, NamedTuple

OPEN_STATUSES = frozenset({"new", "open", "pending", "hold"})
ENDED = frozenset({"solved", "closed", "deleted"})


class Status(NamedTuple):
    """A custom status: how agents and end users call it, and the category to which it belongs."""

    id: int
    category: str
    label: str
    end_user_label: str
    default: bool


STATUSES = (
    Status(50_000_000_001, "new", "New", "Open", True),
    Status(50_000_000_002, "open", "Open", "Open", True),
    Status(50_000_000_003, "pending", "Pending", "Awaiting your reply", True),
    Status(50_000_000_004, "hold", "On-hold", "Open", True),
    Status(50_000_000_005, "solved", "Solved", "Solved", True),
    Status(50_000_000_006, "solved", "Cancelled", "Cancelled", False),
)
CANCELLED = 50_000_000_006
DEFAULTS = {status.category: status.id for status in STATUSES if status.default}
CATEGORIES = {status.id: status.category for status in STATUSES}


def entering(status: str) -> dict[str | int, Any]:
    """Return the values of a ticket that enters a status; a closed or deleted one keeps its custom status."""
    return {"status": status, **({"custom_status_id": DEFAULTS[status]} if status in DEFAULTS else {})}
