"""Comparing what a vendor told with what the work file says, by the table of what each vendor can know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from docs.knowledge import Cell, Known
from tests.vendors.desks import KNOWLEDGE
from tests.vendors.month import Point

COUNTS = frozenset({"reopens", "reassignments"})  # a vendor that does not count says 0
_NOTHING = "nothing"  # there is nothing to tell, and nothing is told


def outcome(name: str, cell: Cell, told: Any, facts: Mapping[str, Any]) -> str:
    """Return how one value came: "told", "missing", "nothing", "instead" of what, or "wrong"."""
    empty, expected = (0 if name in COUNTS else None), facts[name]
    if told == expected:
        return _NOTHING if expected == empty else "told"
    if told == empty:
        return "missing"
    if isinstance(cell.instead, Mapping):
        return f"instead {expected}" if told == cell.instead.get(expected) else "wrong"
    return next((f"instead {word}" for word in cell.instead if told == facts[word]), "wrong")


def own_outcome(told: Any) -> str:
    """Return how a value came that is the vendor's own."""
    return "missing" if told is None else "told"


def complaint(cell: Cell, seen: Counter[str]) -> str | None:
    """Say what is not as the table has it, or None. What may stand in a value's place must have done so."""
    told, others = seen["told"] > 0, {one for one in seen if one not in {"told", _NOTHING}}
    shown: Known = "never" if not told else "sometimes" if others else "always"
    if seen["wrong"] or not (told or others):
        return f"{seen['wrong']} are wrong, of {seen.total()}"
    if shown != cell.month:
        return f"the table says {cell.month}, the month shows {shown}: {dict(seen)}"
    unseen = {f"instead {word}" for word in cell.instead} - others if cell.month == "sometimes" else set()
    return f"nothing shows {sorted(unseen)}" if unseen else None


def expected(vendor: str, points: Iterable[Point], channel: str) -> list[Point]:
    """Return the touchpoints that a vendor tells of one ticket: those that it knows, as it knows them."""
    cells = ((point, KNOWLEDGE.touchpoints[point.event].cells[vendor]) for point in points)
    return in_order(
        replace(point, side=cell.side or point.side, channel={"ticket": channel, "own": "own"}.get(cell.channel))
        for point, cell in cells
        if cell.known == "always"
    )


def told(vendor: str, points: Iterable[Point], of: Sequence[Point]) -> list[Point]:
    """Return what a vendor told, in order, with "own" for a channel where the work file says none."""
    own = {point.at for point in of if KNOWLEDGE.touchpoints[point.event].cells[vendor].channel == "own"}
    return in_order(replace(one, channel="own" if one.at in own and one.channel else one.channel) for one in points)


def in_order(points: Iterable[Point]) -> list[Point]:
    """Return touchpoints in order of time, without the words of the work file."""
    return sorted((replace(point, event="") for point in points), key=lambda one: (one.at, one.what))
