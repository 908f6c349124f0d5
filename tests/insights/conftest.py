"""A store made of plain rows: cells are added up by brute force, row by row and person by person."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations_with_replacement
from typing import Any

import pytest

from xmo_hooks import Cell, Reader

COLUMNS = ("source", "service", "category", "priority", "channel", "group", "month", "sla_met", "organisation")
STEPS = {1: "very_bad", 2: "bad", 3: "neither", 4: "good", 5: "very_good"}


class Rows:
    """A reader over rows such as `{"person": "a", "service": "mail", "sla_met": "met", "asked": 1, "step": 5}`; a row
    with a `step` (1 is the worst) is answered, and an answered row was asked."""

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        self._rows = [_scored(row) for row in rows]

    def columns(self) -> Mapping[str, str]:
        return {name: f"The {name} of the ticket." for name in COLUMNS}

    def cells(
        self, by: Sequence[str], sums: Sequence[str] = (), where: Mapping[str, str] | None = None
    ) -> Sequence[Cell]:
        wanted = {**dict.fromkeys(by), **(where or {})}
        assert {name for name in wanted if not name.startswith("attribute.")} <= set(COLUMNS)
        groups = defaultdict(list)
        for row in self._rows:
            if all(row.get(column) == value for column, value in (where or {}).items()) and row.keys() >= set(sums):
                groups[tuple(row.get(column) for column in by)].append(row)
        return [_cell(key, rows, ("n", *sums)) for key, rows in groups.items()]


def _scored(row: Mapping[str, Any]) -> dict[str, Any]:
    step = row.get("step")
    found = {**row, "n": 1, "asked": row.get("asked", int(step is not None)), "answered": int(step is not None)}
    if step is not None:
        found |= {"positive": 1000 * (step >= 4), "negative": 1000 * (step <= 2)}
        found["net"] = found["positive"] - found["negative"]
        found |= {f"feeling.{name}": 1000 * (step == number) for number, name in STEPS.items()}
    return found


def _cell(key: tuple[str | None, ...], rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> Cell:
    own: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(columns, 0))
    for row in rows:
        for column in columns:
            own[row["person"]][column] += row[column]
    return Cell(
        key=key,
        n=len(rows),
        persons=len(own),
        sums={column: sum(person[column] for person in own.values()) for column in columns[1:]},
        products={
            (a, b): sum(person[a] * person[b] for person in own.values())
            for a, b in combinations_with_replacement(columns, 2)
        },
    )


@pytest.fixture(scope="session")
def store() -> Callable[[Iterable[Mapping[str, Any]]], Reader]:
    """Make a reader over rows."""
    return Rows
