"""Encoded queries (`sysparm_query`): `active=true^state=6^ORstate=7^NQpriority=1^ORDERBYsys_updated_on`.

As the vendor does, a clause that cannot be understood (unknown column, unknown operator, a date that is none) is
dropped without a word and the rest of the query runs. Comparison is case-sensitive.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from operator import ge, gt, le, lt
from typing import Any, TypeVar

from xmo_servicenow.sandbox.schema import INTEGERS, is_date

Row = Mapping[str, str]
R = TypeVar("R", bound=Row)
Test = Callable[[Row], bool]
Column = Callable[[Row], str]
Columns = Callable[[str], Column | None]

_OPERATORS = "!=|>=|<=|=|>|<|NOT IN|NOT LIKE|IN|LIKE|STARTSWITH|ENDSWITH|ISEMPTY|ISNOTEMPTY"
_CLAUSE = re.compile(rf"([a-z0-9_.]+)({_OPERATORS})(.*)", re.DOTALL)
_GENERATE = re.compile(r"""javascript:\s*gs\.dateGenerate\(\s*(['"])([\d\- :]+)\1\s*(?:,\s*(['"])([\d:]+)\3\s*)?\)""")
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {">": gt, ">=": ge, "<": lt, "<=": le}


@dataclass(frozen=True, slots=True)
class Clause:
    """One understood condition; one on the change stamp is also a `bound`: its operator and its stamp."""

    test: Test
    bound: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions that must all hold: `bounds` on the change stamp, and a test for whatever lies between them."""

    bounds: Sequence[tuple[str, str]]
    test: Test | None

    def places(self, rows: Sequence[Row]) -> Sequence[int]:
        """Return where the matches lie in rows that are sorted by change stamp."""
        low, high = 0, len(rows)
        for operator, stamp in self.bounds:
            if operator in {">", ">=", "="}:
                low = max(low, (bisect_right if operator == ">" else bisect_left)(rows, stamp, key=_changed_on))
            if operator in {"<", "<=", "="}:
                high = min(high, (bisect_left if operator == "<" else bisect_right)(rows, stamp, key=_changed_on))
        test = self.test
        return [n for n in range(low, high) if test(rows[n])] if test else range(low, high)


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query: groups of which any may hold (none: all rows match), and the columns to sort by."""

    groups: Sequence[Group]
    order: Sequence[tuple[str, Column, bool]]

    def select(self, rows: Sequence[R]) -> list[R]:
        """Return the matches in their order, from rows that lie in the order of change stamp and sys_id."""
        places = [group.places(rows) for group in self.groups] or [range(len(rows))]
        found = [rows[n] for n in (places[0] if len(places) == 1 else sorted({n for group in places for n in group}))]
        if not _is_change_order(self.order):
            _sort(found, self.order)
        return found


def parse(text: str, columns: Columns, zone: tzinfo = UTC) -> Query:
    """Parse an encoded query. `columns` returns how to read a column of the table, or None for an unknown one;
    plain dates in the text are read in `zone`, the time zone of the user who asks."""
    groups: list[list[list[Clause]]] = [[]]
    order: list[tuple[str, Column, bool]] = []
    for token in text.split("^"):
        if token.startswith("ORDERBY"):
            order += _order(token, columns)
            continue
        if token.startswith("NQ"):
            groups.append([])
        if not token.startswith("OR") or not groups[-1]:
            groups[-1].append([])
        clause = _clause(token.removeprefix("NQ").removeprefix("OR"), columns, zone)
        groups[-1][-1] += [clause] if clause else []
    kept = [terms for terms in ([either for either in group if either] for group in groups) if terms]
    return Query([_group(terms) for terms in kept], order)


def _group(terms: Sequence[Sequence[Clause]]) -> Group:
    bounds = [either[0].bound for either in terms if len(either) == 1 and either[0].bound]
    tests = [_either([c.test for c in either]) for either in terms if len(either) > 1 or not either[0].bound]
    return Group(bounds, _both(tests) if tests else None)


def _changed_on(row: Row) -> str:
    return row["sys_updated_on"]


def _order(token: str, columns: Columns) -> list[tuple[str, Column, bool]]:
    descending = token.startswith("ORDERBYDESC")
    name = token.removeprefix("ORDERBYDESC" if descending else "ORDERBY")
    column = columns(name)
    return [(name, column, descending)] if column else []


def _is_change_order(order: Sequence[tuple[str, Column, bool]]) -> bool:
    names = [(name, descending) for name, _, descending in order]
    return names in ([("sys_updated_on", False)], [("sys_updated_on", False), ("sys_id", False)])


def _sort(rows: list[R], order: Sequence[tuple[str, Column, bool]]) -> None:
    # Without an order the vendor promises none: by sys_id it is arbitrary, but the same again.
    rows.sort(key=lambda row: row["sys_id"])
    for name, column, descending in reversed(order):
        rows.sort(key=_numeric(column) if name.rpartition(".")[2] in INTEGERS else column, reverse=descending)


def _clause(token: str, columns: Columns, zone: tzinfo) -> Clause | None:
    match = _CLAUSE.fullmatch(token)
    column = columns(match[1]) if match else None
    if match is None or column is None:
        return None
    name, operator, text = match[1].rpartition(".")[2], match[2], match[3]
    operand = literal(text, zone) if is_date(name) and operator in {"=", "!=", *_COMPARE} else text
    if operand is None:
        return None
    bound = (operator, operand) if match[1] == "sys_updated_on" and operator in {"=", *_COMPARE} else None
    if operator in _COMPARE:
        return Clause(_comparison(column, operator, operand, name), bound)
    return Clause(_text_test(column, operator, operand), bound)


def _comparison(column: Column, operator: str, operand: str, name: str) -> Test:
    compare = _COMPARE[operator]
    if name in INTEGERS:
        number, limit = _numeric(column), _number(operand)
        return lambda row: compare(number(row), limit)
    return lambda row: compare(column(row), operand)


def _text_test(column: Column, operator: str, operand: str) -> Test:
    values = frozenset(operand.split(","))
    tests: Mapping[str, Test] = {
        "=": lambda row: column(row) == operand,
        "!=": lambda row: column(row) != operand,
        "IN": lambda row: column(row) in values,
        "NOT IN": lambda row: column(row) not in values,
        "LIKE": lambda row: operand in column(row),
        "NOT LIKE": lambda row: operand not in column(row),
        "STARTSWITH": lambda row: column(row).startswith(operand),
        "ENDSWITH": lambda row: column(row).endswith(operand),
        "ISEMPTY": lambda row: not column(row),
        "ISNOTEMPTY": lambda row: bool(column(row)),
    }
    return tests[operator]


def literal(text: str, zone: tzinfo) -> str | None:
    """Return a date of a query as the stored UTC stamp, or None where it is no date.

    Plain dates and `gs.dateGenerate` are both read in the user's zone: which of them is UTC differs between releases.
    """
    match = _GENERATE.fullmatch(text)
    plain = " ".join(filter(None, (match[2], match[4]))) if match else text
    try:
        at = datetime.fromisoformat(plain).replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None if text else ""
    return at.isoformat(" ", "seconds")[:19]


def _numeric(column: Column) -> Callable[[Row], float]:
    return lambda row: _number(column(row))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("-inf")


def _either(tests: Sequence[Test]) -> Test:
    return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)


def _both(tests: Sequence[Test]) -> Test:
    return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)
