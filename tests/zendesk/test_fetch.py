"""Fetching as the engine does it: the vendor's cursor, resuming, deletions, sideloads, fetching by key."""

from datetime import UTC, datetime, timedelta

import pytest
from pytest_httpserver import HTTPServer

from tests.zendesk.conftest import Connect
from tests.zendesk.support import (
    NOW,
    START,
    Account,
    Raw,
    Told,
    answer,
    fetched,
    measure,
    response,
    rows_of,
    serve,
    target,
    ticket,
    tickets_of,
    update,
    user,
)
from xmo_hooks import Unavailable, XmoError

EXPORT = "/api/v2/incremental/tickets/cursor"


def ids(pages: object) -> list[int]:
    return [row["id"] for row in rows_of(pages)]  # type: ignore[arg-type]


def test_the_first_page_is_asked_for_by_time_and_all_others_by_cursor(httpserver: HTTPServer, connect: Connect) -> None:
    account = serve(httpserver, Account(tickets=[ticket(n) for n in range(1, 6)]))
    assert ids(fetched(connect(page_size=2))) == [1, 2, 3, 4, 5]
    sideloads = {"per_page": "2", "include": "users,groups,organizations,metric_sets"}
    assert account.asked == [
        ("incremental/tickets/cursor", {**sideloads, "start_time": "0"}),
        ("incremental/tickets/cursor", {**sideloads, "cursor": f"{START + 2}|2"}),
        ("incremental/tickets/cursor", {**sideloads, "cursor": f"{START + 4}|4"}),
    ]


def test_the_next_run_goes_on_with_the_cursor_and_brings_what_changed_since(
    httpserver: HTTPServer, connect: Connect
) -> None:
    account = serve(httpserver, Account(tickets=[ticket(n) for n in range(1, 4)]))
    source = connect()
    cursor = fetched(source)[-1].cursor
    account.tickets[0] |= {"generated_timestamp": START + 50}
    account.asked.clear()
    assert ids(fetched(source, cursor)) == [1]
    assert account.asked[0][1]["cursor"] == f"{START + 3}|3"


@pytest.mark.parametrize("page", range(3))
def test_a_fetch_that_was_killed_after_any_page_goes_on_without_loss(
    httpserver: HTTPServer, connect: Connect, page: int
) -> None:
    serve(httpserver, Account(tickets=[ticket(n) for n in range(1, 6)]))
    source = connect(page_size=2)
    before = fetched(source)[: page + 1]
    assert ids(before) + ids(fetched(source, before[-1].cursor)) == [1, 2, 3, 4, 5]


def test_a_ticket_that_changes_between_two_pages_is_not_lost(httpserver: HTTPServer, connect: Connect) -> None:
    account = Account(tickets=[ticket(n) for n in range(1, 6)])
    account.between.append(lambda: account.tickets[2].update(generated_timestamp=START + 90))
    serve(httpserver, account)
    assert ids(fetched(connect(page_size=2))) == [1, 2, 4, 5, 3]


def test_a_thousand_tickets_that_changed_in_one_second_come_through(httpserver: HTTPServer, connect: Connect) -> None:
    account = serve(httpserver, Account(tickets=[ticket(n, 7) for n in range(1, 1001)]))
    assert ids(fetched(connect(page_size=400))) == list(range(1, 1001))
    assert len(account.asked) == 3


def test_since_is_where_the_export_begins(httpserver: HTTPServer, connect: Connect) -> None:
    account = serve(httpserver, Account(tickets=[ticket(n) for n in range(1, 6)]))
    assert ids(fetched(connect(), None, datetime.fromtimestamp(START + 3, UTC))) == [3, 4, 5]
    assert account.asked[0][1]["start_time"] == str(START + 3)


def test_the_export_is_never_asked_for_the_last_minute(httpserver: HTTPServer, connect: Connect) -> None:
    account = serve(httpserver, Account())
    fetched(connect(), None, NOW - timedelta(seconds=5))
    assert int(account.asked[0][1]["start_time"]) <= int(NOW.timestamp()) - 60


def test_a_row_from_before_since_is_as_it_should_be(httpserver: HTTPServer, connect: Connect) -> None:
    old = ticket(1, 5, updated_at="2019-01-01T00:00:00Z")
    serve(httpserver, Account(tickets=[old]))
    source = connect()
    (found,) = tickets_of(source, fetched(source, None, datetime.fromtimestamp(START, UTC)))
    assert found.changed_at == datetime.fromtimestamp(START + 5, UTC)


def test_deleted_tickets_are_reported_and_not_parsed(httpserver: HTTPServer, connect: Connect) -> None:
    gone = {"id": 2, "status": "deleted", "generated_timestamp": START + 2, "requester_id": None, "subject": "SCRUBBED"}
    serve(httpserver, Account(tickets=[ticket(1), gone, ticket(3)]))
    (page,) = fetched(connect())
    assert ([row["id"] for row in page.rows], page.deleted) == ([1, 3], ["2"])


def test_an_export_without_a_cursor_keeps_the_one_before(httpserver: HTTPServer, connect: Connect) -> None:
    nothing: Raw = {"tickets": [], "after_cursor": None, "end_of_stream": True}
    httpserver.expect_request(EXPORT).respond_with_json(nothing)
    source = connect()
    begun = datetime.fromtimestamp(START, UTC)
    first = fetched(source, None, begun)[-1].cursor
    assert (first["tickets"], first["start"]) == (None, START)
    kept = fetched(source, first | {"tickets": "abc"})[-1].cursor
    assert kept["tickets"] == "abc"
    fetched(source, first)
    assert httpserver.log[-1][0].args["start_time"] == str(START)


@pytest.mark.parametrize("after", ["x", None, 7])
def test_an_export_that_leads_back_to_itself_is_left(httpserver: HTTPServer, connect: Connect, after: object) -> None:
    httpserver.expect_request(EXPORT).respond_with_json({"tickets": [], "after_cursor": after, "end_of_stream": False})
    with pytest.raises(Unavailable, match="does not advance"):
        fetched(connect())
    assert len(httpserver.log) <= 2


def test_an_export_that_runs_in_a_circle_is_left(httpserver: HTTPServer, connect: Connect) -> None:
    for cursor in ("a", "b", "a"):
        body: Raw = {"tickets": [], "after_cursor": cursor, "end_of_stream": False}
        httpserver.expect_ordered_request(EXPORT).respond_with_json(body)
    with pytest.raises(Unavailable, match="does not advance"):
        fetched(connect())


@pytest.mark.parametrize("cursor", ["text", {}, {"tickets": 7}, {"start": 0, "tickets": None, "metrics": {}}])
def test_a_cursor_of_somebody_else_is_refused(httpserver: HTTPServer, connect: Connect, cursor: object) -> None:
    serve(httpserver, Account())
    with pytest.raises(XmoError, match="cursor of this Zendesk source"):
        fetched(connect(), cursor)


def test_an_answer_without_tickets_is_no_empty_page(httpserver: HTTPServer, connect: Connect) -> None:
    httpserver.expect_request(EXPORT).respond_with_json({"error": "x", "tickets": None})
    with pytest.raises(Unavailable, match="no list of tickets"):
        fetched(connect())


def test_a_row_takes_along_what_parsing_reads_and_nothing_else(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, Account(tickets=[ticket(1)], users=[user(9001)]))
    source = connect(
        service=360, category="form", fields={"place": "user_fields.place", "tier": "organization_fields.tier"}
    )
    (row,) = rows_of(fetched(source))
    assert row["_requester"] == {
        "id": 9001,
        "name": "Person 9001",
        "email": "p9001@example.org",
        "locale": "de",
        "iana_time_zone": "Europe/Berlin",
        "user_fields": {"place": "Hall 3"},
    }
    assert row["_organization"] == {"name": "Sales", "organization_fields": {"tier": "gold"}}
    assert row["custom_fields"] == [{"id": 360, "value": "service_mail", "_label": "Mail"}]
    assert not {"description", "raw_subject", "tags", "url"} & row.keys()
    (found,) = tickets_of(source, fetched(source))
    assert (found.service, found.category, found.group) == ("Mail", "Software", "Service Desk")
    assert found.requester is not None
    assert (found.requester.place, found.requester.organisation) == ("Hall 3", "Sales")
    assert found.attributes == {"tier": "gold"}


def test_a_requester_whom_no_sideload_shows_keeps_their_key(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, Account(tickets=[ticket(1)]))
    source = connect()
    (found,) = tickets_of(source, fetched(source))
    assert found.requester is not None
    assert (found.requester.key, found.requester.email) == ("9001", None)


def test_metric_sets_beside_the_tickets_are_read_as_those_inside(httpserver: HTTPServer, connect: Connect) -> None:
    one = ticket(1)
    body = {"tickets": [one], "metric_sets": [one.pop("metric_set")], "after_cursor": "a", "end_of_stream": True}
    httpserver.expect_request(EXPORT).respond_with_json(body)
    source = connect()
    (found,) = tickets_of(source, fetched(source))
    assert (found.reopens, found.reassignments) == (1, 2)


def test_names_are_asked_for_once_a_run(httpserver: HTTPServer, connect: Connect) -> None:
    account = serve(httpserver, Account(tickets=[ticket(n) for n in range(1, 6)]))
    source = connect(page_size=2, service="brand", category=360)
    assert {one.service for one in tickets_of(source, fetched(source))} == {"Acme"}
    assert sorted(path for path in account.paths() if "incremental" not in path) == ["brands", "ticket_fields"]


def test_what_has_no_name_goes_by_its_id(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, Account(tickets=[ticket(1)], closed=("brands", "ticket_fields")))
    source = connect(service="brand", category=360)
    (found,) = tickets_of(source, fetched(source))
    assert (found.service, found.category) == ("3", "service_mail")


def test_tickets_are_fetched_by_key_a_hundred_at_a_time(httpserver: HTTPServer, connect: Connect) -> None:
    account = serve(httpserver, Account(tickets=[ticket(n) for n in range(1, 251)]))
    source = connect()
    keys = [str(n) for n in range(1, 251)] + ["1", "row:0a", "999999"]
    assert [row["id"] for row in source.fetch_some(keys)] == list(range(1, 251))
    assert account.paths() == [*["tickets/show_many"] * 3, "tickets/999999"]


def test_requests_grow_with_pages_and_not_with_tickets(httpserver: HTTPServer, connect: Connect) -> None:
    numbers = range(1, 401)
    account = Account(
        tickets=[ticket(n) for n in numbers],
        users=[user(9000 + n) for n in numbers] + [user(5, "agent")],
        measures=[measure(n, n, kind, **target(60)) for n in numbers for kind in ("apply_sla", "fulfill")],
        updates=[update(n, n, {"event_type": "Change", "status": "solved", "previous_value": "open"}) for n in numbers],
        responses=[response(n, n * 3600) for n in numbers],
        optionless=True,
    )
    serve(httpserver, account)
    source = connect(page_size=100, sla=True, surveys=True, touchpoints=True, service=360)
    pages = fetched(source)
    assert len(tickets_of(source, pages)) == 400
    # 4 of tickets, 1 each of metric events and updates, 4 of surveys and one whole response, agents, fields
    assert len(account.asked) == 4 + 2 + 5 + 2
    account.asked.clear()
    fetched(source, pages[-1].cursor)
    assert len(account.asked) == 5


def test_a_vendor_that_cannot_count_is_not_asked(httpserver: HTTPServer, connect: Connect) -> None:
    account = serve(httpserver, Account())
    assert connect().count(None, NOW) is None
    assert account.asked == []


def test_a_vendor_that_waits_with_its_exports_is_waited_for(
    httpserver: HTTPServer, connect: Connect, log: Told
) -> None:
    account = Account(tickets=[ticket(1)])
    refusal = answer({"error": "APIRateLimitExceeded", "description": "Number of allowed incremental"}, 429)
    refusal.headers["Retry-After"] = "54"
    httpserver.expect_ordered_request(EXPORT).respond_with_response(refusal)
    httpserver.expect_ordered_request(EXPORT).respond_with_handler(account)
    assert ids(fetched(connect())) == [1]
    assert [event for event, _ in log.infos] == ["request is repeated"]
