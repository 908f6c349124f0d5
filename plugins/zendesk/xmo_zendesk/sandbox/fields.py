"""The fields, statuses, brand and form of an account, as its settings show them."""

from __future__ import annotations

from typing import Any

from xmo_zendesk.sandbox.directory import BRAND, CATEGORY, FORM, SERVICE, STATUS_FIELD, Directory
from xmo_zendesk.sandbox.shape import SINCE
from xmo_zendesk.sandbox.statuses import STATUSES

Json = dict[str, Any]
_DATES = {"created_at": SINCE, "updated_at": SINCE}
_SYSTEM_FIELDS = {
    360_000_000_001: ("subject", "Subject"),
    360_000_000_002: ("description", "Description"),
    360_000_000_003: ("status", "Status"),
    360_000_000_004: ("tickettype", "Type"),
    360_000_000_005: ("priority", "Priority"),
    360_000_000_006: ("group", "Group"),
    360_000_000_007: ("assignee", "Assignee"),
    STATUS_FIELD: ("custom_status", "Ticket status"),
}
_DROPDOWNS = {SERVICE: "Service", CATEGORY: "Category"}
_CHOICES = {
    "status": ("Open", "Pending", "On-hold", "Solved"),
    "tickettype": ("Question", "Incident", "Problem", "Task"),
    "priority": ("Low", "Normal", "High", "Urgent"),
}


def ticket_fields(directory: Directory, root: str) -> list[Json]:
    """Return the ticket fields: those of every account, and two dropdowns with the options that tickets have."""
    rows = []
    for key, (kind, title) in _SYSTEM_FIELDS.items():
        row = _field(key, kind, title, root, removable=False)
        if kind in _CHOICES:
            choices = [{"name": name, "value": name.lower().removeprefix("on-")} for name in _CHOICES[kind]]
            row["system_field_options"] = choices
        if kind == "custom_status":
            row["custom_statuses"] = statuses(root)
        rows.append(row)
    for key, title in _DROPDOWNS.items():
        options = [
            {"id": key * 1000 + number, "name": name, "raw_name": name, "value": value, "default": False}
            for number, (value, name) in enumerate(directory.options[key].items())
        ]
        rows.append(_field(key, "tagger", title, root, removable=True) | {"custom_field_options": options})
    return rows


def _field(key: int, kind: str, title: str, root: str, *, removable: bool) -> Json:
    return {
        "url": f"{root}api/v2/ticket_fields/{key}.json",
        "id": key,
        "type": kind,
        "title": title,
        "raw_title": title,
        "description": title,
        "raw_description": title,
        "position": key % 1000,
        "active": True,
        "required": False,
        "collapsed_for_agents": False,
        "regexp_for_validation": None,
        "title_in_portal": title,
        "raw_title_in_portal": title,
        "visible_in_portal": True,
        "editable_in_portal": removable,
        "required_in_portal": False,
        "agent_can_edit": True,
        "tag": None,
        "removable": removable,
        **_DATES,
    }


def statuses(root: str) -> list[Json]:
    """Return the custom statuses; each category has a default one."""
    return [
        {
            "url": f"{root}api/v2/custom_statuses/{status.id}.json",
            "id": status.id,
            "status_category": status.category,
            "agent_label": status.label,
            "raw_agent_label": status.label,
            "end_user_label": status.end_user_label,
            "raw_end_user_label": status.end_user_label,
            "description": "",
            "raw_description": "",
            "end_user_description": "",
            "raw_end_user_description": "",
            "active": True,
            "default": status.default,
            **_DATES,
        }
        for status in STATUSES
    ]


def brand(root: str) -> Json:
    """Return the one brand."""
    return {
        "url": f"{root}api/v2/brands/{BRAND}.json",
        "id": BRAND,
        "name": "Service Desk",
        "brand_url": root.rstrip("/"),
        "subdomain": "sandbox",
        "has_help_center": True,
        "help_center_state": "enabled",
        "active": True,
        "default": True,
        "is_deleted": False,
        "ticket_form_ids": [FORM],
        "signature_template": "{{agent.signature}}",
        **_DATES,
    }


def form(root: str) -> Json:
    """Return the one ticket form."""
    return {
        "url": f"{root}api/v2/ticket_forms/{FORM}.json",
        "id": FORM,
        "name": "Default Ticket Form",
        "raw_name": "Default Ticket Form",
        "display_name": "Default Ticket Form",
        "raw_display_name": "Default Ticket Form",
        "end_user_visible": True,
        "position": 1,
        "ticket_field_ids": [*_SYSTEM_FIELDS, *_DROPDOWNS],
        "active": True,
        "default": True,
        "in_all_brands": True,
        "restricted_brand_ids": [],
        "agent_conditions": [],
        "end_user_conditions": [],
        **_DATES,
    }
