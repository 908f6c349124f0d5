"""The values in the cells of one row: texts, numbers and times, strict, and never repeated in a message."""

from collections.abc import Mapping
from datetime import datetime
from math import isfinite
from typing import Any

from xmo_files.mapping import Pick, Table, When
from xmo_files.times import Times, number
from xmo_hooks import BadRecord, Row

_TRUE, _FALSE = frozenset({"true", "yes", "y", "1", "t"}), frozenset({"false", "no", "n", "0", "f"})


class Cells:
    """Reads the cells of one row by one table; every `BadRecord` names file, row and column."""

    def __init__(self, row: Row, table: Table, times: Times) -> None:
        self._row, self._table, self._times = row, table, times
        self._cells: Mapping[str, Any] = row["cells"]
        self.key: str | None = None

    def text(self, pick: Pick | None) -> str | None:
        """Return the text of the first column that is filled, else what is always the same."""
        return self._found(pick)[1]

    def time(self, pick: Pick | None) -> datetime | None:
        """Return a time as aware UTC."""
        column, text = self._found(pick)
        if text is None:
            return None
        try:
            return self._times.read(text)
        except ValueError as error:
            raise self.bad(str(error), column) from None

    def whole(self, pick: Pick | None, words: Mapping[str, int] | None = None) -> int | None:
        """Return a whole number, by its word where `words` has it; `4,0` and `4.0` are 4,
        and `4,000` is refused: it may be four thousand."""
        column, text = self._found(pick)
        if text is None:
            return None
        if words and text in words:
            return words[text]
        try:
            found = number(text)
            if not found.is_integer() or abs(found) >= 1e9:
                raise ValueError
        except (OverflowError, ValueError):
            raise self.bad("is no whole number", column) from None
        return int(found)

    def measured(self, pick: Pick) -> float | None:
        """Return a number, with a decimal point or comma; one with a unit is refused, for it may be another one."""
        column, text = self._found(pick)
        if text is None:
            return None
        try:
            found = number(text)
        except ValueError as error:
            raise self.bad(str(error), column) from None
        if not isfinite(found):
            raise self.bad("is too large a number", column)
        return found

    def flag(self, pick: Pick | None, words: Mapping[str, str]) -> bool | None:
        """Return whether something is so: `true`, `yes`, `1` and their opposites, or what `words` calls so."""
        column, text = self._found(pick)
        if text is None:
            return None
        said = words.get(text, text).casefold()
        if said not in _TRUE | _FALSE:
            raise self.bad("is neither true nor false", column)
        return said in _TRUE

    def meets(self, when: When) -> bool:
        """Tell whether each column holds one of the texts that it must."""
        return all((_text(_value(self._cells, column)) or "") in texts for column, texts in when.items())

    def bad(self, problem: str, column: str = "") -> BadRecord:
        """Make the error for this row. Only what tells of a ticket is settled once that ticket comes in: any other row
        stays in quarantine, known by its content."""
        place = f"{self._row['file']}, row {self._row['row']}"
        where = f'{place}, column "{column}"' if column else place
        key = self.key if self._table.tells_tickets else None
        return BadRecord(f"{where}: {problem}", field=column, key=key)

    def _found(self, pick: Pick | None) -> tuple[str, str | None]:
        if pick is None:
            return "", None
        for column in pick.columns:
            text = _text(_value(self._cells, column))
            if text is not None and text not in self._table.missing:
                return column, text
        return (pick.columns[0] if pick.columns else ""), pick.constant


def _value(cells: Mapping[str, Any], column: str) -> Any:
    """Return what a column holds; in JSON, `a.b` is also the `b` inside of `a`."""
    if column in cells or "." not in column:
        return cells.get(column)
    outer, _, inner = column.partition(".")
    within = cells.get(outer)
    return _value(within, inner) if isinstance(within, dict) else None


def _text(value: Any) -> str | None:
    """Return a cell as text without the spaces around it; None where it holds nothing that is one."""
    match value:
        case str():
            return value.replace("\0", "").strip()
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(int(value) if float(value).is_integer() else value)
        case list():
            return ", ".join(text for one in value if (text := _text(one)))
    return None
