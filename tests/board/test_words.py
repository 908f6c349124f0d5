"""Numbers and names are written alike everywhere."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.board.fakes import count, feeling, hidden
from xmo_board import words


@pytest.mark.parametrize(
    ("value", "unit", "written"),
    [
        (47.4, "net", "+47"),
        (-3.2, "net", "\u22123"),
        (-0.4, "net", "0"),
        (0.614, "share", "61\u202f%"),
        (1986, "count", "1,986"),
    ],
)
def test_a_number_is_written_in_its_unit(value: float, unit: str, written: str) -> None:
    assert words.number(value, unit) == written


def test_an_interval_is_written_in_the_unit_of_its_number() -> None:
    net, positive, _ = feeling(("E-mail",), (10, 10, 20, 30, 30))
    assert words.interval(net) == "+24 to +56"
    assert words.interval(positive) == "50 to 70\u202f%"


def test_a_count_of_rows_has_no_interval() -> None:
    assert words.interval(count("tickets", 12)) == ""


def test_a_hidden_figure_is_written_without_any_number() -> None:
    figure = hidden(("E-mail",), "net")[0]
    assert words.value(figure) == "hidden"
    assert words.interval(figure) == ""


def test_a_number_without_an_interval_is_not_written() -> None:
    figure = replace(feeling(("E-mail",), (1, 1, 1, 1, 1))[0], low=None)
    assert words.value(figure) == "too few answers to tell"


@pytest.mark.parametrize(("word", "head"), [("service", "Service"), ("SLA", "SLA"), ("very bad", "Very bad"), ("", "")])
def test_the_head_of_a_column_keeps_its_capitals(word: str, head: str) -> None:
    assert words.headed(word) == head


def test_a_month_is_written_out() -> None:
    assert words.month("2026-06") == "June 2026"
    assert words.month("2026-06", short=True) == "Jun"


@pytest.mark.parametrize("key", ["2026-13", "2026-1", "June", "(none)", "2026-06-01"])
def test_what_is_no_month_is_not_taken_for_one(key: str) -> None:
    assert not words.is_month(key)


@given(st.text())
def test_a_cleaned_name_is_one_line_that_can_be_stored_as_utf_8(text: str) -> None:
    cleaned = words.clean(text)
    cleaned.encode("utf-8")
    assert len(cleaned.splitlines()) <= 1
    assert words.clean(cleaned) == cleaned


def test_a_cleaned_name_cannot_turn_the_text_around_it() -> None:
    assert words.clean("safe\u202egnp.exe\u2066") == "safegnp.exe"


@given(st.text(min_size=1), st.integers(min_value=4, max_value=40))
def test_a_shortened_name_is_no_longer_than_asked(text: str, columns: int) -> None:
    assert len(words.shorten(text, columns)) <= columns + 1


def test_wide_letters_take_more_room() -> None:
    assert words.shorten("勤怠管理システム", 8) == "勤怠管…"
    assert words.shorten("holidays", 8) == "holidays"


@pytest.mark.parametrize(
    ("names", "joined"),
    [
        (["E-mail"], "E-mail"),
        (["E-mail", "Laptops"], "E-mail and Laptops"),
        (["Printing", "Network and VPN"], "“Printing” and “Network and VPN”"),
        (["A", "B", "C", "D"], "A, B and 2 more"),
    ],
)
def test_names_are_joined_so_that_each_can_be_told(names: list[str], joined: str) -> None:
    assert words.joined(names, most=2) == joined


def test_a_long_name_is_broken_into_two_lines_at_most() -> None:
    assert words.wrapped("Accounts and passwords", 18) == ["Accounts and", "passwords"]
    assert len(words.wrapped("one two three four five six seven eight nine ten eleven", 12)) == 2
    assert words.wrapped("Fräsmaschinensteuerung", 12)[0].endswith("…")
