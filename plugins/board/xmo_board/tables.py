"""Tables of figures as rows of words, each number with its interval and its counts in the same row."""

from collections.abc import Sequence
from dataclasses import dataclass

from xmo_board.groups import Group
from xmo_board.words import FEELINGS, HIDDEN, clean, headed, interval, is_month, measure, month, percent, value
from xmo_hooks import Figure, Table

MARKS = ("net", "positive", "negative")


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """A number as words, and beside it, softer, its interval."""

    text: str
    soft: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line: what it is about, its cells, or instead of them why there are none."""

    label: str
    cells: Sequence[Cell] = ()
    instead: str = ""
    hidden: bool = False
    last: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """One HTML table."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Row]


def feelings(table: Table, found: Sequence[Group], total: Group | None, noun: str) -> Grid:
    """Lay out net feeling, the shares and the counts of each group."""
    head = [headed(noun), "Net feeling", "All good", "All bad", *map(headed, FEELINGS.values())]
    rows = [_feeling(group) for group in found] + ([_feeling(total, last=True)] if total else [])
    return Grid(caption=clean(table.title), head=[*head, "Answered", "Asked", "Persons"], rows=rows)


def plain(table: Table) -> Grid:
    """Lay out any table: a row for each figure."""
    if all(figure.unit == "count" for figure in (*table.figures, *table.total)):
        return counted(table)
    head = [_axes(table), "Measure", "Number", "Answered", "Asked", "Persons"]
    rows = [_plain(figure) for figure in table.figures] + [_plain(figure, last=True) for figure in table.total]
    return Grid(caption=clean(table.title), head=head, rows=rows)


def counted(table: Table) -> Grid:
    """Lay out a table of counts: they are complete, so they have no interval, and nobody was asked for them."""
    rows = [_counted(figure) for figure in table.figures] + [_counted(figure, last=True) for figure in table.total]
    return Grid(caption=clean(table.title), head=[_axes(table), "Number"], rows=rows)


def _feeling(group: Group, *, last: bool = False) -> Row:
    if not group.shown:
        return Row(label=group.label, instead=group.instead, hidden=group.hidden, last=last)
    figures = [group.figures.get(name) for name in MARKS]
    numbers = [Cell(text=value(f), soft=interval(f)) if f else Cell(text="–") for f in figures]
    shares = [Cell(text=percent(group.net.shares.get(code, 0.0))) for code in FEELINGS]
    return Row(label=group.label, cells=[*numbers, *shares, *_counts(group.net)], last=last)


def _counted(figure: Figure, *, last: bool = False) -> Row:
    label = "All" if last else _label(figure.key)
    if figure.hidden:
        return Row(label=label, instead=HIDDEN, hidden=True, last=last)
    return Row(label=label, cells=[Cell(text=value(figure))], last=last)


def _plain(figure: Figure, *, last: bool = False) -> Row:
    label = "All" if last else _label(figure.key)
    if figure.hidden:
        return Row(label=label, cells=[Cell(text=measure(figure.measure))], instead=HIDDEN, hidden=True, last=last)
    number = Cell(text=value(figure), soft=interval(figure))
    return Row(label=label, cells=[Cell(text=measure(figure.measure)), number, *_counts(figure)], last=last)


def _axes(table: Table) -> str:
    return " · ".join(headed(clean(axis.replace("_", " "))) for axis in table.by) or "Of"


def _counts(figure: Figure) -> list[Cell]:
    asked = ["", ""] if figure.unit == "count" else [f"{n:,}" for n in (figure.answered, figure.asked)]
    return [Cell(text=text) for text in (*asked, f"{figure.persons:,}")]


def _label(key: Sequence[str]) -> str:
    return " · ".join(month(part) if is_month(part) else clean(part) or "not stated" for part in key)
