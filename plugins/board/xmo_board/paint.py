"""The colours of the charts and the marks they are made of: thin layers over Altair that share one plane of pixels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

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
Rows = Sequence[Mapping[str, Any]]
Marks = list[dict[str, Any]]
Spec = dict[str, Any]
# Rows hold pixels and colours as they are to be: the charts of a page must line up, and leave room for words.
CHANNELS = {
    "x": alt.X("x:Q", scale=None, axis=None),
    "x2": alt.X2("x2"),
    "y": alt.Y("y:Q", scale=None, axis=None),
    "y2": alt.Y2("y2"),
    "color": alt.Color("colour:N", scale=None),
    "detail": alt.Detail("run:N"),
    "text": alt.Text("text:N"),
}


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """Marks of one kind and one style, a row for each."""

    channels: tuple[str, ...]
    style: Mapping[str, Any]
    rows: Rows


def rects(rows: Rows, *, radius: float = 0, edge: str = PAPER) -> Layer:
    """Draw boxes from (x, y) to (x2, y2) filled with `colour`."""
    style = {"type": "rect", "cornerRadius": radius, "stroke": edge, "strokeWidth": 1}
    return Layer(channels=("x", "x2", "y", "y2", "color"), style=style, rows=rows)


def rules(rows: Rows, *, width: float = 1, dash: tuple[float, ...] = ()) -> Layer:
    """Draw straight lines from (x, y) to (x2, y2) in `colour`."""
    style = {"type": "rule", "strokeWidth": width, "strokeDash": dash}
    return Layer(channels=("x", "x2", "y", "y2", "color"), style=style, rows=rows)


def dots(rows: Rows, *, size: float = 60) -> Layer:
    """Draw filled dots at (x, y), ringed by the ground so that they stand out from what lies below."""
    style = {"type": "circle", "size": size, "opacity": 1, "stroke": PAPER, "strokeWidth": 1.5}
    return Layer(channels=("x", "y", "color"), style=style, rows=rows)


def lines(rows: Rows) -> Layer:
    """Draw lines through (x, y), one for each `run`."""
    style = {"type": "line", "strokeWidth": 2.5, "strokeJoin": "round", "strokeCap": "round", "color": BRAND}
    return Layer(channels=("x", "y", "detail"), style=style, rows=rows)


def bands(rows: Rows) -> Layer:
    """Draw areas between y and y2 along x, one for each `run`."""
    style = {"type": "area", "color": BRAND, "opacity": 0.15}
    return Layer(channels=("x", "y", "y2", "detail"), style=style, rows=rows)


def texts(rows: Rows, *, size: int = 13, weight: int = 400, align: str = "left", colour: str = SOFT) -> Layer:
    """Write `text` with its base line at (x, y)."""
    style = {"type": "text", "fontSize": size, "fontWeight": weight, "align": align, "color": colour}
    return Layer(channels=("x", "y", "text"), style=style | {"baseline": "alphabetic"}, rows=rows)


def plane(shape: Shape, height: float, layers: Sequence[Layer]) -> Spec:
    """Put the layers on one plane and return the Vega-Lite description; without axes, frame and legend."""
    units = [_unit(f"layer-{at}", layer.channels, tuple(layer.style.items())) for at, layer in enumerate(layers)]
    rows = {f"layer-{at}": list(layer.rows) for at, layer in enumerate(layers)}
    sizes = {"width": shape.width, "height": height, "autosize": "none"}
    return {"$schema": alt.SCHEMA_URL, "layer": units, "datasets": rows, "config": _config(), **sizes}


# Altair checks all it is given against its schema: once for each kind of layer is enough, and rows need it not at all.
@lru_cache(maxsize=256)
def _unit(name: str, channels: tuple[str, ...], style: tuple[tuple[str, Any], ...]) -> Spec:
    encoding = alt.FacetedEncoding(**{channel: CHANNELS[channel] for channel in channels})
    spec = alt.UnitSpec(data=alt.NamedData(name=name), mark=alt.MarkDef(**dict(style)), encoding=encoding)
    described: Spec = spec.to_dict()
    return described


@lru_cache
def _config() -> Spec:
    # `aria` is off because the whole drawing is one image with a title, a description and a table beside it.
    view = alt.ViewConfig(stroke=None)
    config = alt.Config(aria=False, background="transparent", padding=0, font="sans-serif", view=view)
    described: Spec = config.to_dict()
    return described
