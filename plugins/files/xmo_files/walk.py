"""The walk through all files of a source, in pages, each with the cursor that stands behind it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from itertools import islice
from typing import Any

from xmo_files.head import Head
from xmo_files.mapping import Options, Table
from xmo_files.places import Found, found
from xmo_files.sheet import Mark, Sheet
from xmo_hooks import Json, Log, Page, Unavailable

REQUIRED = ("key", "opened_at")


def read_by(options: Options) -> list[tuple[Found, list[Table]]]:
    """List the files, each with the tables that say how its rows are read; files without any are left out."""
    files = [(file, [table for table in options.tables if table.is_for(file.name)]) for file in found(options.place)]
    return [(file, tables) for file, tables in files if tables]


class Walk:
    """One walk. A file that cannot be read stops no other: the walk fails at its end, and the next one tries again."""

    def __init__(self, options: Options, marks: dict[str, Mark], now: datetime, log: Log) -> None:
        self._options, self._marks, self._now, self._log = options, marks, now, log
        self._troubles: list[Unavailable] = []

    def pages(self, since: datetime | None) -> Iterator[Page]:
        """Yield the rows of each file that was written anew or further. `since`: files that were last written before
        hold nothing newer, and count as read."""
        files = read_by(self._options)
        there = {file.name for file, _ in files}
        self._marks = {name: mark for name, mark in self._marks.items() if name in there}
        old = {file.name: Mark().at_end_of(file) for file, _ in files if since and file.changed_at < since}
        if new := old.keys() - self._marks.keys():
            self._marks |= {name: old[name] for name in new}
            yield Page(rows=(), cursor=cursor(self._marks))
        for file, tables in files:
            mark = self._marks.get(file.name)
            if not (mark and mark.is_all_of(file)):
                yield from self._file(file, tables, mark)
        if self._troubles:
            first, *more = self._troubles
            others = f" {len(more)} more could not be read." if more else ""
            raise Unavailable(f"{first}{others}", hint=first.hint)

    def _file(self, file: Found, tables: Sequence[Table], mark: Mark | None) -> Iterator[Page]:
        sheet = Sheet(file, tables, self._now)
        try:
            if not sheet.is_beginning:
                self._compare(file, sheet.head, tables)
            rows, ended = sheet.rows(mark), False
            while not ended:
                page = list(islice(rows, self._options.page_size))
                ended = len(page) < self._options.page_size
                reached = sheet.mark.at_end_of(file) if ended and not sheet.waits else sheet.mark
                if page or reached.size:
                    yield self._page(file, page, reached)
        except Unavailable as error:
            self._troubles.append(error)
        if sheet.waits:
            self._log.info("file is being written", file=file.name)

    def _page(self, file: Found, rows: Sequence[dict[str, Any]], mark: Mark) -> Page:
        self._marks[file.name] = mark
        return Page(rows=rows, cursor=cursor(self._marks))

    def _compare(self, file: Found, head: Head, tables: Sequence[Table]) -> None:
        """Refuse a file without the columns that every row needs: it is another one than the config is about."""
        if not head.columns:
            return
        lacking = [text for table in tables for text in missing(head.columns, table)]
        if essential := [text for option, text in lacking if option in REQUIRED]:
            raise Unavailable(f"{file.name} has {essential[0]}.", hint="Mend `fields`, or name the files in `tables`.")
        for _, text in lacking:
            self._log.warning("column missing", file=file.name, what=text)


def cursor(marks: Mapping[str, Mark]) -> Json:
    """Write marks as a cursor."""
    return {"files": {name: mark.json() for name, mark in marks.items()}}


def missing(columns: Sequence[str], table: Table) -> Iterator[tuple[str, str]]:
    """Yield each option whose columns are not among these, and that in words, with the nearest names."""
    for option, pick in table.picks().items():
        if pick.columns and not set(pick.columns) & set(columns):
            names = " or ".join(f'"{name}"' for name in pick.columns)
            yield option, f"no column {names} for {option}{nearest(pick.columns[0], columns)}"


def nearest(name: str, columns: Sequence[str]) -> str:
    """Return ` (did you mean "…"?)` with the nearest names, in any letters, or nothing."""
    folded = {column.casefold(): column for column in columns}
    near = [f'"{folded[one]}"' for one in get_close_matches(name.casefold(), list(folded), n=3)]
    return f" (did you mean {' or '.join(near)}?)" if near else ""
