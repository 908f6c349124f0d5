"""The events of a ticket's life, from its comments and its history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from xmo_hooks import MARKER, Side, Ticket, Touchpoint, What
from xmo_jira.adf import to_text
from xmo_jira.history import Story
from xmo_jira.options import Options
from xmo_jira.sides import Sides
from xmo_jira.values import event_time, some_time

PROPERTY = "xmo.survey"


_Comment = tuple[datetime, int, str, Side]  # when, length of the key, key, side


class Events:
    """Reads the touchpoints of one source's tickets, from rows that were minimised."""

    def __init__(self, options: Options) -> None:
        self._sides, self._promised = Sides(options), options.promised

    def touchpoints(self, ticket: Ticket, fields: Mapping[str, Any], story: Story | None) -> Iterator[Touchpoint]:
        """Yield what happened to a ticket. Raises `ValueError` for comments that cannot be read."""
        if not self._sides.is_machine(fields.get("reporter")):
            yield _point(ticket, "opened", ticket.opened_at, "contact", "requester", channel=ticket.channel)
        if story and (promised := some_time(story.promises[0] if story.promises else fields.get(self._promised))):
            yield _point(ticket, "opened-promise", ticket.opened_at, "promise", "desk", promised_at=promised)
        for what, at, key, side, until in story.events if story else ():
            yield Touchpoint(ticket=ticket.key, key=key, at=at, what=what, side=side, promised_at=until)
        if said := fields.get("comment"):
            yield from _of_comments(ticket, _comments(said["comments"]), whole=said.get("whole", False))


def _of_comments(ticket: Ticket, comments: Sequence[_Comment], *, whole: bool) -> Iterator[Touchpoint]:
    """Yield what was said. Where not the `whole` is there, but the latest alone, nobody knows who spoke before:
    whether the desk's first word answers anything stays open until the requester speaks."""
    waiting: bool | None = True if whole else None
    for at, _, key, side in comments:
        if side == "requester":
            waiting = True
            yield _point(ticket, key, at, "contact", side)
        elif side == "machine":
            yield _point(ticket, key, at, "update", side)
        elif waiting is not None:
            yield _point(ticket, key, at, "response" if waiting else "update", side)
            waiting = False


def _comments(found: Any) -> list[_Comment]:
    """Return the comments of a row, oldest first, and of one moment in the order of their ids."""
    if not isinstance(found, list):
        raise ValueError("is not a list of comments")
    keys = [f"comment-{one['id']}" for one in found]
    told = zip(found, keys, strict=True)
    return sorted((event_time(one["created"]), len(key), key, one["side"]) for one, key in told)


def is_ours(comment: Mapping[str, Any], side: Side) -> bool:
    """Tell whether XMO wrote a comment as the vendor shows it: by its property, or by the marker in its text, unless
    the requester wrote that: who answers by mail quotes our question."""
    properties = comment.get("properties")
    if isinstance(properties, list) and any(isinstance(p, dict) and p.get("key") == PROPERTY for p in properties):
        return True
    return side != "requester" and MARKER.search(to_text(comment.get("body"))) is not None


def _point(ticket: Ticket, key: str, at: datetime, what: What, side: Side, **more: Any) -> Touchpoint:
    return Touchpoint(ticket=ticket.key, key=key, at=at, what=what, side=side, **more)
