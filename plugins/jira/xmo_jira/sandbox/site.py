"""What a site is set up with: its projects, issue types, statuses, priorities and fields.

The custom fields have German names on purpose: a site names them in its own language, and only the type of a field
(`schema.custom`) says what it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CLOUD_ID = "5a17c0de-0000-4000-8000-000000000001"
EMAIL = "xmo@example.org"
USER = "xmo"
SECRET = "sandbox"  # noqa: S105 - the documented log-in of a stand-in
SERVICE_DESK = "1"
REQUEST_TYPE, ORGANISATIONS = "customfield_10010", "customfield_10002"
LANGUAGE, PARTICIPANTS = "customfield_10035", "customfield_10036"
FIRST_RESPONSE, RESOLUTION = "customfield_10031", "customfield_10032"
STARS, STARS_AT = "customfield_10033", "customfield_10034"
TEAM, DUE_AT = "customfield_10040", "customfield_10042"
_DESK = "com.atlassian.servicedesk"
_PLAIN = "com.atlassian.jira.plugin.system.customfieldtypes"
_LINGO = f"{_DESK}.servicedesk-lingo-integration-plugin:sd-request-language"


@dataclass(frozen=True, slots=True)
class Status:
    """A status of a workflow; `category` is new, indeterminate or done."""

    id: str
    name: str
    category: str


@dataclass(frozen=True, slots=True)
class Type:
    """An issue type; those of the service desk have two names, for the Cloud names its own in brackets."""

    id: str
    cloud_name: str
    server_name: str


@dataclass(frozen=True, slots=True)
class Project:
    """A project, and whether it is a service desk."""

    id: str
    key: str
    name: str
    is_desk: bool


@dataclass(frozen=True, slots=True)
class Field:
    """A field: its names in JQL, its type, and where it is a custom one, the key of that type."""

    id: str
    name: str
    clauses: tuple[str, ...]
    type: str
    items: str = ""
    custom: str = ""

    def told(self) -> dict[str, Any]:
        """Return the field as the vendor lists it."""
        ours = {
            "id": self.id,
            "key": self.id,
            "name": self.name,
            "custom": bool(self.custom),
            "orderable": True,
            "navigable": True,
            "searchable": bool(self.clauses),
            "clauseNames": list(self.clauses),
        }
        return {**ours, "schema": self.schema()} if self.type else ours

    def schema(self) -> dict[str, Any]:
        """Return the type of the field as the vendor describes it."""
        told: dict[str, Any] = {"type": self.type}
        if self.items:
            told["items"] = self.items
        if self.custom:
            return {**told, "custom": self.custom, "customId": int(self.id.removeprefix("customfield_"))}
        return {**told, "system": self.id}


CATEGORIES: Mapping[str, tuple[int, str, str]] = {  # key: id, colour, name
    "new": (2, "blue-gray", "To Do"),
    "indeterminate": (4, "yellow", "In Progress"),
    "done": (3, "green", "Done"),
}
PROJECTS = {
    "SUP": Project("10000", "SUP", "Support", is_desk=True),
    "OPS": Project("10001", "OPS", "Operations", is_desk=False),
}
TYPES = {
    "incident": Type("10001", "[System] Incident", "Incident"),
    "request": Type("10002", "[System] Service request", "Service Request"),
    "problem": Type("10003", "[System] Problem", "Problem"),
    "change": Type("10004", "[System] Change", "Change"),
    "task": Type("10005", "Task", "Task"),
}
_SHARED = {
    "waiting": Status("10013", "Waiting for customer", "indeterminate"),
    "on_hold": Status("10014", "Pending", "indeterminate"),
    "resolved": Status("10015", "Resolved", "done"),
    "closed": Status("6", "Closed", "done"),
    "cancelled": Status("10016", "Canceled", "done"),
}
_INCIDENT = {"new": Status("1", "Open", "new"), "in_progress": Status("10011", "Work in progress", "indeterminate")}
_REQUEST = {
    "new": Status("10010", "Waiting for support", "new"),
    "in_progress": Status("3", "In Progress", "indeterminate"),
}
WORKFLOWS: Mapping[str, Mapping[str, Status]] = {
    kind: {**(_REQUEST if kind == "request" else _INCIDENT), **_SHARED} for kind in TYPES
}
STATUSES = {status.id: status for workflow in WORKFLOWS.values() for status in workflow.values()}
PRIORITIES = {
    "critical": ("1", "Highest"),
    "high": ("2", "High"),
    "medium": ("3", "Medium"),
    "low": ("4", "Low"),
    "lowest": ("5", "Lowest"),
}
RESOLUTIONS = {"Done": "10000", "Won't Do": "10001"}


def _system(id_: str, name: str, type_: str, *clauses: str, items: str = "") -> Field:
    return Field(id_, name, clauses or (id_,), type_, items)


def _custom(id_: str, name: str, type_: str, custom: str, items: str = "") -> Field:
    return Field(id_, name, (f"cf[{id_.removeprefix('customfield_')}]", name), type_, items, custom)


_FIELDS = (
    Field("issuekey", "Key", ("id", "issue", "issuekey", "key"), ""),
    _system("summary", "Summary", "string"),
    _system("description", "Description", "string"),
    _system("issuetype", "Issue Type", "issuetype", "issuetype", "type"),
    _system("project", "Project", "project"),
    _system("status", "Status", "status"),
    Field("statusCategory", "Status Category", ("statusCategory",), "statusCategory"),
    _system("priority", "Priority", "priority"),
    _system("resolution", "Resolution", "resolution"),
    _system("reporter", "Reporter", "user"),
    _system("creator", "Creator", "user"),
    _system("assignee", "Assignee", "user"),
    _system("created", "Created", "datetime", "created", "createdDate"),
    _system("updated", "Updated", "datetime", "updated", "updatedDate"),
    _system("resolutiondate", "Resolved", "datetime", "resolutiondate", "resolved"),
    _system("statuscategorychangedate", "Status Category Changed", "datetime"),
    _system("duedate", "Due date", "date", "due", "duedate"),
    _system("components", "Components", "array", "component", items="component"),
    _system("labels", "Labels", "array", items="string"),
    Field("comment", "Comment", ("comment",), "comments-page"),
    _custom(REQUEST_TYPE, "Anfragetyp", "sd-customerrequesttype", f"{_DESK}:vp-origin"),
    _custom(ORGANISATIONS, "Organisationen", "array", f"{_DESK}:sd-customer-organizations", "sd-customerorganization"),
    _custom(PARTICIPANTS, "Anfragebeteiligte", "array", f"{_DESK}:sd-request-participants", "user"),
    _custom(LANGUAGE, "Sprache der Anfrage", "sd-request-lang", _LINGO),
    _custom(FIRST_RESPONSE, "Zeit bis zur ersten Antwort", "sd-servicelevelagreement", f"{_DESK}:sd-sla-field"),
    _custom(RESOLUTION, "Zeit bis zur Lösung", "sd-servicelevelagreement", f"{_DESK}:sd-sla-field"),
    _custom(STARS, "Zufriedenheit", "sd-feedback", f"{_DESK}:sd-request-feedback"),
    _custom(STARS_AT, "Zufriedenheitsdatum", "datetime", f"{_DESK}:sd-request-feedback-date"),
    _custom(TEAM, "Zuständiges Team", "option", f"{_PLAIN}:select"),
    _custom(DUE_AT, "Zugesagt bis", "datetime", f"{_PLAIN}:datetime"),
)
FIELDS: Mapping[str, Field] = {field.id: field for field in _FIELDS}
CLAUSES: Mapping[str, Field] = {name.lower(): field for field in _FIELDS for name in field.clauses}
