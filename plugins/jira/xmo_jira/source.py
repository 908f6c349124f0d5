"""The source: fetches, parses and comments on the tickets of one Jira site."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from xmo_hooks import (
    Call,
    ConfigError,
    Estimate,
    Finding,
    Heard,
    Json,
    Message,
    Native,
    Page,
    Receipt,
    Row,
    Ticket,
    Tools,
    Touchpoint,
    Unavailable,
    XmoError,
)
from xmo_jira import changelog, comments, deletions, jql, webhooks
from xmo_jira.check import dates_are_read_as_written, findings
from xmo_jira.client import Client, status_of
from xmo_jira.fields import changes_of, wanted
from xmo_jira.history import SITE
from xmo_jira.minimise import Minimiser
from xmo_jira.options import Options, reveal
from xmo_jira.parse import Parser
from xmo_jira.search import IDS, Pages, Rows, Search, search
from xmo_jira.site import Site, facts, look
from xmo_jira.values import milliseconds
from xmo_jira.walk import Walk, stamp

UPDATED = "updated"  # the key of the cursor
_LATEST = 253_402_300_799_999  # the end of the year 9999
_RATED = "-7d"  # how far back ratings are looked for that did not move their ticket


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a fetch works with: the site as it is now, its search, the facts for each row, the fields to ask for, and
    what minimises each row."""

    site: Site
    search: Search
    facts: Mapping[str, Any]
    fields: Sequence[str]
    minimiser: Minimiser


class Jira:
    """One configured site. See the `Source` protocol for when each method is called."""

    def __init__(self, options: Options, tools: Tools) -> None:
        self._options, self._log, self._now = options, tools.log, tools.now
        self._client = Client(options, tools)
        self._parser = Parser(options)
        self._restriction = jql.restriction(options)
        self._site: Site | None = None

    def check(self) -> Iterable[Finding]:
        """Look at log-in, fields, statuses, projects, dates and Service Management; writes nothing."""
        return findings(self._client, self._options)

    def count(self, cursor: Json, since: datetime | None) -> Estimate | None:
        """Count what a fetch would bring, and its pages; on Cloud nearly exactly."""
        site = self._look()
        asked = self._search(site)
        tickets = asked.count([*self._restriction, *asked.since(self._start(cursor, since))])
        if tickets is None:
            return None
        pages = max(1, -(-tickets // self._options.page_size))
        return Estimate(tickets=tickets, requests=pages * 2 if self._options.history and site.cloud else pages)

    def fetch(self, cursor: Json, since: datetime | None) -> Iterator[Page]:
        """Yield the tickets in the order of change, from `overlap` behind the cursor (the time of the latest change
        seen, in milliseconds since 1970), or from `since`; then those rated lately, for a rating may not count as a
        change. Raises `AuthError` where the site takes us for nobody."""
        start, reached = self._start(cursor, since), _position(cursor)
        reading = self._begin()
        if not reading.site.cloud:
            self._prove_dates(reading.search, reading.site.zone_name)
        for rows in self._walk(reading, start, []):
            reached = max(filter(None, (reached, *map(stamp, rows))), default=None)
            yield Page(rows=rows, cursor=_cursor(reached))
        if start:
            yield from self._rated(reading, start, _cursor(reached))

    def fetch_some(self, keys: Sequence[str]) -> Sequence[Row]:
        """Fetch these tickets as they are now; one that is gone, hidden or none of this source's is left out."""
        reading = self._begin()
        found: list[Row] = []
        for chunk in _chunks(keys):
            found += self._complete(reading, reading.search.some(chunk, reading.fields, self._restriction))
        return found

    def parse(self, row: Row) -> Iterable[Ticket | Touchpoint | Native]:
        """Turn one issue into its ticket, touchpoints and rating."""
        return self._parser.records(row)

    def gone(self, keys: Sequence[str]) -> Iterable[str]:
        """Return the tickets that neither the search nor a second look shows; see `deletions.gone`."""
        site = self._look()
        asked = self._search(site)
        lost = [key for chunk in _chunks(keys) for key in asked.lost(chunk)]
        return deletions.gone(self._client, site, lost)

    def find(self, ticket: Ticket, marker: str) -> Receipt | None:
        """Look for the comment with this marker; see `comments.find`."""
        return comments.find(self._client, self._site or self._look(), ticket, marker)

    def comment(self, ticket: Ticket, message: Message) -> Receipt:
        """Write a comment that the requester sees; see `comments.comment`."""
        site = self._site or self._look()
        return comments.comment(self._client, site, ticket, message, self._options.service_desk)

    def hear(self, call: Call) -> Heard:
        """Return the issue that a webhook is about; see `webhooks.hear`."""
        return webhooks.hear(call, reveal(self._options.webhook_secret), self._now())

    def _look(self) -> Site:
        self._site = look(self._client, self._options)
        return self._site

    def _search(self, site: Site) -> Search:
        return search(self._client, site, self._options.page_size, changes=self._options.history)

    def _begin(self) -> _Reading:
        site = self._look()
        known = facts(self._client, site, changes_of(self._options))
        fields = wanted(self._options, known["columns"])
        return _Reading(site, self._search(site), known, fields, Minimiser(self._options, known))

    def _start(self, cursor: Json, since: datetime | None) -> int | None:
        reached = _position(cursor)
        if reached is not None:
            return max(0, reached - int(self._options.overlap.total_seconds()) * 1000) // jql.MINUTE * jql.MINUTE
        return milliseconds(since) // jql.MINUTE * jql.MINUTE if since else None

    def _walk(self, reading: _Reading, start: int | None, conditions: Sequence[str]) -> Iterator[Rows]:
        where = [*self._restriction, *conditions]

        def pages(anchor: int | None) -> Pages:
            return reading.search.pages([*where, *reading.search.since(anchor)], reading.fields)

        for rows in Walk(pages, start).rows():
            if rows:
                yield self._complete(reading, rows)

    def _complete(self, reading: _Reading, rows: Rows) -> Rows:
        """Write into each row what it needs to be parsed later, without another request, and take out what nobody
        needs."""
        if reading.site.cloud and self._options.history:
            changelog.attach(self._client, rows, changes_of(self._options))
        for row in rows:
            reading.minimiser.minimise(row)
            row[SITE] = reading.facts
        return rows

    def _rated(self, reading: _Reading, start: int, cursor: Json) -> Iterator[Page]:
        """Yield the tickets that were rated lately and have not changed since `start`. Whether a site takes such a
        search is not documented: where it does not, ratings come with the next change of their ticket."""
        before = [condition.replace(">=", "<") for condition in reading.search.since(start)]
        for column in reading.facts["columns"].get("rated_at", ()):
            rated = f"cf[{column.removeprefix('customfield_')}] >= {_RATED}"
            try:
                for rows in self._walk(reading, None, [rated, *before]):
                    yield Page(rows=rows, cursor=cursor)
            except ConfigError as error:
                if status_of(error) != 400:
                    raise
                self._log.info("ratings are not searched", why=str(error))

    def _prove_dates(self, asked: Search, zone_name: str | None) -> None:
        if not zone_name:
            self._log.warning("time zone not known", fix="Set the time zone in the profile of the account.")
        for _ in range(2):  # a ticket may be deleted between the two looks
            rows = asked.newest(self._restriction)
            if not rows or dates_are_read_as_written(asked, self._restriction, rows[0]):
                return
        raise Unavailable(
            "Jira does not find its newest ticket by the time of its change: it reads the dates of a query in another "
            "time zone than the one that it names for the account.",
            hint="Look at the time zone in the profile of the account; see `xmo check`.",
        )


def _cursor(reached: int | None) -> Json:
    return None if reached is None else {UPDATED: reached}


def _position(cursor: Json) -> int | None:
    """Read the time from a cursor; raises `XmoError` for a cursor of somebody else."""
    if cursor is None:
        return None
    reached = cursor.get(UPDATED) if isinstance(cursor, Mapping) else None
    if not isinstance(reached, int) or isinstance(reached, bool) or not 0 <= reached <= _LATEST:
        raise XmoError(
            "The stored cursor is not one that a Jira source wrote.", hint="Read this source from the beginning."
        )
    return reached


def _chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield the ids among the keys, each once, as many at a time as one look-up takes."""
    ids = [key for key in dict.fromkeys(keys) if key.isascii() and key.isdigit()]
    for start in range(0, len(ids), IDS):
        yield ids[start : start + IDS]
