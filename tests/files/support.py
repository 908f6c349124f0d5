"""Files in a folder, a source that reads them, and a log that keeps what it is told."""

from __future__ import annotations

import gzip
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import requests

from xmo_files.options import OptionsSchema
from xmo_files.source import Files
from xmo_hooks import BadRecord, Json, Measurement, Native, Page, Row, Ticket, Tools, Touchpoint

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LONG_AGO = datetime(2026, 2, 1, tzinfo=UTC)
FIELDS = {"key": "Id", "opened_at": "Opened", "changed_at": "Changed", "state": "Status"}
HEADER = "Id,Opened,Changed,Status\n"


class Told:
    """A log that keeps what it is told."""

    def __init__(self) -> None:
        self.infos: list[tuple[str, dict[str, Any]]] = []
        self.warnings: list[tuple[str, dict[str, Any]]] = []

    def info(self, event: str, **facts: Any) -> None:
        self.infos.append((event, facts))

    def warning(self, event: str, **facts: Any) -> None:
        self.warnings.append((event, facts))


class Folder:
    """A folder with files, and the source that reads it."""

    def __init__(self, path: Path, **options: Any) -> None:
        self.path, self.log, self.now = path, Told(), NOW
        self.options = {"url": str(path), "fields": FIELDS, **options}

    def put(self, name: str, text: str | bytes, at: datetime = LONG_AGO) -> Path:
        """Write a file, packed where its name says so, as if it had been written at that time."""
        raw = text.encode() if isinstance(text, str) else text
        file = self.path / name
        file.write_bytes(gzip.compress(raw, mtime=0) if name.endswith(".gz") else raw)
        os.utime(file, (at.timestamp(), at.timestamp()))
        return file

    def source(self, **options: Any) -> Files:
        loaded = OptionsSchema().load({**self.options, **options})
        session = cast("requests.Session", None)  # no request is ever made
        return Files(loaded, Tools(session=session, now=lambda: self.now, log=self.log, oauth=lambda _: None))  # type: ignore[arg-type, return-value]

    def pages(self, cursor: Json = None, since: datetime | None = None, **options: Any) -> list[Page]:
        return list(self.source(**options).fetch(cursor, since))

    def rows(self, cursor: Json = None, **options: Any) -> list[Row]:
        return [row for page in self.pages(cursor, **options) for row in page.rows]

    def told(self, **options: Any) -> list[Ticket | Touchpoint | Native | Measurement]:
        source = self.source(**options)
        return [record for page in source.fetch(None, None) for row in page.rows for record in source.parse(row)]

    def tickets(self, **options: Any) -> list[Ticket]:
        return [one for one in self.told(**options) if isinstance(one, Ticket)]

    def bad(self, **options: Any) -> list[BadRecord]:
        """What is raised for the rows that are not understood."""
        source, found = self.source(**options), list[BadRecord]()
        for page in source.fetch(None, None):
            for row in page.rows:
                try:
                    list(source.parse(row))
                except BadRecord as error:
                    found.append(error)
        return found


def row(number: int, status: str = "New", minute: int | None = None) -> str:
    """A line below HEADER."""
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number if minute is None else minute)
    return f"T{number},2026-01-01T00:00:00,{at:%Y-%m-%dT%H:%M:%S},{status}\n"


def table(numbers: Sequence[int], status: str = "New") -> str:
    return HEADER + "".join(row(number, status) for number in numbers)


def keys(rows: Sequence[Row], column: str = "Id") -> list[Any]:
    return [cast("Mapping[str, Any]", row["cells"]).get(column) for row in rows]
