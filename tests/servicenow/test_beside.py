"""What other tables tell about the tickets of a page: read in bulk, joined into the raw rows, and never in the way."""

from typing import Any

import orjson
import pytest
from pytest_httpserver import HTTPServer

from tests.servicenow.conftest import Connect
from tests.servicenow.support import Instance, RawRow, Told, fetched, incidents, row, serve, stamp, sys_id, ticket_of
from tests.servicenow.test_surveys import result
from xmo_hooks import Estimate, Forbidden, Touchpoint, Unavailable
from xmo_servicenow.deletes import DELETED
from xmo_servicenow.surveys import RESULTS

MARKER = "xmo:0123456789abcdef"
ALL = {"sla": True, "touchpoints": True}
BESIDE = ("task_sla", "sys_audit", "sys_journal_field")


def sla(n: int, second: int = 5, **columns: Any) -> RawRow:
    about = {"sys_id": sys_id(n + 20_000 + second), "sys_created_on": stamp(second), "task": sys_id(n)}
    what = {"stage": "completed", "has_breached": "true", "planned_end_time": stamp(900)}
    return {**about, **what, "sla.type": "SLA", "sla.target": "resolution", "sla.name": "P3", **columns}


def change(n: int, second: int = 5, **columns: Any) -> RawRow:
    about = {"sys_id": sys_id(n + 30_000 + second), "sys_created_on": stamp(second), "documentkey": sys_id(n)}
    what = {"fieldname": "assignment_group", "oldvalue": "g1", "newvalue": "g2", "user": "agent.7"}
    return {**about, **what, **columns}


def comment(n: int, second: int = 5, **columns: Any) -> RawRow:
    about = {"sys_id": sys_id(n + 40_000 + second), "sys_created_on": stamp(second), "element_id": sys_id(n)}
    return {**about, "element": "comments", "value": "It works.", "sys_created_by": "agent.7", **columns}


def world(count: int, *more: tuple[str, RawRow]) -> Instance:
    instance = incidents(*(row(n, None, **{"caller_id.user_name": f"caller.{n}"}) for n in range(1, count + 1)))
    instance.tables |= {table: [] for table in BESIDE}
    for table, one in more:
        instance.tables[table].append(one)
    return instance


def test_what_stands_beside_a_ticket_is_joined_into_its_row(httpserver: HTTPServer, connect: Connect) -> None:
    more = [("task_sla", sla(2)), ("sys_audit", change(2)), ("sys_journal_field", comment(2))]
    serve(httpserver, world(3, *more))
    source = connect(**ALL)
    (page,) = fetched(source)
    first, second, _ = page.rows
    assert (first["_sla"], first["_history"]) == ([], {"audit": [], "comments": []})
    assert (len(second["_sla"]), len(second["_history"]["audit"]), len(second["_history"]["comments"])) == (1, 1, 1)
    assert [ticket_of(source, one).sla_met for one in page.rows] == [None, False, None]
    whats = {one.what for one in source.parse(second) if isinstance(one, Touchpoint)}
    assert whats == {"contact", "resolved", "handoff", "response"}


def test_a_row_stays_what_it_was_through_quarantine(httpserver: HTTPServer, connect: Connect) -> None:
    more = [("task_sla", sla(1)), ("sys_audit", change(1)), ("sys_journal_field", comment(1))]
    serve(httpserver, world(1, *more))
    source = connect(**ALL)
    (page,) = fetched(source)
    held = orjson.loads(orjson.dumps(dict(page.rows[0])))
    assert list(source.parse(held)) == list(source.parse(page.rows[0]))
    (again,) = source.fetch_some([sys_id(1)])
    assert list(source.parse(again)) == list(source.parse(page.rows[0]))


def test_of_a_comment_no_text_is_kept(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, world(1, ("sys_journal_field", comment(1, value="my password is hunter2"))))
    (page,) = fetched(connect(touchpoints=True))
    assert "hunter2" not in str(page.rows)
    assert "comments" in page.rows[0]["_history"]


def test_of_who_served_no_name_is_kept(httpserver: HTTPServer, connect: Connect) -> None:
    more = [("sys_audit", change(1)), ("sys_audit", change(1, 6, user="system"))]
    words = [("sys_journal_field", comment(1)), ("sys_journal_field", comment(1, 7, sys_created_by="caller.1"))]
    serve(httpserver, world(1, *more, *words))
    (page,) = fetched(connect(touchpoints=True))
    history = page.rows[0]["_history"]
    assert "agent.7" not in str(history)
    assert [one["side"] for one in history["audit"]] == ["desk", "machine"]
    assert [one["side"] for one in history["comments"]] == ["desk", "requester"]


@pytest.mark.parametrize("text", [f"How was it? [{MARKER}]", f"[{MARKER}]", f"https://x.example/a\n{MARKER}."])
def test_what_xmo_wrote_is_no_event(httpserver: HTTPServer, connect: Connect, text: str) -> None:
    serve(httpserver, world(1, ("sys_journal_field", comment(1, value=text)), ("sys_journal_field", comment(1, 9))))
    source = connect(touchpoints=True)
    (page,) = fetched(source)
    said = [one for one in source.parse(page.rows[0]) if isinstance(one, Touchpoint) and one.what == "response"]
    assert [one.at.second for one in said] == [9]


def test_a_requester_who_answers_by_mail_and_quotes_our_question_speaks(
    httpserver: HTTPServer, connect: Connect
) -> None:
    quoted = comment(1, value=f"Fine!\n> How was it?\n> [{MARKER}]", sys_created_by="caller.1")
    serve(httpserver, world(1, ("sys_journal_field", quoted)))
    source = connect(touchpoints=True)
    (page,) = fetched(source)
    said = [one for one in source.parse(page.rows[0]) if isinstance(one, Touchpoint) and one.key == quoted["sys_id"]]
    assert [(one.what, one.side) for one in said] == [("contact", "requester")]


def test_of_what_is_joined_nothing_is_kept_that_was_not_asked_for(httpserver: HTTPServer, connect: Connect) -> None:
    more: RawRow = {"sys_updated_by": "agent.7", "opened_by.name": "Agent Seven", "comments": "my password is hunter2"}
    joined = [("task_sla", sla(1, **more)), ("sys_audit", change(1, **more)), ("sys_journal_field", comment(1, **more))]
    serve(httpserver, world(1, *joined)).verbose = True
    (page,) = fetched(connect(**ALL))
    told = str(page.rows)
    assert [word for word in ("agent.7", "Agent Seven", "hunter2") if word in told] == []


@pytest.mark.parametrize("text", ["xmo:0123456789abcde", "xmo:0123456789abcdefg", "xmo is nice"])
def test_what_only_looks_like_ours_counts(httpserver: HTTPServer, connect: Connect, text: str) -> None:
    serve(httpserver, world(1, ("sys_journal_field", comment(1, value=text))))
    (page,) = fetched(connect(touchpoints=True))
    assert len(page.rows[0]["_history"]["comments"]) == 1


def test_internal_notes_and_columns_that_nobody_watches_do_not_count_though_they_come(
    httpserver: HTTPServer, connect: Connect
) -> None:
    note, other = comment(1, element="work_notes"), change(1, fieldname="u_mood")
    instance = serve(httpserver, world(1, ("sys_journal_field", note), ("sys_audit", other)))
    instance.deaf = True  # conditions are dropped
    (page,) = fetched(connect(touchpoints=True))
    assert page.rows[0]["_history"] == {"audit": [], "comments": []}


def test_the_number_of_requests_grows_with_pages_only(httpserver: HTTPServer, connect: Connect) -> None:
    asked = []
    for count in (1, 10, 100):
        instance = world(count, *(("sys_audit", change(n, s)) for n in range(1, count + 1) for s in range(3)))
        httpserver.clear()
        serve(httpserver, instance)
        fetched(connect(page_size=100, **ALL))
        asked.append({table: len(instance.about(table)) for table in BESIDE})
    assert asked == [dict.fromkeys(BESIDE, 1)] * 3


def test_with_all_that_can_be_read_the_number_of_requests_grows_with_pages_only(
    httpserver: HTTPServer, connect: Connect
) -> None:
    asked = {}
    for count in (110, 200, 210, 300):
        numbers = range(1, count + 1)
        more = [("task_sla", sla(n)) for n in numbers]
        more += [("sys_audit", change(n, second)) for n in numbers for second in range(3)]
        more += [("sys_journal_field", comment(n, second)) for n in numbers for second in range(3)]
        instance = world(count, *more)
        instance.tables[RESULTS] = [result(n, n) for n in numbers]
        instance.tables[DELETED] = []
        httpserver.clear()
        serve(httpserver, instance)
        fetched(connect(page_size=100, surveys=True, **ALL))
        asked[count] = len(instance.all_asked)
    assert asked[110] == asked[200]
    assert asked[210] == asked[300] == asked[200] + 1 + len(BESIDE) + 1


def test_a_large_page_is_asked_about_in_chunks_whose_address_stays_short(
    httpserver: HTTPServer, connect: Connect
) -> None:
    keys = [f"hand-made-{n:03}-".ljust(64, "x") for n in range(250)]
    instance = incidents(*(row(1, sys_id=key) for key in keys))
    instance.tables |= {table: [] for table in BESIDE}
    serve(httpserver, instance)
    fetched(connect(page_size=500, **ALL))
    assert {table: len(instance.about(table)) for table in BESIDE} == dict.fromkeys(BESIDE, 3)
    assert all(len(request.url) < 8000 for request, _ in httpserver.log)
    among = [args["sysparm_query"].partition("IN")[2].partition("^")[0] for args in instance.about("sys_audit")]
    assert [key for chunk in among for key in chunk.split(",")] == sorted(keys)


def test_a_long_history_is_read_to_its_end(httpserver: HTTPServer, connect: Connect) -> None:
    changes = [("sys_audit", change(1, n % 3600, sys_id=sys_id(50_000 + n))) for n in range(2345)]
    instance = serve(httpserver, world(1, *changes))
    (page,) = fetched(connect(touchpoints=True))
    assert len(page.rows[0]["_history"]["audit"]) == 2345
    assert [args["sysparm_offset"] for args in instance.about("sys_audit")] == ["0", "1000", "2000"]


def test_without_the_options_nothing_else_is_read(httpserver: HTTPServer, connect: Connect) -> None:
    instance = serve(httpserver, world(3))
    (page,) = fetched(connect())
    assert {table for table, _ in instance.trace} == {"incident"}
    assert not {"_sla", "_history", "caller_id.user_name"} & set(page.rows[0])


def test_a_table_that_is_closed_is_warned_about_once_and_left_out(
    httpserver: HTTPServer, connect: Connect, log: Told
) -> None:
    instance = world(6, ("sys_journal_field", comment(1)))
    del instance.tables["sys_audit"], instance.tables["task_sla"]
    serve(httpserver, instance)
    source = connect(page_size=2, **ALL)
    pages = fetched(source)
    assert [instance.refused.count(table) for table in BESIDE] == [1, 1, 0]
    assert [(event, facts["table"]) for event, facts in log.warnings] == [
        ("table cannot be read", "task_sla"),
        ("table cannot be read", "sys_audit"),
    ]
    first = pages[0].rows[0]
    assert ("_sla" in first, list(first["_history"])) == (False, ["comments"])
    assert ticket_of(source, first).sla_met is True


def test_rows_that_are_hidden_and_columns_that_never_come_are_warned_about_once(
    httpserver: HTTPServer, connect: Connect, log: Told
) -> None:
    secret = comment(1, 7)
    instance = world(4, ("sys_journal_field", secret), ("sys_journal_field", comment(3, 9)))
    instance.hidden = {secret["sys_id"]}
    del instance.tables["sys_journal_field"][1]["value"]
    serve(httpserver, instance)
    pages = fetched(connect(page_size=2, touchpoints=True))
    assert log.warnings == [
        ("rows hidden", {"table": "sys_journal_field"}),
        ("field missing", {"table": "sys_journal_field", "columns": "value"}),
    ]
    assert [one["_history"]["comments"] for page in pages for one in page.rows] == [[], [], [], []]


def test_rows_that_were_not_asked_for_are_refused(httpserver: HTTPServer, connect: Connect) -> None:
    instance = serve(httpserver, world(1, ("sys_audit", change(77))))
    instance.deaf = True
    with pytest.raises(Unavailable, match="sys_audit that were not asked for"):
        fetched(connect(touchpoints=True))


def test_trouble_beside_the_tickets_stops_the_fetch_as_any_trouble_does(
    httpserver: HTTPServer, connect: Connect
) -> None:
    httpserver.expect_request("/api/now/table/task_sla").respond_with_data("{}", 503)
    serve(httpserver, world(1))
    with pytest.raises(Unavailable):
        fetched(connect(sla=True))


def test_an_estimate_counts_the_requests_beside_the_tickets(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, world(250))
    assert connect(page_size=500).count(None, None) == Estimate(tickets=250, requests=1)
    assert connect(page_size=500, **ALL).count(None, None) == Estimate(tickets=250, requests=1 + 3 * 3)


def test_a_closed_table_of_tickets_is_still_an_error(httpserver: HTTPServer, connect: Connect) -> None:
    instance = world(1)
    del instance.tables["incident"]
    serve(httpserver, instance)
    with pytest.raises(Forbidden):
        fetched(connect(**ALL))
