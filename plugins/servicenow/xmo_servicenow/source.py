"""The source: fetches, parses and comments on the tickets of one ServiceNow instance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from xmo_hooks import (
    Call,
    Estimate,
    Finding,
    Heard,
    Json,
    Message,
    Native,
    Page,
    Receipt,
    Row,
    Ticket,
    Tools,
    Touchpoint,
    Unavailable,
    XmoError,
)
from xmo_servicenow import beside, deletes, journal, keyset, surveys, webhooks
from xmo_servicenow.auth import log_in
from xmo_servicenow.beside import Beside, tables
from xmo_servicenow.check import findings
from xmo_servicenow.client import Client, is_trouble
from xmo_servicenow.fields import Layout, layout, missing
from xmo_servicenow.options import Options
from xmo_servicenow.parse import TABLE, Parser, bad
from xmo_servicenow.secret import reveal
from xmo_servicenow.streams import Stream
from xmo_servicenow.walk import Pace

CHUNK = 50  # sys_ids in one query, so that its address stays under the 2000 characters that any proxy passes


class ServiceNow:
    """One configured instance. See the `Source` protocol for when each method is called."""

    def __init__(self, options: Options, tools: Tools) -> None:
        self._options, self._tools = options, tools
        self._client = Client(options.url, tools.session, log_in(options, tools))
        self._layouts = [layout(table, options) for table in options.tables]
        self._tables = [one.table for one in self._layouts]
        self._parsers = {one.table: Parser(one, options) for one in self._layouts}

    def check(self) -> Iterable[Finding]:
        """Look at log-in, tables, columns, states, the account's time zone and the journal; writes nothing."""
        return findings(self._client, self._options, self._layouts)

    def count(self, cursor: Json, since: datetime | None) -> Estimate:
        """Count what a fetch would bring, table by table; requests for what stands beside the tickets included."""
        tickets = requests = 0
        for one in self._layouts:
            rows = self._rows_of(_stream(one), cursor, since)
            tickets += rows
            requests += self._pages_of(rows) + len(tables(one, self._options)) * -(-rows // beside.CHUNK)
        if self._options.surveys:
            requests += self._pages_of(self._rows_of(surveys.stream(self._tables), cursor, since))
        return Estimate(tickets=tickets, requests=requests)

    def fetch(self, cursor: Json, since: datetime | None) -> Iterator[Page]:
        """Yield the rows of each table in turn, from `overlap` behind its position in the cursor, or from `since`
        where it has none; then the answers to surveys, then what was deleted. A page may be empty: all its rows are
        hidden from this account."""
        positions = keyset.positions(cursor, self._tables)
        pace, deletions = Pace(self._options.page_size), deletes.Deletes(self._client, self._tables, self._tools.log)
        if cursor is None:
            deletions.begin(positions)
        joins = Beside(self._client, self._options, self._tools.log)
        for one in self._layouts:
            for rows in self._walk(_stream(one), pace, positions, since):
                joins.join(one, rows)
                yield Page(rows=rows, cursor=dict(positions))
        if self._options.surveys:
            yield from self._surveys(pace, positions, since)
        for keys in deletions.pages(pace, positions, self._options.overlap):
            yield Page(rows=(), cursor=dict(positions), deleted=self._gone(keys))

    def restart(self, cursor: Json) -> Json:
        """Return what stays of a cursor when all tickets are fetched again; see `deletes.kept`."""
        return deletes.kept(cursor)

    def fetch_some(self, keys: Sequence[str]) -> Sequence[Row]:
        """Fetch these tickets from whichever table holds them; one that is gone or hidden is left out."""
        joins, found = Beside(self._client, self._options, self._tools.log), list[Row]()
        for one, rows in self._some(keys, None):
            joins.join(one, rows)
            found += rows
        return found

    def parse(self, row: Row) -> Iterable[Ticket | Touchpoint | Native]:
        """Turn one raw row into a ticket and the events of its life, by the rules of its own class, else of the table
        it was read from; or into an answer to a survey."""
        table = row.get(TABLE)
        for name in (row.get("sys_class_name"), table):
            if isinstance(name, str) and (parser := self._parsers.get(name)):
                return parser.records(row)
        if table == surveys.RESULTS:
            return surveys.natives(row, self._tables)
        raise bad("sys_class_name: is none of the tables of this source", "sys_class_name", row)

    def find(self, ticket: Ticket, marker: str) -> Receipt | None:
        """Look for a customer-visible comment that holds the marker; see `journal.find`."""
        return journal.find(self._client, ticket, marker)

    def comment(self, ticket: Ticket, message: Message) -> Receipt:
        """Write a customer-visible comment; see `journal.comment`."""
        own = [one for one in self._layouts if one.table == ticket.vendor_type]
        alike = [one for one in self._layouts if one.kind == ticket.kind]
        return journal.comment(self._client, (own or alike or self._layouts)[0], ticket, message.text)

    def hear(self, call: Call) -> Heard:
        """Return the record that a webhook names; see `webhooks.hear`."""
        return webhooks.hear(call, reveal(self._options.webhook_secret), self._tools.now())

    def _walk(
        self, stream: Stream, pace: Pace, positions: dict[str, Json], since: datetime | None
    ) -> Iterator[list[dict[str, Any]]]:
        """Yield the pages of a stream and move its position on; columns that never come are warned about."""
        reached = keyset.position(positions, stream.table)
        absent, seen = list(stream.columns), 0
        for rows, position in stream.walk(self._client, pace, reached, since, self._options.overlap):
            absent, seen = missing(absent, rows), seen + len(rows)
            reached = keyset.forward(reached, position)
            if reached:
                positions[stream.table] = reached.json()
            yield _marked(rows, stream.table)
        if seen and absent:
            self._tools.log.warning("field missing", table=stream.table, columns=", ".join(absent))

    def _surveys(self, pace: Pace, positions: dict[str, Json], since: datetime | None) -> Iterator[Page]:
        stream = surveys.stream(self._tables)
        try:
            for rows in self._walk(stream, pace, positions, since):
                yield Page(rows=rows, cursor=dict(positions))
        except XmoError as error:
            if is_trouble(error):
                raise
            self._tools.log.warning("table cannot be read", table=stream.table, reason=str(error))

    def _some(
        self, keys: Sequence[str], columns: Sequence[str] | None
    ) -> Iterator[tuple[Layout, list[dict[str, Any]]]]:
        """Fetch rows by key, table by table, each key until it is found; `columns` None for all of the table's."""
        left = list(dict.fromkeys(key for key in keys if keyset.is_id(key)))
        for one in self._layouts:
            got = set[Any]()
            for start in range(0, len(left), CHUNK):
                chunk = left[start : start + CHUNK]
                rows = self._client.page(one.table, keyset.among(chunk), columns or one.columns, limit=CHUNK).rows
                _refuse_strangers(rows, chunk)
                got.update(row["sys_id"] for row in rows)
                yield one, _marked(rows, one.table)
            left = [key for key in left if key not in got]

    def _gone(self, keys: Sequence[str]) -> Sequence[str]:
        """Return those of the deleted tickets that were not restored since."""
        there = {row["sys_id"] for _, rows in self._some(keys, ("sys_id",)) for row in rows}
        return [key for key in dict.fromkeys(keys) if key not in there]

    def _rows_of(self, stream: Stream, cursor: Json, since: datetime | None) -> int:
        bound = keyset.bound(keyset.position(cursor, stream.table), since, self._options.overlap)
        return stream.count(self._client, bound)

    def _pages_of(self, rows: int) -> int:
        return max(1, -(-rows // self._options.page_size))


def _stream(layout: Layout) -> Stream:
    return Stream(table=layout.table, columns=layout.columns)


def _marked(rows: Sequence[dict[str, Any]], table: str) -> list[dict[str, Any]]:
    """Write into each row where it came from: it may be parsed much later, out of quarantine."""
    for row in rows:
        row[TABLE] = table
    return list(rows)


def _refuse_strangers(rows: Sequence[Row], keys: Sequence[str]) -> None:
    if any(row.get("sys_id") not in keys for row in rows):
        raise Unavailable(
            "ServiceNow returned records that were not asked for: it has dropped the condition on sys_id."
        )
