"""A Zendesk account that costs almost nothing: N tickets made from the one that the sandbox shows, in the vendor's
whole rows (24 custom fields, the metric set inside), the people beside them, and 24 metric events for each ticket.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

import orjson

from benchmarks.served.http import Answer, Fill, Request, Template, serve
from benchmarks.served.sandbox import END, EVERY, NUMBER, PERSONS, START, Shown, iso, later, stamp, text
from xmo_zendesk.sandbox import SANDBOX

_EXPORT = "/api/v2/incremental/"
_SIDELOADS = "users,groups,organizations,metric_sets"
_FILLERS = 22
_EVENTS = 1000  # of a page
_PERSON = 20_000_000_000
_DAY = rb"2025-12-3\dT\d\d:\d\d:\d\d"


class Account:
    """N tickets, and the templates of what is told of each."""

    def __init__(self, count: int) -> None:
        self._count = count
        sandbox = Shown(SANDBOX, "xmo@example.org/token:sandbox")
        shown = sandbox.get(f"{_EXPORT}tickets/cursor.json?start_time=0&include={_SIDELOADS}")
        ticket = shown["tickets"][0]
        for name in ("custom_fields", "fields"):
            ticket[name] += [_filler(number) for number in range(_FILLERS)]
        requester = ticket["requester_id"]
        people: dict[bool, list[Any]] = {True: [], False: []}
        for user in shown["users"]:
            people[user["id"] == requester].append(user)
        self._ticket, self._requester = (_template(one, requester) for one in (ticket, people[True][0]))
        self._agents = orjson.dumps(people[False])[1:-1]
        beside = {name: shown[name] for name in ("groups", "organizations")}
        self._beside = orjson.dumps(beside)[1:-1]
        events = sandbox.get(f"{_EXPORT}ticket_metric_events.json?start_time=0")["ticket_metric_events"]
        self._events = [(_before(event["time"]), _template(event, requester)) for event in events]

    def answer(self, request: Request) -> Answer:
        """Answer one request."""
        match request.path.removeprefix(_EXPORT).removesuffix(".json"):
            case "tickets/cursor":
                return Answer(self._tickets(int(request.query.get("cursor", 0)), int(request.query["per_page"])))
            case "ticket_metric_events":
                return Answer(self._metric_events(int(request.query["start_time"])))
            case "/api/v2/guide/survey_responses":
                return Answer(b'{"survey_responses":[],"meta":{"has_more":false,"after_cursor":null}}')
            case path:
                raise ValueError(path)

    def _tickets(self, first: int, size: int) -> bytes:
        end = min(first + size, self._count)
        tickets = b",".join(self._ticket.fill(number) for number in range(first, end))
        askers = {number % PERSONS: number for number in range(first, end)}
        users = b",".join([self._agents, *(self._requester.fill(number) for number in askers.values())])
        follows = b'"after_cursor":"%d","end_of_stream":%b' % (end, b"true" if end == self._count else b"false")
        return b'{"tickets":[' + tickets + b'],"users":[' + users + b"]," + self._beside + b"," + follows + b"}"

    def _metric_events(self, start: int) -> bytes:
        found = list(islice(self._since(start), _EVENTS))
        second = found[-1][0] if found else start
        told = (len(found), second, b"true" if len(found) < _EVENTS else b"false")
        rows = b",".join(row for _, row in found)
        return b'{"ticket_metric_events":[' + rows + b'],"count":%d,"end_time":%d,"end_of_stream":%b}' % told

    def _since(self, start: int) -> Iterator[tuple[int, bytes]]:
        """Yield the events from a second on. All times of a ticket lie whole turns before its last change, so in each
        turn there is one event of each sort, of tickets that change then or later."""
        first = max(-(-(start - START) // EVERY), -max(before for before, _ in self._events) // EVERY)
        for turn in range(first, self._count):
            for before, template in self._events:
                number = turn + before // EVERY
                if 0 <= number < self._count:
                    yield stamp(turn), template.fill(number)


def _template(shown: Any, requester: int) -> Template:
    of_person: Callable[[bytes], Fill] = text(lambda number: _PERSON + number % PERSONS)
    holes = {
        _DAY: later(iso),
        rb"\b%d\b" % int(END.timestamp()): text(stamp),
        b"p%d@" % NUMBER: lambda _: lambda number: b"p%d@" % (number % PERSONS),
        b"%d" % NUMBER: text(lambda number: number + 1),
        b"%d" % requester: of_person,
    }
    return Template(orjson.dumps(shown), holes)


def _filler(number: int) -> dict[str, Any]:
    return {"id": 360_000_001_000 + number, "value": "a value" if number % 2 else None}


def _before(time: str) -> int:
    return int((END - datetime.fromisoformat(time)).total_seconds())


if __name__ == "__main__":
    serve(Account(int(sys.argv[1])).answer)
