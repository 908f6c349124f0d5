"""What is walked through in the order of change: a table, which of its rows, and by which stamp."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from xmo_servicenow import keyset
from xmo_servicenow.client import Batch, Client
from xmo_servicenow.keyset import CHANGED, Position
from xmo_servicenow.walk import Pace, Step, horizon, walk


@dataclass(frozen=True, kw_only=True, slots=True)
class Stream:
    """A table, the columns to read, a condition for its rows ("": all), and the stamp that orders them."""

    table: str
    columns: tuple[str, ...]
    where: str = ""
    stamp: str = CHANGED

    def walk(
        self, client: Client, pace: Pace, reached: Position | None, since: datetime | None, overlap: timedelta
    ) -> Iterator[Step]:
        """Yield pages from `overlap` behind `reached`, else from `since`, else from the beginning; see `walk.walk`."""
        page = partial(self._page, client)

        def end() -> str:
            newest = keyset.newest(self.stamp)
            return horizon(
                lambda limit: page((self.stamp,), "", 0, limit, newest),
                lambda where, limit: page((self.stamp,), where, 0, limit),
                self.stamp,
            )

        bound = keyset.bound(reached, since, overlap)
        known = reached.sys_id if reached else None
        return walk(partial(page, self.columns), end, pace, bound, known, self.stamp)

    def newest(self, client: Client) -> Batch:
        """Fetch the newest row."""
        return Pace(1).take(partial(self._page, client, self.columns, "", 0, order=keyset.newest(self.stamp)))

    def count(self, client: Client, bound: str | None) -> int:
        """Count the rows from a stamp on."""
        return client.count(self.table, keyset.both(keyset.since(bound, self.stamp), self.where))

    def _page(
        self, client: Client, columns: tuple[str, ...], where: str, offset: int, limit: int, order: str = ""
    ) -> Batch:
        order, where = order or keyset.order(self.stamp), keyset.both(where, self.where)
        return client.page(self.table, where, columns, limit=limit, offset=offset, order=order)
