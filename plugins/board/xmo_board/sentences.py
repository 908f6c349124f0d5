"""Findings as headings. A heading says better or worse only where the 95 % intervals lie apart; that is stricter than
a test of the difference, so two intervals that overlap are called no change that we can tell."""

from collections.abc import Sequence

from xmo_board.groups import Group
from xmo_board.words import headed, joined
from xmo_hooks import Figure

NAMED = 2  # more names than this make no sentence


def below(one: Figure, other: Figure) -> bool:
    """Tell whether the whole interval of one figure lies under that of the other."""
    return one.high is not None and other.low is not None and one.high < other.low


def trend(first: Group | None, last: Group | None) -> str:
    """Say whether the last closed month is better than the first one."""
    if first is None or last is None or first.key == last.key:
        return "Too early to speak of a change"
    if below(first.net, last.net):
        return f"Better than in {first.label}, by more than chance"
    if below(last.net, first.net):
        return f"Worse than in {first.label}, by more than chance"
    return f"No change that we can tell since {first.label}"


def where(found: Sequence[Group], total: Group | None, noun: str) -> str:
    """Say which groups lie below everyone, or else above; `noun` names the cut."""
    shown = [group for group in found if group.shown]
    if not shown or total is None or not total.shown:
        return f"Feeling by {noun}: too few answers to compare"
    hurting = sorted((g for g in shown if below(g.net, total.net)), key=_value)
    if hurting:
        return _hurting([_called(group, noun) for group in hurting])
    glad = sorted((g for g in shown if below(total.net, g.net)), key=_value, reverse=True)
    if glad:
        return f"{_called(glad[0], noun)} goes well; no {noun} hurts more than the rest that we can tell"
    return f"No {noun} stands out that we can tell"


def watermelon(found: Sequence[Group], total: Group | None) -> str:
    """Say where people are unhappy though the clock was kept, more than elsewhere."""
    plain = "Green outside, red inside"
    shown = [group for group in found if group.shows("unhappy_in_time")]
    if not shown or total is None or not total.shows("unhappy_in_time"):
        return plain
    overall = total.figures["unhappy_in_time"]
    red = [group.label for group in shown if below(overall, group.figures["unhappy_in_time"])]
    if not red:
        return f"{plain}: no service stands out that we can tell"
    return f"{plain}: {_some(red)}"


def promise(met: Group | None, missed: Group | None) -> str:
    """Say whether people feel better where the SLA was met."""
    if met is None or missed is None or not (met.shown and missed.shown):
        return "Feeling by SLA: too few answers to compare"
    if below(missed.net, met.net):
        return "People feel better where the SLA was met"
    if below(met.net, missed.net):
        return "People feel worse where the SLA was met"
    return "Meeting the SLA makes no difference to feeling that we can tell"


def _hurting(names: list[str]) -> str:
    return f"{names[0]} is where it hurts" if len(names) == 1 else f"Where it hurts: {_some(names)}"


def _called(group: Group, noun: str) -> str:
    """A bare number is no name: `priority 1`."""
    return f"{headed(noun)} {group.label}" if group.label.isdigit() else group.label


def _some(names: list[str]) -> str:
    return joined(names, most=NAMED)


def _value(group: Group) -> float:
    return group.net.value or 0.0
