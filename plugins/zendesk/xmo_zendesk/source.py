"""The source: fetches, parses and comments on the tickets of one Zendesk account."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime

from xmo_hooks import (
    BadRecord,
    Call,
    Estimate,
    Finding,
    Heard,
    Json,
    Message,
    Native,
    NotFound,
    Page,
    Receipt,
    Row,
    Ticket,
    Tools,
    Touchpoint,
)
from xmo_zendesk import comments, surveys, webhooks
from xmo_zendesk.check import findings
from xmo_zendesk.client import Client, record
from xmo_zendesk.join import SIDELOADS, STREAM, Join
from xmo_zendesk.names import Names
from xmo_zendesk.options import Options, reveal
from xmo_zendesk.parse import Parser
from xmo_zendesk.touchpoints import touchpoints
from xmo_zendesk.walk import Walk, begin


class Zendesk:
    """One configured account. See the `Source` protocol for when each method is called."""

    def __init__(self, options: Options, tools: Tools) -> None:
        self._options, self._tools = options, tools
        self._client = Client(options, tools)
        self._join = Join(options, Names(self._client))
        self._parser = Parser(options)

    def check(self) -> Iterable[Finding]:
        """Look at log-in, role, streams, fields and statuses; writes nothing."""
        return findings(self._client, self._options)

    def count(self, cursor: Json, since: datetime | None) -> Estimate | None:  # noqa: ARG002 - the protocol's
        """Say that the vendor cannot tell: its counts leave out archived tickets, most of an account that is not new,
        and know no cursor."""
        return None

    def fetch(self, cursor: Json, since: datetime | None) -> Iterator[Page]:
        """Yield the pages of all streams, from behind `cursor`, else from `since` on. A page may hold no row."""
        return Walk(self._client, self._options, self._tools, self._join, begin(cursor, since)).pages()

    def fetch_some(self, keys: Sequence[str]) -> Sequence[Row]:
        """Fetch these tickets as they are now; one that is gone or hidden is left out. No list holds archived tickets:
        what is not listed is asked for one by one, which is few, for the keys are those of bad rows and of webhooks."""
        found: list[Row] = []
        wanted = dict.fromkeys(key for key in keys if key.isascii() and key.isdigit())
        for body in self._client.many("tickets/show_many", "tickets", list(wanted), include=SIDELOADS):
            found += self._join.rows(body, body["tickets"])
        listed = {str(row["id"]) for row in found}
        for key in (key for key in wanted if key not in listed):
            with suppress(NotFound):
                body = self._client.get(f"tickets/{key}", {"include": SIDELOADS})
                found += self._join.rows(body, [record(body, "ticket")])
        return found

    def parse(self, row: Row) -> Iterable[Ticket | Touchpoint | Native]:
        """Turn a row of one of the streams into what it tells."""
        stream = row.get(STREAM)
        if stream == "tickets":
            return list(self._parser.records(row))
        if stream == "updates":
            return list(touchpoints(row, self._options.machines))
        if stream == "surveys":
            return surveys.parse(row)
        raise BadRecord(f"{STREAM}: is none of the streams of this source", field=STREAM)

    def find(self, ticket: Ticket, marker: str) -> Receipt | None:
        """Look for our comment; see `comments.find`."""
        return comments.find(self._client, ticket, marker)

    def comment(self, ticket: Ticket, message: Message) -> Receipt:
        """Write a comment that the requester sees; see `comments.comment`."""
        return comments.comment(self._client, ticket, message)

    def hear(self, call: Call) -> Heard:
        """Return the ticket that a webhook is about; see `webhooks.hear`."""
        return webhooks.hear(call, reveal(self._options.webhook_secret), self._tools.now())
