"""JQL as text: `project = SUP AND updated >= 1732877091000 ORDER BY updated ASC`, taken apart into a tree.

AND, OR, NOT, parentheses, the comparisons, IN, IS EMPTY and up to seven fields to sort by.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from xmo_jira.sandbox.answers import Failure

MOST_ORDERS = 7
UNBOUNDED = "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."
_TOKEN = re.compile(
    r"""\s*(?: (?P<quoted>"(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*')
             | (?P<sign>!=|>=|<=|=|>|<|!~|~|\(|\)|,)
             | (?P<word>(?:cf\[\d+\]|[^\s()=<>!~,"'])+) )""",
    re.VERBOSE,
)
_OPERATORS = frozenset({"=", "!=", ">=", "<=", ">", "<"})


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition. `operator` is a comparison, "in", "not in", "is" or "is not"; `values` are as they were written,
    without quotes, and `now()` with its parentheses."""

    field: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Both:
    """Conditions that must all hold."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Conditions of which one must hold."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """A condition that must not hold."""

    part: Tree


Tree = Clause | Both | Either | Not


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query: what must hold (None: nothing), and the fields to sort by, each with True for descending."""

    where: Tree | None
    order: Sequence[tuple[str, bool]]


def parse(text: str) -> Query:
    """Parse JQL. Raises `Failure` (400) as the vendor does."""
    return _Parser(_tokens(text)).query()


def _tokens(text: str) -> list[tuple[str, str]]:
    found, place = [], 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if match is None:
            raise _wrong(f"The character '{text[place:].strip()[0]}' is not allowed here.")
        kind = str(match.lastgroup)
        value = match[kind]
        found.append((kind, re.sub(r"\\(.)", r"\1", value[1:-1]) if kind == "quoted" else value))
        place = match.end()
    return found


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    def query(self) -> Query:
        where = None if not self._tokens or self._is("order") else self._either()
        order = self._order() if self._takes("order") else []
        if self._at < len(self._tokens):
            raise _wrong(f"Expecting either 'OR' or 'AND' but got '{self._tokens[self._at][1]}'.")
        return Query(where, order)

    def _either(self) -> Tree:
        parts = [self._both()]
        while self._takes("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self) -> Tree:
        parts = [self._one()]
        while self._takes("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _one(self) -> Tree:
        if self._takes("not"):
            return Not(self._one())
        if self._takes("("):
            inner = self._either()
            self._need(")")
            return inner
        return self._clause()

    def _clause(self) -> Clause:
        field = self._value()
        if self._takes("is"):
            operator = "is not" if self._takes("not") else "is"
            if not (self._takes("empty") or self._takes("null")):
                raise _wrong(f"The operator '{operator}' must be followed by EMPTY.")
            return Clause(field, operator, ())
        operator = "not in" if self._takes("not") else "in"
        if self._takes("in"):
            return Clause(field, operator, self._list())
        kind, sign = self._next()
        if kind != "sign" or sign not in _OPERATORS:
            raise _wrong(f"Expecting operator but got '{sign}'.")
        return Clause(field, sign, (self._value(),))

    def _list(self) -> tuple[str, ...]:
        self._need("(")
        values = [self._value()]
        while self._takes(","):
            values.append(self._value())
        self._need(")")
        return tuple(values)

    def _order(self) -> list[tuple[str, bool]]:
        self._need("by")
        fields: list[tuple[str, bool]] = []
        while not fields or self._takes(","):
            name = self._value()
            descending = self._takes("desc")
            if not descending:
                self._takes("asc")
            fields.append((name, descending))
        if len(fields) > MOST_ORDERS:
            raise _wrong(f"The maximum number of fields to order by is {MOST_ORDERS}.")
        return fields

    def _value(self) -> str:
        kind, value = self._next()
        if kind == "sign":
            raise _wrong(f"Expecting a value but got '{value}'.")
        if kind == "word" and self._takes("("):
            self._need(")")
            return f"{value}()"
        return value

    def _next(self) -> tuple[str, str]:
        if self._at == len(self._tokens):
            raise _wrong("The query ends where more is expected.")
        self._at += 1
        return self._tokens[self._at - 1]

    def _is(self, word: str) -> bool:
        if self._at == len(self._tokens):
            return False
        kind, value = self._tokens[self._at]
        return kind != "quoted" and value.lower() == word

    def _takes(self, word: str) -> bool:
        found = self._is(word)
        self._at += found
        return found

    def _need(self, word: str) -> None:
        if not self._takes(word):
            raise _wrong(f"Expecting '{word}'.")


def _wrong(text: str) -> Failure:
    return Failure(400, f"Error in the JQL Query: {text}")
