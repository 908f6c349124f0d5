"""Who said what in an update of a ticket. Pure: used when rows are fetched and when they are parsed.

An update ("ticket event") of the incremental export has child events. A change names its field by a key of its own
(`{"status": "open", "previous_value": "new"}`), or as in audits (`{"field_name": "status", "value": "open"}`). `via` is
an object or a word.
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

from xmo_hooks import MARKER, Side

Update = Mapping[str, Any]
OURS = "xmo"  # the key in the custom metadata of what we write
ASKER, ROLES, ANSWERED, MARKED = "_requester", "_roles", "_answered", "_marked"
SYSTEM = "-1"
STATUS, GROUP, DUE = "status", "group_id", "due_at"
OVER = frozenset({"solved", "closed"})
_FIELDS = {STATUS: STATUS, GROUP: GROUP, DUE: DUE, "due_date": DUE}
_COMMENTS = frozenset({"Comment", "VoiceComment"})
_NOTICES = frozenset({"Notification", "NotificationWithCcs"})
_AUTOMATIC = frozenset({"rule", "trigger", "automation", "system", "sla_target_change"})
_TEXTS = ("body", "html_body", "plain_body")


def kind_of(child: Update) -> str:
    """Return what kind of child event this is, in the vendor's word."""
    return str(child.get("event_type") or child.get("type"))


def is_comment(child: Update) -> bool:
    """Tell whether this is a comment that the requester sees."""
    public = child.get("public", child.get("comment_public"))
    return kind_of(child) in _COMMENTS and public is True


def is_notice(child: Update) -> bool:
    """Tell whether this is a message that a rule sent."""
    return kind_of(child) in _NOTICES


def is_opening(update: Update) -> bool:
    """Tell whether this update made the ticket."""
    return any(kind_of(child) == "Create" for child in children(update))


def children(update: Update) -> Iterator[Update]:
    """Yield the child events that can be read."""
    for child in update.get("child_events") or ():
        if isinstance(child, dict):
            yield child


def is_ours(update: Update, child: Update) -> bool:
    """Tell whether this is what we wrote, by the metadata that we gave it."""
    for one in (update, child):
        metadata = one.get("metadata")
        custom = metadata.get("custom") if isinstance(metadata, dict) else None
        if isinstance(custom, dict) and OURS in custom:
            return True
    return False


def has_marker(child: Update) -> bool:
    """Tell whether the marker of a question stands in the text: it is ours then, or a reply that quotes it."""
    return any(isinstance(child.get(name), str) and MARKER.search(child[name]) for name in _TEXTS)


def tags_of(child: Update) -> Sequence[Any]:
    """Return the tags that a change of tags left."""
    tags = child.get("value") if child.get("field_name") == "tags" else child.get("tags")
    return tags if kind_of(child) == "Change" and isinstance(tags, list) else ()


def change(child: Update) -> tuple[str, Any, Any] | None:
    """Return the field that was set or changed, its value and the one before, or None where it is no field of ours."""
    if kind_of(child) not in ("Change", "Create"):
        return None
    if (name := child.get("field_name")) in _FIELDS:
        return _FIELDS[str(name)], child.get("value"), child.get("previous_value")
    name = next((name for name in _FIELDS if name in child), None)
    return (_FIELDS[name], child[name], child.get("previous_value")) if name else None


def channel_of(update: Update, child: Update) -> str | None:
    """Return the vendor's word for the channel, in small letters."""
    for one in (child, update):
        via = one.get("via")
        word = via.get("channel") if isinstance(via, dict) else via
        if isinstance(word, str) and word:
            return word.lower()
    return None


def author_of(update: Update, child: Update) -> str:
    """Return the id of who did this."""
    author = child.get("author_id")
    return str(update.get("updater_id") if author is None else author)


def side_of(update: Update, child: Update, machines: Container[str]) -> Side:
    """Tell who did this. An end user who is not the requester, such as a copied colleague, speaks for them."""
    author = author_of(update, child)
    if author == SYSTEM or author in machines or _is_automatic(update, child):
        return "machine"
    asker, roles = update.get(ASKER), update.get(ROLES) or {}
    asked = asker is not None and author == str(asker)
    return "requester" if asked or roles.get(author) == "end-user" else "desk"


def answered_after(update: Update, machines: Container[str]) -> bool:
    """Tell whether the desk has spoken last when this update is over; machines do not count."""
    answered = bool(update.get(ANSWERED))
    for child in children(update):
        if is_comment(child) and (side := side_of(update, child, machines)) != "machine":
            answered = side == "desk"
    return answered


def _is_automatic(update: Update, child: Update) -> bool:
    if channel_of(update, child) in _AUTOMATIC:
        return True
    via = child.get("via") or update.get("via")
    source = via.get("source") if isinstance(via, dict) else None
    return isinstance(source, dict) and source.get("rel") in _AUTOMATIC
