from datetime import UTC, datetime
from typing import Any

import pytest

from tests.surveys.conftest import invitation, occasion
from xmo_hooks import Person
from xmo_surveys.catalogue import catalogue
from xmo_surveys.trouble import Trouble, describe

NBSP = "\N{NO-BREAK SPACE}"


def told(language: str = "en", zone: str | None = None, **facts: Any) -> Trouble:
    about = occasion(person=Person(pseudonym="p", timezone=zone), **facts)
    return describe(invitation(about), catalogue(language))


def test_the_days_are_told_in_words() -> None:
    assert told() == Trouble(
        title="VPN drops every hour",
        number="INC0010023",
        span=f"It began on Monday, 2{NBSP}March and ended on Friday, 6{NBSP}March.",
        expires=f"The link works until Friday, 20{NBSP}March.",
    )
    assert told("de").span == f"Beginn: Montag, 2.{NBSP}März. Ende: Freitag, 6.{NBSP}März."


@pytest.mark.parametrize(
    ("title", "number"),
    [
        ("No sound (INC0010023)", None),
        ("inc0010023: no sound", None),
        ("As INC00100231, no sound", "INC0010023"),
        ("No sound", "INC0010023"),
        (None, "INC0010023"),
        ("long " * 40 + "INC0010023", "INC0010023"),  # the page cuts it off before
    ],
)
def test_a_number_that_the_title_names_already_is_not_said_again(title: str | None, number: str | None) -> None:
    assert told(title=title).number == number


def test_a_trouble_of_one_day_names_it_once() -> None:
    assert told(opened_at=datetime(2026, 3, 6, 8, tzinfo=UTC)).span == (f"It began and ended on Friday, 6{NBSP}March.")


def test_the_year_is_told_where_it_changed() -> None:
    assert told(opened_at=datetime(2025, 12, 30, tzinfo=UTC)).span == (
        f"It began on Tuesday, 30{NBSP}December{NBSP}2025 and ended on Friday, 6{NBSP}March{NBSP}2026."
    )


def test_the_days_are_those_of_the_persons_own_calendar() -> None:
    late = datetime(2026, 3, 5, 23, 30, tzinfo=UTC)
    assert "Thursday" in told(opened_at=late).span
    assert (
        told("en", "Asia/Tokyo", opened_at=late).span
        == f"It began on Friday, 6{NBSP}March and ended on Saturday, 7{NBSP}March."
    )


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "/etc/passwd", "Europe", "\0", "", "GMT+1 "])
def test_a_zone_that_nobody_knows_is_told_in_utc(zone: str) -> None:
    assert told("en", zone) == told()
