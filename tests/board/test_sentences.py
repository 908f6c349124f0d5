"""A heading claims a difference only where the intervals lie apart."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmo_board import sentences
from xmo_board.groups import Group
from xmo_hooks import Figure

CLAIM = re.compile(r"better|worse|hurts|well", re.IGNORECASE)
EDGES = st.tuples(*[st.integers(-100, 100)] * 3).map(sorted)


def _group(key: str, low: float, value: float, high: float, *, measure: str = "net", hidden: bool = False) -> Group:
    figure = Figure(
        key=(key,),
        measure=measure,
        value=value,
        low=low,
        high=high,
        unit="net",
        asked=9,
        answered=9,
        persons=9,
        hidden=hidden,
    )
    return Group(key=key, figures={measure: figure})


ALL = _group("All", 40, 45, 50)


def test_a_trend_is_better_when_the_last_interval_lies_above_the_first() -> None:
    found = sentences.trend(_group("2025-07", 10, 20, 30), _group("2026-06", 31, 40, 50))
    assert found == "Better than in July 2025, by more than chance"


def test_a_trend_is_worse_when_the_last_interval_lies_below_the_first() -> None:
    found = sentences.trend(_group("2025-07", 31, 40, 50), _group("2026-06", 10, 20, 30))
    assert found == "Worse than in July 2025, by more than chance"


def test_a_trend_whose_intervals_touch_is_no_change_that_we_can_tell() -> None:
    found = sentences.trend(_group("2025-07", 10, 20, 31), _group("2026-06", 31, 40, 50))
    assert found == "No change that we can tell since July 2025"


@pytest.mark.parametrize("first", [None, _group("2026-06", 1, 2, 3)])
def test_one_month_is_too_early_for_a_trend(first: Group | None) -> None:
    assert sentences.trend(first, _group("2026-06", 1, 2, 3)) == "Too early to speak of a change"


@given(EDGES, EDGES)
def test_no_heading_claims_a_change_where_the_intervals_overlap(one: list[int], other: list[int]) -> None:
    apart = one[2] < other[0] or other[2] < one[0]
    heading = sentences.trend(_group("2025-07", *one), _group("2026-06", *other))
    assert bool(CLAIM.search(heading)) is apart
    promised = sentences.promise(_group("met", *one), _group("missed", *other))
    assert ("feel" in promised and "no difference" not in promised) is apart


@given(EDGES, EDGES)
def test_no_group_hurts_or_does_well_unless_it_lies_apart_from_everyone(one: list[int], total: list[int]) -> None:
    heading = sentences.where([_group("Printing", *one)], _group("All", *total), "service")
    assert ("is where it hurts" in heading) is (one[2] < total[0])
    assert ("goes well" in heading) is (total[2] < one[0])


def test_the_lowest_of_those_that_hurt_is_named_first() -> None:
    found = [_group("Printing", 0, 20, 30), _group("Laptops", 45, 46, 47), _group("E-mail", 0, 10, 30)]
    assert sentences.where(found, ALL, "service") == "Where it hurts: E-mail and Printing"


def test_a_bare_number_is_called_by_its_cut() -> None:
    assert sentences.where([_group("1", 0, 10, 30)], ALL, "priority") == "Priority 1 is where it hurts"


def test_a_hidden_group_is_never_named() -> None:
    found = [_group("Printing", 0, 10, 30, hidden=True), _group("Laptops", 45, 46, 47)]
    assert sentences.where(found, ALL, "service") == "No service stands out that we can tell"


@pytest.mark.parametrize("total", [None, _group("All", 40, 45, 50, hidden=True)])
def test_without_a_total_nothing_is_compared(total: Group | None) -> None:
    heading = sentences.where([_group("Printing", 0, 10, 30)], total, "service")
    assert heading == "Feeling by service: too few answers to compare"


def test_a_watermelon_is_named_when_it_is_redder_than_all() -> None:
    red, green = ("A", 0.3, 0.4, 0.5), ("B", 0.1, 0.2, 0.3)
    found = [_group(*edges, measure="unhappy_in_time") for edges in (red, green)]
    total = _group("All", 0.15, 0.2, 0.25, measure="unhappy_in_time")
    assert sentences.watermelon(found, total) == "Green outside, red inside: A"
    assert sentences.watermelon(found[1:], total) == "Green outside, red inside: no service stands out that we can tell"
    assert sentences.watermelon(found, None) == "Green outside, red inside"


def test_a_promise_that_makes_no_difference_is_said_to_make_none() -> None:
    met, missed = _group("met", 0, 10, 20), _group("missed", 15, 25, 35)
    assert sentences.promise(met, missed) == "Meeting the SLA makes no difference to feeling that we can tell"
    assert sentences.promise(met, None) == "Feeling by SLA: too few answers to compare"
    assert sentences.promise(met, _group("missed", 30, 40, 50)) == "People feel worse where the SLA was met"
