"""Comments that the requester sees: they are written into a ticket, and found again there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from xmo_hooks import Forbidden, Immutable, Message, NotFound, Receipt, Ticket, XmoError
from xmo_jira.adf import to_document, to_text
from xmo_jira.client import Client, mapping, mappings, said_of, status_of
from xmo_jira.site import Site
from xmo_jira.touchpoints import PROPERTY
from xmo_jira.values import some_time

LONGEST = 32_767  # characters of a comment, unless the site has changed it
PAGE = 100
_CLOSED = frozenset({"closed", "cancelled"})
# What Service Management says of an issue that is none of its requests, with 404 or now and then 400 or 403.
# A missing right is another matter: without an agent's licence a comment on the issue would be an internal note.
_NO_REQUEST = re.compile(
    r"\bnot an? [^.]{0,30}\b(request|service (desk|project|management))"
    r"|\brequest\b[^.]{0,20}\b(does not|doesn't) exist",
    re.IGNORECASE,
)


def find(client: Client, site: Site, ticket: Ticket, marker: str) -> Receipt | None:
    """Look for the comment with this marker, in its property or its text, among all comments of the ticket, newest
    first. Raises `NotFound` where the ticket is gone or hidden: then nobody knows."""
    exact = re.compile(re.escape(marker) + r"(?![A-Za-z0-9_-])")
    for one in _comments(client, site, _safe(ticket)):
        if _marked(one, marker) or exact.search(to_text(one.get("body"))):
            return _receipt(one)
    return None


def comment(client: Client, site: Site, ticket: Ticket, message: Message, service_desk: bool | None) -> Receipt:
    """Write a comment that the requester sees: on the request where the ticket is one, else on the issue.
    `service_desk` None: the request is tried first; what Service Management refuses, it has not written. Raises
    `Forbidden` where the account may not, `Immutable` where the ticket takes no more comments."""
    if len(message.text) > LONGEST:
        raise Forbidden(
            f"A comment of {len(message.text)} characters is too long: Jira takes {LONGEST}.",
            hint="Shorten the words of the invitation.",
        )
    try:
        if service_desk is not False:
            try:
                return _on_request(client, ticket, message)
            except XmoError as error:
                if service_desk or not _is_no_request(error):
                    raise
        return _on_issue(client, site, ticket, message)
    except XmoError as error:
        raise _refusal(ticket, error) from error


def _on_request(client: Client, ticket: Ticket, message: Message) -> Receipt:
    path = f"/rest/servicedeskapi/request/{_safe(ticket)}/comment"
    return _written(client.write(path, {"body": message.text, "public": True}))


def _on_issue(client: Client, site: Site, ticket: Ticket, message: Message) -> Receipt:
    # The marker stands in a property as well: it stays when somebody edits the text.
    body = to_document(message.text) if site.cloud else message.text
    properties = [{"key": PROPERTY, "value": {"marker": message.marker}}]
    path = f"{site.api}/issue/{_safe(ticket)}/comment"
    return _written(client.write(path, {"body": body, "properties": properties}))


def _is_no_request(error: XmoError) -> bool:
    status = status_of(error)
    return status == 404 or (status in (400, 403) and _NO_REQUEST.search(said_of(error)) is not None)


def _refusal(ticket: Ticket, error: XmoError) -> XmoError:
    """Say what a refusal means for the next try. 413: the ticket holds as many comments as it may."""
    status = status_of(error)
    if status == 413 or (status in (400, 403) and ticket.state in _CLOSED):
        return Immutable(f"{ticket.number} takes no more comments: {error}", hint=error.hint)
    if status == 400:
        hint = "Give the account the right to add comments in the project."
        return Forbidden(f"Jira did not take a comment on {ticket.number}: {error}", hint=hint)
    return error


def _comments(client: Client, site: Site, key: str) -> Iterator[Mapping[str, Any]]:
    """Yield all comments. A new one moves the others down, so that some come twice and none is left out."""
    start = 0
    while True:
        asked = {"startAt": start, "maxResults": PAGE, "orderBy": "-created", "expand": "properties"}
        answer = mapping(client.get(f"{site.api}/issue/{key}/comment", asked), "comments")
        page = mappings(answer.get("comments"), "comments")
        yield from page
        start += len(page)
        total = answer.get("total")
        if not page or (isinstance(total, int) and start >= total):
            return


def _marked(one: Mapping[str, Any], marker: str) -> bool:
    properties = one.get("properties")
    for each in properties if isinstance(properties, list) else ():
        value = each.get("value") if isinstance(each, dict) and each.get("key") == PROPERTY else None
        if isinstance(value, dict) and value.get("marker") == marker:
            return True
    return False


def _written(answer: Any) -> Receipt:
    one = mapping(answer, "a comment")
    if one.get("public") is False or one.get("jsdPublic") is False:
        raise Forbidden(
            "Jira wrote the comment as an internal note, which the requester does not see.",
            hint="Give the account an agent's licence of Service Management.",
        )
    return _receipt(one)


def _receipt(one: Mapping[str, Any]) -> Receipt:
    at: datetime | None = some_time(one.get("created"))
    return Receipt(reference=str(one.get("id")), at=at)


def _safe(ticket: Ticket) -> str:
    """Return the ticket's id for a path; raises `NotFound` for what is no id of Jira."""
    if not (ticket.key.isascii() and ticket.key.isdigit()):
        raise NotFound(f"{ticket.number} has no id of Jira.")
    return ticket.key
