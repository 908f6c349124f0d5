"""The source: fetches, parses and comments on the tickets of one ServiceNow instance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from xmo_hooks import Estimate, Finding, Json, Message, Page, Receipt, Row, Ticket, Tools, Unavailable
from xmo_servicenow import journal, keyset
from xmo_servicenow.check import findings
from xmo_servicenow.client import Batch, Client
from xmo_servicenow.fields import Layout, layout, missing
from xmo_servicenow.keyset import Position
from xmo_servicenow.options import Options
from xmo_servicenow.parse import TABLE, Parser, bad
from xmo_servicenow.walk import Pace, Step, horizon, walk

CHUNK = 50  # sys_ids in one query, so that its address stays under the 2000 characters that any proxy passes


class ServiceNow:
    """One configured instance. See the `Source` protocol for when each method is called."""

    def __init__(self, options: Options, tools: Tools) -> None:
        self._options, self._tools = options, tools
        self._client = Client(options, tools.session)
        self._layouts = [layout(table, options) for table in options.tables]
        self._parsers = {one.table: Parser(one, options) for one in self._layouts}

    def check(self) -> Iterable[Finding]:
        """Look at log-in, tables, columns, states, the account's time zone and the journal; writes nothing."""
        return findings(self._client, self._options, self._layouts)

    def count(self, cursor: Json, since: datetime | None) -> Estimate:
        """Count what a fetch would bring, table by table."""
        tickets = requests = 0
        for one in self._layouts:
            bound = keyset.bound(keyset.position(cursor, one.table), since, self._options.overlap)
            rows = self._client.count(one.table, keyset.since(bound))
            tickets += rows
            requests += max(1, -(-rows // self._options.page_size))
        return Estimate(tickets=tickets, requests=requests)

    def fetch(self, cursor: Json, since: datetime | None) -> Iterator[Page]:
        """Yield the rows of each table in turn, from `overlap` behind its position in the cursor, or from `since`
        where it has none. A page may be empty: all its rows are hidden from this account."""
        positions = dict(cursor) if isinstance(cursor, Mapping) else {}
        pace = Pace(self._options.page_size)
        for one in self._layouts:
            reached = keyset.position(cursor, one.table)
            absent, seen = list(one.columns), 0
            for rows, position in self._walk(one, pace, reached, since):
                absent, seen = missing(absent, rows), seen + len(rows)
                reached = keyset.forward(reached, position)
                if reached:
                    positions[one.table] = reached.json()
                yield Page(rows=_marked(rows, one.table), cursor=dict(positions))
            if seen and absent:
                self._tools.log.warning("field missing", table=one.table, columns=", ".join(absent))

    def fetch_some(self, keys: Sequence[str]) -> Sequence[Row]:
        """Fetch these tickets from whichever table holds them; one that is gone or hidden is left out."""
        found: list[Row] = []
        left = list(dict.fromkeys(key for key in keys if keyset.is_id(key)))
        for one in self._layouts:
            for chunk in _chunks(left):
                rows = self._client.page(one.table, keyset.among(chunk), one.columns, limit=len(chunk)).rows
                _refuse_strangers(rows, chunk)
                found += _marked(rows, one.table)
            got = {row.get("sys_id") for row in found}
            left = [key for key in left if key not in got]
        return found

    def parse(self, row: Row) -> Ticket:
        """Turn one raw row into a ticket, by the rules of its own class, else of the table it was read from."""
        for name in (row.get("sys_class_name"), row.get(TABLE)):
            if isinstance(name, str) and (parser := self._parsers.get(name)):
                return parser.ticket(row)
        raise bad("sys_class_name: is none of the tables of this source", "sys_class_name", row)

    def find(self, ticket: Ticket, marker: str) -> Receipt | None:
        """Look for a customer-visible comment that holds the marker; see `journal.find`."""
        return journal.find(self._client, ticket, marker)

    def comment(self, ticket: Ticket, message: Message) -> Receipt:
        """Write a customer-visible comment; see `journal.comment`."""
        own = [one for one in self._layouts if one.table == ticket.vendor_type]
        alike = [one for one in self._layouts if one.kind == ticket.kind]
        return journal.comment(self._client, (own or alike or self._layouts)[0], ticket, message.text)

    def _walk(self, one: Layout, pace: Pace, reached: Position | None, since: datetime | None) -> Iterator[Step]:
        page, stamps = partial(self._client.page, one.table), ["sys_updated_on"]

        def fetch(where: str, offset: int, limit: int) -> Batch:
            return page(where, one.columns, limit=limit, offset=offset)

        def end() -> str:
            return horizon(
                lambda limit: page("", stamps, limit=limit, order=keyset.NEWEST),
                lambda where, limit: page(where, stamps, limit=limit),
            )

        bound = keyset.bound(reached, since, self._options.overlap)
        return walk(fetch, end, pace, bound, reached.sys_id if reached else None)


def _marked(rows: Sequence[dict[str, Any]], table: str) -> Sequence[Row]:
    """Write into each row where it came from: it may be parsed much later, out of quarantine."""
    for row in rows:
        row[TABLE] = table
    return rows


def _chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), CHUNK):
        yield keys[start : start + CHUNK]


def _refuse_strangers(rows: Sequence[Row], keys: Sequence[str]) -> None:
    if any(row.get("sys_id") not in keys for row in rows):
        raise Unavailable(
            "ServiceNow returned records that were not asked for: it has dropped the condition on sys_id."
        )
