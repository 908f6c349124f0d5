"""The wall: nothing about fewer than five persons is shown, and nothing from which it could be worked out."""

from collections.abc import Mapping, Sequence
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmo_core.wall import walled
from xmo_hooks import Figure, Table

Unit = Literal["net", "share", "count"]


def figure(name: str | None, persons: int, *, measure: str = "net", unit: Unit = "net") -> Figure:
    value = float(persons) if unit == "count" else 40.0 if persons else None
    return Figure(
        key=() if name is None else (name,),
        measure=measure,
        value=value,
        low=value,
        high=value,
        unit=unit,
        asked=2 * persons + 1,
        answered=persons,
        persons=persons,
        shares={"good": 1.0} if unit == "net" else {},
    )


def table(groups: Mapping[str, int], *, total: int | None = None, unit: Unit = "net") -> Table:
    """A table whose groups have no person in common, with its total; `total` 0 leaves the total out."""
    total = sum(groups.values()) if total is None else total
    return Table(
        name="made",
        title="Made",
        definition="As it is.",
        by=("service",),
        figures=[figure(name, persons, unit=unit) for name, persons in groups.items()],
        total=[figure(None, total, unit=unit)] if total else (),
    )


def shown(of: Table) -> list[str]:
    return [each.key[0] for each in of.figures if not each.hidden]


def hidden(of: Table) -> list[str]:
    return [each.key[0] for each in of.figures if each.hidden]


def test_a_table_of_large_groups_passes_unchanged() -> None:
    before = table({"mail": 5, "vpn": 60})
    assert walled(before) == before


def test_what_is_hidden_holds_no_number_at_all() -> None:
    (row,) = [each for each in walled(table({"mail": 4, "vpn": 60}, total=0)).figures if each.hidden]
    numbers = (row.value, row.low, row.high, row.asked, row.answered, row.persons, row.shares)
    assert numbers == (None, None, None, 0, 0, 0, {})
    assert (row.key, row.measure, row.unit) == (("mail",), "net", "net")


@pytest.mark.parametrize(
    ("groups", "gone"),
    [
        ({"a": 4, "b": 30, "c": 20}, ["a", "c"]),  # one alone: the next smallest goes with it
        ({"a": 4, "b": 3, "c": 20}, ["a", "b", "c"]),  # two small ones may be the same persons
        ({"a": 2, "b": 1, "c": 20, "d": 10}, ["a", "b", "d"]),
        ({"a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 9, "g": 10}, ["a", "b", "c", "d", "e", "f"]),
        ({"a": 1, "b": 9}, ["a", "b"]),
        ({"a": 4, "c": 9, "b": 9, "d": 12}, ["a", "b"]),  # of equals the first by name
        ({"a": 9, "b": 0}, ["b"]),  # nobody answered: nothing to give away
        ({"a": 9, "b": 0, "c": 4, "d": 30}, ["a", "b", "c"]),  # and nobody to hide behind
        ({"a": 9, "b": 0, "c": 0}, ["b", "c"]),
    ],
)
def test_beside_a_total_no_small_group_stands_alone(groups: dict[str, int], gone: list[str]) -> None:
    after = walled(table(groups))
    assert hidden(after) == gone
    assert not any(each.hidden for each in after.total)


def test_without_a_total_only_the_small_groups_are_hidden() -> None:
    assert hidden(walled(table({"a": 4, "b": 30, "c": 20}, total=0))) == ["a"]


@pytest.mark.parametrize("groups", [{"a": 4}, {"a": 2, "b": 2}, {"a": 1, "b": 0}])
def test_fewer_than_five_in_total_hide_all(groups: dict[str, int]) -> None:
    after = walled(table(groups))
    assert shown(after) == []
    assert all(each.hidden for each in after.total)


def test_a_table_of_nobody_shows_nothing() -> None:
    empty = Table(name="", title="", definition="", by=(), figures=(), total=[figure(None, 0)])
    assert [each.hidden for each in walled(empty).total] == [True]


def test_where_nothing_is_left_to_hide_behind_the_total_goes_too() -> None:
    after = walled(table({"a": 3}, total=10))
    assert (shown(after), after.total[0].hidden) == ([], True)


def test_shown_rows_keep_their_order_and_hidden_ones_stand_last_by_name() -> None:
    after = walled(table({"d": 1, "z": 30, "b": 2, "y": 90, "a": 3, "x": 60}, total=0))
    assert [each.key[0] for each in after.figures] == ["z", "y", "x", "a", "b", "d"]


def test_all_measures_of_a_small_group_are_hidden_together() -> None:
    figures = [figure("a", 4), figure("a", 90, measure="in_time", unit="share"), figure("b", 60), figure("c", 70)]
    after = walled(Table(name="", title="", definition="", by=("service",), figures=figures, total=[figure(None, 134)]))
    assert [(each.key[0], each.measure) for each in after.figures] == [
        ("c", "net"),
        ("a", "net"),
        ("a", "in_time"),
        ("b", "net"),
    ]


def test_a_small_group_needs_a_partner_in_its_own_measure() -> None:
    """The two small groups are hidden together, but neither stands beside the other in its measure: c does."""
    one = [figure(name, persons, measure="one") for name, persons in (("a", 3), ("c", 50), ("d", 60))]
    two = [figure(name, persons, measure="two") for name, persons in (("b", 3), ("c", 90), ("d", 80))]
    total = [figure(None, 113, measure="one"), figure(None, 173, measure="two")]
    after = walled(Table(name="", title="", definition="", by=("service",), figures=[*one, *two], total=total))
    assert {each.key[0] for each in after.figures if each.hidden} == {"a", "b", "c"}


def test_a_count_of_nothing_is_shown_as_nothing() -> None:
    after = walled(table({"sent": 60, "declined": 0, "expired": 70}, unit="count"))
    assert [each.value for each in after.figures] == [60.0, 0.0, 70.0]
    empty = table({"sent": 0}, total=0, unit="count")
    assert walled(empty).figures == empty.figures


def test_no_answer_of_three_persons_is_not_nothing() -> None:
    complaints = Figure(key=("a",), measure="n", value=0, low=0, high=0, unit="count", asked=0, answered=0, persons=3)
    after = walled(Table(name="", title="", definition="", by=("service",), figures=[complaints]))
    assert hidden(after) == ["a"]


def test_a_small_count_is_hidden_and_nothing_hides_it() -> None:
    after = walled(table({"sent": 60, "declined": 2, "expired": 0, "answered": 70}, unit="count"))
    assert (shown(after), hidden(after)) == (["expired", "answered"], ["declined", "sent"])


@st.composite
def _tables(draw: st.DrawFn) -> dict[str, int]:
    return draw(st.dictionaries(st.text("abcdefgh", min_size=1, max_size=2), st.integers(0, 12), max_size=8))


@given(_tables(), st.sampled_from(["net", "share", "count"]))
def test_no_hidden_group_can_be_worked_out_from_the_total_and_the_shown(groups: dict[str, int], unit: Unit) -> None:
    after = walled(table(groups, unit=unit))
    assert all(each.persons >= 5 or (unit == "count" and each.value == 0) for each in after.figures if not each.hidden)
    assert sorted(each.key for each in after.figures) == sorted((name,) for name in groups)
    if after.total and not after.total[0].hidden:
        left = after.total[0].persons - sum(each.persons for each in after.figures)
        behind = [groups[name] for name in hidden(after) if groups[name]]
        assert left == sum(behind)
        assert not behind or (len(behind) >= 2 and max(behind) >= 5)


@given(_tables())
def test_where_rows_stand_tells_nothing_about_the_hidden(groups: dict[str, int]) -> None:
    after = walled(table(groups))
    names: Sequence[str] = hidden(after)
    assert list(names) == sorted(names)
    assert [each.hidden for each in after.figures] == sorted(each.hidden for each in after.figures)


@given(_tables())
def test_no_more_is_hidden_than_is_needed(groups: dict[str, int]) -> None:
    """The small ones, those about nobody, and one large one beside the small."""
    after = walled(table(groups))
    if after.total and not after.total[0].hidden:
        large = [name for name in hidden(after) if groups[name] >= 5]
        assert len(large) == any(0 < persons < 5 for persons in groups.values())
