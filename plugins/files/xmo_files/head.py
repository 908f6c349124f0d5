"""The head of a file: how it is written, what separates its columns, and what they are called."""

import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from xmo_files.lines import Script, lines, script, unpacked
from xmo_files.mapping import Table
from xmo_files.places import Found
from xmo_files.records import Record, delimited

_START = 1 << 16  # a header lies within so many bytes
_SEPARATORS = (",", ";", "\t", "|")
_ABOVE = 10  # lines of a title that may stand above the header
_SAID = "sep="  # a first line by which a spreadsheet is told the separator


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """What is above the rows, which begin behind so many bytes; row 1 is the first line of the table, as a spreadsheet
    counts. `columns` is empty for JSON lines; `whole` unless the header itself is being written."""

    script: Script
    begin: int
    row: int = 0
    columns: tuple[str, ...] = ()
    delimiter: str = ""
    whole: bool = True


def read_head(file: Found, tables: Sequence[Table]) -> Head:
    """Read the head of a file. The header is the line that holds most of the columns that the tables name, split by
    the delimiter that shows most of them; the option `delimiter` and a line `sep=;` go before. Raises `OSError` or
    `ValueError` where the file cannot be read."""
    with unpacked(file.path) as stream:
        start = stream.read(_START)
    written = script(start, next((table.encoding for table in tables), "utf-8"))
    if file.is_json:
        return Head(script=written, begin=written.mark)
    said, skipped = _separator(start, written)
    given = next((table.delimiter for table in tables if table.delimiter), said)
    wanted = {column for table in tables for column in table.columns()}
    heads = [
        head
        for delimiter in ([given] if given else _SEPARATORS)
        for head in _candidates(start, written, skipped, delimiter)
    ]
    nothing = Head(script=written, begin=written.mark, whole=False)
    return max(
        heads, key=lambda head: (len(wanted.intersection(head.columns)), -head.row, len(head.columns)), default=nothing
    )


def _separator(start: bytes, written: Script) -> tuple[str, int]:
    """Return the separator that a first line names, and the bytes of that line."""
    line = next(lines(io.BytesIO(start[written.mark :]), written), None)
    text = line.text.rstrip("\r\n") if line else ""
    if line and text.lower().startswith(_SAID) and len(text) == len(_SAID) + 1:
        return text[-1], len(line.raw)
    return "", 0


def _candidates(start: bytes, written: Script, skipped: int, delimiter: str) -> Iterator[Head]:
    """Yield what each of the first lines would be as a header."""
    begin, row = written.mark + skipped, 0
    records = delimited(lines(io.BytesIO(start[begin:]), written), delimiter)
    for record in islice(records, _ABOVE):
        begin, row = begin + sum(len(line.raw) for line in record.lines), row + 1
        if any(record.cells):
            columns = _named(record)
            yield Head(script=written, begin=begin, row=row, columns=columns, delimiter=delimiter, whole=record.whole)


def _named(record: Record) -> tuple[str, ...]:
    """Return the names of the columns; the second of one name is called `Name#2`, and so on."""
    seen = Counter[str]()
    names = []
    for cell in record.cells:
        name = " ".join(cell.split())
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return tuple(names)
