"""Walking through all tickets: whatever changes, ties or hides meanwhile, each one comes."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer

from tests.jira.conftest import Connect
from tests.jira.support import START, Model, Raw, Told, fetched, ids, issue, model, reply, serve, versions
from xmo_hooks import Unavailable
from xmo_jira.walk import Walk, stamp

BOTH = pytest.mark.parametrize("cloud", [True, False], ids=["cloud", "server"])


@BOTH
@pytest.mark.parametrize("size", [100, 400])
def test_a_thousand_tickets_of_one_second_cross_the_borders_of_pages(
    httpserver: HTTPServer, connect: Connect, cloud: bool, size: int
) -> None:
    tickets = [issue(n, 60 * (n > 0) + 0.5 * (n > 1000)) for n in range(1002)]
    site = serve(httpserver, model(*tickets, cloud=cloud, coarse=True))
    pages = fetched(connect(page_size=size, overlap=0))
    assert sorted(ids(pages)) == list(range(1002))
    assert len(versions(pages)) == len(set(versions(pages)))
    assert 3 <= len(site.searches()) <= 3 + 1000 // size


@BOTH
def test_a_ticket_that_changes_between_pages_is_not_lost_and_pushes_none_out(
    httpserver: HTTPServer, connect: Connect, cloud: bool
) -> None:
    site = serve(httpserver, model(*(issue(n, n) for n in range(1, 31)), cloud=cloud))

    def first_page_moves() -> None:
        for n in range(1, 8):
            site.change(n, 90 + n)

    looks = [] if cloud else [lambda: None, lambda: None]  # those at the newest ticket
    site.between = [
        *looks,
        first_page_moves,
        lambda: site.change(12, 200),
    ]
    pages = fetched(connect(page_size=10))
    assert set(ids(pages)) == set(range(1, 31))
    last = dict(versions(pages))
    assert all(last[str(10_000 + n)] == site.issues[str(10_000 + n)]["fields"]["updated"] for n in range(1, 31))


@dataclass(frozen=True)
class Case:
    """Seconds of tickets, how many make a page, and who changes after which page."""

    cloud: bool
    seconds: list[int]
    size: int
    changes: list[list[int]]
    coarse: bool
    late: bool
    zone: str


cases = st.builds(
    Case,
    cloud=st.booleans(),
    seconds=st.lists(st.sampled_from([*range(0, 240, 7), 61, 62, 3600, 7200, 7201]), min_size=1, max_size=40),
    size=st.integers(2, 9),
    changes=st.lists(st.lists(st.integers(0, 39), max_size=6), max_size=8),
    coarse=st.booleans(),
    late=st.booleans(),
    zone=st.sampled_from(["Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata", "Pacific/Kiritimati"]),
)


def begun(httpserver: HTTPServer, case: Case) -> Model:
    tickets = [issue(n, second + n / 1000) for n, second in enumerate(case.seconds)]
    zones = {"zone": case.zone, "named_zone": case.zone, "late": case.late}
    site = model(*tickets, cloud=case.cloud, coarse=case.coarse, **zones)
    httpserver.clear()
    return serve(httpserver, site)


def changing(site: Model, case: Case) -> list[Callable[[], None]]:
    """What happens after each page: tickets change, each later than everything else."""
    clock = iter(range(10_000, 20_000))

    def some(numbers: list[int]) -> Callable[[], None]:
        def change() -> None:
            for n in numbers:
                if n < len(case.seconds):
                    site.change(n, next(clock))

        return change

    return [some(numbers) for numbers in case.changes]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=cases, kill=st.integers(0, 12))
def test_no_version_is_left_out_however_tickets_change_and_whenever_a_run_is_killed(
    httpserver: HTTPServer, connect: Connect, case: Case, kill: int
) -> None:
    site = begun(httpserver, case)
    site.between = changing(site, case)
    source = connect(page_size=case.size, overlap=0, history=False)
    pages, cursor = [], None
    for number, page in enumerate(source.fetch(None, None)):
        pages.append(page)
        cursor = page.cursor
        if number == kill:
            break
    assert len(versions(pages)) == len(set(versions(pages)))
    site.between = []
    pages += fetched(source, cursor)
    last = dict(versions(pages))
    assert last == {key: one["fields"]["updated"] for key, one in site.issues.items()}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=cases)
def test_requests_stay_within_twice_the_pages(httpserver: HTTPServer, connect: Connect, case: Case) -> None:
    site = begun(httpserver, case)
    fetched(connect(page_size=case.size, history=False))
    assert len(site.searches()) <= 2 * -(-len(case.seconds) // (case.size - 1)) + 1


class Counted(Model):
    """A Cloud whose tokens only count: then a page that moves up is skipped, as on Data Center."""

    def by_token(self, found: list[Raw], body: Any, size: int) -> Raw:
        begin = int(orjson.loads(base64.b64decode(body["nextPageToken"]))) if "nextPageToken" in body else 0
        page = [self.shown(one, body) for one in found[begin : begin + size]]
        if begin + size >= len(found):
            return {"issues": page, "isLast": True}
        return {"issues": page, "nextPageToken": base64.b64encode(orjson.dumps(begin + size)).decode()}


@pytest.mark.parametrize("size", [4, 5, 10])
def test_nothing_hangs_on_what_a_token_holds_where_tickets_change_minutes_apart(
    httpserver: HTTPServer, connect: Connect, size: int
) -> None:
    tickets = {one["id"]: one for one in (issue(n, n * 120) for n in range(1, 41))}
    site = Counted(issues=tickets)
    serve(httpserver, site)
    site.between = [partial(site.change, n, 10_000 + n) for n in range(1, 9)]
    assert set(ids(fetched(connect(page_size=size)))) == set(range(1, 41))


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"isLast": True, "nextPageToken": "stale"}, [1, 2]),
        ({}, [1, 2]),
        ({"nextPageToken": None}, [1, 2]),
        ({"isLast": True}, [1, 2]),
        ({"nextPageToken": "more"}, [1, 2, 3]),
        ({"isLast": False, "nextPageToken": "more"}, [1, 2, 3]),
    ],
)
def test_the_last_page_is_known_by_its_flag_or_by_its_missing_token(
    httpserver: HTTPServer, connect: Connect, flags: Raw, expected: list[int]
) -> None:
    site = serve(httpserver, model())

    def search(body: Raw) -> Raw:
        if body.get("nextPageToken"):
            return {"issues": [issue(3)], "isLast": True}
        return {"issues": [issue(1), issue(2)], **flags}

    site.searcher = search
    assert ids(fetched(connect())) == expected


def test_an_empty_page_ends_a_search_whatever_its_token_says(httpserver: HTTPServer, connect: Connect) -> None:
    site = serve(httpserver, model())
    site.searcher = lambda _: {"issues": [], "isLast": False, "nextPageToken": "again"}
    assert fetched(connect()) == []
    assert len(site.searches()) == 1


def test_a_token_that_comes_again_and_again_stops_the_fetch(httpserver: HTTPServer, connect: Connect) -> None:
    site = serve(httpserver, model())
    site.searcher = lambda _: {"issues": [issue(1), issue(2)], "nextPageToken": "round"}
    pages = connect().fetch(None, None)
    assert ids([next(pages)]) == [1, 2]
    with pytest.raises(Unavailable, match="same page token"):
        next(pages)
    assert len(site.searches()) == 5


def test_a_page_that_comes_again_once_costs_no_ticket(httpserver: HTTPServer, connect: Connect) -> None:
    site = serve(httpserver, model(*(issue(n, 5) for n in range(1, 13))))
    asked = list[str]()

    def stuck(body: Raw) -> Raw:
        answer: Raw = site.search(body)
        token = body.get("nextPageToken")
        if token and token not in asked:
            asked.append(token)
            answer["nextPageToken"] = token
            answer["isLast"] = False
        return answer

    site.searcher = stuck
    pages = fetched(connect(page_size=4))
    assert sorted(ids(pages)) == list(range(1, 13))


def test_a_token_of_changes_that_comes_again_stops_the_fetch(httpserver: HTTPServer, connect: Connect) -> None:
    site = serve(httpserver, model(issue(1)))
    page = {"issueChangeLogs": [], "nextPageToken": "round"}
    site.before["/rest/api/3/changelog/bulkfetch"] = [reply(page) for _ in range(9)]
    with pytest.raises(Unavailable, match="pages of changes"):
        fetched(connect())


def test_a_data_center_that_gives_fewer_rows_than_asked_for_is_read_to_its_end(
    httpserver: HTTPServer, connect: Connect
) -> None:
    serve(httpserver, model(*(issue(n, n) for n in range(1, 60)), cloud=False, cap=7))
    assert sorted(ids(fetched(connect(page_size=500)))) == list(range(1, 60))


@pytest.mark.parametrize("cap", [1, 2])
def test_the_smallest_pages_advance(httpserver: HTTPServer, connect: Connect, cap: int) -> None:
    serve(httpserver, model(*(issue(n, 5) for n in range(1, 9)), cloud=False, cap=cap))
    assert sorted(ids(fetched(connect()))) == list(range(1, 9))


def test_a_total_that_promises_too_much_ends_at_an_empty_page(httpserver: HTTPServer, connect: Connect) -> None:
    site = serve(httpserver, model(*(issue(n, 5) for n in range(1, 9)), cloud=False))
    site.searcher = lambda body: {**site.search(body), "total": 99}
    assert sorted(ids(fetched(connect(page_size=4)))) == list(range(1, 9))


def test_tickets_that_change_faster_than_they_are_read_stop_the_fetch(httpserver: HTTPServer, connect: Connect) -> None:
    site = serve(httpserver, model(*(issue(n, 5) for n in range(1, 40)), cloud=False))
    clock = iter(range(1_000_000))

    def hurry() -> None:
        for n in range(1, 40):
            site.change(n, 5 + next(clock) / 1000)
        site.between.append(hurry)

    site.between = [hurry]
    with pytest.raises(Unavailable, match="faster than they can be read"):
        fetched(connect(page_size=4))


def test_a_ticket_with_a_broken_stamp_comes_and_the_cursor_stands_before_it(
    httpserver: HTTPServer, connect: Connect
) -> None:
    site = serve(httpserver, model())
    rows = [issue(1, 10), issue(2, 20), {**issue(3), "fields": {"updated": "yesterday"}}, {"id": "10004"}]
    site.searcher = lambda _: {"issues": rows, "isLast": True}
    (page,) = fetched(connect())
    assert [row["id"] for row in page.rows] == ["10001", "10002", "10003", "10004"]
    assert page.cursor == {"updated": START + 20_000}


def test_a_page_without_any_stamp_leaves_the_cursor_where_it_was(httpserver: HTTPServer, connect: Connect) -> None:
    site = serve(httpserver, model())
    site.searcher = lambda _: {"issues": [{"id": "10004", "fields": None}], "isLast": True}
    assert [page.cursor for page in fetched(connect())] == [None]
    assert [page.cursor for page in fetched(connect(), {"updated": START})] == [{"updated": START}]


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Kolkata", None])
def test_data_center_is_read_whole_in_any_zone_also_in_one_it_does_not_name(
    httpserver: HTTPServer, connect: Connect, log: Told, zone: str | None
) -> None:
    serve(
        httpserver, model(*(issue(n, n * 60) for n in range(1, 31)), cloud=False, zone=zone or "UTC", named_zone=zone)
    )
    source = connect(page_size=6, overlap=0)
    pages = fetched(source)
    assert sorted(ids(pages)) == list(range(1, 31))
    assert [event for event, _ in log.warnings] == ([] if zone else ["time zone not known"])
    assert set(ids(fetched(source, pages[2].cursor))) | set(ids(pages[:3])) == set(range(1, 31))


@pytest.mark.parametrize("late", [False, True])
def test_the_hour_that_autumn_repeats_is_read_whole(httpserver: HTTPServer, connect: Connect, late: bool) -> None:
    first = (1_793_491_200_000 - START) // 1000  # 2026-11-01T00:00Z; Los Angeles turns back at 09:00Z
    tickets = [issue(n, first + 8 * 3600 + n * 97) for n in range(1, 90)]
    here = {"zone": "America/Los_Angeles", "named_zone": "America/Los_Angeles"}
    site = serve(httpserver, model(*tickets, cloud=False, late=late, **here))
    source = connect(page_size=8, overlap=0)
    pages = fetched(source)
    assert sorted(ids(pages)) == list(range(1, 90))
    assert len(site.searches()) <= 2 * 89 // 7
    for number, page in enumerate(pages):
        assert set(ids(pages[: number + 1])) | set(ids(fetched(source, page.cursor))) == set(range(1, 90))


def test_a_data_center_that_reads_dates_in_another_zone_than_it_names_stops_the_fetch(
    httpserver: HTTPServer, connect: Connect
) -> None:
    serve(httpserver, model(issue(1), issue(2), cloud=False, zone="Asia/Kolkata", named_zone="America/Los_Angeles"))
    assert ids(fetched(connect())) == [1, 2]  # read too early: more comes than was asked for
    httpserver.clear()
    serve(httpserver, model(issue(1), issue(2), cloud=False, zone="America/Los_Angeles", named_zone="UTC"))
    with pytest.raises(Unavailable, match="in another time zone"):
        fetched(connect())


def test_what_was_seen_is_forgotten_once_it_cannot_come_again() -> None:
    rows = [issue(n, n * 60) for n in range(1000)]

    def pages(anchor: int | None) -> Any:
        left = [row for row in rows if (stamp(row) or 0) >= (anchor or 0)]
        yield left[:10], len(left) > 10
        yield left[10:20], len(left) > 20

    walk = Walk(pages, None)
    most = 0
    came = []
    for page in walk.rows():
        most = max(most, len(walk._seen))
        came += page
    assert len(came) == 1000
    assert most <= 25
