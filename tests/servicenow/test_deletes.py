"""What was deleted at the vendor: told once, from the beginning on, and only where the log can be read."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests.servicenow.conftest import Connect
from tests.servicenow.support import Instance, RawRow, Told, fetched, ids, incidents, row, serve, stamp, sys_id
from xmo_hooks import Page, Unavailable, XmoError
from xmo_servicenow.deletes import DELETED
from xmo_servicenow.source import ServiceNow


def deletion(n: int, second: int, **columns: Any) -> RawRow:
    about = {"tablename": "incident", "documentkey": sys_id(n), "sys_created_on": stamp(second)}
    return {"sys_id": sys_id(80_000 + n), **about, **columns}


def world(*deletions: RawRow, tickets: int = 3) -> Instance:
    instance = incidents(*(row(n) for n in range(1, tickets + 1)))
    instance.tables[DELETED] = list(deletions)
    return instance


def deleted(pages: list[Page]) -> list[int]:
    return [int(key, 16) for page in pages for key in page.deleted]


def remove(instance: Instance, n: int, second: int) -> None:
    instance.tables["incident"] = [one for one in instance.tables["incident"] if one["sys_id"] != sys_id(n)]
    instance.tables[DELETED].append(deletion(n, second))


def test_what_was_deleted_before_the_first_run_is_not_read(httpserver: HTTPServer, connect: Connect) -> None:
    instance = serve(httpserver, world(*(deletion(n, n * 200) for n in range(10, 15))))
    pages = fetched(connect())
    assert deleted(pages) == []
    assert len(pages) == 1
    assert [args["sysparm_limit"] for args in instance.about(DELETED)] == ["1", "500"]


@pytest.mark.parametrize("before", [[], [deletion(10, 100)]], ids=["empty log", "older deletions"])
def test_what_is_deleted_afterwards_is_told_once(
    httpserver: HTTPServer, connect: Connect, before: list[RawRow]
) -> None:
    instance = serve(httpserver, world(*before))
    source = connect()
    cursor = fetched(source)[-1].cursor
    remove(instance, 2, 110)
    remove(instance, 3, 110)
    pages = fetched(source, cursor)
    assert deleted(pages) == [2, 3]
    again = fetched(source, pages[-1].cursor)
    assert (deleted(again), len(again)) == ([], 1)


def test_what_is_deleted_while_the_first_run_reads_is_told(httpserver: HTTPServer, connect: Connect) -> None:
    instance = serve(httpserver, world(deletion(10, 100), tickets=6))
    instance.between = [lambda: None, lambda: remove(instance, 1, 101)]
    assert deleted(fetched(connect(page_size=3))) == [1]


def test_a_deletion_that_became_visible_late_is_told(httpserver: HTTPServer, connect: Connect) -> None:
    instance = serve(httpserver, world(deletion(10, 400)))
    source = connect()
    cursor = fetched(source)[-1].cursor
    remove(instance, 2, 390)
    pages = fetched(source, cursor)
    assert deleted(pages) == [2]
    assert deleted(fetched(source, pages[-1].cursor)) == []


def test_a_run_without_deletions_is_one_request_more(httpserver: HTTPServer, connect: Connect) -> None:
    instance = serve(httpserver, world(deletion(10, 100)))
    source = connect()
    cursor = fetched(source)[-1].cursor
    instance.trace.clear()
    fetched(source, cursor)
    assert [table for table, _ in instance.trace] == ["incident", DELETED]


def test_pages_of_deletions_each_carry_their_cursor(httpserver: HTTPServer, connect: Connect) -> None:
    instance = serve(httpserver, world())
    source = connect(page_size=2, overlap=0)
    cursor = fetched(source)[-1].cursor
    instance.tables[DELETED] += [deletion(n, n) for n in range(100, 105)]
    pages = [page for page in fetched(source, cursor) if page.deleted]
    assert [len(page.deleted) for page in pages] == [2, 2, 1]
    assert [page.cursor[DELETED]["stamp"] for page in pages] == [stamp(101), stamp(103), stamp(104)]
    assert deleted(fetched(source, pages[0].cursor)) == [102, 103, 104]


def test_a_source_that_was_read_before_it_knew_of_deletions_reads_all_of_them(
    httpserver: HTTPServer, connect: Connect
) -> None:
    serve(httpserver, world(*(deletion(n, n) for n in range(100, 104))))
    cursor = {"incident": {"stamp": stamp(3), "sys_id": sys_id(3)}}
    assert deleted(fetched(connect(), cursor)) == [100, 101, 102, 103]


def test_a_ticket_that_was_restored_is_not_told(httpserver: HTTPServer, connect: Connect) -> None:
    instance = serve(httpserver, world())
    source = connect()
    cursor = fetched(source)[-1].cursor
    instance.tables[DELETED] += [deletion(2, 100), deletion(77, 100)]
    assert deleted(fetched(source, cursor)) == [77]


def test_only_deletions_from_our_tables_are_read(httpserver: HTTPServer, connect: Connect) -> None:
    instance = serve(httpserver, world())
    source = connect()
    cursor = fetched(source)[-1].cursor
    instance.tables[DELETED] += [deletion(100, 100, tablename="sys_email"), deletion(101, 100), deletion(102, 100)]
    del instance.tables[DELETED][-1]["documentkey"]
    assert deleted(fetched(source, cursor)) == [101]


def test_of_all_tasks_the_known_classes_are_read(httpserver: HTTPServer, connect: Connect) -> None:
    instance = world()
    instance.tables["task"] = []
    serve(httpserver, instance)
    fetched(connect(tables=[{"name": "task", "kind": "task"}]))
    assert "tablenameINchange_request,incident,problem," in instance.about(DELETED)[0]["sysparm_query"]


def closed(instance: Instance) -> None:
    del instance.tables[DELETED]


def hidden(instance: Instance) -> None:
    instance.hidden = {one["sys_id"] for one in instance.tables[DELETED]}


@pytest.mark.parametrize("how", [closed, hidden])
@pytest.mark.parametrize("cursor", [None, {"incident": {"stamp": stamp(3), "sys_id": sys_id(3)}}])
def test_a_log_that_cannot_be_read_is_said_once_a_run_and_stops_nothing(
    httpserver: HTTPServer, connect: Connect, log: Told, how: Any, cursor: object
) -> None:
    instance = world(*(deletion(n, n) for n in range(100, 120)))
    how(instance)
    serve(httpserver, instance)
    pages = fetched(connect(page_size=2), cursor)
    assert DELETED not in pages[-1].cursor
    assert [event for event, _ in log.infos] == ["deletions cannot be read"]
    assert (log.warnings, len(instance.about(DELETED)) + instance.refused.count(DELETED)) == ([], 1)


def test_a_log_that_is_opened_later_is_read_from_then_on(httpserver: HTTPServer, connect: Connect) -> None:
    instance = world()
    closed(instance)
    serve(httpserver, instance)
    source = connect()
    cursor = fetched(source)[-1].cursor
    instance.tables[DELETED] = [deletion(100, 100)]
    assert deleted(fetched(source, cursor)) == [100]


def test_what_was_deleted_since_the_last_run_is_told_though_all_tickets_are_read_again(
    httpserver: HTTPServer, connect: Connect
) -> None:
    instance = serve(httpserver, world(deletion(10, 100), tickets=7))
    source = connect(page_size=3, overlap=0)
    cursor = fetched(source)[-1].cursor
    remove(instance, 2, 110)
    pages = fetched(source, source.restart(cursor))
    assert (ids(pages), deleted(pages)) == ([1, 3, 4, 5, 6, 7], [2])
    assert deleted(fetched(source, pages[-1].cursor)) == []
    assert deleted(fetched(source, pages[0].cursor)) == [2]  # as after a run that was killed


@pytest.mark.parametrize("opened", [False, True])
def test_a_log_that_was_closed_when_the_last_run_read_is_read_whole(
    httpserver: HTTPServer, connect: Connect, opened: bool
) -> None:
    instance = world()
    closed(instance)
    serve(httpserver, instance)
    source = connect()
    cursor = fetched(source)[-1].cursor
    if opened:
        instance.tables[DELETED] = [deletion(n, n) for n in (100, 101)]
    pages = fetched(source, source.restart(cursor))
    assert (ids(pages), deleted(pages)) == ([1, 2, 3], [100, 101] if opened else [])


@pytest.mark.parametrize("cursor", [None, 7, "text", {}, {"updated": 5}, {DELETED: 7}, {DELETED: {"stamp": "soon"}}])
def test_reading_all_tickets_again_needs_no_cursor_of_ours(
    httpserver: HTTPServer, connect: Connect, cursor: object
) -> None:
    serve(httpserver, world())
    source = connect()
    assert ids(fetched(source, source.restart(cursor))) == [1, 2, 3]


def test_since_bounds_no_deletion(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, world(deletion(100, 100)))
    source: ServiceNow = connect()
    pages = list(source.fetch(None, datetime(2026, 1, 1, tzinfo=UTC)))
    assert deleted(pages) == []


def test_trouble_with_the_log_stops_the_fetch_and_a_foreign_cursor_is_refused(
    httpserver: HTTPServer, connect: Connect
) -> None:
    serve(httpserver, world())
    with pytest.raises(XmoError, match=f"cursor of table {DELETED}"):
        fetched(connect(), {DELETED: 7, "incident": {"stamp": stamp(3), "sys_id": sys_id(3)}})
    httpserver.clear()
    httpserver.expect_request(f"/api/now/table/{DELETED}").respond_with_data("{}", 503)
    serve(httpserver, world())
    with pytest.raises(Unavailable):
        fetched(connect())
