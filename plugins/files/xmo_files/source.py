"""The source: fetches and parses the rows of the files of one place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from xmo_files.check import findings
from xmo_files.estimate import rows_left
from xmo_files.mapping import Options
from xmo_files.parse import Parser
from xmo_files.sheet import Sheet, marks
from xmo_files.walk import Walk, read_by
from xmo_hooks import (
    BadRecord,
    Estimate,
    Finding,
    Json,
    Measurement,
    Native,
    Page,
    Row,
    Ticket,
    Tools,
    Touchpoint,
)


class Files:
    """The files of one place. See the `Source` protocol for when each method is called."""

    def __init__(self, options: Options, tools: Tools) -> None:
        self._options, self._tools = options, tools
        self._parsers = [(table, Parser(table, options.requester_kind)) for table in options.tables]

    def check(self) -> Iterable[Finding]:
        """Look at the files, their columns, and how the first rows of each are understood."""
        return findings(self._options, self._tools.now())

    def count(self, cursor: Json, since: datetime | None) -> Estimate:
        """Reckon the rows that were not read yet, from how long the first ones are. No request is made."""
        return Estimate(tickets=rows_left(self._options, marks(cursor), since, self._tools.now()), requests=0)

    def fetch(self, cursor: Json, since: datetime | None) -> Iterator[Page]:
        """Yield what was written since into the files, in the order of their names: a file that has grown is read on,
        one that was replaced from its beginning. Rows come as they stand in a file, which need not be the order of
        change: the store keeps the newest change of a ticket, and of equal ones the one that was read last."""
        return Walk(self._options, marks(cursor), self._tools.now(), self._tools.log).pages(since)

    def fetch_some(self, keys: Sequence[str]) -> Sequence[Row]:
        """Find every row of these tickets, in all files."""
        wanted, now = set(keys), self._tools.now()
        return [
            row
            for file, tables in read_by(self._options)
            for row in Sheet(file, tables, now).rows(None)
            if not wanted.isdisjoint(parser.key(row) or "" for parser in self._meant(row))
        ]

    def parse(self, row: Row) -> Iterable[Ticket | Touchpoint | Native | Measurement]:
        """Turn one raw row into what the tables of its file make of it; none, where no table means it."""
        if not any(table.is_for(row["file"]) for table in self._options.tables):
            text = f"{row['file']}, row {row['row']}: none of the tables of this source is for this file"
            raise BadRecord(text)
        return [record for parser in self._meant(row) for record in parser.records(row)]

    def _meant(self, row: Row) -> Iterator[Parser]:
        for table, parser in self._parsers:
            # what is in trouble cannot say whose it is: nobody may take it for somebody else's
            if table.is_for(row["file"]) and ("trouble" in row or parser.is_meant(row)):
                yield parser
