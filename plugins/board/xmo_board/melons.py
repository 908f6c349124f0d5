"""Green outside, red inside: a box for each service, as wide as its share in time, as red as people are unhappy."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from xmo_board import words
from xmo_board.groups import Group
from xmo_board.paint import (
    EDGE,
    FIELD,
    HIDDEN,
    INK,
    LINE,
    PAPER,
    RED,
    Scale,
    Shape,
    Spec,
    plane,
    rects,
    rules,
    texts,
)
from xmo_board.words import EMPTY, answers, interval, value, wrapped

BOX, TALL, SLOT = 142.0, 106.0, 226
THIN = 12  # a box under this many pixels has no room for red


@dataclass(frozen=True, kw_only=True, slots=True)
class Spot:
    """One service's place on the plane, in pixels."""

    group: Group
    x: float
    y: float

    @property
    def wide(self) -> float:
        """The width of the green, in pixels."""
        return BOX * self.number("in_time")

    @property
    def name(self) -> list[str]:
        """The service's name in one or two lines."""
        return wrapped(self.group.label, 18)

    def number(self, measure: str) -> float:
        """Return a measure's number, 0 where none is shown."""
        return (self.group.figures[measure].value or 0.0) if self.group.shows(measure) else 0.0

    def up(self, share: float) -> float:
        """Return the pixel of a share of the box's height."""
        return Scale(low=0, high=1, start=self.y + TALL - 4, end=self.y + 4)(share)


def melons(found: Sequence[Group], shape: Shape) -> Spec:
    """Draw the boxes, at most six in a row on a desk and two on a phone."""
    rows = -(-len(found) // (2 if shape.narrow else 6))
    columns = max(2, -(-len(found) // rows))  # rows of the same length, nobody alone on the last
    wide = (shape.width - BOX) / (columns - 1) if shape.narrow else shape.width / max(5, columns)
    spots = [Spot(group=g, x=at % columns * wide + 1, y=at // columns * SLOT + 1.0) for at, g in enumerate(found)]
    red = [spot for spot in spots if spot.group.shows("unhappy_in_time") and spot.wide > THIN]
    lines = [
        {"x": spot.x, "y": spot.y + TALL + 21 + 17 * (at + len(spot.name)), "text": line}
        for spot in spots
        for at, line in enumerate(_words(spot.group))
    ]
    names = [
        {"x": spot.x, "y": spot.y + TALL + 21 + 17 * at, "text": line}
        for spot in spots
        for at, line in enumerate(spot.name)
    ]
    layers = [
        rects([_box(spot, BOX, "transparent") for spot in spots], radius=8, edge=LINE),
        rects([_box(spot, spot.wide, FIELD) for spot in spots if spot.wide], radius=8, edge=EDGE),
        rects([_box(spot, BOX, HIDDEN) for spot in spots if spot.group.hidden], radius=8, edge=LINE),
        rects([_red(spot) for spot in red], radius=4),
        rules([_span(spot, PAPER) for spot in red], width=5),
        rules([_span(spot, INK) for spot in red], width=2),
        texts(names, size=14, weight=600, colour=INK),
        texts(lines, size=12),
    ]
    return plane(shape, SLOT * rows, layers)


def _box(spot: Spot, wide: float, colour: str) -> dict[str, Any]:
    return {"x": spot.x, "x2": spot.x + wide, "y": spot.y, "y2": spot.y + TALL, "colour": colour}


def _red(spot: Spot) -> dict[str, Any]:
    top = spot.up(spot.number("unhappy_in_time"))
    return {"x": spot.x + 4, "x2": spot.x + spot.wide - 4, "y": top, "y2": spot.up(0), "colour": RED}


def _span(spot: Spot, colour: str) -> dict[str, Any]:
    figure, x = spot.group.figures["unhappy_in_time"], spot.x + spot.wide / 2
    return {"x": x, "x2": x, "y": spot.up(figure.low or 0), "y2": spot.up(figure.high or 0), "colour": colour}


def base(group: Group) -> str:
    """Write how much ended work the share in time is of, empty where that is not told."""
    return f" of {value(group.figures['judged'])}" if group.shows("judged") else ""


def _words(group: Group) -> list[str]:
    """Say in four short lines what the box shows, each number with its interval and count."""
    if group.hidden:
        return [words.HIDDEN]
    lines: list[str] = []
    if group.shows("in_time"):
        in_time = group.figures["in_time"]
        lines += [f"{value(in_time)}{base(group)} in time,", interval(in_time)]
    if group.shows("unhappy_in_time"):
        unhappy = group.figures["unhappy_in_time"]
        lines += [f"{value(unhappy)} of these unhappy,", f"{interval(unhappy)}, {answers(unhappy.answered)}"]
    return lines or [EMPTY]
