"""The stream of ticket updates, made ready to be parsed one by one.

Whether a public word of the desk is a response or an update hangs on who spoke before, and that may have been pages
ago. So the tickets in which the desk has spoken last are remembered in the cursor: at most `MOST`, of which the longest
silent fall out; then the next word of the desk counts as a response. A ticket that closes is dropped.

Who is the requester, and which authors are end users, stands in no update: it is looked up in bulk, a hundred tickets
or users in a request, and remembered for a while. Updates that tell nothing are left out, and so are all texts: a row
holds who did what and when.

What we wrote is left out, too, with the messages that rules send because of it. The metadata that we give it is proof
by itself; the marker in a text is none if the requester wrote it, for mail quotes what it replies to.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from xmo_zendesk import speech
from xmo_zendesk.client import Client
from xmo_zendesk.join import STREAM, how
from xmo_zendesk.options import Options

MOST = 20_000
_UPDATE = ("id", "ticket_id", "created_at", "timestamp", "updater_id")
_CHILD = ("id", "event_type", "type", "author_id", "public", "comment_public", "previous_value")

Row = dict[str, Any]


class People:
    """Who asked, and who is an end user: what the answers tell, and what is missing looked up in bulk."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._askers: dict[str, str | None] = {}
        self._roles: dict[str, str | None] = {}

    def learn(self, body: Mapping[str, Any]) -> None:
        """Take from an answer whom its tickets belong to, and the roles of its users."""
        for memory, name, column in ((self._askers, "tickets", "requester_id"), (self._roles, "users", "role")):
            for one in body.get(name) or ():
                if isinstance(one, dict):
                    _keep(memory, str(one.get("id")), one.get(column))

    def askers(self, tickets: Iterable[str]) -> dict[str, str | None]:
        """Return the requesters of the tickets, None where the vendor does not show the ticket."""
        wanted = dict.fromkeys(tickets)
        known = {one: self._askers[one] for one in wanted if one in self._askers}
        missing = [one for one in wanted if one not in known]
        for body in self._client.many("tickets/show_many", "tickets", missing, include="users"):
            self.learn(body)
            known |= {str(ticket.get("id")): _text(ticket.get("requester_id")) for ticket in body["tickets"]}
        for one in missing:
            if one not in known:
                known[one] = None
                _keep(self._askers, one, None)
        return known

    def roles(self, users: Iterable[str]) -> dict[str, str | None]:
        """Return the roles of the users, None where the vendor does not show the user."""
        wanted = dict.fromkeys(one for one in users if one.isdigit())
        known = {one: self._roles[one] for one in wanted if one in self._roles}
        missing = [one for one in wanted if one not in known]
        for body in self._client.many("users/show_many", "users", missing):
            self.learn(body)
            known |= {str(user.get("id")): user.get("role") for user in body["users"]}
        for one in missing:
            if one not in known:
                known[one] = None
                _keep(self._roles, one, None)
        return known


class Updates:
    """Makes rows of updates ready. `answered` are the tickets in which the desk has spoken last."""

    def __init__(self, people: People, options: Options, answered: Iterable[str] = ()) -> None:
        self._people, self._machines, self._merged = people, options.machines, options.merged_tags
        self._answered = dict.fromkeys(answered)

    @property
    def answered(self) -> list[str]:
        """The tickets in which the desk has spoken last, the longest silent first."""
        return list(self._answered)

    def rows(self, updates: Sequence[Row]) -> list[Row]:
        """Return the rows of the updates of one page that tell something, in order of time."""
        told = [row for update in updates if (row := _slim(update, self._merged))]
        told.sort(key=lambda row: (str(row.get("created_at")), int(row["id"]) if type(row.get("id")) is int else 0))
        askers = self._people.askers(str(row.get("ticket_id")) for row in told)
        for row in told:
            row[speech.ASKER] = askers.get(str(row.get("ticket_id")))
        roles = self._people.roles(_strangers(told))
        for row in told:
            authors = {speech.author_of(row, child) for child in speech.children(row)}
            row[speech.ROLES] = {author: roles[author] for author in authors if author in roles}
            self._leave_out_ours(row)
            self._speak(row)
        return [row for row in told if row["child_events"]]

    def forget(self, tickets: Iterable[str]) -> None:
        """Drop tickets that are deleted."""
        for ticket in tickets:
            self._answered.pop(ticket, None)

    def _leave_out_ours(self, row: Row) -> None:
        """Drop the comments with our marker that no requester wrote, and the messages of rules beside them."""
        marked = [child for child in row["child_events"] if child.pop(speech.MARKED, False)]
        ours = [child for child in marked if speech.side_of(row, child, self._machines) != "requester"]
        if ours:
            row["child_events"] = [
                child for child in row["child_events"] if child not in ours and not speech.is_notice(child)
            ]

    def _speak(self, row: Row) -> None:
        ticket = str(row.get("ticket_id"))
        row[speech.ANSWERED] = ticket in self._answered
        self._answered.pop(ticket, None)
        changes = [found for child in speech.children(row) if (found := speech.change(child))]
        if speech.answered_after(row, self._machines) and (speech.STATUS, "closed") not in [one[:2] for one in changes]:
            _keep(self._answered, ticket, None)


def _strangers(rows: Sequence[Row]) -> list[str]:
    """Return the authors whose side their role decides."""
    return [
        author
        for row in rows
        for child in speech.children(row)
        if (author := speech.author_of(row, child)) != str(row.get(speech.ASKER))
    ]


def _slim(update: Row, merged: frozenset[str]) -> Row | None:
    children = list(speech.children(update))
    wanted = [child for child in children if _is_word(child) or _matters(child)]
    if speech.is_opening(update):
        # the words that open a ticket are told by the ticket itself
        wanted = [child for child in wanted if not speech.is_comment(child)]
    elif any(speech.is_ours(update, child) for child in children if speech.is_comment(child)):
        wanted = [child for child in wanted if not _is_word(child)]
    if any(tag in merged for child in children for tag in speech.tags_of(child)):
        wanted = [child for child in wanted if not _ends(child)]  # merged into another one, and so not resolved
    if not wanted:
        return None
    row = {name: update[name] for name in _UPDATE if name in update} | how(update)
    return row | {STREAM: "updates", "child_events": [_slim_child(child) for child in wanted]}


def _slim_child(child: Mapping[str, Any]) -> Row:
    slim = {name: child[name] for name in _CHILD if name in child} | how(child)
    if speech.is_comment(child) and speech.has_marker(child):
        slim[speech.MARKED] = True
    if speech.is_notice(child):
        slim["recipients"] = child.get("recipients")
    if found := speech.change(child):
        slim[found[0]] = found[1]
    return slim


def _is_word(child: Mapping[str, Any]) -> bool:
    return speech.is_comment(child) or speech.is_notice(child)


def _ends(child: Mapping[str, Any]) -> bool:
    found = speech.change(child)
    return found is not None and found[0] == speech.STATUS and found[1] in speech.OVER


def _matters(child: Mapping[str, Any]) -> bool:
    found = speech.change(child)
    if found is None:
        return False
    return speech.kind_of(child) == "Change" or found[0] == speech.DUE or found[:2] == (speech.STATUS, "solved")


def _keep(memory: dict[str, Any], key: str, value: Any) -> None:
    memory[key] = _text(value)
    if len(memory) > MOST:
        del memory[next(iter(memory))]


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
