"""Conditions of queries, and cursors."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.servicenow.support import stamp, sys_id
from xmo_hooks import XmoError
from xmo_servicenow import keyset
from xmo_servicenow.keyset import Position

HERE = Position(stamp(9), sys_id(9))


def test_a_page_begins_behind_the_last_row() -> None:
    assert keyset.after(Position("2026-01-01 00:00:00", "a1b2")) == (
        "sys_updated_on>2026-01-01 00:00:00^NQsys_updated_on=2026-01-01 00:00:00^sys_id>a1b2"
    )


def test_a_run_begins_at_its_bound_or_at_the_beginning() -> None:
    assert (keyset.since(stamp(1)), keyset.since(None)) == (f"sys_updated_on>={stamp(1)}", "")


@pytest.mark.parametrize("text", ["x^active=true", "^", "a\nb", "a\x00b"])
def test_what_would_change_a_query_does_not_get_into_one(text: str) -> None:
    with pytest.raises(XmoError, match="cannot stand in a query"):
        keyset.safe(text)


@pytest.mark.parametrize("key", ["", "a", "a,b", "a^b", "../x", "a b", "ä" * 32, "a" * 65])
def test_what_is_no_sys_id_does_not_get_into_a_query_or_a_path(key: str) -> None:
    with pytest.raises(XmoError, match="no sys_id"):
        keyset.among([sys_id(1), key])


@settings(deadline=None)
@given(st.text())
def test_no_text_gets_a_second_condition_into_a_query(text: str) -> None:
    try:
        assert keyset.safe(text).count("^") == 0
    except XmoError:
        assert any(sign == "^" or sign < " " for sign in text)


@pytest.mark.parametrize(
    ("reached", "first", "bound"),
    [
        (None, None, None),
        (None, datetime(2026, 1, 1, 8, tzinfo=UTC), "2026-01-01 08:00:00"),
        (HERE, datetime(2026, 1, 1, 8, tzinfo=UTC), "2025-12-31 23:58:09"),
        (Position("0001-01-01 00:00:30", "ab"), None, "0001-01-01 00:00:00"),
    ],
)
def test_a_run_reads_from_behind_its_position(
    reached: Position | None, first: datetime | None, bound: str | None
) -> None:
    assert keyset.bound(reached, first, timedelta(seconds=120)) == bound


@settings(deadline=None)
@given(st.datetimes(timezones=st.just(UTC)))
def test_a_stamp_that_is_written_is_read_again(at: datetime) -> None:
    assert keyset.moment(keyset.stamp_of(at)) == at.replace(microsecond=0)


@pytest.mark.parametrize(
    ("anchor", "to", "does"),
    [
        (None, HERE, True),
        (HERE, Position(stamp(10), sys_id(1)), True),
        (HERE, Position(stamp(8), sys_id(10)), False),
        (HERE, Position(stamp(9), sys_id(10)), True),
        (HERE, Position(stamp(9), sys_id(8)), False),
        (HERE, HERE, False),
        (Position(stamp(9), "hand-made-B"), Position(stamp(9), "hand-made-a"), True),
        (Position(stamp(9), "hand-made"), Position(stamp(9), "hand-made"), False),
    ],
)
def test_only_a_row_behind_the_anchor_advances(anchor: Position | None, to: Position, does: bool) -> None:
    assert keyset.advances(anchor, to) is does


def test_the_last_row_with_a_stamp_and_an_id_is_the_anchor() -> None:
    rows = [
        {"sys_updated_on": stamp(1), "sys_id": sys_id(1)},
        {"sys_updated_on": stamp(2), "sys_id": "x^y"},
        {"sys_updated_on": "", "sys_id": sys_id(3)},
        {"sys_id": sys_id(4)},
    ]
    assert keyset.last(rows) == Position(stamp(1), sys_id(1))
    assert keyset.last(rows[1:]) is None


def test_of_two_positions_the_later_counts() -> None:
    later = Position(stamp(9), sys_id(10))
    assert keyset.forward(HERE, later) == keyset.forward(later, HERE) == later
    assert keyset.forward(HERE, None) == HERE
    assert keyset.forward(None, None) is None


def test_a_position_survives_its_cursor() -> None:
    assert keyset.position({"incident": HERE.json()}, "incident") == HERE
    assert keyset.position({"incident": HERE.json()}, "problem") is None
    assert keyset.position(None, "incident") is None
