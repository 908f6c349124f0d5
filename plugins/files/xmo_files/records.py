"""The records of the two forms of text: what csv makes of some lines, and the object on a line."""

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from xmo_files.lines import LONGEST, Line

# Far beyond the longest cell that is read, so that the end of a longer one is found, and its inner lines are not taken
# for rows. csv has one limit for the whole process: it is raised once, as restoring it would fail in a second thread.
csv.field_size_limit(16 * LONGEST)


@dataclass(frozen=True, slots=True)
class Record:
    """What stands in some lines: texts or an object. `whole` unless the file ends in its middle; `trouble` says why it
    cannot be understood."""

    cells: Sequence[str] | dict[str, Any]
    lines: Sequence[Line]
    whole: bool = True
    trouble: str = ""


class Tape:
    """Lines that can be given back, and that remembers which were taken since."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines, self._back = lines, deque[Line]()
        self.taken: list[Line] = []
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._back.popleft() if self._back else next(self._lines, None)
        if line is None:
            self.ended = True
            raise StopIteration
        self.taken.append(line)
        return line.text

    def give_back(self, lines: Sequence[Line]) -> None:
        """Take these lines anew, next."""
        self._back.extendleft(reversed(lines))


def delimited(lines: Iterator[Line], delimiter: str, width: int = 0) -> Iterator[Record]:
    """Yield the records of delimited text; blank lines are records without cells. Where lines that a quotation mark
    holds together are not as `width` columns want them, the mark was stray: the first line is trouble alone, and the
    others are read anew."""
    tape = Tape(lines)
    reader = csv.reader(tape, delimiter=delimiter, skipinitialspace=True)
    while True:
        tape.taken, tape.ended = [], False
        trouble = ""
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            cells, trouble = [], f"is no line of a table: {error}"
        taken, whole = tape.taken, not tape.ended and tape.taken[-1].whole
        if not trouble:
            unclosed = tape.ended or _is_stray(taken, delimiter)
            trouble = _misfit(cells, width) or ("a quotation mark is not closed" if unclosed else "")
        if not trouble and any(len(cell) > LONGEST for cell in cells):
            cells = [cell if len(cell) <= LONGEST else "" for cell in cells]
            yield Record(cells, taken, whole, f"has a cell of more than {LONGEST:,} characters")
        elif trouble and width and len(taken) > 1:
            cells, kept = _cut(taken[0], delimiter), taken[:1]
            yield Record(cells, kept, whole, trouble)
            tape.give_back(taken[1:])
        else:
            yield Record(cells, taken, whole, trouble)


def _misfit(cells: Sequence[str], width: int) -> str:
    if not width or len(cells) == width or not any(cells) or (len(cells) > width and not any(cells[width:])):
        return ""
    return f"has {len(cells)} cells where the header has {width}"


def _is_stray(taken: Sequence[Line], delimiter: str) -> bool:
    """Tell whether what holds lines together is no proper quotation. On one line, csv's leniency does no harm."""
    if len(taken) == 1:
        return False
    try:
        next(csv.reader([line.text for line in taken], delimiter=delimiter, skipinitialspace=True, strict=True), None)
    except csv.Error:
        return True
    return False


def _cut(line: Line, delimiter: str) -> list[str]:
    return line.text.replace('"', "").rstrip("\r\n").split(delimiter)


def objects(lines: Iterator[Line]) -> Iterator[Record]:
    """Yield the objects of JSON lines; blank lines are records without cells."""
    for line in lines:
        text = line.text.strip()
        try:
            found = orjson.loads(text) if text else {}
        except orjson.JSONDecodeError:
            yield Record({}, [line], line.whole, "is no JSON")
            continue
        trouble = "" if isinstance(found, dict) else "is no JSON object"
        yield Record(found if isinstance(found, dict) else {}, [line], line.whole, trouble)
