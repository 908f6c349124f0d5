"""The trail of a ticket: its audits, and the same updates in the shape of the incremental export of events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from xmo_zendesk.sandbox import shape
from xmo_zendesk.sandbox.clock import iso
from xmo_zendesk.sandbox.directory import SYSTEM
from xmo_zendesk.sandbox.life import Audit, opened
from xmo_zendesk.sandbox.work import Ticket

Json = dict[str, Any]
_CHANNELS = {"web": "Web form", "email": "Mail", "voice": "Phone call (incoming)", "chat": "Chat", "api": "Web service"}
_CHANNELS |= {"rule": "Rule"}


def audit(found: Audit, stored: Ticket) -> Json:
    """Return an audit with its events."""
    return {
        "id": found.id,
        "ticket_id": stored.id,
        "created_at": iso(found.event.at),
        "author_id": found.author,
        "metadata": shape.metadata(found),
        "via": shape.audit_via(found, stored),
        "events": [*_said(found, stored), *_changed(found, stored)],
    }


def ticket_event(found: Audit, stored: Ticket, *, with_comments: bool) -> Json:
    """Return an update as the incremental export has it. Its comment is told of, or comes along if asked for."""
    how = _CHANNELS[shape.audit_via(found, stored)["channel"]]
    children = [_child(event, how) for event in _changed(found, stored)]
    if said := found.comment(stored):
        brief = {"id": found.id + 1, "via": how, "comment_present": True, "comment_public": said.public}
        told = shape.comment(found, said, stored) if with_comments else brief
        children.insert(0, {**told, "via_reference_id": None, "event_type": "Comment"})
    metadata = shape.metadata(found)
    return {
        "id": found.id,
        "ticket_id": stored.id,
        "timestamp": found.event.at,
        "created_at": iso(found.event.at),
        "updater_id": found.author,
        "via": how,
        "system": metadata["system"],
        "metadata": metadata,
        "event_type": "Audit",
        "child_events": children,
    }


def _said(found: Audit, stored: Ticket) -> Iterator[Json]:
    if said := found.comment(stored):
        told = shape.comment(found, said, stored)
        names = ("id", "type", "author_id", "body", "html_body", "plain_body", "public", "attachments", "audit_id")
        yield {name: told[name] for name in names} | ({"via": told["via"]} if found.author == SYSTEM else {})


def _changed(found: Audit, stored: Ticket) -> Iterator[Json]:
    if found.event.what == "opened":
        yield from _created(found, stored)
    for number, (name, before, after) in enumerate(found.changes, 2):
        event: Json = {"id": found.id + number, "type": "Change", "field_name": str(name)}
        if name == "sla":
            start = stored.events[0].at
            event |= {"field_name": "total_resolution_time", "via": shape.audit_via(found, stored)}
            yield event | {"value": _target(after, start), "previous_value": _target(before, start)}
        elif name == "satisfaction":
            yield event | {"field_name": "satisfaction_score", "value": after, "previous_value": before}
        else:
            yield event | {"value": _text(name, after), "previous_value": _text(name, before)}


def _created(found: Audit, stored: Ticket) -> Iterator[Json]:
    values = {**opened(stored), "requester_id": stored.requester, "organization_id": stored.organization}
    told = {name: value for name, value in values.items() if value is not None and name not in {"satisfaction", "sla"}}
    for number, (name, value) in enumerate(told.items(), 2):
        yield {"id": found.id + number, "type": "Create", "field_name": str(name), "value": _text(name, value)}


def _child(event: Json, how: str) -> Json:
    """Turn an audit's event into the export's: there the field is the key, and a custom one lies one level deeper."""
    name, value = event["field_name"], event["value"]
    child: Json = {"id": event["id"], "via": how, "via_reference_id": None}
    child |= {"custom_ticket_fields": {name: value}} if name.isdecimal() else {name: value}
    child["event_type"] = event["type"]
    if event["type"] == "Change":
        child["previous_value"] = event["previous_value"]
    if name == "tags":
        before = event.get("previous_value") or []
        child |= {"added_tags": [tag for tag in value if tag not in before]}
        child |= {"removed_tags": [tag for tag in before if tag not in value]}
    return child


def _target(until: int | None, start: int) -> Json | None:
    return None if until is None else {"minutes": (until - start) // 60, "in_business_hours": False}


def _text(name: str | int, value: Any) -> Any:
    if name == "due_at":
        return value and iso(value)
    return str(value) if isinstance(value, int) and name != "custom_status_id" else value
