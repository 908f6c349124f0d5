"""Walking through one table in the order of change, page by page, without losing a row."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from xmo_hooks import Unavailable
from xmo_servicenow.client import Batch, Incomplete
from xmo_servicenow.keyset import Position, advances, after, is_stamp, last, since

SMALLEST = 10
_RECOVERY = 8
_HINT = "Set the time zone of the API user to GMT, and look whether its role may read sys_updated_on; see `xmo check`."

Fetch = Callable[[str, int, int], Batch]


class Pace:
    """The size of pages: halved when the vendor cannot finish one, doubled again after eight good ones."""

    def __init__(self, wanted: int) -> None:
        self.size = self._wanted = wanted
        self._smallest = min(wanted, SMALLEST)
        self._good = 0

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
        if self.size == self._smallest:
            raise Unavailable(f"{error} Pages of {self.size} rows fail as well.", hint=error.hint) from error
        self.size, self._good = max(self._smallest, self.size // 2), 0

    def _grow(self) -> None:
        self._good += 1
        if self._good == _RECOVERY:
            self.size, self._good = min(self._wanted, self.size * 2), 0


def walk(fetch: Fetch, pace: Pace, bound: str | None) -> Iterator[tuple[Sequence[dict[str, Any]], Position | None]]:
    """Yield the rows of each page, and the position of its last row (None: no row of it has one), from `bound` on.

    `fetch` takes a condition, a limit and an offset. Ends when no matching row is left, hidden ones counted. Raises
    `Unavailable` where the vendor does not follow the query.
    """
    where, floor, anchor, offset = since(bound), bound or "", None, 0
    while True:
        batch = pace.take(lambda size, where=where, offset=offset: fetch(where, size, offset))  # type: ignore[misc]
        refuse_older(batch.rows, floor)
        reached = last(batch.rows)
        yield batch.rows, reached
        if offset + batch.limit >= batch.total:
            return
        if reached is None:
            offset += stride(batch.limit)
        else:
            _refuse_standstill(anchor, reached)
            anchor, where, floor, offset = reached, after(reached), reached.stamp, 0


def stride(limit: int) -> int:
    """Return how far to go on inside a stretch of rows that are hidden or cannot be ordered. A tenth less than a
    page: a hidden row that changes meanwhile leaves the stretch, and all behind it move up by one."""
    return max(1, limit - limit // 10)


def refuse_older(rows: Sequence[Mapping[str, Any]], floor: str) -> None:
    """Refuse a page with a row from before `floor`: raises `Unavailable`, which says what that means."""
    for row in rows:
        stamp = row.get("sys_updated_on")
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
