"""An invented desk and its plugin, as an integrator would begin: one module, and a few canned answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema, fields

from xmo_core.testing import Canned
from xmo_hooks import (
    BadRecord,
    Contact,
    Finding,
    Json,
    Kind,
    Message,
    NotFound,
    Page,
    Receipt,
    Row,
    State,
    Ticket,
    Tools,
    hookimpl,
)

PAGES = {"": ("1", "2"), "2": ("3", "4"), "4": ("5", "6"), "6": ()}
STATES: Mapping[str, State] = {"open": "in_progress", "done": "resolved"}


class Options(Schema):
    """What stands in [sources.NAME] besides `kind`."""

    url = fields.Url(required=True, require_tld=False)
    token = fields.Raw(required=True)


class Acorn:
    """One Acorn Desk."""

    def __init__(self, options: dict[str, Any], tools: Tools) -> None:
        self._url, self._session = options["url"], tools.session
        self._session.headers["X-Token"] = options["token"].reveal()

    def check(self) -> Iterable[Finding]:
        self._get("/tickets", after="")
        yield Finding(level="ok", text="Acorn Desk answers.")

    def count(self, cursor: Json, since: datetime | None) -> None:
        return None

    def fetch(self, cursor: Json, since: datetime | None) -> Iterator[Page]:
        while found := self._get("/tickets", after=cursor or "")["tickets"]:
            cursor = found[-1]["id"]
            yield Page(
                rows=[row for row in found if since is None or row["changed"] >= since.isoformat()], cursor=cursor
            )

    def fetch_some(self, keys: Sequence[str]) -> Sequence[Row]:
        found: list[Row] = []
        for key in keys:
            with suppress(NotFound):
                found.append(self._get(f"/tickets/{key}"))
        return found

    def parse(self, row: Row) -> Iterable[Ticket]:
        try:
            email = row["email"]
            return [
                Ticket(
                    key=_text(row["id"]),
                    number=f"A-{row['id']}",
                    kind="incident",
                    vendor_type="ticket",
                    state=STATES.get(_text(row["state"]), "unknown"),
                    vendor_state=row["state"],
                    opened_at=_time(row["opened"]),
                    changed_at=_time(row["changed"]),
                    requester=Contact(key=_text(email), email=email),
                )
            ]
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise BadRecord(f"Not a ticket ({type(error).__name__}).") from None

    def find(self, ticket: Ticket, marker: str) -> Receipt | None:
        comments = self._get(f"/tickets/{ticket.key}/comments")
        return next((Receipt(reference=one["id"]) for one in comments if marker in one["text"]), None)

    def comment(self, ticket: Ticket, message: Message) -> Receipt:
        url = f"{self._url}/tickets/{ticket.key}/comments"
        return Receipt(reference=self._session.post(url, json={"text": message.text}).json()["id"])

    def _get(self, path: str, **params: str) -> Any:
        return self._session.get(self._url + path, params=params).json()


@hookimpl
def xmo_sources() -> Iterable[Kind]:
    return [Kind(name="acorn", schema=Options, make=Acorn, can=frozenset({"comment"}))]


def desk() -> Canned:
    """Answer as Acorn Desk does, from six canned tickets."""
    tickets = {key: _ticket(int(key)) for keys in PAGES.values() for key in keys}
    comments: dict[str, list[dict[str, str]]] = {key: [] for key in tickets}

    def write(key: str) -> Any:
        def made(sent: Any, _parameters: Mapping[str, str]) -> Any:
            comments[key].append({"id": str(len(comments[key]) + 1), "text": sent["text"]})
            return comments[key][-1]

        return made

    replies: list[tuple[str, str, Any]] = [
        ("GET", f"/tickets?after={after}", {"tickets": [tickets[key] for key in keys]}) for after, keys in PAGES.items()
    ]
    for key, ticket in tickets.items():
        replies += [
            ("GET", f"/tickets/{key}", ticket),
            ("GET", f"/tickets/{key}/comments", lambda _sent, _parameters, key=key: comments[key]),
            ("POST", f"/tickets/{key}/comments", write(key)),
        ]
    return Canned(replies)


def _ticket(n: int) -> dict[str, str]:
    day = f"2026-03-{n:02}"
    times = {"opened": f"{day}T09:00:00+01:00", "changed": f"{day}T12:00:00+00:00"}
    return {"id": str(n), "state": "done" if n % 2 else "open", "email": f"person{n}@example.com", **times}


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError("not a text")
    return value


def _time(value: Any) -> datetime:
    at = datetime.fromisoformat(_text(value))
    if at.tzinfo is None:
        raise ValueError("names no offset")
    return at.astimezone(UTC)
