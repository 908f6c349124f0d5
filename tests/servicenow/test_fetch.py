"""Fetching as the engine does it: cursors, resuming, overlap, several tables, counting, fetching by key."""

import re
from datetime import UTC, datetime

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.servicenow.conftest import Connect
from tests.servicenow.support import (
    Instance,
    Told,
    closed_deletions,
    fetched,
    ids,
    incidents,
    row,
    serve,
    stamp,
    sys_id,
    ticket_of,
)
from xmo_hooks import AuthError, Estimate, Unavailable, XmoError


def at(n: int) -> dict[str, str]:
    return {"stamp": stamp(n), "sys_id": sys_id(n)}


def two_tables() -> Instance:
    items = [row(n, number=f"RITM{n}", sys_class_name="sc_req_item") for n in range(100, 105)]
    return Instance(tables={"incident": [row(n) for n in range(1, 6)], "sc_req_item": items})


def test_the_cursor_of_each_page_covers_all_tables_so_far(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, two_tables())
    pages = fetched(connect(page_size=3, tables=["incident", "sc_req_item"]))
    assert [page.cursor for page in pages] == [
        {"incident": at(3)},
        {"incident": at(5)},
        {"incident": at(5), "sc_req_item": at(102)},
        {"incident": at(5), "sc_req_item": at(104)},
    ]


@pytest.mark.parametrize("page", range(4))
def test_a_fetch_that_was_killed_after_any_page_goes_on_without_loss(
    httpserver: HTTPServer, connect: Connect, page: int
) -> None:
    serve(httpserver, two_tables())
    source = connect(page_size=3, overlap=0, tables=["incident", "sc_req_item"])
    before = fetched(source)[: page + 1]
    after = fetched(source, before[-1].cursor)
    assert set(ids(before) + ids(after)) == {1, 2, 3, 4, 5, 100, 101, 102, 103, 104}


def test_a_run_reads_again_what_may_have_become_visible_late(httpserver: HTTPServer, connect: Connect) -> None:
    instance = serve(httpserver, incidents(*(row(n, n * 60) for n in range(1, 8))))
    cursor = {"incident": {"stamp": stamp(7 * 60), "sys_id": sys_id(7)}}
    assert ids(fetched(connect(), cursor)) == [5, 6, 7]
    assert instance.asked[0]["sysparm_query"].startswith(f"sys_updated_on>={stamp(5 * 60)}^ORDERBY")
    assert ids(fetched(connect(overlap="4m"), cursor)) == [3, 4, 5, 6, 7]


def test_the_cursor_never_goes_back_while_the_overlap_is_read_again(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, incidents(*(row(n, n * 10) for n in range(1, 8))))
    cursor = {"incident": {"stamp": stamp(70), "sys_id": sys_id(7)}}
    pages = fetched(connect(page_size=2), cursor)
    assert ids(pages) == [1, 2, 3, 4, 5, 6, 7]
    assert {page.cursor["incident"]["stamp"] for page in pages} == {stamp(70)}


def test_since_bounds_a_table_without_a_position_and_no_other(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, two_tables())
    source = connect(tables=["incident", "sc_req_item"], overlap=0)
    since = datetime(2026, 1, 1, 0, 1, 43, tzinfo=UTC)
    assert ids(list(source.fetch(None, since))) == [103, 104]
    assert ids(list(source.fetch({"incident": at(4)}, since))) == [4, 5, 103, 104]


def test_the_position_of_a_table_that_is_no_longer_read_is_kept(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, incidents(row(1)))
    (page,) = fetched(connect(), {"problem": at(9)})
    assert page.cursor == {"problem": at(9), "incident": at(1)}


@pytest.mark.parametrize("cursor", ["text", {"incident": 7}, {"incident": {"stamp": "x^y", "sys_id": sys_id(1)}}])
def test_a_cursor_of_somebody_else_is_refused(httpserver: HTTPServer, connect: Connect, cursor: object) -> None:
    serve(httpserver, incidents(row(1)))
    with pytest.raises(XmoError, match="cursor of table incident"):
        fetched(connect(), cursor)


def test_rows_say_which_table_they_came_from(httpserver: HTTPServer, connect: Connect) -> None:
    bare = {"sys_id": sys_id(1), "sys_updated_on": stamp(1), "state": "6", "opened_at": stamp(0)}
    serve(httpserver, Instance(tables={"incident": [bare]}))
    source = connect()
    (page,) = fetched(source)
    assert ticket_of(source, page.rows[0]).vendor_type == "incident"


def test_a_run_without_changes_is_one_request_for_each_table(httpserver: HTTPServer, connect: Connect) -> None:
    instance = serve(httpserver, two_tables())
    source = connect(tables=["incident", "sc_req_item"])
    cursor = fetched(source)[-1].cursor
    instance.all_asked.clear()
    fetched(source, cursor)
    assert len(instance.all_asked) == 2


def test_a_run_whose_last_row_is_gone_looks_whether_dates_are_read_right(
    httpserver: HTTPServer, connect: Connect
) -> None:
    instance = serve(httpserver, incidents(row(1), row(2)))
    cursor = {"incident": {"stamp": stamp(3), "sys_id": sys_id(3)}}
    assert ids(fetched(connect(), cursor)) == [1, 2]
    assert len(instance.all_asked) == 3


def test_an_empty_table_with_a_cursor_is_no_error(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, incidents())
    assert ids(fetched(connect(), {"incident": at(3)})) == []


def test_a_page_without_rows_and_without_columns_is_not_warned_about(
    httpserver: HTTPServer, connect: Connect, log: Told
) -> None:
    serve(httpserver, incidents())
    fetched(connect())
    assert log.warnings == []


def test_a_column_that_never_comes_is_warned_about_once_a_run(
    httpserver: HTTPServer, connect: Connect, log: Told
) -> None:
    rows = [row(n) for n in range(1, 8)]
    for one in rows:
        del one["made_sla"]
    rows[3]["u_site"] = "Hall 3"
    serve(httpserver, incidents(*rows))
    fetched(connect(page_size=3, fields={"site": "u_site", "dept": "u_dept"}))
    assert log.warnings == [("field missing", {"table": "incident", "columns": "made_sla, u_dept"})]


def test_an_empty_column_is_not_a_missing_one(httpserver: HTTPServer, connect: Connect, log: Told) -> None:
    serve(httpserver, incidents(row(1, made_sla="", priority="")))
    fetched(connect())
    assert log.warnings == []


def test_counting_tells_rows_and_requests(httpserver: HTTPServer, connect: Connect) -> None:
    instance = serve(httpserver, two_tables())
    source = connect(page_size=2, overlap=0, tables=["incident", "sc_req_item"])
    assert source.count(None, None) == Estimate(tickets=10, requests=6)
    assert source.count({"incident": at(5), "sc_req_item": at(104)}, None) == Estimate(tickets=2, requests=2)
    assert all(asked["sysparm_count"] == "true" for asked in instance.asked)


def test_counting_falls_back_to_the_header_where_the_aggregate_api_is_closed(
    httpserver: HTTPServer, connect: Connect
) -> None:
    instance = serve(httpserver, incidents(*(row(n) for n in range(1, 6))))
    httpserver.clear()
    httpserver.expect_request("/api/now/stats/incident").respond_with_data("{}", 403, content_type="application/json")
    httpserver.expect_request("/api/now/table/incident").respond_with_handler(instance)
    assert connect().count(None, None) == Estimate(tickets=5, requests=1)


@pytest.mark.parametrize(("status", "error"), [(401, AuthError), (501, Unavailable)])
def test_an_instance_that_cannot_be_used_at_all_is_not_asked_in_another_way(
    httpserver: HTTPServer, connect: Connect, status: int, error: type[Exception]
) -> None:
    httpserver.expect_request(re.compile(".*")).respond_with_data("{}", status, content_type="application/json")
    with pytest.raises(error):
        connect().count(None, None)
    assert len(httpserver.log) == 1


def test_tickets_are_fetched_by_key_in_chunks_from_whichever_table_holds_them(
    httpserver: HTTPServer, connect: Connect
) -> None:
    instance = serve(httpserver, two_tables())
    source = connect(tables=["incident", "sc_req_item"])
    keys = [sys_id(n) for n in (1, 104, 3, 3, 5000)] + ["row:0a^active=true"]
    rows = source.fetch_some(keys)
    assert [(row["_table"], row["sys_id"]) for row in rows] == [
        ("incident", sys_id(1)),
        ("incident", sys_id(3)),
        ("sc_req_item", sys_id(104)),
    ]
    instance.all_asked.clear()
    source.fetch_some([sys_id(n) for n in range(1000, 1120)])
    asked = [query["sysparm_query"].partition("^")[0].count(",") + 1 for query in instance.asked]
    assert asked == [50, 50, 20, 50, 50, 20]


def test_records_that_were_not_asked_for_are_refused(httpserver: HTTPServer, connect: Connect) -> None:
    instance = serve(httpserver, incidents(row(1), row(2)))
    instance.deaf = True
    with pytest.raises(Unavailable, match="not asked for"):
        connect().fetch_some([sys_id(2)])


def test_a_total_that_fails_to_come_stops_the_fetch(httpserver: HTTPServer, connect: Connect) -> None:
    def handler(request: Request) -> Response:
        return Response('{"result": {}}' if "stats" in request.path else '{"result": []}', mimetype="application/json")

    closed_deletions(httpserver)
    httpserver.expect_request("/api/now/table/incident").respond_with_handler(handler)
    httpserver.expect_request("/api/now/stats/incident").respond_with_handler(handler)
    with pytest.raises(Unavailable, match="without a count"):
        fetched(connect())
