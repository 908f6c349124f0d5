"""What a person at a terminal reads at the end: tables that fit 80 columns."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from xmo_core.store.runs import Run
from xmo_hooks import Figure, Table

_WHY_HIDDEN = (
    "Hidden is what is about fewer than 5 persons, and with it what would give such a number away: it may be large, "
    "small or zero."
)


def show_run(run: Run) -> None:
    """Show what one run counted, and how long it waited for whom."""
    lines = [(group, _counted(counts)) for group, counts in run.counts.items()]
    lines += [("waited", f"{seconds:,.0f} s for {whom}") for whom, seconds in run.waited.items()]
    console = Console()
    for group, text in lines:
        console.print(Text.assemble((f"{group:<12} ", "bold"), text))
    if not run.counts:
        console.print("Nothing new.")


def show_tables(tables: Sequence[Table]) -> None:
    """Show the headline, then one line a group, each number with its interval and who stands behind it."""
    console = Console()
    for table in tables:
        if table.figures or table.total:
            console.print(Text(f"\n{table.title}", style="bold"))
            console.print(_grid(table))
            if table.caveat:
                console.print(Text(table.caveat, style="dim"))
    if any(figure.hidden for table in tables for figure in (*table.figures, *table.total)):
        console.print(Text(f"\n{_WHY_HIDDEN}", style="dim"))


def _grid(table: Table) -> Grid:
    # no space at the edges and one between columns: intervals and a name of a dozen letters fit 80 columns
    grid = Grid(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    groups: dict[str, dict[str, Figure]] = {}
    for figure in (*table.figures, *table.total):
        groups.setdefault(" / ".join(figure.key) or "all", {})[figure.measure] = figure
    measures = list(dict.fromkeys(measure for figures in groups.values() for measure in figures))
    answered = [] if all(f.unit == "count" for figures in groups.values() for f in figures.values()) else ["answered"]
    grid.add_column("", overflow="ellipsis", max_width=28)
    for name in (*measures, *answered):
        grid.add_column(name.replace("_", " "), justify="right", no_wrap=True)
    for key, figures in groups.items():
        first = next(iter(figures.values()))
        cells = [_value(figures.get(measure)) for measure in measures]
        if any(figure.hidden for figure in figures.values()):
            cells = [Text("hidden", style="dim")]
        elif answered:
            cells.append(Text(f"{first.answered:,} of {first.asked:,}"))
        grid.add_row(key, *cells, style="bold" if key == "all" else None)
    return grid


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
        what = [f"{who}: {why}" for who, why in run["errors"].items()]
        what = what or [f"{group} {_counted(counts)}" for group, counts in run["counts"].items()] or ["nothing new"]
        state = Text(run["state"], style={"failed": "red", "running": "yellow"}.get(run["state"], ""))
        grid.add_row(str(run["id"]), run["command"], f"{run['now']:%Y-%m-%d %H:%M}", state, "; ".join(what))
    console.print(grid)
    console.print(_counted(waiting))


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in counts.items())
