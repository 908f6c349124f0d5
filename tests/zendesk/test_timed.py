"""The time-based exports: seams between pages, ends, and pages that do not get on."""

from datetime import timedelta

import pytest
from pytest_httpserver import HTTPServer

from tests.zendesk.conftest import Connect
from tests.zendesk.support import NOW, START, Account, Raw, Told, fetched, measure, serve, target
from xmo_hooks import Unavailable

STREAM = "/api/v2/incremental/ticket_metric_events"
TICKETS = "/api/v2/incremental/tickets/cursor"


def nothing(httpserver: HTTPServer) -> None:
    body: Raw = {"tickets": [], "after_cursor": "a", "end_of_stream": True}
    httpserver.expect_request(TICKETS).respond_with_json(body)


def applied(n: int, second: int) -> Raw:
    return measure(n, second, "apply_sla", **target(60))


@pytest.mark.parametrize("flagless", [False, True])
@pytest.mark.parametrize("size", [3, 4, 5, 100])
def test_every_event_is_read_once_over_the_seams(
    httpserver: HTTPServer, connect: Connect, size: int, flagless: bool
) -> None:
    events = [applied(n, n // 2) for n in range(1, 20)]
    account = serve(httpserver, Account(measures=events, size=size, flagless=flagless))
    cursor = fetched(connect(sla=True))[-1].cursor
    assert {line.split()[0] for line in cursor["slas"].splitlines()} == {str(n) for n in range(1, 20)}
    assert cursor["metrics"]["second"] == START + 9
    assert len(cursor["metrics"]["seen"]) == 2
    assert len(account.asked) < 25


def test_the_next_run_reads_the_last_second_again_and_takes_what_is_new(
    httpserver: HTTPServer, connect: Connect
) -> None:
    account = serve(httpserver, Account(measures=[measure(1, 5, "breach")]))
    source = connect(sla=True)
    cursor = fetched(source)[-1].cursor
    account.measures.append(measure(2, 5, "breach"))
    cursor = fetched(source, cursor)[-1].cursor
    assert {line.split()[0] for line in cursor["slas"].splitlines()} == {"1", "2"}
    asked = [args["start_time"] for path, args in account.asked if path == "incremental/ticket_metric_events"]
    assert asked == ["0", str(START + 5)]


def test_more_events_in_one_second_than_a_page_holds_do_not_stop_the_walk(
    httpserver: HTTPServer, connect: Connect, log: Told
) -> None:
    events = [applied(n, 5) for n in range(1, 8)] + [applied(9, 6)]
    account = serve(httpserver, Account(measures=events, size=4))
    cursor = fetched(connect(sla=True))[-1].cursor
    assert {line.split()[0] for line in cursor["slas"].splitlines()} == {"1", "2", "3", "4", "9"}
    assert [facts for event, facts in log.warnings if "one second" in event] == [
        {"stream": "ticket_metric_events", "second": START + 5}
    ]
    assert len(account.asked) < 10


def test_an_export_that_names_no_end_is_over(httpserver: HTTPServer, connect: Connect) -> None:
    nothing(httpserver)
    body: Raw = {"ticket_metric_events": [], "count": 0, "end_time": None, "next_page": None}
    httpserver.expect_request(STREAM).respond_with_json(body)
    assert fetched(connect(sla=True))[-1].cursor["metrics"] == {"second": 0, "seen": []}


def test_an_end_that_is_no_time_is_refused(httpserver: HTTPServer, connect: Connect) -> None:
    nothing(httpserver)
    body: Raw = {"ticket_metric_events": [], "end_time": "soon", "end_of_stream": False}
    httpserver.expect_request(STREAM).respond_with_json(body)
    with pytest.raises(Unavailable, match="end at no time"):
        fetched(connect(sla=True))


def test_nothing_is_asked_of_the_last_minute(httpserver: HTTPServer, connect: Connect) -> None:
    account = serve(httpserver, Account())
    fetched(connect(sla=True, touchpoints=True), None, NOW - timedelta(seconds=30))
    assert account.paths() == ["incremental/tickets/cursor"]
