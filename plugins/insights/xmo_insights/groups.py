"""Groups of ended work as the reader gives them, and the estimates that figures are made of."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from xmo_hooks import Cell, Figure, Reader
from xmo_insights.intervals import Interval, mean, net_interval, share_interval
from xmo_insights.scores import NAMES, STEP_SCORES

NONE = "(none)"
COUNTS = ("asked", "answered")
NOBODY = Cell(key=(), n=0, persons=0, sums={}, products={})


@dataclass(frozen=True, slots=True)
class Group:
    """One group: all ended work in it (`frame`), and the answers about it."""

    key: tuple[str | None, ...]
    frame: Cell
    answers: Cell

    @property
    def asked(self) -> int:
        """How much of the work was asked about."""
        return self.frame.sums.get("asked", 0)

    @property
    def names(self) -> tuple[str, ...]:
        """The key as figures bear it: a missing value has a name too."""
        return tuple(NONE if value is None else value for value in self.key)


@dataclass(frozen=True, slots=True)
class Estimated:
    """A value with its 95 % interval; all None without answers, the interval None for one person alone."""

    value: float | None = None
    low: float | None = None
    high: float | None = None

    @classmethod
    def of(cls, value: float, interval: Interval | None) -> "Estimated":
        """Put a value and its interval together."""
        return cls(value, *(interval or (None, None)))


def read(
    reader: Reader, by: Sequence[str], sums: Sequence[str] = NAMES, where: Mapping[str, str] | None = None
) -> Iterator[Group]:
    """Yield the groups that were asked or answered; with no `by` always one, even of an empty store."""
    frame = {cell.key: cell for cell in reader.cells(by, COUNTS, where)}
    answers = {cell.key: cell for cell in reader.cells(by, sums, where)}
    for key in {**frame, **answers} if by else [()]:
        group = Group(key, frame.get(key, NOBODY), answers.get(key, NOBODY))
        if group.asked or group.answers.n or not by:
            yield group


def net(cell: Cell) -> Estimated:
    """Estimate the net score of a cell in points, -100..100."""
    return Estimated.of(100 * mean(cell, "net"), net_interval(cell)) if cell.n else Estimated()


def share(cell: Cell, column: str) -> Estimated:
    """Estimate the share of rows of a cell that `column` indicates, 0..1."""
    return Estimated.of(mean(cell, column), share_interval(cell, column)) if cell.n else Estimated()


def feeling(group: Group) -> Iterator[Figure]:
    """Yield net, positive and negative. Each stands by itself: the same net can hide more or less misery."""
    cell = group.answers
    steps = {step: mean(cell, column) for step, column in STEP_SCORES.items()} if cell.n else {}
    yield figure(group, "net", net(cell), unit="net", shares=steps)
    yield figure(group, "positive", share(cell, "positive"))
    yield figure(group, "negative", share(cell, "negative"))


def figure(
    group: Group,
    measure: str,
    estimated: Estimated,
    *,
    unit: Literal["net", "share"] = "share",
    shares: Mapping[str, float] | None = None,
) -> Figure:
    """Make a figure about the answers of a group: its persons are those who answered."""
    return Figure(
        key=group.names,
        measure=measure,
        value=estimated.value,
        low=estimated.low,
        high=estimated.high,
        unit=unit,
        asked=group.asked,
        answered=group.answers.n,
        persons=group.answers.persons,
        shares=shares or {},
    )
