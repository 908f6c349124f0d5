"""What a write asks for, as new values of the ticket; what the vendor does not know is ignored without a word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC
from html import unescape
from typing import Any

import orjson
from flask import request

from xmo_zendesk.sandbox import answers
from xmo_zendesk.sandbox.answers import Failure, unprocessable
from xmo_zendesk.sandbox.clock import iso, parse_time, unix
from xmo_zendesk.sandbox.directory import CATEGORY, SERVICE, Directory
from xmo_zendesk.sandbox.life import Life, paragraph
from xmo_zendesk.sandbox.statuses import CATEGORIES, entering
from xmo_zendesk.sandbox.work import PRIORITIES, TYPES, Said, Update

Json = dict[str, Any]
Values = dict[str | int, Any]
_STATUSES = frozenset({"new", "open", "pending", "hold", "solved", "closed"})
_CHOICES: Mapping[str, frozenset[Any]] = {
    "priority": frozenset({None, *PRIORITIES.values()}),
    "type": frozenset({None, *TYPES.values()}),
}
_WAKES = frozenset({"pending", "hold", "solved"})  # a word of the requester opens a ticket again


def body() -> Json:
    """Return the JSON object that was sent."""
    try:
        sent = orjson.loads(request.get_data())
    except orjson.JSONDecodeError as error:
        message = {"title": "Unprocessable Entity", "message": "Server could not parse JSON"}
        raise Failure(422, {"error": message}) from error
    if not isinstance(sent, dict):
        raise answers.invalid("body", "must be an object")
    return sent


def check_stamp(sent: Mapping[str, Any], life: Life) -> None:
    """Refuse a safe update of a ticket that has changed since. Whatever `safe_update` says, its presence counts."""
    if "safe_update" not in sent:
        return
    try:
        stamp = unix(parse_time(str(sent.get("updated_stamp"))).astimezone(UTC))
    except ValueError as error:
        raise Failure(409, answers.CONFLICT) from error
    if iso(stamp) != iso(life.updated):
        raise Failure(409, answers.CONFLICT)


def update(sent: Mapping[str, Any], life: Life, directory: Directory) -> Update:
    """Return the update that a PUT of a ticket asks for. Raises `Failure` for values that cannot be stored."""
    said = _said(sent.get("comment"), directory)
    values = _plain(sent, directory) | _status(sent)
    if said and directory.is_end_user(said.author) and life.state["status"] in _WAKES and "status" not in values:
        values |= entering("open")
    fields = _fields(sent)
    tags = normal(sent["tags"]) if "tags" in sent else life.state["tags"]
    values |= dropdowns(life.state, tags, fields)
    metadata = sent.get("metadata")
    custom = metadata.get("custom") if isinstance(metadata, dict) else None
    return Update(values=values, said=said, custom=custom if isinstance(custom, dict) else {})


def normal(tags: object) -> list[str]:
    """Return tags as the vendor keeps them: in lower case, apart at spaces and commas, each once."""
    texts: Iterable[object] = tags if isinstance(tags, list) else [tags or ""]
    words = (word for text in texts for word in str(text).lower().replace(",", " ").split())
    return list(dict.fromkeys(words))


def dropdowns(state: Mapping[str | int, Any], tags: list[str], fields: Mapping[int, Any]) -> Values:
    """Return tags and dropdowns in agreement: an option that was chosen is a tag, and a tag that is gone takes the
    option with it."""
    values: Values = {}
    for field in (SERVICE, CATEGORY):
        before = state[field]
        after = fields.get(field, before if before in tags else None)
        if after != before:
            values[field] = after
            tags = [tag for tag in tags if tag != before] + ([after] if after and after not in tags else [])
    return values | {"tags": tags}


def _plain(sent: Mapping[str, Any], directory: Directory) -> Values:
    values: Values = {name: sent[name] for name in ("priority", "type", "subject", "external_id") if name in sent}
    for name, choices in _CHOICES.items():
        if values.get(name) not in choices:
            raise unprocessable(name, f"{name.title()}: {values[name]} is not valid")
    known: Mapping[str, Mapping[int, object]] = {"group_id": directory.groups, "assignee_id": directory.users}
    for name, keys in known.items():
        if name in sent:
            if sent[name] is not None and sent[name] not in keys:
                raise unprocessable(name, f"{name}: {sent[name]} does not exist")
            values[name] = sent[name]
    if "due_at" in sent:
        values["due_at"] = _time(sent["due_at"])
    return values


def _time(text: object) -> int | None:
    try:
        return unix(parse_time(str(text))) if text else None
    except ValueError as error:
        raise unprocessable("due_at", "Due at: is not a date") from error


def _status(sent: Mapping[str, Any]) -> Values:
    own = sent.get("custom_status_id", 0)
    status = sent.get("status") or CATEGORIES.get(own)
    if status is None:
        return {}
    if status not in _STATUSES:
        raise unprocessable("status", f"Status: {status} is not valid")
    return {**entering(status), **({"custom_status_id": own} if CATEGORIES.get(own) == status else {})}


def _fields(sent: Mapping[str, Any]) -> dict[int, Any]:
    told = sent.get("custom_fields", sent.get("fields"))
    pairs = told.items() if isinstance(told, dict) else ((each.get("id"), each.get("value")) for each in told or ())
    return {int(key): value for key, value in pairs if str(key) in {str(SERVICE), str(CATEGORY)}}


def _said(comment: object, directory: Directory) -> Said | None:
    if not isinstance(comment, dict):
        return None
    text, html = comment.get("body"), comment.get("html_body")
    if not text and not html:
        return None
    author = comment.get("author_id") or directory.me
    if author not in directory.users:
        raise unprocessable("author", f"Author: {author} does not exist")
    plain = str(text) if text else _without_tags(str(html))
    return Said(
        author=author, public=comment.get("public") is not False, body=plain, html=str(html or paragraph(plain))
    )


def _without_tags(html: str) -> str:
    parts = [part.rpartition(">")[2] for part in html.split("<")]
    return unescape(" ".join(part.strip() for part in parts if part.strip()))
