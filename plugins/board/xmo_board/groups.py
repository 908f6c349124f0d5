"""Figures of one table, put together by what they are about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from xmo_board.words import EMPTY, HIDDEN, clean, is_month, month, value
from xmo_hooks import Figure, Table

NAMES = {"met": "SLA met", "missed": "SLA missed", "(none)": "not stated"}


@dataclass(frozen=True, kw_only=True)
class Group:
    """All measures about one value of a cut (a service, a month), or about everyone."""

    key: str
    figures: Mapping[str, Figure]

    @cached_property
    def label(self) -> str:
        """The name that people read."""
        if is_month(self.key):
            return month(self.key)
        return NAMES.get(self.key) or clean(self.key) or "not stated"

    @property
    def hidden(self) -> bool:
        """Whether the wall took out any of the numbers: then none of the group is shown, for they tell each other."""
        return any(figure.hidden for figure in self.figures.values())

    @property
    def shown(self) -> bool:
        """Whether there is a net feeling to show."""
        return self.shows("net") and not self.hidden

    @property
    def instead(self) -> str:
        """What to say where there is no net feeling to show."""
        return value(self.net) if "net" in self.figures and not self.hidden else HIDDEN if self.hidden else EMPTY

    @property
    def net(self) -> Figure:
        """The net feeling."""
        return self.figures["net"]

    def shows(self, measure: str) -> bool:
        """Whether there is a number with its interval for this measure."""
        figure = self.figures.get(measure)
        return figure is not None and not figure.hidden and None not in (figure.value, figure.low, figure.high)


def groups(table: Table) -> list[Group]:
    """Return the groups of a table over one axis, in the order given."""
    found: dict[str, dict[str, Figure]] = {}
    for figure in table.figures:
        found.setdefault(figure.key[0], {})[figure.measure] = figure
    return [Group(key=key, figures=figures) for key, figures in found.items()]


def everyone(table: Table) -> Group | None:
    """Return the total of a table, None where it has none."""
    figures = {figure.measure: figure for figure in table.total}
    return Group(key="All", figures=figures) if figures else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Calendar:
    """The months of one report without a gap, the one that is still open among them or not."""

    months: Sequence[Group]
    open: str

    @property
    def closed(self) -> list[Group]:
        """The months that are over and have a net feeling to show."""
        return [group for group in self.months if group.shown and group.key < self.open]


def calendar(found: Sequence[Group], now_key: str) -> Calendar:
    """Put months in order and fill those without figures in; `now_key` is the month that is still open."""
    known = {group.key: group for group in found if is_month(group.key)}
    if not known:
        return Calendar(months=(), open=now_key)
    keys = _between(min(known), max(known))
    return Calendar(months=[known.get(key, Group(key=key, figures={})) for key in keys], open=now_key)


def _between(first: str, last: str) -> list[str]:
    begin, end = (int(key[:4]) * 12 + int(key[5:]) - 1 for key in (first, last))
    return [f"{at // 12:04d}-{at % 12 + 1:02d}" for at in range(begin, end + 1)]
