"""The report: tables that passed the wall, told as a letter in one HTML file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from xmo_board import colours, words
from xmo_board.chapters import FEELING, Pen, chapters
from xmo_board.groups import Group, everyone
from xmo_board.plugin import DEFAULT_BRAND, Board
from xmo_hooks import Figure, Site, Table

DARK_BRAND = "#7fd0d4"
INSTALL = "pip install 'xmo-core[report]'"
NOBODY = "No answers yet."
FEW = "Too few persons have answered so far for a number."


@dataclass(frozen=True, kw_only=True, slots=True)
class Headline:
    """The first number and what stands beside it; `instead` where there is none to show."""

    net: str = ""
    interval: str = ""
    shares: Sequence[tuple[str, str, str]] = ()
    answered: str = ""
    picture: object = None
    instead: str = ""


def render(found: Sequence[Table], *, now: datetime, site: Site, board: Board) -> bytes:
    """Return the report as UTF-8 HTML that needs nothing but itself. The same input gives the same bytes."""
    pen = Pen.found()
    page = (
        _environment()
        .get_template("report.html.j2")
        .render(
            site=words.clean(site.name),
            board=board,
            brand=brand(board.brand),
            released=words.moment(now),
            period=_period(found),
            headline=_headline(found, pen),
            chapters=chapters(found, now, pen),
            quiet=[words.clean(table.title) for table in found if not table.figures],
            definitions=_definitions(found),
            install="" if pen.charts else INSTALL,
        )
    )
    return page.encode("utf-8", errors="replace")


def brand(colour: str) -> Mapping[str, str]:
    """Return the brand colour for light and dark ground, each readable, and what to tell the admin about it."""
    light = colours.readable(colour, colours.PAPER)
    dark = DARK_BRAND if colour == DEFAULT_BRAND else colours.readable(colour, colours.DARK_PAPER)
    told = f"The brand colour {colour} could not be read on this paper; {light} is used instead."
    return {"light": light, "dark": dark, "told": told if light != colour.lower() else ""}


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("xmo_board"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _definitions(found: Sequence[Table]) -> Mapping[str, str]:
    """Return each definition once, with the titles of the tables that it is for."""
    titles: dict[str, list[str]] = {}
    for table in found:
        titles.setdefault(table.definition, []).append(words.clean(table.title))
    return {definition: ", ".join(of) for definition, of in titles.items() if definition}


def _period(found: Sequence[Table]) -> str:
    figures = [figure for table in found if table.name == f"{FEELING}month" for figure in table.figures]
    keys = sorted({figure.key[0] for figure in figures if words.is_month(figure.key[0])})
    if not keys:
        return ""
    first, last = words.month(keys[0]), words.month(keys[-1])
    return first if first == last else f"{first} to {last}"


def _headline(found: Sequence[Table], pen: Pen) -> Headline:
    totals = (everyone(table) for table in found if table.name.startswith(FEELING))
    total = next((group for group in totals if group is not None), None)
    if total is None or not total.shown:
        return Headline(instead=FEW if total is not None and total.hidden else NOBODY)
    net = total.net
    said = [f"{words.percent(net.shares.get(code, 0.0))} {word}" for code, word in words.FEELINGS.items()]
    said.append(words.answers(net.answered))
    return Headline(
        net=words.value(net),
        interval=words.interval(net),
        shares=_three(total),
        answered=_answered(net),
        picture=pen.draw("overall", net, name="overall", title="All answers by feeling", said=said),
    )


def _three(total: Group) -> list[tuple[str, str, str]]:
    """Return the three shares as number, word and interval; neither has no interval of its own."""
    positive, negative = total.figures.get("positive"), total.figures.get("negative")
    return [
        *([(words.value(positive), "good", words.interval(positive))] if positive else []),
        (words.percent(total.net.shares.get("neither", 0.0)), "neither", ""),
        *([(words.value(negative), "bad", words.interval(negative))] if negative else []),
    ]


def _answered(net: Figure) -> str:
    share = f" ({words.percent(net.answered / net.asked)})" if net.asked else ""
    return f"{net.answered:,} of {net.asked:,} asked answered{share}, {net.persons:,} persons"
