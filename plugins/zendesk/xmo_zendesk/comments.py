"""Comments that the requester sees: they are written into a ticket, together with a tag, and found again by it.

Tags are small letters only and the marker is not, so the tag is made of the marker's hash. Tag and comment go in one
update, which the vendor refuses with 409, writing nothing, when the ticket has changed since it was read: the tags that
are sent replace those before, and must not undo what others did meanwhile. No status is sent: sending the same one
again would set off the account's triggers.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from xmo_hooks import Conflict, Forbidden, Immutable, Message, NotFound, Receipt, Ticket, XmoError
from xmo_zendesk.client import MANY, Body, Client, record, records, status_of
from xmo_zendesk.speech import OURS
from xmo_zendesk.times import moment

TRIES = 3
_TEXTS = ("body", "plain_body", "html_body")


def tag_of(marker: str) -> str:
    """Return the tag that stands for a marker."""
    return "xmo_" + hashlib.sha256(marker.encode()).hexdigest()[:16]


def find(client: Client, ticket: Ticket, marker: str) -> Receipt | None:
    """Look for our comment, newest first; the tag alone tells that it was written. Raises `NotFound` where the ticket
    is deleted."""
    tagged = tag_of(marker) in _tags(_read(client, ticket))
    params: dict[str, str | int] = {"sort": "-created_at", "page[size]": MANY}
    while True:
        body = client.get(f"tickets/{ticket.key}/comments", params)
        for comment in records(body, "comments"):
            if _is_ours(comment, marker):
                return Receipt(reference=str(comment.get("id")), at=_time(comment.get("created_at")))
        meta = body.get("meta") or {}
        after = meta.get("after_cursor")
        if not meta.get("has_more") or after in (None, params.get("page[after]")):
            return Receipt(reference=ticket.key) if tagged else None
        params["page[after]"] = after


def comment(client: Client, ticket: Ticket, message: Message) -> Receipt:
    """Write a comment that the requester sees. Raises `Immutable` where the ticket is closed, `Conflict` where others
    were faster three times, `Forbidden` where the account may write internal notes only."""
    for _ in range(TRIES):
        now = _read(client, ticket)
        if tag_of(message.marker) in _tags(now) and (receipt := find(client, ticket, message.marker)):
            return receipt
        try:
            return _receipt(ticket, message, client.put(f"tickets/{ticket.key}", _update(now, message)))
        except Conflict:
            continue
        except XmoError as error:
            if status_of(error) == 422:
                raise _refused(ticket, error) from error
            raise
    raise Conflict(f"{ticket.number} was changed by others each time that a comment was written.")


def _read(client: Client, ticket: Ticket) -> Body:
    found = record(client.get(f"tickets/{ticket.key}"), "ticket")
    if found.get("status") == "deleted":
        raise NotFound(f"{ticket.number} is deleted.")
    return found


def _tags(found: Mapping[str, Any]) -> list[str]:
    return [str(tag) for tag in found.get("tags") or ()]


def _update(now: Mapping[str, Any], message: Message) -> Body:
    return {
        "ticket": {
            "comment": {"body": message.text, "public": True},
            "tags": [*_tags(now), tag_of(message.marker)],
            "metadata": {"custom": {OURS: message.marker}},
            "safe_update": True,
            "updated_stamp": now.get("updated_at"),
        }
    }


def _receipt(ticket: Ticket, message: Message, answer: Body) -> Receipt:
    """Read what was written out of the answer. Zendesk answers 200 also where it has written nothing."""
    audit = answer.get("audit")
    events = audit.get("events") if isinstance(audit, dict) else None
    said = [one for one in events or () if isinstance(one, dict) and one.get("type") == "Comment"]
    if not said and tag_of(message.marker) not in _tags(answer.get("ticket") or {}):
        raise Forbidden(
            f"Zendesk accepted a comment on {ticket.number} and did not write it.",
            hint="Give the account the role of an agent who may comment publicly.",
        )
    if any(one.get("public") is False for one in said):
        raise Forbidden(
            f"Zendesk wrote the comment on {ticket.number} as an internal note: the requester does not see it.",
            hint="Give the account the role of an agent who may comment publicly.",
        )
    audit = audit if isinstance(audit, dict) else {}
    reference = next((one["id"] for one in said if one.get("id")), audit.get("id") or ticket.key)
    return Receipt(reference=str(reference), at=_time(audit.get("created_at")))


def _refused(ticket: Ticket, error: XmoError) -> XmoError:
    response = getattr(error.__cause__, "response", None)
    if "closed" in getattr(response, "text", "").lower():
        return Immutable(f"{ticket.number} is closed and takes no more comments. {error}", hint=error.hint)
    return error


def _is_ours(found: Mapping[str, Any], marker: str) -> bool:
    metadata = found.get("metadata")
    custom = metadata.get("custom") if isinstance(metadata, dict) else None
    if isinstance(custom, dict) and custom.get(OURS) == marker:
        return True
    return any(isinstance(found.get(name), str) and marker in found[name] for name in _TEXTS)


def _time(text: object) -> datetime | None:
    try:
        return moment(str(text))
    except ValueError:
        return None
