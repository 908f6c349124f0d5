"""What is known of ServiceNow's task tables: which kind of ticket each holds, where its fields lie, what its states
mean. All of it can be overridden by the options: instances differ, and some state numbers are only common practice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from xmo_hooks import State

# A column that begins with "requester." is looked up at the user whom the field `requester` names.
TASK: Mapping[str, str] = {
    "number": "number",
    "state": "state",
    "title": "short_description",
    "opened_at": "opened_at",
    "closed_at": "closed_at",
    "promised_at": "due_date",
    "reassignments": "reassignment_count",
    "sla_met": "made_sla",
    "service": "business_service.name",
    "group": "assignment_group.name",
    "priority": "priority",
    "channel": "contact_type",
    "parent": "parent",
    "requester": "opened_by",
    "user_name": "requester.user_name",
    "email": "requester.email",
    "name": "requester.name",
    "language": "requester.preferred_language",
    "timezone": "requester.time_zone",
    "place": "requester.location.name",
    "organisation": "requester.company.name",
}
CANONICAL = frozenset(TASK) | {"resolved_at", "reopens", "category", "hold_reason"}
CONTACT = frozenset({"user_name", "email", "name", "language", "timezone", "place", "organisation"})

# Words for raw values, the same for every vendor; they stand only where the vendor's own column feeds the field.
LABELS: Mapping[str, Mapping[str, str]] = {
    "priority": {"1": "critical", "2": "high", "3": "medium", "4": "low", "5": "planning"},
    "channel": {"self-service": "portal"},
}

_REQUEST_STATES: Mapping[str, State] = {
    "-5": "on_hold",
    "1": "new",
    "2": "in_progress",
    "3": "closed",
    "4": "closed",
    "7": "cancelled",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """One of the vendor's own tables: its kind of ticket, its states, and the fields in which it differs from task."""

    kind: str
    states: Mapping[str, State]
    fields: Mapping[str, str] = field(default_factory=dict)


KNOWN: Mapping[str, Known] = {
    "incident": Known(
        kind="incident",
        states={
            "1": "new",
            "2": "in_progress",
            "3": "on_hold",
            "3/1": "waiting",  # the hold reason Awaiting Caller
            "6": "resolved",
            "7": "closed",
            "8": "cancelled",
        },
        fields={
            "requester": "caller_id",
            "category": "category",
            "hold_reason": "hold_reason",
            "resolved_at": "resolved_at",
            "reopens": "reopen_count",
        },
    ),
    "problem": Known(
        kind="problem",
        states={
            "101": "new",
            "102": "in_progress",
            "103": "in_progress",
            "104": "in_progress",
            "106": "resolved",
            "107": "closed",
        },
        fields={"category": "category", "resolved_at": "resolved_at"},
    ),
    "change_request": Known(
        kind="change",
        states={
            "-5": "new",
            "-4": "in_progress",
            "-3": "in_progress",
            "-2": "in_progress",
            "-1": "in_progress",
            "0": "in_progress",
            "3": "closed",
            "4": "cancelled",
        },
    ),
    "sc_request": Known(kind="request", states=_REQUEST_STATES, fields={"requester": "requested_for"}),
    "sc_req_item": Known(
        kind="request",
        states=_REQUEST_STATES,
        fields={"requester": "request.requested_for", "parent": "request", "category": "cat_item.name"},
    ),
    "sc_task": Known(kind="task", states=_REQUEST_STATES, fields={"parent": "request_item"}),
}
