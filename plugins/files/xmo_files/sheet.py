"""One file, read record by record from where an earlier run stopped, if what was read then is still the same."""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from gzip import BadGzipFile
from hashlib import blake2b
from typing import Any, BinaryIO

from xmo_files.head import Head, read_head
from xmo_files.lines import lines, unpacked
from xmo_files.mapping import Table
from xmo_files.places import Found
from xmo_files.records import Record, delimited, objects
from xmo_hooks import Json, Row, Unavailable

# A file that was written so long ago is not being written: its last line is whole, with or without a line break.
SETTLED = timedelta(minutes=10)
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a file was read: bytes (unpacked) and rows, and the digest of these bytes. `size` and `changed` are those
    of the file if it was read to its end then, else 0."""

    offset: int = 0
    row: int = 0
    digest: str = ""
    size: int = 0
    changed: int = 0

    def json(self) -> Json:
        """Return the mark as it is kept in a cursor."""
        return [self.offset, self.row, self.digest, self.size, self.changed]

    def is_all_of(self, file: Found) -> bool:
        """Tell whether the file was read to its end and has not been written since."""
        return (self.size, self.changed) == (file.size, file.changed)

    def at_end_of(self, file: Found) -> "Mark":
        """Return the mark as that of a file that was read to its end."""
        return replace(self, size=file.size, changed=file.changed)


def marks(cursor: Json) -> dict[str, Mark]:
    """Read the marks of a cursor, by the names of the files; what no fetch wrote has none."""
    found = cursor.get("files") if isinstance(cursor, dict) else None
    return {name: Mark(*mark) for name, mark in found.items()} if isinstance(found, dict) else {}


class Sheet:
    """One open file. `mark` stands behind the last record that was yielded; `waits` tells after the last one whether
    something was left to wait for, because the file is still being written."""

    def __init__(self, file: Found, tables: Sequence[Table], now: datetime) -> None:
        self._file, self._tables = file, tables
        # either way: under a clock that was set back or ahead, no file is being written now
        self._settled = abs(now - file.changed_at) >= SETTLED
        self._digest, self._offset, self._passed, self._row = blake2b(digest_size=16), 0, 0, 0
        self._head: Head | None = None
        self.waits = False

    @property
    def head(self) -> Head:
        """The file's head. Raises `Unavailable`."""
        if self._head is None:
            try:
                self._head = read_head(self._file, self._tables)
            except (EOFError, OSError, ValueError, zlib.error) as error:
                raise _unreadable(self._file, error) from None
        return self._head

    @property
    def is_beginning(self) -> bool:
        """Whether the head itself is still being written."""
        return not self.head.whole and not self._settled

    @property
    def mark(self) -> Mark:
        """How far the file was read."""
        return Mark(self._offset, self._passed, self._digest.hexdigest())

    def rows(self, mark: Mark | None) -> Iterator[dict[str, Any]]:
        """Yield the raw rows behind a mark, or all of them where what lies before it has changed."""
        if self.is_beginning:
            self.waits = True
            return
        try:
            with unpacked(self._file.path) as stream:
                self._begin(stream, mark)
                yield from self._rows(stream)
        except EOFError as error:  # a packed file without its end
            self.waits = True
            if self._settled:
                raise _unreadable(self._file, error) from None
        except (OSError, zlib.error) as error:
            raise _unreadable(self._file, error) from None

    def _begin(self, stream: BinaryIO, mark: Mark | None) -> None:
        head = self.head
        if mark and mark.offset >= head.begin and self._pass(stream, mark.offset) and mark.digest == self.mark.digest:
            self._row = self._passed = mark.row
            return
        stream.seek(0)
        self._digest, self._offset = blake2b(digest_size=16), 0
        self._pass(stream, head.begin)
        self._row = self._passed = head.row

    def _pass(self, stream: BinaryIO, size: int) -> bool:
        """Read over so many bytes, in pieces; False where there are fewer."""
        while self._offset < size:
            chunk = stream.read(min(_CHUNK, size - self._offset))
            if not chunk:
                return False
            self._digest.update(chunk)
            self._offset += len(chunk)
        return True

    def _rows(self, stream: BinaryIO) -> Iterator[dict[str, Any]]:
        head = self.head
        text = lines(stream, head.script)
        for record in delimited(text, head.delimiter, len(head.columns)) if head.delimiter else objects(text):
            if not record.whole and not self._settled:
                self.waits = True
                return
            self._row += 1
            self._move(record)
            if record.trouble or any(record.cells):
                yield self._raw(record)

    def _move(self, record: Record) -> None:
        # a last line without a break is told, and told again when the file has grown: it may have been a part
        if record.lines[-1].whole:
            self._passed = self._row
            for line in record.lines:
                self._digest.update(line.raw)
                self._offset += len(line.raw)

    def _raw(self, record: Record) -> dict[str, Any]:
        cells = record.cells
        named: Mapping[str, Any] = (
            cells if isinstance(cells, dict) else dict(zip(self.head.columns, cells, strict=False))
        )
        row = {"file": self._file.name, "row": self._row, "written": self._file.changed_at.isoformat(), "cells": named}
        trouble = record.trouble or ("" if all(line.clean for line in record.lines) else self._not_text())
        return {**row, "trouble": trouble} if trouble else row

    def _not_text(self) -> str:
        return f"holds bytes that are not {self.head.script.encoding}: set `encoding`"


def written_at(row: Row) -> datetime:
    """Return when the file of a raw row was written."""
    return datetime.fromisoformat(row["written"]).astimezone(UTC)


def _unreadable(file: Found, error: Exception) -> Unavailable:
    if isinstance(error, BadGzipFile | EOFError | zlib.error):
        why, hint = "its packed content is damaged, or breaks off", "Fetch the file anew."
    elif isinstance(error, OSError):
        why, hint = f"it cannot be read: {error.strerror}", "Look at the rights of the user that runs XMO."
    else:
        why, hint = f"it {error}", "Put files in their place that are text."
    return Unavailable(f"{file.name}: {why}.", hint=hint)
