"""Tables on feeling, made from cells: by each configured cut, and crossed with the SLA.

Small groups are not hidden here: the wall stands behind these tables and needs every group to do it well. For the same
reason no caveat names a number.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches

from xmo_hooks import ConfigError, Reader, Table
from xmo_insights.groups import NONE, Group, feeling, net, read
from xmo_insights.watermelon import watermelon

_DEFINITION = (
    "Net is the share of answers on the two good steps less the share on the two bad ones, times 100; the middle step "
    "stays in the base. Intervals hold at 95 %: Bonett-Price (2012) for net, Wilson (1927) for shares, on the "
    "effective number of answers, because answers of one person are alike."
)
_ATTRIBUTE = "attribute."  # what the site maps for itself: the reader knows these, but cannot list them
_ASSOCIATION = "A feeling that goes with the SLA need not come from it."


def tables(reader: Reader, now: datetime, cuts: Sequence[str]) -> Iterator[Table]:
    """Yield all tables of this plugin, one for each of `cuts` among them. Called by `xmo report`.

    `now` tells which month is still open. Raise `ConfigError` for a cut that is no column of the reader.
    """
    _check(cuts, reader.columns())
    (total,) = read(reader, ())
    silence = _silence(total)
    for cut in cuts:
        groups = _in_order(cut, list(read(reader, (cut,))), total)
        caveat = f"{silence} {_open_month(groups, now) if cut == 'month' else ''}".strip()
        title = f"Feeling by {cut.removeprefix(_ATTRIBUTE).replace('_', ' ')}"
        yield _feeling_table(f"feeling_by_{cut}", title, groups, total, by=cut, caveat=caveat)
    groups = sorted(read(reader, ("sla_met",)), key=lambda group: group.key[0] or "none")
    title = "Feeling where the SLA was met, and where it was missed"
    caveat = f"{_ASSOCIATION} {silence}".strip()
    yield _feeling_table("sla_by_feeling", title, groups, total, by="sla_met", caveat=caveat)
    yield watermelon(reader, silence)


def _check(cuts: Sequence[str], columns: Mapping[str, str]) -> None:
    for cut in cuts:
        if cut not in columns and not cut.startswith(_ATTRIBUTE):
            near = "".join(f"Did you mean {name!r}? " for name in get_close_matches(cut, columns, n=1))
            hint = f"{near}There are: {', '.join(sorted(columns))}, and attribute.NAME."
            raise ConfigError(f"[insights] cuts: {cut!r} is no column to cut figures by", hint=hint)


def _feeling_table(name: str, title: str, groups: Sequence[Group], total: Group, *, by: str, caveat: str) -> Table:
    figures = [figure for group in groups for figure in feeling(group)]
    whole = list(feeling(total))
    return Table(name=name, title=title, definition=_DEFINITION, by=(by,), figures=figures, total=whole, caveat=caveat)


def _silence(total: Group) -> str:
    """Say how far silence may bend the figures: in words, for the wall cannot take a number out of a sentence."""
    if total.answers.n >= total.asked:
        return ""
    many = "Fewer than half" if 2 * total.answers.n < total.asked else "Not all"
    return f"{many} of those asked answered, and who did not may feel otherwise."


def _open_month(groups: Sequence[Group], now: datetime) -> str:
    month = now.strftime("%Y-%m")
    is_open = any(group.key == (month,) for group in groups)
    return f"{month} is not over: its figures will still change." if is_open else ""


def _in_order(cut: str, groups: Sequence[Group], total: Group) -> Sequence[Group]:
    """Put months in order of time, and other groups where feeling lacks most first."""
    if cut == "month":
        return sorted(groups, key=lambda group: group.key[0] or NONE)
    whole = net(total.answers).value or 0.0
    return sorted(groups, key=lambda group: _lack(group, whole))


def _lack(group: Group, whole: float) -> tuple[float, float, str]:
    """Rank by persons affected times the points that the group surely lies below the whole; then by plain net."""
    estimated = net(group.answers)
    sure = 0.0 if estimated.high is None else max(0.0, whole - estimated.high)
    return -sure * group.frame.persons, 101 if estimated.value is None else estimated.value, group.names[0]
