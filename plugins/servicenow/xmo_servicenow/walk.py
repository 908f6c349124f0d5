"""Walking through one table in the order of change, page by page, without losing a row."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from xmo_hooks import Unavailable
from xmo_servicenow.client import Batch, Incomplete
from xmo_servicenow.keyset import CHANGED, NEVER, Position, advances, after, is_stamp, last, newest_stamp, since

SMALLEST = 10
_RECOVERY = 8
_TRIES = 3  # for the smallest page: it may have hit a busy moment
_HINT = "Set the time zone of the API user to GMT, and look whether its role may read their stamps; see `xmo check`."

Fetch = Callable[[str, int, int], Batch]  # condition, offset, limit
Step = tuple[Sequence[dict[str, Any]], Position | None]


class Pace:
    """The size of pages: halved when the vendor cannot finish one, doubled again after eight good ones."""

    def __init__(self, wanted: int) -> None:
        self.size = self._wanted = wanted
        self._smallest = min(wanted, SMALLEST)
        self._good = self._failed = 0

    def take(self, fetch: Callable[[int], Batch]) -> Batch:
        """Fetch a page, smaller and smaller until it is whole; raises `Unavailable` when the smallest is not."""
        while True:
            try:
                batch = fetch(self.size)
            except Incomplete as error:
                self._shrink(error)
            else:
                self._grow()
                return batch

    def _shrink(self, error: Incomplete) -> None:
        self._failed += 1
        if self.size > self._smallest:
            self.size, self._good, self._failed = max(self._smallest, self.size // 2), 0, 0
        elif self._failed == _TRIES:
            raise Unavailable(f"{error} Pages of {self.size} rows fail as well.", hint=error.hint) from error

    def _grow(self) -> None:
        self._good, self._failed = self._good + 1, 0
        if self._good == _RECOVERY:
            self.size, self._good = min(self._wanted, self.size * 2), 0


def walk(
    fetch: Fetch,
    horizon: Callable[[], str],
    pace: Pace,
    bound: str | None,
    known: str | None = None,
    column: str = CHANGED,
) -> Iterator[Step]:
    """Yield the rows of each page, and the position that they reach (None: no further), from `bound` on.

    `fetch` takes a condition, an offset and a limit. Ends when no matching row is left, hidden ones counted. Raises
    `Unavailable` where the vendor does not follow the query.

    One page is read at one instant. Where there are more, `horizon` says the newest stamp of the table, and no position
    lies beyond it: a row that changes while pages are read may come with its new stamp in its old place, or become
    visible behind us. The next run reads all of them again. `horizon` also proves that dates are read as they are
    meant; a single page proves it by the row `known`, which was read before and lies behind `bound`.
    """
    first = pace.take(partial(fetch, since(bound, column), 0))
    if first.limit >= first.total:
        refuse_older(first.rows, bound or "", column)
        if bound and not any(row.get("sys_id") == known for row in first.rows):
            horizon()
        yield first.rows, last(first.rows, column=column)
    else:
        yield from _pages(fetch, horizon(), pace, bound, column)


def horizon(newest: Callable[[int], Batch], behind: Callable[[str, int], Batch], column: str = CHANGED) -> str:
    """Return the newest stamp that a table shows. Raises `Unavailable` where no row is found by it: then dates of
    queries are not read as UTC, and rows would be left out without a word.

    `newest` fetches that many of the newest rows, `behind` that many rows under a condition.
    """
    stamp = newest_stamp(Pace(SMALLEST).take(newest).rows, column)
    if stamp is None:
        return NEVER
    if Pace(SMALLEST).take(partial(behind, since(stamp, column))).total == 0:
        raise Unavailable(
            f"ServiceNow has rows changed at {stamp}, and finds none when it is asked for them by that time. It reads "
            "the dates of a query in the time zone of the API user.",
            hint=_HINT,
        )
    return stamp


def every(fetch: Callable[[int, int], Batch], size: int) -> Iterator[Batch]:
    """Yield the pages of a table whose rows are only ever added behind the last, by offset and limit."""
    pace, offset = Pace(size), 0
    while True:
        batch = pace.take(partial(fetch, offset))
        yield batch
        offset += batch.limit
        if offset >= batch.total:
            return


def _pages(fetch: Fetch, horizon: str, pace: Pace, bound: str | None, column: str) -> Iterator[Step]:
    where, floor, anchor, offset = since(bound, column), bound or "", None, 0
    while True:
        batch = pace.take(partial(fetch, where, offset))
        refuse_older(batch.rows, floor, column)
        reached = last(batch.rows, horizon, column)
        yield batch.rows, reached
        if offset + batch.limit >= batch.total:
            return
        if reached is None:
            offset += stride(batch.limit)
        else:
            _refuse_standstill(anchor, reached)
            anchor, where, floor, offset = reached, after(reached, column), reached.stamp, 0


def stride(limit: int) -> int:
    """Return how far to go on inside a stretch of rows that cannot be anchors. A tenth less than a page, and at least
    one row: one that changes meanwhile leaves the stretch, and all behind it move up."""
    return max(1, limit - max(1, limit // 10))


def refuse_older(rows: Sequence[Mapping[str, Any]], floor: str, column: str = CHANGED) -> None:
    """Refuse a page with a row from before `floor`: raises `Unavailable`, which says what that means."""
    for row in rows:
        stamp = row.get(column)
        if isinstance(stamp, str) and stamp < floor and is_stamp(stamp):
            raise Unavailable(
                f"ServiceNow returned a row changed at {stamp}, though only rows from {floor} (UTC) on were asked for. "
                "It reads the dates of a query in the time zone of the API user, or has dropped the condition.",
                hint=_HINT,
            )


def _refuse_standstill(anchor: Position | None, reached: Position) -> None:
    if not advances(anchor, reached):
        raise Unavailable(
            f"ServiceNow's pages do not advance: a page from behind {reached.stamp} ends before it.",
            hint="The conditions `^NQ` and `sys_id>` must be honoured; a proxy or a before-query rule may change them.",
        )
