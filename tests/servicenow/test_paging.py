"""Walking through a table: whatever the vendor hides, breaks or changes meanwhile, each row comes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer

from tests.servicenow.conftest import Connect
from tests.servicenow.support import fetched, ids, incidents, row, serve, stamp, sys_id
from xmo_hooks import Unavailable
from xmo_servicenow.client import Batch
from xmo_servicenow.walk import Pace, walk


def test_every_row_comes_once_and_in_the_order_of_change(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, incidents(*(row(n, 30 - n) for n in range(1, 8))))
    assert ids(fetched(connect(page_size=3))) == [7, 6, 5, 4, 3, 2, 1]


def test_ties_on_one_second_cross_the_borders_of_pages(httpserver: HTTPServer, connect: Connect) -> None:
    instance = serve(httpserver, incidents(*(row(n, 5) for n in range(1, 12))))
    assert ids(fetched(connect(page_size=3))) == list(range(1, 12))
    assert {request["sysparm_offset"] for request in instance.asked} == {"0"}


def test_the_number_of_requests_grows_with_pages_only(httpserver: HTTPServer, connect: Connect) -> None:
    instance = serve(httpserver, incidents(*(row(n) for n in range(1, 41))))
    fetched(connect(page_size=20))
    assert len(instance.asked) == 2
    instance.asked.clear()
    fetched(connect(page_size=10))
    assert len(instance.asked) == 4


def test_a_page_that_an_acl_has_shortened_is_not_taken_for_the_last(httpserver: HTTPServer, connect: Connect) -> None:
    instance = serve(httpserver, incidents(*(row(n) for n in range(1, 10))))
    instance.hidden = {sys_id(n) for n in (2, 3, 6, 9)}
    assert ids(fetched(connect(page_size=3))) == [1, 4, 5, 7, 8]


def test_pages_that_are_hidden_altogether_are_walked_over(httpserver: HTTPServer, connect: Connect) -> None:
    instance = serve(httpserver, incidents(*(row(n) for n in range(1, 13))))
    instance.hidden = {sys_id(n) for n in range(2, 12)}
    pages = fetched(connect(page_size=3))
    assert ids(pages) == [1, 12]
    assert pages[-1].cursor == {"incident": {"stamp": stamp(12), "sys_id": sys_id(12)}}


def test_a_table_that_is_hidden_altogether_ends(httpserver: HTTPServer, connect: Connect) -> None:
    instance = serve(httpserver, incidents(*(row(n) for n in range(1, 8))))
    instance.hidden = {sys_id(n) for n in range(1, 8)}
    assert ids(fetched(connect(page_size=3))) == []


def test_an_empty_table_is_one_request(httpserver: HTTPServer, connect: Connect) -> None:
    instance = serve(httpserver, incidents())
    (page,) = fetched(connect())
    assert (page.rows, page.cursor, len(instance.asked)) == ([], {}, 1)


def test_a_row_that_changes_between_pages_is_not_lost_and_pushes_none_out(
    httpserver: HTTPServer, connect: Connect
) -> None:
    instance = serve(httpserver, incidents(*(row(n) for n in range(1, 10))))
    instance.between = [lambda: instance.change(2, 50), lambda: instance.change(5, 51)]
    pages = fetched(connect(page_size=3))
    assert set(ids(pages)) == set(range(1, 10))
    last_seen = {row["sys_id"]: row["sys_updated_on"] for page in pages for row in page.rows}
    assert (last_seen[sys_id(2)], last_seen[sys_id(5)]) == (stamp(50), stamp(51))


def test_a_hidden_row_that_changes_does_not_push_a_visible_one_over_the_border(
    httpserver: HTTPServer, connect: Connect
) -> None:
    instance = serve(httpserver, incidents(*(row(n) for n in range(1, 41))))
    instance.hidden = {sys_id(n) for n in range(1, 21)}
    instance.between = [lambda: instance.change(1, 90)]
    assert ids(fetched(connect(page_size=20))) == list(range(21, 41))


def test_a_row_with_a_broken_stamp_is_yielded_and_the_cursor_stands_before_it(
    httpserver: HTTPServer, connect: Connect
) -> None:
    instance = serve(httpserver, incidents(*(row(n) for n in range(1, 6))))
    instance.shown = {sys_id(5): "yesterday", sys_id(3): "2026-13-41 00:00:03"}
    pages = fetched(connect(page_size=3))
    assert set(ids(pages)) == {1, 2, 3, 4, 5}
    assert pages[-1].cursor["incident"]["stamp"] == stamp(4)


def test_a_page_of_broken_stamps_alone_is_walked_over(httpserver: HTTPServer, connect: Connect) -> None:
    instance = serve(httpserver, incidents(*(row(n) for n in range(1, 11))))
    instance.shown = {sys_id(n): "" for n in range(2, 9)}
    pages = fetched(connect(page_size=3))
    assert set(ids(pages)) == set(range(1, 11))
    assert pages[-1].cursor["incident"]["stamp"] == stamp(10)


def test_an_instance_that_ignores_the_keyset_is_not_asked_for_ever(httpserver: HTTPServer, connect: Connect) -> None:
    instance = serve(httpserver, incidents(*(row(n, 5) for n in range(1, 12))))
    instance.deaf = True
    with pytest.raises(Unavailable, match="do not advance"):
        fetched(connect(page_size=3))
    assert len(instance.asked) == 2


def test_a_row_from_before_the_bound_stops_the_fetch_and_says_what_it_means(
    httpserver: HTTPServer, connect: Connect
) -> None:
    instance = serve(httpserver, incidents(*(row(n) for n in range(1, 4))))
    instance.deaf = True
    source = connect()
    with pytest.raises(Unavailable, match=r"changed at 2026-01-01 00:00:01.*time zone of the API user") as caught:
        fetched(source, {"incident": {"stamp": stamp(600), "sys_id": sys_id(1)}})
    assert "GMT" in caught.value.hint


def test_a_proxy_that_strips_the_total_costs_one_count_for_a_short_page(
    httpserver: HTTPServer, connect: Connect
) -> None:
    instance = serve(httpserver, incidents(*(row(n) for n in range(1, 8))))
    instance.counted, instance.hidden = False, {sys_id(n) for n in (4, 5, 6)}
    assert ids(fetched(connect(page_size=3))) == [1, 2, 3, 7]
    assert len([request for request in instance.asked if "sysparm_count" in request]) == 2


@given(
    seconds=st.lists(st.integers(0, 6), max_size=40),
    hidden=st.sets(st.integers(0, 39)),
    broken=st.sets(st.integers(0, 39)),
    size=st.integers(1, 12),
)
def test_whatever_is_hidden_broken_or_tied_each_visible_row_comes(
    seconds: list[int], hidden: set[int], broken: set[int], size: int
) -> None:
    rows = sorted(
        (row(n, second) for n, second in enumerate(seconds)), key=lambda r: (r["sys_updated_on"], r["sys_id"])
    )
    visible = {sys_id(n) for n in range(len(seconds)) if n not in hidden}

    def fetch(where: str, limit: int, offset: int) -> Batch:
        found = [one for one in rows if _is_behind(where, one)]
        page = [one for one in found[offset : offset + limit] if one["sys_id"] in visible]
        shown = [{**one, "sys_updated_on": "?"} if int(one["sys_id"], 16) in broken else one for one in page]
        return Batch(rows=shown, limit=limit, total=len(found))

    came = [one["sys_id"] for page, _ in walk(fetch, Pace(size), None) for one in page]
    assert set(came) == visible


def _is_behind(where: str, one: dict[str, str]) -> bool:
    found = re.fullmatch(r"sys_updated_on>(.{19})\^NQ.*sys_id>(\w+)", where)
    return not found or (one["sys_updated_on"], one["sys_id"]) > (found[1], found[2])
