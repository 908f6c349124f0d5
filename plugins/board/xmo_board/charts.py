"""The door to everything that draws. Imported only when the extra `report` is installed."""

from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup

from xmo_board.bars import counts, feelings, overall
from xmo_board.melons import melons
from xmo_board.months import trend
from xmo_board.paint import NARROW, WIDE, Shape, Spec
from xmo_board.svg import inline

__all__ = ["Picture", "counts", "draw", "feelings", "melons", "overall", "trend"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """One chart drawn twice, for a desk and for a phone; the page shows one of them."""

    wide: Markup
    narrow: Markup


def draw(make: Callable[[Shape], Spec], *, name: str, title: str, description: str) -> Picture:
    """Draw a chart in both shapes. `name` is unique in the page."""
    wide, narrow = (
        inline(make(shape), name=f"{name}-{shape.name}", title=title, description=description)
        for shape in (WIDE, NARROW)
    )
    return Picture(wide=wide, narrow=narrow)
