"""The chapters of the report: one for each table, with a finding as its heading, a chart and the table behind it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

from xmo_board import sentences, tables, words
from xmo_board.groups import Group, calendar, everyone, groups
from xmo_board.tables import Grid
from xmo_hooks import Table

if TYPE_CHECKING:
    from xmo_board.charts import Picture

CUTS = ("category", "priority", "channel")
_NO_NAME = re.compile(r"[^a-z0-9]+")  # what an identifier in the page cannot hold
DRAWN = 16  # further rows are read in the table
FEELING = "feeling_by_"
Kind = Literal["counts", "feelings", "melons", "overall", "trend"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Pen:
    """Draws, or leaves it where the extra `report` is not installed."""

    charts: ModuleType | None

    @classmethod
    def found(cls) -> Pen:
        """Return a pen with what is installed."""
        try:
            import altair  # noqa: F401 - asks for the extra, which `charts` uses
            import vl_convert  # noqa: F401 - the same
        except ImportError:
            return cls(charts=None)
        from xmo_board import charts

        return cls(charts=charts)

    def draw(self, kind: Kind, *of: Any, name: str, title: str, said: Iterable[str]) -> Picture | None:
        """Draw a chart of its kind; `said` describes it, row by row, to those who do not see it."""
        if self.charts is None:
            return None
        make = partial(getattr(self.charts, kind), *of)
        picture: Picture = self.charts.draw(make, name=name, title=title, description=f"{'; '.join(said)}.")
        return picture


@dataclass(frozen=True, kw_only=True, slots=True)
class Chapter:
    """One finding. `aside` explains what only the wide chart shows."""

    name: str
    heading: str
    grid: Grid
    lead: str = ""
    aside: str = ""
    picture: Picture | None = None
    caveat: str = ""


Maker = Callable[[Table, Pen], Chapter]


def chapters(found: Sequence[Table], now: datetime, pen: Pen) -> list[Chapter]:
    """Make the chapters in reading order; tables that nobody here knows come last, as tables. A caveat that stands
    under one chapter is not said again under the next."""
    made = [make(table, pen) for table, make in _plan(found, now)]
    told: set[str] = set()
    for at, chapter in enumerate(made):
        if chapter.caveat in told:
            made[at] = replace(chapter, caveat="")
        told.add(chapter.caveat)
    return made


def _plan(found: Sequence[Table], now: datetime) -> list[tuple[Table, Maker]]:
    """Return the tables that hold figures with what makes each a chapter, in reading order."""
    order = [group.key for table in found if table.name == "feeling_by_service" for group in groups(table)]
    makers: dict[str, Maker] = {
        "feeling_by_month": partial(_trend, now=now),
        "feeling_by_service": _cut,
        "watermelon": partial(_watermelon, order=order),
        "sla_by_feeling": _promise,
    }
    cuts = [f"{FEELING}{cut}" for cut in CUTS] + [table.name for table in found if table.name.startswith(FEELING)]
    makers |= {name: _cut for name in cuts if name not in makers} | {"line": _line}
    filled = [table for table in found if table.figures]
    by_name = {table.name: table for table in reversed(filled)}
    known = [(by_name[name], make) for name, make in makers.items() if name in by_name]
    others = [table for table in filled if table.name not in makers or by_name[table.name] is not table]
    return known + [(table, partial(_other, at=at)) for at, table in enumerate(others)]


def _trend(table: Table, pen: Pen, *, now: datetime) -> Chapter:
    found = groups(table)
    shown = calendar(found, f"{now:%Y-%m}")
    ends = (shown.closed[0], shown.closed[-1]) if shown.closed else (None, None)
    heading = sentences.trend(*ends)
    lead = [f"Net feeling by month with its {words.INTERVAL}."]
    if any(group.key >= shown.open for group in shown.months):
        lead.append("The hatched month is still open: answers are coming in.")
    if any(group.hidden for group in shown.months):
        lead.append("A crossed month is hidden.")
    drawn = any(group.shown or group.hidden for group in shown.months)
    picture = pen.draw("trend", shown, name="month", title=heading, said=map(_spoken, shown.months)) if drawn else None
    grid = tables.feelings(table, found, everyone(table), "month")
    return Chapter(name="month", heading=heading, grid=grid, lead=" ".join(lead), picture=picture, caveat=table.caveat)


def _cut(table: Table, pen: Pen) -> Chapter:
    noun = table.name.removeprefix(FEELING).replace("_", " ")
    heading = sentences.where(groups(table), everyone(table), noun)
    return _feelings(table, pen, heading=heading, noun=noun, lead=f"Share of each feeling by {noun}.")


def _promise(table: Table, pen: Pen) -> Chapter:
    by_key = {group.key: group for group in groups(table)}
    heading = sentences.promise(by_key.get("met"), by_key.get("missed"))
    lead = "Share of each feeling where the SLA was met, and where it was missed."
    return _feelings(table, pen, heading=heading, noun="SLA", lead=lead)


def _feelings(table: Table, pen: Pen, *, heading: str, noun: str, lead: str) -> Chapter:
    found, total, name = groups(table), everyone(table), _NO_NAME.sub("-", table.name)
    drawn = found[:DRAWN]
    lead += " The line is the middle of “neither”."
    if len(found) > DRAWN:
        lead += f" The first {DRAWN} of {len(found)} are drawn; the table has all."
    picture = None
    if any(group.shown or group.hidden for group in drawn):
        picture = pen.draw("feelings", drawn, total, name=name, title=heading, said=map(_spoken, drawn))
    return Chapter(
        name=name,
        heading=heading,
        grid=tables.feelings(table, found, total, noun),
        lead=lead,
        aside=f"On the right the net feeling with its {words.INTERVAL}; the dashed line is everyone, the plain one 0.",
        picture=picture,
        caveat=table.caveat,
    )


def _watermelon(table: Table, pen: Pen, *, order: Sequence[str]) -> Chapter:
    place = {key: at for at, key in enumerate(order)}
    found = sorted(groups(table), key=lambda group: place.get(group.key, len(place)))
    heading = sentences.watermelon(found, everyone(table))
    lead = (
        "Width: of the ended work that has an SLA verdict, the share inside the SLA. Red: of these, the share of "
        "people who were unhappy all the same; "
        f"the line in it is the {words.INTERVAL}."
    )
    picture = None
    if any(group.shows("in_time") or group.hidden for group in found):
        picture = pen.draw("melons", found, name="watermelon", title=heading, said=map(_melon, found))
    grid = tables.plain(table)
    return Chapter(name="watermelon", heading=heading, grid=grid, lead=lead, picture=picture, caveat=table.caveat)


def _line(table: Table, pen: Pen) -> Chapter:
    steps = [(group.label, next(iter(group.figures.values()))) for group in groups(table)]
    heading = words.clean(table.title)
    said = [f"{name}: {words.value(figure)}" for name, figure in steps]
    picture = pen.draw("counts", steps, name="line", title=heading, said=said)
    lead = f"{words.clean(table.definition)} These are complete counts, so they have no interval."
    grid = tables.counted(table)
    return Chapter(name="line", heading=heading, grid=grid, lead=lead, picture=picture, caveat=table.caveat)


def _other(table: Table, _: Pen, *, at: int) -> Chapter:
    heading = words.clean(table.title)
    return Chapter(name=f"table-{at}", heading=heading, grid=tables.plain(table), caveat=table.caveat)


def _spoken(group: Group) -> str:
    if not group.shown:
        return f"{group.label}: {group.instead}"
    net = group.net
    return f"{group.label}: {words.value(net)}, {words.interval(net)}, {words.answers(net.answered)}"


def _melon(group: Group) -> str:
    if group.hidden:
        return f"{group.label}: {words.HIDDEN}"
    parts = [
        f"{words.value(f)} {words.measure(f.measure)}, {words.interval(f)}, {words.answers(f.answered)}"
        if f.unit != "count"
        else f"{words.value(f)} {words.measure(f.measure)}"
        for f in group.figures.values()
        if group.shows(f.measure)
    ]
    return f"{group.label}: {', '.join(parts) or words.EMPTY}"
