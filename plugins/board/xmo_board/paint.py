"""The colours of the charts and the marks they are made of: thin layers over Altair that share one plane of pixels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import altair as alt

# These stand for what the page decides: `svg.py` turns each into a variable of the style sheet or a hatching.
INK, SOFT, LINE, PAPER, BRAND = "#000001", "#000002", "#000003", "#000004", "#000005"
FIELD, EDGE, HIDDEN, OPEN = "#000006", "#000007", "#000008", "#000009"
FEELING = {
    "very_bad": "#b2182b",
    "bad": "#ef8a62",
    "neither": "#d9d4cc",
    "good": "#67a9cf",
    "very_good": "#2166ac",
}
RED = FEELING["very_bad"]
Weight = Literal[400, 600, 700]
Align = Literal["left", "center", "right"]
Rows = Sequence[Mapping[str, Any]]
Marks = list[dict[str, Any]]
Spec = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """A chart's width in pixels, and whether it must do with the width of a phone."""

    name: str
    width: int
    narrow: bool


WIDE = Shape(name="wide", width=920, narrow=False)
NARROW = Shape(name="narrow", width=352, narrow=True)
SHAPES = (WIDE, NARROW)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """A linear scale: what lies at `low` is drawn at pixel `start`, `high` at `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the pixel of a value."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def rects(rows: Rows, *, radius: float = 0, edge: str | None = None) -> alt.Chart:
    """Draw boxes from (x, y) to (x2, y2) filled with `colour`."""
    mark = alt.Chart(_data(rows)).mark_rect(cornerRadius=radius, stroke=edge or PAPER, strokeWidth=1)
    drawn: alt.Chart = mark.encode(x=_x(), x2="x2:Q", y=_y(), y2="y2:Q", color=_colour())
    return drawn


def rules(rows: Rows, *, width: float = 1, dash: Sequence[float] = ()) -> alt.Chart:
    """Draw straight lines from (x, y) to (x2, y2) in `colour`."""
    mark = alt.Chart(_data(rows)).mark_rule(strokeWidth=width, strokeDash=list(dash))
    drawn: alt.Chart = mark.encode(x=_x(), x2="x2:Q", y=_y(), y2="y2:Q", color=_colour())
    return drawn


def dots(rows: Rows, *, size: float = 60) -> alt.Chart:
    """Draw filled dots at (x, y), ringed by the ground so that they stand out from what lies below."""
    mark = alt.Chart(_data(rows)).mark_circle(size=size, opacity=1, stroke=PAPER, strokeWidth=1.5)
    drawn: alt.Chart = mark.encode(x=_x(), y=_y(), color=_colour())
    return drawn


def lines(rows: Rows) -> alt.Chart:
    """Draw lines through (x, y), one for each `run`."""
    mark = alt.Chart(_data(rows)).mark_line(strokeWidth=2.5, strokeJoin="round", strokeCap="round", color=BRAND)
    drawn: alt.Chart = mark.encode(x=_x(), y=_y(), detail="run:N")
    return drawn


def bands(rows: Rows) -> alt.Chart:
    """Draw areas between y and y2 along x, one for each `run`."""
    mark = alt.Chart(_data(rows)).mark_area(color=BRAND, opacity=0.15)
    drawn: alt.Chart = mark.encode(x=_x(), y=_y(), y2="y2:Q", detail="run:N")
    return drawn


def texts(rows: Rows, *, size: int = 13, weight: Weight = 400, align: Align = "left", colour: str = SOFT) -> alt.Chart:
    """Write `text` with its base line at (x, y)."""
    mark = alt.Chart(_data(rows)).mark_text(
        fontSize=size, fontWeight=weight, align=align, color=colour, baseline="alphabetic"
    )
    drawn: alt.Chart = mark.encode(x=_x(), y=_y(), text="text:N")
    return drawn


def plane(shape: Shape, height: float, layers: Sequence[alt.Chart]) -> dict[str, Any]:
    """Put the layers on one plane and return the Vega-Lite description; without axes, frame and legend."""
    chart = alt.layer(*layers).properties(width=shape.width, height=height, autosize="none")
    # `aria` is off because the whole drawing is one image with a title, a description and a table beside it.
    bare = chart.configure(aria=False, background="transparent", padding=0, font="sans-serif")
    described: dict[str, Any] = bare.configure_view(stroke=None).to_dict()
    return described


def _data(rows: Rows) -> alt.InlineData:
    return alt.InlineData(values=[dict(row) for row in rows])


def _x() -> alt.X:
    return alt.X("x:Q").scale(None).axis(None)


def _y() -> alt.Y:
    return alt.Y("y:Q").scale(None).axis(None)


def _colour() -> alt.Color:
    return alt.Color("colour:N").scale(None)
