"""The wall: no figure about fewer than five persons gets past it, and none that could be worked out from the others.

It stands between the figures and every way out: terminal, report, table `figure` and the views on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from xmo_hooks import Figure, Table

MINIMUM = 5


def walled(table: Table) -> Table:
    """Return the table with the small groups hidden, and with them the next smallest where the total would give a
    single one away."""
    if table.total and _persons(table.total) < MINIMUM and any(figure.unit != "count" for figure in table.total):
        return replace(table, figures=[_hide(f) for f in table.figures], total=[_hide(f) for f in table.total])
    hidden = _hidden_keys(table)
    figures = [_hide(figure) if figure.key in hidden else figure for figure in table.figures]
    return replace(table, figures=figures)


def _hidden_keys(table: Table) -> set[tuple[str, ...]]:
    persons: dict[tuple[str, ...], int] = {}
    for figure in table.figures:
        persons[figure.key] = min(persons.get(figure.key, figure.persons), figure.persons)
        if figure.unit == "count" and not figure.value:
            persons.pop(figure.key)  # that there is nothing says nothing about anybody
    by_size = sorted(persons, key=lambda key: (persons[key], key))
    hidden = {key for key in by_size if persons[key] < MINIMUM}
    if table.total and hidden:
        # total minus the shown = the hidden together: that must be at least two groups and five persons
        for key in by_size:
            if len(hidden) >= 2 and sum(persons[one] for one in hidden) >= MINIMUM:
                break
            hidden.add(key)
    return hidden


def _persons(figures: Sequence[Figure]) -> int:
    return min(figure.persons for figure in figures)


def _hide(figure: Figure) -> Figure:
    return replace(figure, value=None, low=None, high=None, asked=0, answered=0, persons=0, shares={}, hidden=True)
