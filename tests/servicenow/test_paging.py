"""Walking through a table: whatever the vendor hides, breaks or changes meanwhile, each row comes."""

import re
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer

from tests.servicenow.conftest import Connect
from tests.servicenow.support import fetched, ids, incidents, row, serve, stamp, sys_id
from xmo_hooks import Unavailable
from xmo_servicenow import keyset
from xmo_servicenow.client import Batch
from xmo_servicenow.walk import Pace, walk


def nothing() -> None:
    """Happens between two requests before the pages begin: the first look, and the two at the newest stamp."""


def test_every_row_comes_once_and_in_the_order_of_change(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, incidents(*(row(n, 30 - n) for n in range(1, 8))))
    assert ids(fetched(connect(page_size=3))) == [7, 6, 5, 4, 3, 2, 1]


def test_ties_on_one_second_cross_the_borders_of_pages(httpserver: HTTPServer, connect: Connect) -> None:
    instance = serve(httpserver, incidents(*(row(n, 5) for n in range(1, 12))))
    assert ids(fetched(connect(page_size=3))) == list(range(1, 12))
    assert {request["sysparm_offset"] for request in instance.asked} == {"0"}


def test_a_thousand_rows_of_one_second_come_over_three_pages_each_once(
    httpserver: HTTPServer, connect: Connect
) -> None:
    serve(httpserver, incidents(*(row(n, 5) for n in range(1, 1001))))
    source = connect(page_size=400)
    pages = fetched(source)
    assert [len(page.rows) for page in pages] == [400, 400, 200]
    assert ids(pages) == list(range(1, 1001))
    assert {*ids(pages[:1]), *ids(fetched(source, pages[0].cursor))} == {*range(1, 1001)}


def test_the_number_of_requests_grows_with_pages_only(httpserver: HTTPServer, connect: Connect) -> None:
    instance = serve(httpserver, incidents(*(row(n) for n in range(1, 41))))
    fetched(connect(page_size=20))
    assert len(instance.all_asked) == 2 + 3
    instance.all_asked.clear()
    fetched(connect(page_size=10))
    assert len(instance.all_asked) == 4 + 3


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
    instance.between = [*[nothing] * 3, lambda: instance.change(2, 50), lambda: instance.change(5, 51)]
    pages = fetched(connect(page_size=3))
    assert set(ids(pages)) == set(range(1, 10))
    last_seen = {row["sys_id"]: row["sys_updated_on"] for page in pages for row in page.rows}
    assert (last_seen[sys_id(2)], last_seen[sys_id(5)]) == (stamp(50), stamp(51))


def test_a_hidden_row_that_changes_does_not_push_a_visible_one_over_the_border(
    httpserver: HTTPServer, connect: Connect
) -> None:
    instance = serve(httpserver, incidents(*(row(n) for n in range(1, 41))))
    instance.hidden = {sys_id(n) for n in range(1, 21)}
    instance.between = [*[nothing] * 3, lambda: instance.change(1, 90)]
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
    assert len(instance.asked) == 3


def test_a_row_from_before_the_bound_stops_the_fetch_and_says_what_it_means(
    httpserver: HTTPServer, connect: Connect
) -> None:
    instance = serve(httpserver, incidents(*(row(n) for n in range(1, 4))))
    instance.deaf = True
    source = connect()
    with pytest.raises(Unavailable, match=r"changed at 2026-01-01 00:00:01.*time zone of the API user") as caught:
        fetched(source, {"incident": {"stamp": stamp(600), "sys_id": sys_id(1)}})
    assert "GMT" in caught.value.hint


def test_a_page_from_before_its_anchor_stops_the_fetch(httpserver: HTTPServer, connect: Connect) -> None:
    instance = serve(httpserver, incidents(*(row(n) for n in range(1, 9))))
    instance.deaf = True
    with pytest.raises(Unavailable, match=r"changed at 2026-01-01 00:00:01, though only rows from 2026-01-01 00:00:03"):
        fetched(connect(page_size=3))


def test_a_proxy_that_strips_the_total_costs_one_count_for_a_short_page(
    httpserver: HTTPServer, connect: Connect
) -> None:
    instance = serve(httpserver, incidents(*(row(n) for n in range(1, 8))))
    instance.counted, instance.hidden = False, {sys_id(n) for n in (4, 5, 6)}
    assert ids(fetched(connect(page_size=3))) == [1, 2, 3, 7]
    counts = [request for request in instance.asked if "sysparm_count" in request]
    assert len(counts) == 4


def test_what_changes_during_a_run_does_not_carry_the_cursor_with_it(httpserver: HTTPServer, connect: Connect) -> None:
    instance = serve(httpserver, incidents(*(row(n) for n in range(1, 10))))
    instance.between = [*[nothing] * 3, lambda: instance.change(2, 900)]
    pages = fetched(connect(page_size=3))
    assert pages[-1].cursor == {"incident": {"stamp": stamp(9), "sys_id": sys_id(9)}}


def test_one_page_is_one_instant_and_its_cursor_is_its_last_row(httpserver: HTTPServer, connect: Connect) -> None:
    instance = serve(httpserver, incidents(row(1), row(2, 900)))
    (page,) = fetched(connect())
    assert page.cursor["incident"]["stamp"] == stamp(900)
    assert len(instance.all_asked) == 1


class Vendor:
    """A table in which rows change while it is read.

    Each request takes `pause` seconds. A change is (row, delay, torn): the row gets the stamp of that moment and is
    seen `delay` seconds later; torn, the page that is just being sent shows it with its new stamp in its old place.
    """

    def __init__(self, stamps: list[int], hidden: set[int], broken: set[int], pause: int) -> None:
        self.versions = [[(at, 0)] for at in stamps]
        self.hidden, self.broken, self.pause = hidden, broken, pause
        self.now = 100
        self.changes: list[tuple[int, int, bool]] = []

    def seen(self) -> list[tuple[int, int]]:
        """Stamp and number of each row as it is visible now."""
        return sorted(
            (max(at for at, from_ in versions if from_ <= self.now), n) for n, versions in enumerate(self.versions)
        )

    def fetch(self, where: str, offset: int, limit: int) -> Batch:
        self.now += self.pause
        found = [(at, n) for at, n in self.seen() if _is_asked_for(where, at, n)]
        page = found[offset : offset + limit]
        if self.changes and self.versions:
            n, delay, torn = self.changes.pop()
            n = page[-1][1] if torn and page else n % len(self.versions)
            self.versions[n].append((self.now, self.now if torn else self.now + delay))
            page = [(self.now if torn and number == n else at, number) for at, number in page]
        rows = [self.row(at, n) for at, n in page if n not in self.hidden]
        return Batch(rows=rows, limit=limit, total=len(found))

    def row(self, at: int, n: int) -> dict[str, str]:
        return {"sys_id": sys_id(n), "sys_updated_on": "?" if n in self.broken else moment_of(at), "at": str(at)}

    def horizon(self) -> str:
        self.now += self.pause
        shown = [moment_of(at) for at, n in self.seen() if n not in self.hidden | self.broken]
        return max(shown, default=keyset.NEVER)


@cache
def moment_of(second: int) -> str:
    return keyset.stamp_of(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=second))


def _is_asked_for(where: str, at: int, n: int) -> bool:
    if found := re.fullmatch(r"sys_updated_on>(.{19})\^NQ.*sys_id>(\w+)", where):
        return (moment_of(at), sys_id(n)) > (found[1], found[2])
    return not where or moment_of(at) >= where.removeprefix("sys_updated_on>=")


@settings(max_examples=300, deadline=None)
@given(
    stamps=st.lists(st.integers(0, 12), max_size=40),
    hidden=st.sets(st.integers(0, 39), max_size=20),
    broken=st.sets(st.integers(0, 39), max_size=10),
    changes=st.lists(st.tuples(st.integers(0, 39), st.integers(0, 60), st.booleans()), max_size=12),
    size=st.integers(4, 12),
    pause=st.sampled_from([0, 1, 7, 70, 700]),
)
def test_whatever_is_hidden_broken_tied_torn_or_late_each_visible_row_comes_as_it_is_in_the_end(
    stamps: list[int],
    hidden: set[int],
    broken: set[int],
    changes: list[tuple[int, int, bool]],
    size: int,
    pause: int,
) -> None:
    vendor = Vendor(stamps, hidden, broken, pause)
    vendor.changes = changes
    came: set[tuple[str, str]] = set()
    reached = None
    for _ in range(2):
        bound = keyset.bound(reached, None, timedelta(seconds=120))
        for rows, position in walk(vendor.fetch, vendor.horizon, Pace(size), bound):
            came |= {(row["sys_id"], row["at"]) for row in rows}
            reached = keyset.forward(reached, position)
        vendor.changes = []
        vendor.now += 60
    visible = [(sys_id(n), str(at)) for at, n in vendor.seen() if n not in hidden]
    assert [one for one in visible if one not in came] == []
