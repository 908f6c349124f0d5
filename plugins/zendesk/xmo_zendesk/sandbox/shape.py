"""How tickets, users and the rest look from outside: the vendor's JSON, with all its keys.

Two values differ from what old recordings show, in favour of the vendor's own API description: the recipient is always
an address, and a comment of a rating is a text, if an empty one.
"""

from __future__ import annotations

from typing import Any

from xmo_zendesk.sandbox.clock import iso
from xmo_zendesk.sandbox.directory import BRAND, CATEGORY, FORM, SERVICE, SYSTEM, Directory, User
from xmo_zendesk.sandbox.life import Audit, Comment, Life
from xmo_zendesk.sandbox.work import Ticket

Json = dict[str, Any]
SINCE = "2020-01-01T00:00:00Z"
_LOCALES = {"en-US": 1, "en": 1, "es": 2, "de": 8, "fr": 16, "nl": 1005, "it": 22, "pt-BR": 19, "ja": 67}
_ZONES = {
    "America/New_York": "Eastern Time (US & Canada)",
    "America/Chicago": "Central Time (US & Canada)",
    "America/Los_Angeles": "Pacific Time (US & Canada)",
    "Asia/Kolkata": "Chennai",
    "Etc/UTC": "UTC",
}
_RELATIONS = {
    "acknowledged": "trigger",
    "promised": "sla_target_change",
    "offered": "automation",
    "closed": "automation",
}
_RULES = {
    "acknowledged": (60_000_000_001, "Notify requester of received request"),
    "promised": (60_000_000_002, "Resolution"),
    "offered": (60_000_000_003, "Ask for a rating one day after solving"),
    "closed": (60_000_000_004, "Close ticket some days after status is set to solved"),
}


def via(channel: str) -> Json:
    """Return how something came about."""
    return {"channel": channel, "source": {"from": {}, "to": {}, "rel": None}}


def audit_via(audit: Audit, ticket: Ticket) -> Json:
    """Return how an update came about: by a business rule, through the API, on the requester's channel, or in the
    agents' own interface."""
    what = audit.event.what
    if audit.author == SYSTEM:
        rule, title = _RULES[what]
        source = {"from": {"id": rule, "title": title, "deleted": False}, "to": {}, "rel": _RELATIONS[what]}
        return {"channel": "rule", "source": source}
    if audit.event.update:
        return via("api")
    return via(ticket.channel if audit.author == ticket.requester else "web")


def ticket(stored: Ticket, life: Life, rating: Json | None, root: str) -> Json:
    """Return a ticket with the keys that the vendor documents. `rating` is what the legacy survey says about it."""
    state = life.state
    fields = [{"id": SERVICE, "value": state[SERVICE]}, {"id": CATEGORY, "value": state[CATEGORY]}]
    first = life.audits[0].comment(stored)
    return {
        "url": f"{root}api/v2/tickets/{stored.id}.json",
        "id": stored.id,
        "external_id": state["external_id"],
        "via": via(stored.channel),
        "created_at": iso(life.audits[0].event.at),
        "updated_at": iso(life.updated),
        "generated_timestamp": stored.stamp,
        "type": state["type"],
        "subject": state["subject"],
        "raw_subject": state["subject"],
        "description": first.body if first else "",
        "priority": state["priority"],
        "status": state["status"],
        "custom_status_id": state["custom_status_id"],
        "recipient": "support@example.org",
        "requester_id": stored.requester,
        "submitter_id": stored.requester,
        "assignee_id": state["assignee_id"],
        "organization_id": stored.organization,
        "group_id": state["group_id"],
        "collaborator_ids": [],
        "follower_ids": [],
        "email_cc_ids": [],
        "problem_id": None,
        "has_incidents": False,
        "is_public": True,
        "due_at": state["due_at"] and iso(state["due_at"]),
        "tags": state["tags"],
        "custom_fields": fields,
        "satisfaction_rating": rating,
        "sharing_agreement_ids": [],
        "fields": fields,
        "followup_ids": [],
        "ticket_form_id": FORM,
        "brand_id": BRAND,
        "allow_channelback": False,
        "allow_attachments": True,
        "from_messaging_channel": False,
    }


def comment(audit: Audit, said: Comment, stored: Ticket) -> Json:
    """Return a comment of a ticket."""
    return {
        "id": audit.id + 1,
        "type": "Comment",
        "author_id": said.author,
        "body": said.body,
        "html_body": said.html,
        "plain_body": said.body,
        "public": said.public,
        "attachments": [],
        "audit_id": audit.id,
        "via": audit_via(audit, stored),
        "created_at": iso(audit.event.at),
        "metadata": metadata(audit),
    }


def metadata(audit: Audit) -> Json:
    """Return what an update carries beside its changes; `custom` is what a client of the API put there."""
    update = audit.event.update
    return {"system": {"client": "API"} if update else {}, "custom": dict(update.custom) if update else {}}


def user(known: User, root: str) -> Json:
    """Return a user, as an admin sees them."""
    city = known.zone.rpartition("/")[2].replace("_", " ")
    return {
        "id": known.id,
        "url": f"{root}api/v2/users/{known.id}.json",
        "name": known.name,
        "email": known.email,
        "created_at": SINCE,
        "updated_at": SINCE,
        "time_zone": _ZONES.get(known.zone, city),
        "iana_time_zone": known.zone,
        "phone": None,
        "shared_phone_number": None,
        "photo": None,
        "locale_id": _LOCALES.get(known.locale, 1),
        "locale": known.locale,
        "organization_id": known.organization,
        "role": known.role,
        "verified": True,
        "external_id": None,
        "tags": [],
        "alias": "",
        "active": True,
        "shared": False,
        "shared_agent": False,
        "last_login_at": SINCE,
        "two_factor_auth_enabled": None,
        "signature": "",
        "details": "",
        "notes": "",
        "role_type": None,
        "custom_role_id": None,
        "moderator": known.role != "end-user",
        "ticket_restriction": "requested" if known.role == "end-user" else None,
        "only_private_comments": False,
        "restricted_agent": known.role == "end-user",
        "suspended": False,
        "report_csv": False,
        "user_fields": {"place": known.place},
    }


def group(key: int, directory: Directory, root: str) -> Json:
    """Return a group."""
    dates = {"created_at": SINCE, "updated_at": SINCE}
    more = {"is_public": True, "default": False, "deleted": False, "description": ""}
    return {"url": f"{root}api/v2/groups/{key}.json", "id": key, "name": directory.groups[key], **more, **dates}


def organization(key: int, directory: Directory, root: str) -> Json:
    """Return an organization."""
    return {
        "url": f"{root}api/v2/organizations/{key}.json",
        "id": key,
        "name": directory.organizations[key],
        "shared_tickets": False,
        "shared_comments": False,
        "external_id": None,
        "created_at": SINCE,
        "updated_at": SINCE,
        "domain_names": [],
        "details": "",
        "notes": "",
        "group_id": None,
        "tags": [],
        "organization_fields": {},
    }
