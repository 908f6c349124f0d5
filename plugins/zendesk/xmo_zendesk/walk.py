"""One fetch: the streams of an account in turn, and the cursor behind each page.

Tickets come from the cursor-based export; the stream of metric events is walked beside them (see `slas`), then the
updates of tickets (see `updates`) and the answers to surveys (see `surveys`), each with a place of its own in the
cursor. An export leaves out the last minute, and tells a change by `generated_timestamp`: rows whose `updated_at` is
older than what was asked for are as they should be.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from xmo_hooks import Json, Page, Tools, Unavailable
from xmo_zendesk import surveys
from xmo_zendesk.client import Client, records
from xmo_zendesk.cursor import Cursor
from xmo_zendesk.join import SIDELOADS, Join, Row
from xmo_zendesk.options import Options
from xmo_zendesk.timed import FRESH, Timed
from xmo_zendesk.updates import People, Updates

TICKETS = "incremental/tickets/cursor"
METRICS = "incremental/ticket_metric_events"
UPDATES = "incremental/ticket_events"
UNKEPT = 20  # pages of metric events, two minutes of them, that may be read again: each time the whole ledger is kept


@dataclass(frozen=True, slots=True)
class _Exported:
    """What is kept of a page of the export. `latest`: the last change in it; `after`: the cursor behind it."""

    rows: list[dict[str, Any]]
    deleted: list[str]
    closed: list[str]
    latest: int | None
    after: str | None
    more: bool


class Walk:
    """Walks through the streams once, from a cursor on."""

    def __init__(self, client: Client, options: Options, tools: Tools, join: Join, cursor: Cursor) -> None:
        self._client, self._options, self._tools = client, options, tools
        self._join, self._cursor = join, cursor
        self._people = People(client)
        self._updates = Updates(self._people, options, cursor.answered)
        self._unkept = 0
        self._metrics = self._timed(METRICS, "ticket_metric_events", cursor.metrics)

    def pages(self) -> Iterator[Page]:
        """Yield the pages of all streams, each with the cursor that stands behind it."""
        try:
            yield from self._streams()
        finally:
            if lost := self._cursor.slas.lost:
                self._tools.log.warning("too many tickets with open targets: some outcomes stay unknown", tickets=lost)

    def _streams(self) -> Iterator[Page]:
        yield from self._tickets()
        if self._options.sla:
            yield from self._events_until(None)
            yield from self._news()
        if self._options.touchpoints:
            yield from self._said()
        if self._options.surveys:
            scales, now = surveys.Scales(self._client, self._options.locale), self._tools.now()
            for rows in surveys.pages(self._client, self._cursor.surveys, scales, now, self._tools.log):
                yield self._page(rows)
        if self._unkept:
            yield self._page()

    def _tickets(self) -> Iterator[Page]:
        passed, more = set[str](), True
        while more:
            part = self._exported()
            more = part.more
            if more and (not part.after or part.after in passed or part.after == self._cursor.tickets):
                raise Unavailable("Zendesk's export of tickets does not advance: its cursor leads back to itself.")
            if self._options.sla and part.latest is not None:
                yield from self._events_until(part.latest)  # so that the rows know all before their last change
            self._cursor.tickets = part.after or self._cursor.tickets
            passed.add(self._cursor.tickets or "")
            yield self._told(part)

    def _exported(self) -> _Exported:
        """Read a page of the export, and keep of its megabytes what the rows need."""
        body = self._client.get(TICKETS, self._ticket_params())
        tickets, after = records(body, "tickets"), body.get("after_cursor")
        alive = [ticket for ticket in tickets if ticket.get("status") != "deleted"]
        if self._options.touchpoints:
            self._people.learn(body)
        return _Exported(
            rows=list(self._join.rows(body, alive)),
            deleted=[str(ticket.get("id")) for ticket in tickets if ticket.get("status") == "deleted"],
            closed=[str(ticket.get("id")) for ticket in alive if ticket.get("status") == "closed"],
            latest=max((at for one in tickets if type(at := one.get("generated_timestamp")) is int), default=None),
            after=after if isinstance(after, str) else None,
            more=body.get("end_of_stream") is False,
        )

    def _ticket_params(self) -> dict[str, str | int]:
        params: dict[str, str | int] = {"per_page": self._options.page_size, "include": SIDELOADS}
        if self._cursor.tickets:
            return params | {"cursor": self._cursor.tickets}
        return params | {"start_time": min(self._cursor.start, int((self._tools.now() - FRESH).timestamp()))}

    def _told(self, part: _Exported) -> Page:
        rows = [self._cursor.slas.tell(row) for row in part.rows]
        self._cursor.slas.forget(part.deleted)
        self._cursor.slas.close(part.closed)
        self._updates.forget(part.deleted)
        return self._page(rows, part.deleted)

    def _events_until(self, second: int | None) -> Iterator[Page]:
        while not self._metrics.done and (second is None or self._metrics.place.second <= second):
            self._cursor.slas.take(self._metrics.page())
            self._cursor.metrics = self._metrics.place
            self._unkept += 1
            yield from self._falling()
            if self._unkept == UNKEPT:
                yield self._page()

    def _falling(self) -> Iterator[Page]:
        """Tell the news of the tickets that fall out of the ledger, so that none has to be remembered for them."""
        if falling := self._cursor.slas.falling():
            yield self._page(self._again(falling))
        self._cursor.slas.fall()

    def _news(self) -> Iterator[Page]:
        """Fetch again the tickets whose targets were kept or missed after their last change."""
        while chunk := self._cursor.slas.news[: self._options.page_size]:
            rows = self._again(chunk)
            self._cursor.slas.settle(chunk)
            yield self._page(rows)

    def _again(self, tickets: Sequence[str]) -> list[Row]:
        rows: list[Row] = []
        for body in self._client.many("tickets/show_many", "tickets", tickets, include=SIDELOADS):
            rows += self._join.rows(body, [one for one in body["tickets"] if one.get("status") != "deleted"])
        return [self._cursor.slas.tell(row) for row in rows]

    def _said(self) -> Iterator[Page]:
        stream = self._timed(UPDATES, "ticket_events", self._cursor.updates, include="comment_events")
        while not stream.done:
            rows = self._updates.rows(stream.page())
            self._cursor.updates, self._cursor.answered = stream.place, self._updates.answered
            yield self._page(rows)

    def _timed(self, path: str, name: str, place: Any, include: str = "") -> Timed:
        return Timed(self._client, path, name, place, self._tools.log, include).begin(self._tools.now())

    def _page(self, rows: Sequence[Row] = (), deleted: Sequence[str] = ()) -> Page:
        self._unkept = 0
        return Page(rows=rows, cursor=self._cursor.json(), deleted=deleted)


def begin(cursor: Json, since: datetime | None) -> Cursor:
    """Return where a fetch begins: the cursor, else `since`, else the beginning."""
    return Cursor.read(cursor) if cursor is not None else Cursor.at(int(since.timestamp()) if since else 0)
