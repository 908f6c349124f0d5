"""Roundup for XMO: its issues, and questions as messages on them, over the REST API of Roundup 2."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from urllib.parse import quote, urlsplit

import xmo_hooks as xmo
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

XMO_CONTRACT = (1, 1)
STATES: dict[str, xmo.State] = {
    "unread": "new",
    "deferred": "on_hold",
    "chatting": "in_progress",
    "need-eg": "waiting",
    "in-progress": "in_progress",
    "testing": "in_progress",
    "done-cbb": "resolved",
    "resolved": "resolved",
}
TIME = "%Y-%m-%d.%H:%M:%S"  # UTC in every answer; in a search, the account's own zone
OVERLAP = timedelta(minutes=2)  # `activity` is the time of the change, and is seen when its transaction ends
FIELDS = "title,status,priority,keyword,superseder,creation,activity," + ",".join(
    f"creator.{name}" for name in ("username", "address", "realname", "organisation")
)
_MANY = 100  # ids in one request
_TRIES = 3  # of a write that somebody else's has overtaken


class Options(Schema):
    """What stands in [sources.NAME] besides `kind`."""

    url = fields.Url(required=True, require_tld=False, metadata={"example": '"https://issues.example.com/tracker/"'})
    username = fields.String(required=True, metadata={"example": '"xmo"'})
    password = fields.Raw(required=True, metadata={"meaning": "of an account with the role User"})
    page_size = fields.Integer(strict=True, load_default=100, validate=validate.Range(1, 1000))
    states = fields.Dict(
        keys=fields.String(),
        values=fields.String(validate=validate.OneOf(get_args(xmo.State))),
        load_default=dict,
        metadata={"example": '{ "shipped" = "resolved" }', "meaning": "what statuses of your own mean"},
    )


class Named(Schema):
    """What a link leads to."""

    id = fields.String(required=True)
    name = fields.String(required=True)


class Issue(Schema):
    """One issue of a collection, with the `FIELDS`."""

    id = fields.String(required=True, validate=validate.Length(min=1))
    title = fields.String(required=True, allow_none=True)
    status = fields.Nested(Named(unknown=EXCLUDE), required=True, allow_none=True)
    priority = fields.Nested(Named(unknown=EXCLUDE), allow_none=True, load_default=None)
    keyword = fields.List(fields.Nested(Named(unknown=EXCLUDE)), load_default=list)
    superseder = fields.List(fields.Nested(Named(unknown=EXCLUDE, only=["id"])), load_default=list)
    creation = fields.AwareDateTime(TIME, required=True, default_timezone=UTC)
    activity = fields.AwareDateTime(TIME, required=True, default_timezone=UTC)
    username = fields.String(required=True, validate=validate.Length(min=1), data_key="creator.username")
    address = fields.String(load_default=None, allow_none=True, data_key="creator.address")
    realname = fields.String(load_default=None, allow_none=True, data_key="creator.realname")
    organisation = fields.String(load_default=None, allow_none=True, data_key="creator.organisation")


_ISSUE = Issue(unknown=EXCLUDE)


def place(row: xmo.Row) -> tuple[datetime, str]:
    """Say where a row stands in the order of changes."""
    return datetime.strptime(row["activity"], TIME).replace(tzinfo=UTC), row["id"]


class Roundup:
    """One tracker. Made once a run; connects nothing yet."""

    def __init__(self, options: dict[str, Any], tools: xmo.Tools) -> None:
        self._url, self._page_size = options["url"].rstrip("/"), options["page_size"]
        self._states, self._username = STATES | options["states"], options["username"]
        self._session = tools.session
        self._session.auth = (self._username, options["password"].reveal())
        at = urlsplit(self._url)
        self._session.headers.update({"X-Requested-With": "rest", "Origin": f"{at.scheme}://{at.netloc}"})

    def check(self) -> Iterable[xmo.Finding]:
        """Say whether log-in, time zone, statuses and the view of addresses are as they must be."""
        self._search_in_utc()
        yield xmo.Finding(level="ok", text="Roundup answers, and searches in UTC.")
        for status in self._get("status", **{"@fields": "name"})["collection"]:
            if status["name"] not in self._states:
                fix = f'Say in `states` what it means, such as {{ "{status["name"]}" = "in_progress" }}.'
                yield xmo.Finding(level="warning", text=f'The status "{status["name"]}" is not known.', fix=fix)
        users = self._get("user", **{"@fields": "address", "@page_size": 2})["collection"]
        if not all("address" in user for user in users):
            fix = "Let the role of the account view `address` of `user`: by it one person is known in all sources."
            yield xmo.Finding(level="warning", text="The addresses of others are hidden from this account.", fix=fix)

    def count(self, cursor: xmo.Json, since: datetime | None) -> xmo.Estimate | None:
        """Say what a fetch would bring."""
        start = datetime.fromisoformat(cursor["at"]) - OVERLAP if cursor else since
        found = self._get("issue", **_since(start), **{"@page_size": 1})["@total_size"]
        return xmo.Estimate(tickets=found, requests=found // self._page_size + 3) if found >= 0 else None

    def fetch(self, cursor: xmo.Json, since: datetime | None) -> Iterator[xmo.Page]:
        """Yield pages of issues, oldest change first."""

        def get(start: datetime | None, page: xmo.Json) -> tuple[Sequence[xmo.Row], xmo.Json]:
            number = page or 1
            query = {"@sort": "activity,id", "@page_size": self._page_size, "@page_index": number}
            answer = self._get("issue", **_since(start), **_TOLD, **query)
            return answer["collection"], number + 1 if "next" in answer["@links"] else None

        self._search_in_utc()
        yield from xmo.by_window(get, place, cursor, since, OVERLAP)

    def fetch_some(self, keys: Sequence[str]) -> Sequence[xmo.Row]:
        """Fetch these issues as they are now; those that were retired are left out."""
        return [row for some in _parts(keys) for row in self._get("issue", id=some, **_TOLD)["collection"]]

    def gone(self, keys: Sequence[str]) -> Iterable[str]:
        """Say which of these issues were retired."""
        for some in _parts(keys):
            there = {row["id"] for row in self._get("issue", id=some)["collection"]}
            yield from (key for key in some if key not in there)

    def parse(self, row: xmo.Row) -> Iterable[xmo.Ticket]:
        """Turn one issue into a ticket. Roundup does not tell when it was resolved, or how often it was reopened."""
        try:
            told = _ISSUE.load(row)
        except ValidationError as error:
            raise xmo.BadRecord(f"Not an issue: {error}", key=str(row.get("id") or "") or None) from error
        status = told["status"]["name"] if told["status"] else ""
        yield xmo.Ticket(
            key=told["id"],
            number=f"issue{told['id']}",
            kind="incident",
            vendor_type="issue",
            state=self._states.get(status, "unknown"),
            vendor_state=status,
            opened_at=told["creation"],
            changed_at=told["activity"],
            title=told["title"],
            url=f"{self._url}/issue{told['id']}",
            priority=told["priority"] and told["priority"]["name"],
            category=", ".join(each["name"] for each in told["keyword"]) or None,
            parent=next((each["id"] for each in told["superseder"]), None),
            requester=xmo.Contact(
                key=told["username"],
                email=told["address"] or None,
                name=told["realname"],
                organisation=told["organisation"],
            ),
        )

    def find(self, ticket: xmo.Ticket, marker: str) -> xmo.Receipt | None:
        """Look for the message that holds this marker, in all messages of the issue."""
        for some in _parts([each["id"] for each in self._issue(ticket.key)["attributes"]["messages"]]):
            listed = self._get("msg", id=some, **{"@fields": "content", "@verbose": 3})["collection"]
            texts = {each["id"]: each["content"] for each in listed}
            for id_ in some:  # a list leaves out what was retired, and what is hidden: that one is refused, by itself
                text = (
                    texts[id_] if id_ in texts else self._get(f"msg/{id_}", **{"@verbose": 3})["attributes"]["content"]
                )
                if marker in str(text):
                    return xmo.Receipt(reference=f"msg{id_}")
        return None

    def comment(self, ticket: xmo.Ticket, message: xmo.Message) -> xmo.Receipt:
        """Write a message, then add it to the issue: until then nobody sees it. A resolved issue to which a message is
        added goes back to "chatting", unless the same change names its status."""
        self._unchanged(ticket)
        me = self._get(f"user/username={quote(self._username, safe='')}")["id"]
        made = self._session.post(self._at("msg"), json={"content": message.text, "author": me, "date": "."}).json()
        new = made["data"]["id"]
        for _ in range(_TRIES):
            issue = self._unchanged(ticket)
            status = issue["attributes"]["status"]
            change = {"messages": [f"+{new}"], "status": status and status["id"]}
            with suppress(xmo.Conflict):
                self._session.put(self._at(f"issue/{ticket.key}"), json=change, headers={"If-Match": issue["@etag"]})
                return xmo.Receipt(reference=f"msg{new}")
        raise xmo.Conflict(f"issue{ticket.key} changes faster than it can be written.")

    def _unchanged(self, ticket: xmo.Ticket) -> Any:
        """Return the issue with its tag, if its status is still the one that was asked about."""
        issue = self._issue(ticket.key)
        status = issue["attributes"]["status"]
        if (status["name"] if status else "") != ticket.vendor_state:
            raise xmo.Conflict(f"The status of issue{ticket.key} has changed.")
        return issue

    def _issue(self, key: str) -> Any:
        if not self._get("issue", id=[key])["collection"]:  # one that was retired can still be read by itself
            raise xmo.NotFound(f"There is no issue{key}.")
        return self._get(f"issue/{quote(key, safe='')}", **{"@verbose": 2})

    def _search_in_utc(self) -> None:
        """Refuse an account in another time zone: what changed within its hours would never be found."""
        for status in self._get("status", **{"@fields": "creation", "@page_size": 1})["collection"]:
            at = datetime.strptime(status["creation"], TIME).replace(tzinfo=UTC)
            within = f"{at:{TIME}};{at + timedelta(seconds=1):{TIME}}"
            if not self._get("status", id=status["id"], creation=within)["collection"]:
                hint = f'Set the time zone of "{self._username}" to 0 in Roundup.'
                raise xmo.ConfigError(
                    "Roundup reads the times that this account searches for in another zone.", hint=hint
                )

    def _get(self, path: str, **query: Any) -> Any:
        return self._session.get(self._at(path), params={"@pretty": "false", **query}).json()["data"]

    def _at(self, path: str) -> str:
        return f"{self._url}/rest/data/{path}"


_TOLD = {"@fields": FIELDS, "@verbose": 2}


def _since(start: datetime | None) -> dict[str, str]:
    return {"activity": f"{start:{TIME}};"} if start else {}


def _parts(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    return (keys[at : at + _MANY] for at in range(0, len(keys), _MANY))


@xmo.hookimpl
def xmo_sources() -> Iterable[xmo.Kind]:
    """Offer the kind of source that `kind = "roundup"` picks."""
    return [xmo.Kind(name="roundup", schema=Options, make=Roundup, can=frozenset({"comment", "gone"}))]
