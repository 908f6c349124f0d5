"""What a person at a terminal reads at the end: tables that fit 80 columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from xmo_hooks import Figure, Table

if TYPE_CHECKING:
    from xmo_core.store.runs import Run

_HIDDEN = "fewer than 5 persons"


def show_run(run: Run) -> None:
    """Show what one run counted, and how long it waited for whom."""
    console = Console()
    for group, counts in run.counts.items():
        text = ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in counts.items())
        console.print(Text.assemble((f"{group:<12} ", "bold"), text))
    for whom, seconds in run.waited.items():
        console.print(Text.assemble((f"{'waited':<12} ", "bold"), f"{seconds:,.0f} s for {whom}"))
    if not run.counts:
        console.print("Nothing new.")


def show_tables(tables: Sequence[Table]) -> None:
    """Show the headline, then one line a group, each number with its interval and who stands behind it."""
    console = Console()
    for table in tables:
        if table.figures or table.total:
            console.print()
            console.print(_grid(table))
            if table.caveat:
                console.print(Text(table.caveat, style="dim"))


def _grid(table: Table) -> Grid:
    grid = Grid(title=table.title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    counts = all(figure.unit == "count" for figure in (*table.figures, *table.total))
    grid.add_column("", overflow="ellipsis", max_width=28)
    measures = list(dict.fromkeys(figure.measure for figure in (*table.figures, *table.total)))
    for measure in measures:
        grid.add_column(measure.replace("_", " "), justify="right", no_wrap=True)
    if not counts:
        grid.add_column("answered", justify="right", no_wrap=True)
    for key, figures in _grouped(table).items():
        row = _row(key, figures, measures, counts)
        grid.add_row(*row, style="bold" if key == "all" else None)
    return grid


def _grouped(table: Table) -> dict[str, dict[str, Figure]]:
    groups: dict[str, dict[str, Figure]] = {}
    for figure in (*table.figures, *table.total):
        groups.setdefault(" / ".join(figure.key) or "all", {})[figure.measure] = figure
    return groups


def _row(key: str, figures: Mapping[str, Figure], measures: Sequence[str], counts: bool) -> list[Any]:
    if any(figure.hidden for figure in figures.values()):
        return [key, Text(_HIDDEN, style="dim"), *[""] * (len(measures) - 1 + (not counts))]
    cells: list[Any] = [key, *[_value(figures.get(measure)) for measure in measures]]
    if not counts:
        first = next(iter(figures.values()))
        cells.append(f"{first.answered:,} of {first.asked:,}")
    return cells


def _value(figure: Figure | None) -> Text:
    if figure is None or figure.value is None:
        return Text("–")
    if figure.unit == "count":
        return Text(f"{figure.value:,.0f}")
    scale, sign, unit = (100, "", " %") if figure.unit == "share" else (1, "+", "")
    shown = Text(f"{figure.value * scale:{sign}.0f}{unit}")
    if figure.low is not None and figure.high is not None:
        shown.append(f" ({figure.low * scale:{sign}.0f} to {figure.high * scale:{sign}.0f})", style="dim")
    return shown


def show_status(runs: Sequence[Mapping[str, Any]], waiting: Mapping[str, int]) -> None:
    """Show the last runs, newest first, and what waits for somebody."""
    console = Console()
    grid = Grid(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("run", "command", "at (UTC)", "state", "what"):
        grid.add_column(name, overflow="fold")
    for run in runs:
        what = "; ".join(f"{who}: {why}" for who, why in run["errors"].items()) or _counted(run["counts"])
        colour = {"failed": "red", "running": "yellow"}.get(run["state"])
        at = f"{run['now']:%Y-%m-%d %H:%M}"
        grid.add_row(str(run["id"]), run["command"], at, Text(run["state"], style=colour or ""), what)
    console.print(grid)
    console.print(", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in waiting.items()))


def _counted(counts: Mapping[str, Mapping[str, int]]) -> str:
    parts = [f"{group} " + ", ".join(f"{n:,} {name}" for name, n in c.items()) for group, c in counts.items()]
    return "; ".join(parts) or "nothing new"
