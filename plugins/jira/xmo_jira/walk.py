"""Walking through all tickets in the order of change: page by page, each version of a ticket once, none left out."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Any

from xmo_jira.jql import MINUTE
from xmo_jira.search import Pages, Rows, mark
from xmo_jira.values import milliseconds, moment


def stamp(row: Mapping[str, Any]) -> int | None:
    """Return when a raw row changed, in milliseconds since 1970, or None where that cannot be read."""
    fields = row.get("fields")
    updated = fields.get("updated") if isinstance(fields, Mapping) else None
    try:
        return milliseconds(moment(updated)) if isinstance(updated, str) else None
    except ValueError:
        return None


class Walk:
    """One walk from a time on. `pages` searches for what changed at a time (milliseconds since 1970, None for ever)
    or later.

    A search that goes on for long loses rows: on Data Center pages are counted from its beginning, and what Cloud's
    tokens hold is not said. So it begins anew, from the minute of the last row, as soon as that reads at most half a
    page again: what has not been read changed then or later, or changes now. A minute is the finest that both kinds of
    Jira surely tell apart, and `lag` is by how much more than a minute this one begins too early, as in the hour that
    autumn repeats.
    """

    def __init__(self, pages: Callable[[int | None], Pages], start: int | None) -> None:
        self._pages, self._start = pages, start
        self._lag = 0
        self._seen: dict[str, int | None] = {}

    def rows(self) -> Iterator[Rows]:
        """Yield the new rows of each page; none twice that did not change between."""
        anchor: int | None = self._start
        while True:
            turn = yield from self._from(anchor)
            if turn is None:
                return
            anchor = turn

    def _from(self, anchor: int | None) -> Generator[Rows, None, int | None]:
        begun = False
        for rows, more in self._pages(anchor):
            stamps = [stamp(row) for row in rows]
            known = [at for at in stamps if at is not None]
            if not begun and anchor is not None:
                self._learn(anchor, known)
            begun = True
            yield self._fresh(rows, stamps)
            if more and (turn := self._turn(anchor, known)) is not None:
                return turn
        return None

    def _learn(self, anchor: int, stamps: Sequence[int]) -> None:
        """See how far before the anchor the first page begins, and forget what cannot come again."""
        self._lag = max(self._lag, anchor - min(stamps, default=anchor))
        self._seen = {one: at for one, at in self._seen.items() if at is None or at >= anchor - self._lag}

    def _fresh(self, rows: Rows, stamps: Sequence[int | None]) -> Rows:
        fresh = []
        for row, at in zip(rows, stamps, strict=True):
            if (one := mark(row)) not in self._seen:
                self._seen[one] = at
                fresh.append(row)
        return fresh

    def _turn(self, anchor: int | None, stamps: Sequence[int]) -> int | None:
        """Return from when to search anew, or None to go on."""
        if not stamps:
            return None
        turn = stamps[-1] // MINUTE * MINUTE
        pays = turn - self._lag > stamps[len(stamps) // 2]
        return turn if pays and (anchor is None or turn > anchor) else None
