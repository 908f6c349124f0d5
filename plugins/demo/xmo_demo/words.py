"""What the demo says at the terminal; plain text where it is none."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from xmo_demo.folder import CONFIG, CREDIT, VENDORS
from xmo_demo.respondents import RULE, Deed
from xmo_demo.vendors import TICKETS, Shared
from xmo_demo.weeks import Week

_COLUMNS = ("fetched", "asked", "answered", "declined", "opted out")
_DEEDS: tuple[Deed, ...] = ("answer", "decline", "never")
_THREE = "{:<10}{:>9}{:>7}{:>11}{:>10}{:>7}{:>8}{:>10}"
_FEW = 5  # what fewer people did is not told


def hello(console: Console) -> None:
    """Say what is real and what is not. Called first."""
    console.print(Text("XMO demo: a service desk, surveyed week by week", style="bold"))
    for text in (CREDIT, f"Simulated answers: nobody behind the tickets was asked. {RULE}"):
        lead, _, rest = text.partition(": ")
        said = Text.assemble((f"{lead}: ", "bold"), (rest, "dim"))
        console.print(Padding(said, (0, 0, 0, 2)))
    console.print()


def heading(console: Console) -> None:
    """Name the columns of the weeks. Called before the first."""
    console.print(Text(_row("week until", *_COLUMNS), style="dim"))


def week(console: Console, passed: Week, first: bool) -> None:
    """Say in one line what a week brought. Called after each."""
    if first:
        line = Text(_row(f"{passed.at:%Y-%m-%d}", passed.fetched))
        line.append("   what ended before the first run is never asked about", "dim")
        console.print(line)
        return
    deeds = passed.deeds
    numbers = (passed.fetched or "·", passed.asked or "·", *(_told(deeds[deed]) for deed in _DEEDS))
    console.print(Text(_row(f"{passed.at:%Y-%m-%d}", *numbers)))


def _told(people: int) -> str:
    return f"<{_FEW}" if 0 < people < _FEW else str(people or "·")


def sums(console: Console, weeks: Sequence[Week]) -> None:
    """Say what all weeks brought. Called after the last."""
    asked, answered = sum(each.asked for each in weeks), sum(each.deeds["answer"] for each in weeks)
    gone = sum(each.deeds[deed] for each in weeks for deed in ("decline", "never"))
    share = f" ({answered / asked:.0%})" if answered >= _FEW else ""
    said = f"{asked} questions, {_told(answered)} simulated answers{share}, {_told(gone)} declined or opted out"
    console.print(Text(f"\n{said}", style="bold"))
    console.print(Text("The report counts who opted out among the declined.", style="dim"))


def three(console: Console, folder: Path, vendors: Sequence[Shared]) -> None:
    """Say what one run over three vendors found and asked. Called after the report."""
    console.print(Text(f"\nOne run over three vendors, a third of {TICKETS} made-up tickets at each", style="bold"))
    heads = ("", "tickets", "ended", "hand-offs", "reopened", "asked", "spared", "too late")
    console.print(Text(_THREE.format(*heads), style="dim"))
    for each in vendors:
        counts = (each.tickets, each.ended, each.hand_offs, each.reopens, each.asked, each.spared, each.late)
        console.print(Text(_THREE.format(each.vendor, *counts)))
    told = (
        "The people are the same at all three: whoever was asked at one is spared at the others. Too late is what was "
        "closed before the run: Zendesk takes no more comments then."
    )
    console.print(Text(told, style="dim"))
    _step(console, "See this run:", f"{_xmo()} --config {folder / VENDORS} status")


def _row(first: str, *others: object) -> str:
    return f"{first:<10}" + "".join(f"{other:>{len(name) + 2}}" for name, other in zip(_COLUMNS, others, strict=False))


def what_next(console: Console, folder: Path, now: datetime, port: int, left: str | None) -> None:
    """Say what to open and what to try. Called last."""
    xmo = f"{_xmo()} --config {folder / CONFIG} --now {now:%Y-%m-%d}"
    console.print()
    console.print(Text.assemble("Open ", (str(folder / "report.html"), "bold"), " in a browser. It needs no network."))
    _step(console, "See how each question stands; answers are never shown one by one:", f"{xmo} invitations list")
    if left:
        _step(console, "Answer a question yourself. This serves the page:", f"{xmo} serve --port {port}")
        console.print(Text(f"While it runs, open {left}"), soft_wrap=True)
    _step(console, "Begin with your own service desk:", f"{_xmo()} init --kind servicenow")


def _step(console: Console, why: str, command: str) -> None:
    console.print(Text(why))
    console.print(Text(f"  {command}", style="cyan"), soft_wrap=True)  # one line, so that it can be copied


def _xmo() -> str:
    """Return how `xmo` is called from here."""
    beside = Path(sys.executable).with_name("xmo")
    found = shutil.which("xmo")
    if found and Path(found).resolve() == beside.resolve():
        return "xmo"
    here = Path.cwd()
    return str(beside.relative_to(here) if beside.is_relative_to(here) else beside)
