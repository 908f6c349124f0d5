"""How many rows a fetch would bring, reckoned from how long the first ones are."""

from collections.abc import Mapping
from datetime import datetime
from itertools import islice

from xmo_files.lines import unpacked_size
from xmo_files.mapping import Options
from xmo_files.places import Found
from xmo_files.sheet import Mark, Sheet
from xmo_files.walk import read_by

_SAMPLE = 1000


def rows_left(options: Options, marks: Mapping[str, Mark], since: datetime | None, now: datetime) -> int:
    """Reckon the rows that were not read yet; exact for a file of a thousand rows or fewer that was not read before."""
    left = 0
    for file, tables in read_by(options):
        mark = marks.get(file.name)
        is_old = since is not None and mark is None and file.changed_at < since
        if not is_old and not (mark and mark.is_all_of(file)):
            left += _rows(file, Sheet(file, tables, now), mark or Mark())
    return left


def _rows(file: Found, sheet: Sheet, mark: Mark) -> int:
    first = sum(1 for _ in islice(sheet.rows(None), _SAMPLE))
    if first < _SAMPLE and not mark.offset:
        return first
    read = sheet.mark.offset - sheet.head.begin
    behind = max(mark.offset, sheet.head.begin)
    return max(0, round((unpacked_size(file.path) - behind) * first / read)) if read else 0
