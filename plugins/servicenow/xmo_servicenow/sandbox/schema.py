"""The columns of the sandbox's tables: which there are, which are numbers or references, and the labels of choices."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

BESIDE = frozenset(  # what tells about tickets: closed to many an API account
    ["task_sla", "sys_audit", "sys_audit_delete", "sys_journal_field", "asmt_assessment_instance", "asmt_metric_result"]
)
TASK_TABLES = ("incident", "sc_request", "sc_req_item", "sc_task", "problem", "change_request")
JOURNALS = frozenset({"comments", "work_notes"})

_SYSTEM = ("sys_id", "sys_created_on", "sys_created_by", "sys_updated_on", "sys_updated_by", "sys_mod_count")
_TASK = (
    *("number", "sys_class_name", "short_description", "state", "active", "priority", "impact", "urgency"),
    *("business_service", "cmdb_ci", "contact_type", "opened_by", "opened_at", "assigned_to", "assignment_group"),
    *(
        "location",
        "company",
        "parent",
        "due_date",
        "sla_due",
        "closed_at",
        "made_sla",
        "reassignment_count",
        "knowledge",
    ),
    *("comments", "work_notes", "correlation_id", "correlation_display", *_SYSTEM),
)
_INCIDENT = (
    *("incident_state", "hold_reason", "caller_id", "category", "subcategory", "u_symptom", "severity", "notify"),
    *("reopen_count", "resolved_at", "resolved_by", "close_code", "problem_id", "rfc", "caused_by", "vendor"),
    "u_priority_confirmation",
)

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "task": _TASK,
    "incident": (*_TASK, *_INCIDENT),
    "sc_request": (*_TASK, "requested_for"),
    "sc_req_item": (*_TASK, "request", "cat_item", "requested_for"),
    "sc_task": (*_TASK, "request_item"),
    "problem": (*_TASK, "resolved_at", "category"),
    "change_request": (*_TASK, "type", "risk"),
    "sys_user": (
        *("user_name", "name", "email", "active", "vip", "location", "company", "department", "preferred_language"),
        *("time_zone", *_SYSTEM),
    ),
    "sys_user_group": ("name", "active", *_SYSTEM),
    "cmn_location": ("name", *_SYSTEM),
    "cmdb_ci": ("name", *_SYSTEM),
    "cmdb_ci_service": ("name", *_SYSTEM),
    "sc_cat_item": ("name", *_SYSTEM),
    "core_company": ("name", *_SYSTEM),
    "sys_journal_field": (
        *("sys_id", "element", "element_id", "name", "value", "sys_created_on", "sys_created_by"),
        *("sys_updated_on", "sys_mod_count"),
    ),
    "contract_sla": ("name", "type", "target", *_SYSTEM),
    "task_sla": ("task", "sla", "stage", "has_breached", "active", "planned_end_time", *_SYSTEM),
    "sys_audit": (
        *("sys_id", "tablename", "documentkey", "fieldname", "oldvalue", "newvalue", "user", "sys_created_on"),
        "sys_created_by",
    ),
    "sys_audit_delete": ("sys_id", "tablename", "documentkey", "display_value", "sys_created_on", "sys_created_by"),
    "asmt_metric_type": ("name", "evaluation_method", *_SYSTEM),
    "asmt_metric": ("name", "question", "datatype", "min", "max", "scale", "metric_type", *_SYSTEM),
    "asmt_assessment_instance": (
        *("number", "metric_type", "user", "state", "taken_on", "task_id", "trigger_table", "trigger_id", *_SYSTEM),
    ),
    "asmt_metric_result": (
        *("instance", "metric", "user", "actual_value", "scaled_value", "normalized_value", "string_value", *_SYSTEM),
    ),
    "sys_choice": ("sys_id", "name", "element", "value", "label", "language", "inactive", "sys_updated_on"),
}

REFERENCES: Mapping[str, str] = {
    **dict.fromkeys(("caller_id", "requested_for", "opened_by", "assigned_to", "resolved_by"), "sys_user"),
    **dict.fromkeys(("rfc", "caused_by"), "change_request"),
    **dict.fromkeys(("vendor", "company"), "core_company"),
    "assignment_group": "sys_user_group",
    "location": "cmn_location",
    "cmdb_ci": "cmdb_ci",
    **dict.fromkeys(("task", "task_id"), "task"),
    "sla": "contract_sla",
    "instance": "asmt_assessment_instance",
    "metric": "asmt_metric",
    "metric_type": "asmt_metric_type",
    "business_service": "cmdb_ci_service",
    "cat_item": "sc_cat_item",
    "problem_id": "problem",
    "parent": "task",
    "request": "sc_request",
    "request_item": "sc_req_item",
}

INTEGERS = frozenset(
    {"state", "incident_state", "priority", "impact", "urgency", "severity"}
    | {"reassignment_count", "reopen_count", "sys_mod_count", "hold_reason"}
)

_INCIDENT_STATES = {
    "1": "New",
    "2": "In Progress",
    "3": "On Hold",
    "6": "Resolved",
    "7": "Closed",
    "8": "Canceled",
}
_REQUEST_STATES = {
    "1": "Open",
    "2": "Work in Progress",
    "3": "Closed Complete",
    "4": "Closed Incomplete",
    "7": "Closed Skipped",
}
_PROBLEM_STATES = {
    "101": "New",
    "102": "Assess",
    "103": "Root Cause Analysis",
    "104": "Fix in Progress",
    "106": "Resolved",
    "107": "Closed",
}
_CHANGE_STATES = {
    "-5": "New",
    "-4": "Assess",
    "-3": "Authorize",
    "-2": "Scheduled",
    "-1": "Implement",
    "0": "Review",
    "3": "Closed",
    "4": "Canceled",
}
_LEVELS = {"1": "1 - High", "2": "2 - Medium", "3": "3 - Low"}
_PRIORITIES = {
    "1": "1 - Critical",
    "2": "2 - High",
    "3": "3 - Moderate",
    "4": "4 - Low",
    "5": "5 - Planning",
}

LABELS: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("incident", "state"): _INCIDENT_STATES,
    ("incident", "incident_state"): _INCIDENT_STATES,
    ("incident", "hold_reason"): {"1": "Awaiting Caller", "3": "Awaiting Problem", "4": "Awaiting Vendor"},
    ("sc_request", "state"): _REQUEST_STATES,
    ("sc_req_item", "state"): _REQUEST_STATES,
    ("sc_task", "state"): _REQUEST_STATES,
    ("problem", "state"): _PROBLEM_STATES,
    ("change_request", "state"): _CHANGE_STATES,
    ("task", "priority"): _PRIORITIES,
    ("task", "impact"): _LEVELS,
    ("task", "urgency"): _LEVELS,
    ("task", "contact_type"): {"phone": "Phone", "email": "Email", "self-service": "Self-service", "ivr": "IVR"},
}

_RESOLVED = {"incident": "6", "problem": "106"}
_CLOSED = {
    "incident": frozenset({"7", "8"}),
    "problem": frozenset({"107"}),
    "change_request": frozenset({"3", "4"}),
    **dict.fromkeys(("sc_request", "sc_req_item", "sc_task"), frozenset({"3", "4", "7"})),
}
_CANCELLED = {"incident": "8", "change_request": "4", **dict.fromkeys(("sc_request", "sc_req_item", "sc_task"), "7")}


def sys_id(table: str, name: str) -> str:
    """Return the 32 hex digits by which one record is known: the same name always has the same."""
    return blake2b(f"{table}:{name}".encode(), digest_size=16).hexdigest()


def is_date(column: str) -> bool:
    """Tell whether a column holds a date and time, by the vendor's habit of naming them."""
    return column.endswith(("_at", "_on")) or column in {"due_date", "sla_due", "planned_end_time"}


def label(table: str, column: str, value: str) -> str:
    """Return what a form shows for a raw choice, or the value itself where nobody named it."""
    labels = LABELS.get((table, column)) or LABELS.get(("task", column)) or {}
    return labels.get(value, value)


def is_ended(table: str, state: str) -> bool:
    """Tell whether a state is the vendor's Resolved or one of its closed ones."""
    return state == _RESOLVED.get(table) or state in _CLOSED[table]


def is_cancelled(table: str, state: str) -> bool:
    """Tell whether a state is one in which a ticket ends without having been worked on to the end."""
    return state == _CANCELLED.get(table)


def entered(table: str, before: str, after: str, stamp: str) -> dict[str, str]:
    """Return the columns that follow when a ticket goes from state `before` to `after` at `stamp`.

    `resolved_at` is the last entry into Resolved, or into Closed from an unresolved state; `closed_at` the last entry
    into Closed. Both stay when a ticket is reopened.
    """
    if before == after:
        return {}
    closed = after in _CLOSED[table]
    values = {"active": "false" if closed else "true"}
    if closed:
        values["closed_at"] = stamp
    if table in _RESOLVED and (after == _RESOLVED[table] or (closed and before != _RESOLVED[table])):
        values["resolved_at"] = stamp
    return values
