"""The trend: net feeling by month, its interval as a band, with what is hidden, missing or still open."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from xmo_board.groups import Calendar, Group
from xmo_board.paint import (
    BRAND,
    HIDDEN,
    INK,
    LINE,
    OPEN,
    SOFT,
    Layer,
    Marks,
    Scale,
    Shape,
    Spec,
    bands,
    dots,
    lines,
    plane,
    rects,
    rules,
    texts,
)
from xmo_board.words import answers, interval, month, number, value

WORD = 34  # pixels that the name of a month or a year needs
EVERY = (1, 3, 6, 12, 60, 120)  # months from one name to the next
STEPS = (10, 20, 25, 50, 100)


def trend(shown: Calendar, shape: Shape) -> Spec:
    """Draw the months from left to right; zero is always on the scale."""
    height = 270 if shape.narrow else 320
    across = Scale(low=0, high=len(shown.months), start=44, end=shape.width)
    down = _down(shown.months, end=height - 46)
    open_ = [(at, group) for at, group in _numbered(shown, across) if group.shown and group.key >= shown.open]
    layers = [
        *_grid(down, _step(shown.months), shape),
        rects(_columns(shown, across, down), edge="transparent"),
        *_runs(shown, across, down),
        *_open(open_, down),
        texts(_labels(shown, across, height), align="center"),
        *_last(shown, across, down),
    ]
    return plane(shape, height, layers)


def _down(months: Sequence[Group], end: float) -> Scale:
    nets = [group.net for group in months if group.shown]
    step = _step(months)
    low = min([net.low or 0 for net in nets] + [0])
    high = max([net.high or 0 for net in nets] + [step])
    return Scale(low=low // step * step, high=-(-high // step) * step, start=end, end=48)


def _step(months: Sequence[Group]) -> int:
    ends = [edge or 0 for group in months if group.shown for edge in (group.net.low, group.net.high)] + [0]
    span = max(ends) - min(ends)
    return next((step for step in STEPS if span / step <= 5), STEPS[-1])


def _grid(down: Scale, step: int, shape: Shape) -> list[Layer]:
    ticks = [down.low + step * at for at in range(int((down.high - down.low) / step) + 1)]
    rows = [{"x": 44, "x2": shape.width, "y": down(t), "y2": down(t), "colour": LINE} for t in ticks if t]
    words = [{"x": 36, "y": down(tick) + 4.5, "text": number(tick, "net")} for tick in ticks]
    zero = [{"x": 44, "x2": shape.width, "y": down(0), "y2": down(0), "colour": SOFT}]
    return [rules(rows), rules(zero, width=1.25), texts(words, align="right")]


def _numbered(shown: Calendar, across: Scale) -> list[tuple[float, Group]]:
    return [(across(at + 0.5), group) for at, group in enumerate(shown.months)]


def _columns(shown: Calendar, across: Scale, down: Scale) -> Marks:
    """Cover what is hidden, and what is still open, from top to bottom."""
    return [
        {"x": across(at), "x2": across(at + 1), "y": down.end, "y2": down.start, "colour": colour}
        for at, group in enumerate(shown.months)
        if (colour := HIDDEN if group.hidden else OPEN if group.key >= shown.open else "")
    ]


def _runs(shown: Calendar, across: Scale, down: Scale) -> list[Layer]:
    """Draw the closed months: a line on its band, broken where a month has no number; lone months as dots."""
    known = {group.key for group in shown.closed}
    rows: Marks = []
    alone: Marks = []
    for run, (has, members) in enumerate(groupby(_numbered(shown, across), key=lambda pair: pair[1].key in known)):
        points = [_point(x, group, down) | {"run": run} for x, group in members] if has else []
        (alone if len(points) == 1 else rows).extend(points)
    middles = [{"x": row["x"], "y": row["middle"], "run": row["run"]} for row in rows]
    return [bands(rows), lines(middles), *_stalks(alone, BRAND)]


def _open(found: Sequence[tuple[float, Group]], down: Scale) -> list[Layer]:
    return _stalks([_point(x, group, down) for x, group in found], SOFT)


def _stalks(points: Marks, colour: str) -> list[Layer]:
    spans = [{"x": p["x"], "x2": p["x"], "y": p["y"], "y2": p["y2"], "colour": colour} for p in points]
    middles = [{"x": p["x"], "y": p["middle"], "colour": colour} for p in points]
    return [rules(spans, width=2), dots(middles)]


def _point(x: float, group: Group, down: Scale) -> dict[str, Any]:
    net = group.net
    return {"x": x, "y": down(net.low or 0), "y2": down(net.high or 0), "middle": down(net.value or 0)}


def _labels(shown: Calendar, across: Scale, height: float) -> Marks:
    """Name as many months under the plane as there is room for, with the year under January and the first of all."""
    room = across(1) - across(0)
    every = next((every for every in EVERY if every * room >= WORD), EVERY[-1])
    names: Marks = []
    years: Marks = []
    for x, group in _numbered(shown, across):
        since = int(group.key[:4]) * 12 + int(group.key[5:]) - 1
        if since % every == 0:
            names.append({"x": x, "y": height - 26, "text": month(group.key, short=True)})
        if since % max(every, 12) == 0:
            years.append({"x": x, "y": height - 8, "text": group.key[:4]})
    first = across(0.5)
    if not years or years[0]["x"] - first >= WORD:
        years.insert(0, {"x": first, "y": height - 8, "text": shown.months[0].key[:4]})
    reasons = _reasons(shown, across, height)
    taken = [reason["x"] for reason in reasons]
    return [*names, *reasons, *(year for year in years if all(abs(year["x"] - x) >= WORD for x in taken))]


def _reasons(shown: Calendar, across: Scale, height: float) -> Marks:
    """Say under a covered month why it is covered, where there is room for the word."""
    room = across(1) - across(0)
    return [
        {"x": x, "y": height - 8, "text": "hidden" if group.hidden else "open"}
        for x, group in _numbered(shown, across)
        if (group.hidden and room >= WORD + 10) or (not group.hidden and group.key >= shown.open)
    ]


def _last(shown: Calendar, across: Scale, down: Scale) -> list[Layer]:
    """Write the last closed month's number above the plane, with a thin line down to it."""
    if not shown.closed:
        return []
    last = shown.closed[-1]
    x = next(at for at, group in _numbered(shown, across) if group is last)
    top, left = down(last.net.value or 0), x < (across.start + across.end) / 2
    align, aside = ("left", x - 4) if left else ("right", x + 4)
    named = [{"x": aside, "y": 15, "text": f"{value(last.net)} in {month(last.key)}"}]
    said = [{"x": aside, "y": 33, "text": f"{interval(last.net)}, {answers(last.net.answered)}"}]
    return [
        rules([{"x": x, "x2": x, "y": 38, "y2": top - 6, "colour": SOFT}]),
        dots([{"x": x, "y": top, "colour": BRAND}], size=90),
        texts(named, size=16, weight=700, align=align, colour=INK),
        texts(said, align=align),
    ]
