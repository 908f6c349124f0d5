"""The ways through a vendor's changes: nothing is lost, wherever pages end and wherever a run is cut off."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmo_hooks import Json, Page, Row, Unavailable, by_keyset, by_token, by_window

START = datetime(2026, 3, 1, tzinfo=UTC)
NONE = timedelta(0)
Fetch = Callable[[Json], Iterator[Page]]


def row(key: int, minute: int, state: str = "open") -> Row:
    return {"id": f"{key:03}", "changed": (START + timedelta(minutes=minute)).isoformat(), "state": state}


def placed(one: Row) -> tuple[str, str]:
    return one["changed"], one["id"]


def timed(one: Row) -> tuple[datetime, str]:
    return datetime.fromisoformat(one["changed"]), one["id"]


class Vendor:
    """Rows in order of change, some to a page, asked for in each of the three ways."""

    def __init__(self, minutes: list[int], size: int) -> None:
        self.rows = sorted((row(key, minute) for key, minute in enumerate(minutes)), key=placed)
        self.size, self.asked = size, 0

    def change(self, key: int, minute: int, state: str = "open") -> None:
        rows = [one for one in self.rows if one["id"] != f"{key:03}"]
        self.rows = sorted([*rows, row(key, minute, state)], key=placed)

    def by_token(self, token: Json) -> tuple[list[Row], Json]:
        begin = int(token or 0)
        end = min(begin + self.size, len(self.rows))
        return self._answer(self.rows[begin:end]), str(end)

    def behind(self, after: tuple[datetime, str] | None) -> list[Row]:
        return self._answer([one for one in self.rows if after is None or timed(one) > after][: self.size])

    def since(self, start: datetime | None, token: Json) -> tuple[list[Row], Json]:
        found = [one for one in self.rows if start is None or timed(one)[0] >= start]
        begin = int(token or 0)
        more = begin + self.size < len(found)
        return self._answer(found[begin : begin + self.size]), str(begin + self.size) if more else None

    def _answer(self, rows: list[Row]) -> list[Row]:
        self.asked += 1
        assert self.asked < 1000, "the way has no end"
        return rows

    def ways(self, overlap: timedelta = NONE) -> dict[str, Fetch]:
        return {
            "token": lambda cursor: by_token(self.by_token, cursor),
            "keyset": lambda cursor: by_keyset(self.behind, timed, cursor, overlap),
            "window": lambda cursor: by_window(self.since, timed, cursor, None, overlap),
        }


WAYS = ["token", "keyset", "window"]
MINUTES = st.lists(st.integers(0, 6), max_size=25)
SIZES = st.integers(1, 7)


def taken(fetch: Fetch, cursor: Json = None) -> tuple[list[Row], Json]:
    """The rows of all pages, and the cursor as the store would give it back."""
    rows: list[Row] = []
    for page in fetch(cursor):
        rows += page.rows
        cursor = json.loads(json.dumps(page.cursor))
    return rows, cursor


def ids(rows: list[Row]) -> list[str]:
    return [one["id"] for one in rows]


@pytest.mark.parametrize("way", WAYS)
@given(minutes=MINUTES, size=SIZES)
def test_every_row_comes_once_whatever_shares_a_time_at_a_page_border(way: str, minutes: list[int], size: int) -> None:
    vendor = Vendor(minutes, size)
    assert taken(vendor.ways()[way])[0] == vendor.rows


@pytest.mark.parametrize("way", WAYS)
@given(minutes=MINUTES, size=SIZES, cut=st.integers(0, 26), overlap=st.integers(0, 8))
def test_a_run_that_is_cut_off_after_any_page_goes_on_there(
    way: str, minutes: list[int], size: int, cut: int, overlap: int
) -> None:
    fetch = Vendor(minutes, size).ways(timedelta(minutes=overlap))[way]
    pages = list(fetch(None))  # all of them: the next page is fetched while one is stored
    cursor = json.loads(json.dumps(pages[:cut][-1].cursor)) if pages[:cut] else None
    again, left = (
        [one for page in fetch(cursor) for one in page.rows],
        [one for page in pages[cut:] for one in page.rows],
    )
    assert again[len(again) - len(left) :] == left
    assert again == left or (way == "keyset" and overlap)


@pytest.mark.parametrize("way", ["keyset", "window"])
@given(minutes=MINUTES, size=SIZES, changed=st.integers(0, 24), cut=st.integers(0, 4))
def test_a_row_that_changes_between_two_pages_takes_none_with_it(
    way: str, minutes: list[int], size: int, changed: int, cut: int
) -> None:
    vendor = Vendor([*minutes, 0], size)
    fetch = vendor.ways(timedelta(minutes=8))[way]
    pages, told = fetch(None), [Page(rows=[], cursor=None)]
    told += islice(pages, cut)
    vendor.change(changed % len(vendor.rows), 7)
    told += pages
    told += fetch(told[-1].cursor)
    assert {placed(one) for one in vendor.rows} <= {placed(one) for page in told for one in page.rows}


@pytest.mark.parametrize("way", ["keyset", "window"])
@given(
    minutes=MINUTES, size=SIZES, solved=st.sets(st.integers(0, 25)), cut=st.integers(0, 26), overlap=st.integers(1, 8)
)
def test_rows_that_change_in_the_newest_instant_after_it_was_read_are_not_lost(
    way: str, minutes: list[int], size: int, solved: set[int], cut: int, overlap: int
) -> None:
    vendor = Vendor([*minutes, 6], size)
    fetch = vendor.ways(timedelta(minutes=overlap))[way]
    pages = list(islice(fetch(None), cut + 1))
    for key in solved:  # each in the very instant up to which was read, those that were read in it, too
        newest = max(timed(one)[0] for page in pages for one in page.rows)
        vendor.change(key, round((newest - START).total_seconds()) // 60, "solved")
    told, _ = taken(fetch, json.loads(json.dumps(pages[-1].cursor)))
    assert {f"{key:03}" for key in solved} <= {one["id"] for one in told if one["state"] == "solved"}


@pytest.mark.parametrize("way", ["keyset", "window"])
def test_a_row_that_changes_twice_in_one_instant_comes_twice(way: str) -> None:
    vendor = Vendor([1, 1, 1], 2)
    ways = {
        "keyset": lambda cursor: by_keyset(vendor.behind, timed, cursor),
        "window": lambda cursor: by_window(vendor.since, timed, cursor, None, NONE),
    }
    _, cursor = taken(ways[way])
    for state in ("waiting", "solved"):
        vendor.change(1, 1, state)
        told, cursor = taken(ways[way], cursor)
        assert [one["state"] for one in told if one["id"] == "001"] == [state]


def test_a_run_that_is_cut_off_in_the_overlap_of_a_keyset_does_not_go_back_further() -> None:
    vendor = Vendor([1, 2, 3, 4, 5], 1)
    _, cursor = taken(vendor.ways()["keyset"])
    fetch = vendor.ways(timedelta(minutes=3))["keyset"]
    for _ in range(3):
        page = next(fetch(cursor))
        assert (ids([*page.rows]), page.cursor) == (["002"], cursor)


@pytest.mark.parametrize("way", WAYS)
def test_a_second_run_brings_what_changed_since_and_nothing_else(way: str) -> None:
    vendor = Vendor([1, 2, 2, 3], 2)
    fetch = vendor.ways()[way]
    _, cursor = taken(fetch)
    assert taken(fetch, cursor) == ([], cursor)
    vendor.rows.append(row(9, 3))
    assert ids(taken(fetch, cursor)[0]) == ["009"]


@pytest.mark.parametrize("way", WAYS)
def test_a_vendor_without_rows_leaves_the_cursor_alone(way: str) -> None:
    assert taken(Vendor([], 2).ways()[way])[0] == []


def test_a_row_that_the_index_shows_late_is_found_within_the_overlap() -> None:
    vendor = Vendor([1, 5], 2)
    fetch = vendor.ways(timedelta(minutes=3))["window"]
    _, cursor = taken(fetch)
    vendor.rows.insert(1, row(7, 3))
    assert ids(taken(fetch, cursor)[0]) == ["007"]
    vendor.rows.insert(1, row(8, 1))
    assert ids(taken(fetch, cursor)[0]) == ["007"]  # later than the overlap is long: out of reach


def test_a_row_that_changed_in_the_overlap_comes_again() -> None:
    vendor = Vendor([4, 5], 2)
    fetch = vendor.ways(timedelta(minutes=3))["window"]
    _, cursor = taken(fetch)
    vendor.change(0, 5)
    assert ids(taken(fetch, cursor)[0]) == ["000"]


def test_what_an_overlap_remembers_does_not_grow_without_end() -> None:
    vendor = Vendor([1] * 1200, 2000)
    rows, cursor = taken(vendor.ways()["window"])
    assert (len(rows), len(cursor["seen"])) == (1200, 1000)
    assert len(taken(vendor.ways()["window"], cursor)[0]) == 200


def test_a_window_begins_at_a_given_time_when_nothing_was_read_before() -> None:
    vendor = Vendor([1, 2, 3], 2)
    pages = by_window(vendor.since, timed, None, START + timedelta(minutes=2), timedelta(hours=1))
    assert [ids(list(page.rows)) for page in pages] == [["001", "002"]]


def test_a_last_page_whose_vendor_names_no_next_token_is_kept_and_read_again() -> None:
    pages = {None: (["a"], "t1"), "t1": (["b"], None)}
    fetched = list(by_token(lambda token: ([{"id": one} for one in pages[token][0]], pages[token][1]), None))
    assert [(page.rows[0]["id"], page.cursor) for page in fetched] == [("a", "t1"), ("b", "t1")]


def test_an_empty_page_among_full_ones_is_no_end_for_tokens() -> None:
    pages: dict[Any, tuple[list[Row], str]] = {None: ([row(1, 1)], "x"), "x": ([], "y"), "y": ([row(2, 2)], "z")}
    rows, cursor = taken(lambda cursor: by_token(lambda token: pages.get(token, ([], token)), cursor))
    assert (ids(rows), cursor) == (["001", "002"], "z")


@given(lead=st.integers(0, 9), turn=st.integers(1, 9))
def test_tokens_that_come_round_again_are_noticed(lead: int, turn: int) -> None:
    after = {None: 0} | {n: n + 1 for n in range(lead + turn)} | {lead + turn - 1: lead}
    numbers = count()
    with pytest.raises(Unavailable, match="same page again"):
        list(islice(by_token(lambda token: ([row(next(numbers), 1)], after[token]), None), 200))


@pytest.mark.parametrize("way", WAYS)
def test_a_vendor_that_returns_the_same_page_for_ever_is_given_up_and_said_so(way: str) -> None:
    page, tokens = [row(1, 1), row(2, 2)], count()
    ways: dict[str, Iterator[Page]] = {
        "token": by_token(lambda _: (page, next(tokens)), None),
        "keyset": by_keyset(lambda _: page, timed, None),
        "window": by_window(lambda *_: (page, next(tokens)), timed, None, None, NONE),
    }
    with pytest.raises(Unavailable, match="same page again"):
        list(islice(ways[way], 200))


@pytest.mark.parametrize("way", ["token", "window"])
def test_a_vendor_with_a_next_token_behind_every_empty_page_is_given_up_and_said_so(way: str) -> None:
    tokens = count()
    ways: dict[str, Iterator[Page]] = {
        "token": by_token(lambda _: ([], next(tokens)), None),
        "window": by_window(lambda *_: ([], next(tokens)), timed, None, None, NONE),
    }
    with pytest.raises(Unavailable, match="1000 empty pages"):
        list(ways[way])


def test_rows_that_do_not_say_where_they_stand_are_left_to_parse() -> None:
    vendor = Vendor([1, 2, 3], 2)
    vendor.rows[1] = {"id": "001"}
    behind = [vendor.rows[:2], vendor.rows[2:], []]
    assert ids([one for page in by_keyset(lambda _: behind.pop(0), timed, None) for one in page.rows]) == [
        "000",
        "001",
        "002",
    ]
    windowed = by_window(lambda *_: (vendor.rows, None), timed, None, None, NONE)
    assert ids([one for page in windowed for one in page.rows]) == ["000", "001", "002"]


def test_a_last_row_that_does_not_say_where_it_stands_ends_the_way() -> None:
    rows: list[Row] = [row(1, 1), row(2, 2), {"id": "003", "changed": None}]

    def behind(after: tuple[datetime, str] | None) -> list[Row]:
        return [one for one in rows if after is None or not one["changed"] or timed(one) > after][:2]

    pages = list(by_keyset(behind, timed, None, NONE))
    assert [ids(list(page.rows)) for page in pages] == [["001", "002"], ["003"]]
    assert pages[1].cursor == pages[0].cursor == [*placed(rows[1])]
    assert [ids(list(page.rows)) for page in by_keyset(behind, timed, pages[1].cursor, NONE)] == [["003"]]


def test_a_page_of_which_no_row_says_where_it_stands_is_kept_and_said_so() -> None:
    pages = by_keyset(lambda _: [{"id": "1"}, {"id": "2"}], timed, [START.isoformat(), "0"])
    assert next(pages).cursor == [START.isoformat(), "0"]
    with pytest.raises(Unavailable, match="does not say when"):
        next(pages)


def test_a_window_that_is_not_sorted_is_refused_before_a_row_is_lost() -> None:
    with pytest.raises(Unavailable, match="not sorted"):
        list(by_window(lambda *_: ([row(1, 2), row(2, 1)], None), timed, None, None, NONE))
