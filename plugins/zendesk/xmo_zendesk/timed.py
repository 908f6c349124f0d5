"""The vendor's time-based exports, page by page: each begins at the second where the one before ended.

That second comes again, so the ids in it are remembered and passed over. A page that does not get beyond its own second
would come for ever: then the walk goes on a second later, and says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from xmo_hooks import Forbidden, Json, Log, NotFound, Unavailable
from xmo_zendesk.client import Client, records
from xmo_zendesk.times import seconds_of

FRESH = timedelta(seconds=61)  # the vendor refuses to start within the last minute, which it does not export


@dataclass(slots=True)
class Place:
    """Where a time-based export stands: the second to begin at, and the ids that were read in it."""

    second: int = 0
    seen: frozenset[str] = field(default_factory=frozenset)

    def json(self) -> Json:
        """Return the place as it is kept in a cursor."""
        return {"second": self.second, "seen": sorted(self.seen)}


@dataclass(slots=True)
class Timed:
    """One time-based export, from `place` on. `done`: there is no more of it in this run."""

    client: Client
    path: str
    name: str
    place: Place
    log: Log
    include: str = ""
    done: bool = False

    def begin(self, now: datetime) -> "Timed":
        """Find out whether there can be anything yet: nothing of the last minute is exported."""
        self.done = self.place.second > (now - FRESH).timestamp()
        return self

    def page(self) -> list[dict[str, Any]]:
        """Read the next page; return what was not read before. Role or plan may forbid the whole stream: then it is
        left out, with a line in the log."""
        params: dict[str, str | int] = {"start_time": self.place.second}
        if self.include:
            params["include"] = self.include
        try:
            body = self.client.get(self.path, params)
        except (Forbidden, NotFound) as error:
            self.log.info("stream is left out", stream=self.name, why=str(error))
            self.done = True
            return []
        rows = records(body, self.name)
        new = [row for row in rows if str(row.get("id")) not in self.place.seen]
        self._move(body, rows, new)
        return new

    def _move(self, body: Mapping[str, Any], rows: list[dict[str, Any]], new: list[dict[str, Any]]) -> None:
        end, flag = body.get("end_time"), body.get("end_of_stream")
        if end is not None and type(end) is not int:
            raise Unavailable(f"Zendesk's {self.name} end at no time: {self.path} answered without whole seconds.")
        self.done = bool(flag) or (flag is None and (not new or not body.get("next_page"))) or end is None
        if end is not None and end > self.place.second:
            self.place = Place(end, _ids_from(rows, end))
        elif self.done or new:
            self.place = Place(self.place.second, self.place.seen | _ids_from(rows, self.place.second))
        else:
            self.log.warning("more rows in one second than a page holds", stream=self.name, second=self.place.second)
            self.place = Place(self.place.second + 1)


def _ids_from(rows: list[dict[str, Any]], second: int) -> frozenset[str]:
    """Return the ids of the rows that come again when the export is begun at this second."""
    return frozenset([str(row.get("id")) for row in rows if (_second(row) or second) >= second])


def _second(row: Mapping[str, Any]) -> int | None:
    return seconds_of(row.get("timestamp") or row.get("time") or row.get("created_at"))
