"""The watermelon: green outside, where the SLA was met, and red inside, where people are unhappy all the same."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from xmo_hooks import Cell, Figure, Reader, Table
from xmo_insights.groups import COUNTS, NOBODY, Estimated, Group, figure, share
from xmo_insights.intervals import split_interval

_DEFINITION = (
    "In time, yet unhappy: of the answers about work that met its SLA, the share on the two bad steps. In time: of all "
    "ended work that has an SLA verdict, asked about or not, the share that met it; asked and answered beside it say "
    "how much of that work was. Intervals hold at 95 %: Wilson (1927), on the effective number over persons."
)


@dataclass(frozen=True, slots=True)
class _Work:
    """Ended work of one service that has an SLA verdict."""

    met: Group
    missed: Cell

    def unhappy(self) -> Estimated:
        return share(self.met.answers, "negative")

    def figures(self) -> Iterator[Figure]:
        yield figure(self.met, "unhappy_in_time", self.unhappy())
        met, missed = self.met.frame, self.missed
        n = met.n + missed.n
        share = Estimated.of(met.n / n, split_interval(met, missed)) if n else Estimated()
        yield self._all("in_time", share, "share")
        yield self._all("judged", Estimated(n, n, n), "count")

    def _all(self, measure: str, estimated: Estimated, unit: Literal["share", "count"]) -> Figure:
        """Make a figure about all of the work, whether it was asked about or not."""
        cells = (self.met.frame, self.missed)
        return Figure(
            key=self.met.names,
            measure=measure,
            value=estimated.value,
            low=estimated.low,
            high=estimated.high,
            unit=unit,
            asked=sum(cell.sums.get("asked", 0) for cell in cells),
            answered=sum(cell.sums.get("answered", 0) for cell in cells),
            # Who stands in both cells is not known: at least so many persons it is.
            persons=max(cell.persons for cell in cells),
        )


def watermelon(reader: Reader, caveat: str) -> Table:
    """Make the table by service, the services first where most persons are surely unhappier than the whole."""
    (total,) = _work(reader, ())
    whole = total.unhappy().value or 0.0
    services = sorted(_work(reader, ("service",)), key=lambda work: _excess(work, whole))
    return Table(
        name="watermelon",
        title="Unhappy although the SLA was met",
        definition=_DEFINITION,
        by=("service",),
        figures=[figure for work in services for figure in work.figures()],
        total=list(total.figures()),
        caveat=caveat,
    )


def _work(reader: Reader, by: Sequence[str]) -> Iterator[_Work]:
    ended = {cell.key: cell for cell in reader.cells((*by, "sla_met"), COUNTS)}
    answers = {cell.key: cell for cell in reader.cells(by, ("negative",), {"sla_met": "met"})}
    judged = dict.fromkeys(key[:-1] for key in ended if key[-1] is not None)
    for key in judged if by else [()]:
        met = Group(key, ended.get((*key, "met"), NOBODY), answers.get(key, NOBODY))
        yield _Work(met, ended.get((*key, "missed"), NOBODY))


def _excess(work: _Work, whole: float) -> tuple[float, float, str]:
    estimated = work.unhappy()
    sure = 0.0 if estimated.low is None else max(0.0, estimated.low - whole)
    return -sure * work.met.frame.persons, 1.0 if estimated.value is None else -estimated.value, work.met.names[0]
