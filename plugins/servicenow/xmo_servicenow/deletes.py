"""Tickets that were deleted at the vendor: its log of deleted records, walked as a stream of its own."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from xmo_hooks import Json, Log, Row, XmoError
from xmo_servicenow import keyset
from xmo_servicenow.client import Client, is_trouble
from xmo_servicenow.keyset import CREATED, Position
from xmo_servicenow.streams import Stream
from xmo_servicenow.tables import KNOWN
from xmo_servicenow.walk import Pace

DELETED = "sys_audit_delete"
COLUMNS = ("sys_id", "documentkey", "tablename", CREATED)


def stream(tables: Sequence[str]) -> Stream:
    """Return what to walk through: the deletions of records of these tables. The log names the class of a record, so
    `task` stands for all tasks that are known."""
    names = sorted({*tables, *KNOWN}) if "task" in tables else sorted(tables)
    return Stream(table=DELETED, columns=COLUMNS, where=f"tablenameIN{','.join(names)}", stamp=CREATED)


def kept(cursor: Json) -> Json:
    """Return what stays of a cursor when all tickets are read again: how far this log was read, for what was deleted
    since then is in no table. A cursor without that is not None: it has the whole log read."""
    if not isinstance(cursor, Mapping):
        return None
    entry = cursor.get(DELETED)
    return {DELETED: entry} if keyset.is_entry(entry) else {}


class Deletes:
    """Reads the log in one run. `positions` is the cursor as it grows: each method moves it on.

    The log is often closed to API accounts: that is said once, and nothing fails.
    """

    def __init__(self, client: Client, tables: Sequence[str], log: Log) -> None:
        self._client, self._log = client, log
        self._stream = stream(tables)
        self._closed = False

    def begin(self, positions: dict[str, Any]) -> None:
        """Before anything is read for the first time, put the position to the end of the log: what was deleted by then
        is in no table. An empty position, which is no position at all, says that the log was empty."""
        newest = self._newest()
        if not self._closed:
            positions[DELETED] = {**newest.json(), "seen": [newest.sys_id]} if newest else {}

    def pages(self, pace: Pace, positions: dict[str, Any], overlap: timedelta) -> Iterator[list[str]]:
        """Yield the keys of tickets that were deleted, page by page. Without a position the whole log is read."""
        if DELETED not in positions and not self._closed:
            self._newest()  # of a log that is hidden, not every page is asked for in every run
        if self._closed:
            return
        reached = keyset.position(positions, DELETED)
        seen = set(positions.get(DELETED, {}).get("seen", ()))
        recent: dict[str, str] = {}
        try:
            for rows, position in self._stream.walk(self._client, pace, reached, None, overlap):
                reached = keyset.forward(reached, position)
                before, positions[DELETED] = positions.get(DELETED), _entry(reached, recent, rows, overlap)
                told = (row.get("documentkey") for row in rows if row.get("sys_id") not in seen)
                fresh = [key for key in told if keyset.is_id(key)]
                if fresh or positions[DELETED] != before:
                    yield fresh
        except XmoError as error:
            self._close(error)

    def _newest(self) -> Position | None:
        try:
            batch = self._stream.newest(self._client)
        except XmoError as error:
            self._close(error)
            return None
        newest = keyset.last(batch.rows, column=CREATED)
        if newest is None and batch.total:
            self._shut("its rows are hidden from the account")
        return newest

    def _close(self, error: XmoError) -> None:
        if is_trouble(error):
            raise error
        self._shut(str(error))

    def _shut(self, reason: str) -> None:
        self._closed = True
        self._log.info("deletions cannot be read", table=DELETED, reason=reason)


def _entry(reached: Position | None, recent: dict[str, str], rows: Sequence[Row], overlap: timedelta) -> dict[str, Any]:
    """Return what stands in the cursor: the position, and which rows were seen in the stretch before it that the next
    run reads again; else the last deletions would be told in every run. `recent` is brought up to date."""
    if reached is None:
        return {}
    floor = keyset.bound(reached, None, overlap) or ""
    stamps = {row["sys_id"]: row[CREATED] for row in rows if keyset.last([row], column=CREATED)}
    for sys_id, stamp in list((recent | stamps).items()):
        if stamp >= floor:
            recent[sys_id] = stamp
        else:
            recent.pop(sys_id, None)
    return {**reached.json(), "seen": sorted(recent)}
