"""The wall: no figure about fewer than five persons gets past it, and none that could be worked out from its table.

It stands between the figures and every way out: terminal, report, table `figure` and the views on it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from xmo_hooks import Figure, Table

MINIMUM = 5
Key = tuple[str, ...]
_TOTAL: Key = ()


def walled(table: Table) -> Table:
    """Return the table with the small groups hidden, and with them the next smallest where the total would give them
    away. What is hidden stands last and in order of its names: its place in a sorted table would tell."""
    hidden = _hidden(table)
    figures = [_hide(figure) if figure.key in hidden else figure for figure in table.figures]
    figures.sort(key=lambda figure: (figure.hidden, figure.key if figure.hidden else _TOTAL))
    return replace(table, figures=figures, total=[_hide(f) if _TOTAL in hidden else f for f in table.total])


def _hidden(table: Table) -> set[Key]:
    everything = {_TOTAL, *(figure.key for figure in table.figures)}
    if any(_small(figure) for figure in table.total):
        return everything
    hidden = {figure.key for figure in table.figures if _small(figure)}
    while table.total and (groups := _given_away(table.figures, hidden)):
        partners = groups.keys() - hidden
        if not partners:
            return everything
        hidden.add(min(partners, key=lambda key: (groups[key], key)))
    return hidden


def _given_away(figures: Iterable[Figure], hidden: set[Key]) -> Mapping[Key, int]:
    """Return the groups of a measure, with their persons, of which the total less the shown leaves one group alone, or
    none that may be told about. Groups without persons have nothing to give away, and hide nobody."""
    measures: dict[str, dict[Key, int]] = {}
    for figure in figures:
        if figure.persons:
            measures.setdefault(figure.measure, {})[figure.key] = figure.persons
    for groups in measures.values():
        left = [groups[key] for key in hidden & groups.keys()]
        # groups may share their persons, so only one that is large enough by itself makes the hidden ones large enough
        if left and min(left) < MINIMUM and (len(left) == 1 or max(left) < MINIMUM):
            return groups
    return {}


def _small(figure: Figure) -> bool:
    # that there is nothing says nothing about anybody
    nothing = figure.unit == "count" and not figure.value and not figure.persons
    return figure.persons < MINIMUM and not nothing


def _hide(figure: Figure) -> Figure:
    return replace(figure, value=None, low=None, high=None, asked=0, answered=0, persons=0, shares={}, hidden=True)
