"""The incremental exports: tickets by cursor and by time, their events, and their metric events.

What changed in the last minute of the sandbox's clock is left out. A time-based page begins again at the second where
the one before ended, and names a next page even when nothing is left: whoever follows it without looking at
`end_of_stream`, or at the count, never comes to an end.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import islice
from operator import attrgetter
from typing import Any

from flask import Response, request

from xmo_zendesk.sandbox import answers, metrics, trail
from xmo_zendesk.sandbox.account import Account
from xmo_zendesk.sandbox.answers import Failure
from xmo_zendesk.sandbox.faults import Faults
from xmo_zendesk.sandbox.life import Life
from xmo_zendesk.sandbox.paging import names, number, pages, stamp_cursor, stamped, url
from xmo_zendesk.sandbox.sideloads import Sideloads
from xmo_zendesk.sandbox.work import Ticket

Json = dict[str, Any]
_PAGE = 1000
_RECENT = 60
_PLACE = attrgetter("place")


class Exports:
    """The endpoints: each method answers one request."""

    def __init__(self, account: Account, faults: Faults, sideloads: Sideloads) -> None:
        self._account = account
        self._faults = faults
        self._sideloads = sideloads
        self._measured: list[tuple[int, int, int]] = []  # time, ticket, number of the metric event within the ticket

    def by_cursor(self) -> Response:
        """Answer `incremental/tickets/cursor`: what changed behind the cursor, or since `start_time`."""
        self._begin()
        cursor, size = request.args.get("cursor"), self._size()
        order = self._account.exported()
        behind = stamped(cursor) if cursor is not None else (self._start() - 1, 1 << 62)
        first, end = bisect_right(order, behind, key=_PLACE), self._end(order)
        found, last = order[first : min(first + size, end)], first + size >= end
        place = found[-1].place if found else behind
        after = stamp_cursor(place) if found or cursor else None
        rows, beside = self._shown(found)
        self._move(found, more=not last)
        body = {
            "tickets": rows,
            **beside,
            "after_cursor": after,
            "after_url": after and url(cursor=after, start_time=None),
            "before_cursor": None,
            "before_url": None,
            "end_of_stream": last,
        }
        return answers.json(body)

    def by_time(self) -> Response:
        """Answer `incremental/tickets`: what changed since `start_time`."""
        self._begin()
        start, size = self._start(), self._size()
        order = self._account.exported()
        first, end = bisect_left(order, (start, 0), key=_PLACE), self._end(order)
        found, last = order[first : min(first + size, end)], first + size >= end
        rows, beside = self._shown(found)
        self._move(found, more=not last)
        return answers.json(_timed("tickets", rows, found[-1].stamp if found else start, beside, last=last))

    def ticket_events(self) -> Response:
        """Answer `incremental/ticket_events`: every update of every ticket, since `start_time`."""
        self._begin()
        start, size = self._start(), self._size()
        happened = self._account.happened(start, self._account.now - _RECENT)
        found = list(islice((event for event in happened if event.what != "system"), size + 1))
        shown, last = found[:size], len(found) <= size
        whole = "comment_events" in names("include")
        lives: dict[int, Life] = {}
        rows = []
        for event in shown:
            ticket = self._account.any(event.ticket)
            if ticket.id not in lives:
                lives[ticket.id] = self._account.life(ticket)
            audit = next(audit for audit in lives[ticket.id].audits if audit.event.seq == event.seq)
            rows.append(trail.ticket_event(audit, ticket, with_comments=whole))
        return answers.json(_timed("ticket_events", rows, shown[-1].at if shown else start, {}, last=last))

    def metric_events(self) -> Response:
        """Answer `incremental/ticket_metric_events`, by time, or by `page[size]` with pages of up to 100."""
        self._begin()
        start = self._start()
        self._measure()
        first = bisect_left(self._measured, (start, 0, 0))
        found = self._measured[first : bisect_right(self._measured, (self._account.now - _RECENT + 1, 0, 0))]
        if "page[size]" in request.args or "page[after]" in request.args:
            return answers.json(pages("ticket_metric_events", found, self._measures, list))
        shown = found[: self._size()]
        last = len(found) <= len(shown)
        rows = self._measures(shown)
        return answers.json(_timed("ticket_metric_events", rows, shown[-1][0] if shown else start, {}, last=last))

    def _begin(self) -> None:
        if self._account.role != "admin":
            raise Failure(403, answers.FORBIDDEN)
        self._account.catch_up()

    def _start(self) -> int:
        start = number("start_time", -1, least=0)
        if start > self._account.now - _RECENT:
            raise Failure(400, answers.TOO_RECENT)
        return start

    def _size(self) -> int:
        return min(number("per_page", _PAGE), _PAGE)

    def _end(self, order: Sequence[Ticket]) -> int:
        return bisect_right(order, (self._account.now - _RECENT, 1 << 62), key=_PLACE)

    def _shown(self, found: Sequence[Ticket]) -> tuple[list[Json], Json]:
        lives = ((ticket, self._account.life(ticket)) for ticket in found)
        is_kept = request.args.get("exclude_deleted") != "true"
        rows, beside = self._sideloads.tickets([pair for pair in lives if is_kept or _is_there(pair)])
        return [self._faults.spoil(row) for row in rows], beside

    def _move(self, found: Sequence[Ticket], *, more: bool) -> None:
        request_number = self._faults.request()
        if more and found and self._faults.hits("moving", request_number):
            what = ("system", "noted")[self._faults.turn("moving", of=2)]
            self._account.touch(found[request_number % len(found)], what)

    def _measure(self) -> None:
        changed, self._account.changed = self._account.changed, set()
        if not changed:
            return
        self._measured = [each for each in self._measured if each[1] not in changed]
        for key in changed:
            told = self._account.course(self._account.life(self._account.any(key)))
            self._measured += [(each.time, key, count) for count, each in enumerate(metrics.measures(told))]
        self._measured.sort()

    def _measures(self, places: Sequence[tuple[int, int, int]]) -> list[Json]:
        known: dict[int, list[metrics.Measure]] = {}
        for _, key, _ in places:
            if key not in known:
                known[key] = metrics.measures(self._account.course(self._account.life(self._account.any(key))))
        return [known[key][count].shown(key) for _, key, count in places]


def _is_there(pair: tuple[Ticket, Life]) -> bool:
    return bool(pair[1].state["status"] != "deleted")


def _timed(key: str, rows: Sequence[Json], end: int, beside: Json, *, last: bool) -> Json:
    following = url(start_time=end)
    return {key: rows, **beside, "count": len(rows), "end_time": end, "end_of_stream": last, "next_page": following}
