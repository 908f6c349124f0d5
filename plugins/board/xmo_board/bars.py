"""Bars: the five feelings of everyone, the feelings of each group, and counts of rows."""

from collections.abc import Sequence
from typing import Any

from xmo_board.groups import Group
from xmo_board.paint import (
    BRAND,
    FEELING,
    HIDDEN,
    INK,
    LINE,
    PAPER,
    SOFT,
    Layer,
    Marks,
    Scale,
    Shape,
    Spec,
    dots,
    plane,
    rects,
    rules,
    texts,
)
from xmo_board.words import FEELINGS, answers, interval, percent, shorten, value
from xmo_hooks import Figure

Placed = Sequence[tuple[Group, float]]  # groups, and the pixel at which the row of each begins
APART = 7  # pixels between two words at the least


def overall(net: Figure, shape: Shape) -> Spec:
    """Draw the five shares of all answers as one bar, each with its word: it tells the colours of all other bars."""
    scale = Scale(low=0, high=1, start=0, end=shape.width)
    boxes = _stack(net, scale, start=0.0, top=0)
    room = 70 if shape.narrow else 78
    middles = _apart([(box["x"] + box["x2"]) / 2 for box in boxes], room=room, end=shape.width)
    shares = [percent(net.shares.get(code, 0.0)) for code in FEELINGS]
    layers = [
        rects([box for box in boxes if box["x2"] > box["x"]]),
        texts(_row(middles, 42, FEELINGS.values()), align="center"),
        texts(_row(middles, 61, shares), size=15, weight=600, align="center", colour=INK),
    ]
    return plane(shape, 68, layers)


def feelings(found: Sequence[Group], total: Group | None, shape: Shape) -> Spec:
    """Draw the shares of each feeling, centred on the middle of "neither", and the net feeling with its interval."""
    head, step = (26, 88) if shape.narrow else (30, 54)
    height = head + step * len(found)
    rows = [(group, float(head + step * at)) for at, group in enumerate(found)]
    shown = [(group, top) for group, top in rows if group.shown]
    scale = _sides([group.net for group, _ in shown], shape)
    down = 42 if shape.narrow else 8
    boxes = [box for group, top in shown for box in _stack(group.net, scale, start=_left(group.net), top=top + down)]
    whiskers = [] if shape.narrow else _whiskers(shown, total, height)
    covers = [_cover(scale, top + down) for group, top in rows if group.hidden]
    layers = [
        rects(boxes),
        rules(_middle(scale, [top + down for _, top in shown], height, shape), width=1.25),
        rects([cover | {"colour": PAPER} for cover in covers]),
        rects(covers),
        texts([{"x": scale(0) - 8, "y": 14, "text": "← bad"}], align="right"),
        texts([{"x": scale(0) + 8, "y": 14, "text": "good →"}]),
        *_names(rows, shape),
        *whiskers,
    ]
    return plane(shape, height, layers)


def counts(found: Sequence[tuple[str, Figure]], shape: Shape) -> Spec:
    """Draw a bar for each count of rows, with its number beside it."""
    step, start, end = (34, 152, shape.width - 60) if shape.narrow else (34, 176, shape.width - 90)
    scale = Scale(low=0, high=max([figure.value or 0 for _, figure in found] + [1]), start=start, end=end)
    boxes: Marks = []
    words: Marks = []
    names: Marks = []
    for at, (name, figure) in enumerate(found):
        to = scale(0 if figure.hidden else figure.value or 0)
        boxes.append({"x": start, "x2": max(to, start + 1), "y": at * step + 6, "y2": at * step + 26, "colour": BRAND})
        words.append({"x": to + 8, "y": at * step + 21, "text": value(figure)})
        names.append({"x": 0, "y": at * step + 21, "text": shorten(name, 22)})
    layers = [rects(boxes), texts(names, size=14, colour=INK), texts(words, size=14, weight=600, colour=INK)]
    return plane(shape, step * len(found), layers)


def _stack(net: Figure, scale: Scale, *, start: float, top: float) -> Marks:
    """Lay the five shares end to end from `start`."""
    boxes: Marks = []
    for code, colour in FEELING.items():
        end = start + net.shares.get(code, 0.0)
        boxes.append({"x": scale(start), "x2": scale(end), "y": top, "y2": top + 26, "colour": colour})
        start = end
    return boxes


def _left(net: Figure) -> float:
    shares = net.shares
    return -(shares.get("very_bad", 0.0) + shares.get("bad", 0.0) + shares.get("neither", 0.0) / 2)


def _sides(nets: Sequence[Figure], shape: Shape) -> Scale:
    """Choose a scale that the longest sides just fill; the middle is nearer to the shorter side."""
    left = min([_left(net) for net in nets] + [-0.25])
    right = max([_left(net) + sum(net.shares.values()) for net in nets] + [0.25])
    start, end = (0, shape.width) if shape.narrow else (236, 566)
    return Scale(low=left, high=right, start=start, end=end)


def _names(rows: Placed, shape: Shape) -> list[Layer]:
    """Write name and counts on the left; net feeling and interval, or why there is none, on the right."""
    columns, right, lower = (24, shape.width, 18) if shape.narrow else (26, 790, 19)
    names: Marks = []
    soft: Marks = []
    nets: Marks = []
    intervals: Marks = []
    for group, top in rows:
        names.append({"x": 0, "y": top + 17, "text": shorten(group.label, columns)})
        if not group.shown:
            soft.append({"x": 0, "y": top + 17 + lower, "text": group.instead})
            continue
        soft.append({"x": 0, "y": top + 17 + lower, "text": answers(group.net.answered)})
        nets.append({"x": right, "y": top + (17 if shape.narrow else 26), "text": value(group.net)})
        where = {"x": right, "y": top + 35} if shape.narrow else {"x": right + 12, "y": top + 26}
        intervals.append(where | {"text": interval(group.net)})
    return [
        texts(names, size=15, weight=600, colour=INK),
        texts(soft),
        texts(nets, size=18, weight=700, align="right", colour=INK),
        texts(intervals, align="right" if shape.narrow else "left"),
    ]


def _whiskers(shown: Placed, total: Group | None, height: float) -> list[Layer]:
    """Draw each net feeling as a dot on its interval; the dashed line is everyone, the plain one zero."""
    ends = [edge for group, _ in shown for edge in (group.net.low, group.net.high) if edge is not None]
    scale = Scale(low=min([*ends, -10]), high=max([*ends, 10]), start=596, end=738)
    middles = [(group.net, top + 21) for group, top in shown]
    spans = [
        {"x": scale(net.low or 0), "x2": scale(net.high or 0), "y": y, "y2": y, "colour": SOFT} for net, y in middles
    ]
    points = [{"x": scale(net.value or 0), "y": y, "colour": BRAND} for net, y in middles]
    layers = [rules([_upright(scale(0), 24, height, LINE)], width=1.5)]
    if total is not None and total.shown:
        at = scale(total.net.value or 0)
        layers.append(rules([_upright(at, 24, height, SOFT)], dash=(3, 3)))
        layers += _heads(scale(0), at, f"all {value(total.net)}")
    else:
        layers.append(texts([{"x": scale(0), "y": 14, "text": "0"}], align="center"))
    return [*layers, rules(spans, width=2), dots(points, size=90)]


def _heads(zero: float, at: float, everyone: str) -> list[Layer]:
    """Name the two lines, each word on the side that is turned away from the other line, so that they never touch."""
    right = at >= zero
    beyond = max(at - 12, zero + APART + 3) if right else min(at + 12, zero - APART - 3)
    return [
        texts([{"x": zero + (3 if right else -3), "y": 14, "text": "0"}], align="right" if right else "left"),
        texts([{"x": beyond, "y": 14, "text": everyone}], align="left" if right else "right"),
    ]


def _middle(scale: Scale, tops: Sequence[float], height: float, shape: Shape) -> Marks:
    """Draw the middle through all rows; on a phone, where names stand above the bars, through the bars alone."""
    if shape.narrow:
        return [_upright(scale(0), top - 5, top + 31, INK) for top in tops]
    return [_upright(scale(0), 24, height, INK)]


def _cover(scale: Scale, top: float) -> dict[str, Any]:
    return {"x": scale.start, "x2": scale.end, "y": top, "y2": top + 26, "colour": HIDDEN}


def _upright(x: float, top: float, bottom: float, colour: str) -> dict[str, Any]:
    return {"x": x, "x2": x, "y": top, "y2": bottom, "colour": colour}


def _row(places: Sequence[float], y: float, words: Any) -> Marks:
    return [{"x": x, "y": y, "text": word} for x, word in zip(places, words, strict=True)]


def _apart(middles: Sequence[float], *, room: float, end: float) -> list[float]:
    """Move words that would touch each other apart, in order, inside 0 and `end`."""
    moved: list[float] = []
    for at, middle in enumerate(middles):
        least = moved[-1] + room if moved else room / 2
        most = end - room / 2 - (len(middles) - 1 - at) * room
        moved.append(min(max(middle, least), max(most, least)))
    return moved
