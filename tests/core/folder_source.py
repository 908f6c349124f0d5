"""A plugin for tests that start `xmo` as a process: a vendor that is a folder.

`tickets.json` holds its rows, `comments.txt` what was written; `error.txt` names the error of every request, and
`gate.txt` a port of this machine: whoever listens there holds each request until the connection is closed.
"""

import json
import socket
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from marshmallow import Schema, fields

import xmo_hooks
from xmo_hooks import (
    Ask,
    BadRecord,
    Contact,
    Estimate,
    Experience,
    Finding,
    Invitation,
    Json,
    Kind,
    Message,
    Native,
    Occasion,
    Page,
    Receipt,
    Row,
    Ticket,
    Tools,
    Touchpoint,
    XmoError,
    hookimpl,
)


class FolderSchema(Schema):
    url = fields.String(load_default="")
    folder = fields.String(required=True)
    password = fields.Raw()
    wanted = fields.Integer(strict=True)


class Folder:
    def __init__(self, options: dict[str, Any], _tools: Tools) -> None:
        self._folder = Path(options["folder"])

    def check(self) -> Iterable[Finding]:
        self._request()
        return [Finding(level="ok", text=f"{len(self._rows())} rows.")]

    def count(self, cursor: Json, since: datetime | None) -> Estimate | None:
        self._request()
        found = self._behind(cursor, since)
        return Estimate(tickets=len(found), requests=len(found))

    def fetch(self, cursor: Json, since: datetime | None) -> Iterator[Page]:
        self._request()
        for row in self._behind(cursor, since):
            yield Page(rows=[row], cursor=row["changed_at"])

    def fetch_some(self, keys: Sequence[str]) -> Sequence[Row]:
        self._request()
        return [row for row in self._rows() if row["key"] in keys]

    def parse(self, row: Row) -> Iterable[Ticket | Touchpoint | Native]:
        if row["opened_at"] == "soon":
            raise BadRecord("opened_at is no time: 'soon'", field="opened_at", key=row["key"])
        times = {name: datetime.fromisoformat(row[name]) for name in ("opened_at", "changed_at", "resolved_at")}
        rest = {"kind": "incident", "vendor_type": "incident", "state": "resolved", "vendor_state": "6"}
        who = Contact(key=row["key"], email=f"{row['key']}@example.com")
        return [Ticket(key=row["key"], number=f"INC{row['key']}", requester=who, **times, **rest)]  # type: ignore[arg-type]

    def find(self, ticket: Ticket, marker: str) -> Receipt | None:
        found = marker in self._comments.read_text(encoding="utf-8") if self._comments.exists() else False
        return Receipt(reference=ticket.key) if found else None

    def comment(self, ticket: Ticket, message: Message) -> Receipt:
        with self._comments.open("a", encoding="utf-8") as file:
            file.write(f"{message.text}\n")
        return Receipt(reference=ticket.key)

    @property
    def _comments(self) -> Path:
        return self._folder / "comments.txt"

    def _request(self) -> None:
        gate, error = self._folder / "gate.txt", self._folder / "error.txt"
        if gate.exists():
            with socket.create_connection(("127.0.0.1", int(gate.read_text(encoding="utf-8")))) as held:
                held.recv(1)
        if error.exists():
            kind: type[XmoError] = getattr(xmo_hooks, error.read_text(encoding="utf-8"))
            raise kind("The vendor said no.", hint="Ask the vendor.")

    def _rows(self) -> list[dict[str, str]]:
        rows: list[dict[str, str]] = json.loads((self._folder / "tickets.json").read_text(encoding="utf-8"))
        return sorted(rows, key=lambda row: row["changed_at"])

    def _behind(self, cursor: Json, since: datetime | None) -> list[dict[str, str]]:
        start = since.isoformat() if since else ""
        return [row for row in self._rows() if row["changed_at"] > (cursor or "") and row["changed_at"] >= start]


@hookimpl
def xmo_sources() -> Iterable[Kind]:
    return [Kind(name="folder", schema=FolderSchema, make=Folder, can=frozenset({"comment"}), requests_per_minute=60)]


@hookimpl
def xmo_decide(occasion: Occasion) -> Ask:
    return Ask(rule=f"folder.{occasion.ticket.kind}")


@hookimpl
def xmo_compose(invitation: Invitation) -> Message:
    return Message(marker=invitation.marker, text=f"{invitation.link} [{invitation.marker}]")


@hookimpl
def xmo_score(experience: Experience) -> dict[str, int | None]:
    return {"answers": len(experience.answers)}
