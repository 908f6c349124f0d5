"""Tables on feeling and the watermelon, against rows added up by hand."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xmo_hooks import ConfigError, Figure, Reader, Table
from xmo_insights.figures import tables

NOW = datetime(2016, 5, 20, tzinfo=UTC)
CUTS = ("service", "month")
Row = dict[str, Any]
Store = Callable[[Sequence[Row]], Reader]

rows_of_some = st.lists(
    st.fixed_dictionaries(
        {"person": st.integers(1, 9), "asked": st.just(1)},
        optional={
            "service": st.sampled_from(["mail", "print", "vpn"]),
            "month": st.sampled_from(["2016-03", "2016-04", "2016-05"]),
            "sla_met": st.sampled_from(["met", "missed"]),
            "step": st.integers(1, 5),
        },
    ),
    max_size=60,
)


def _tables(reader: Reader, cuts: Sequence[str] = CUTS) -> dict[str, Table]:
    return {table.name: table for table in tables(reader, NOW, cuts)}


def _figures(figures: Sequence[Figure]) -> dict[tuple[str, ...], Figure]:
    return {(*figure.key, figure.measure): figure for figure in figures}


def _answers(service: str, steps: Sequence[int], **more: Any) -> list[Row]:
    return [{"person": f"{service} {i}", "service": service, "step": step, **more} for i, step in enumerate(steps)]


def _silent(service: str, n: int, **more: Any) -> list[Row]:
    return [{"person": f"{service} silent {i}", "service": service, "asked": 1, **more} for i in range(n)]


# --- feeling


def test_net_positive_and_negative_are_counted_from_the_steps(store: Store) -> None:
    found = _tables(store(_answers("mail", [5, 5, 4, 3, 2, 1]) + _silent("mail", 4)))["feeling_by_service"]
    figures = _figures(found.figures)
    net, positive, negative = (figures["mail", name] for name in ("net", "positive", "negative"))
    assert (net.value, positive.value, negative.value) == pytest.approx((100 / 6, 1 / 2, 1 / 3))
    assert (net.unit, positive.unit, negative.unit) == ("net", "share", "share")
    assert {(figure.asked, figure.answered, figure.persons) for figure in figures.values()} == {(10, 6, 6)}
    sixth = pytest.approx(1 / 6)
    assert net.shares == {
        "very_bad": sixth,
        "bad": sixth,
        "neither": sixth,
        "good": sixth,
        "very_good": pytest.approx(1 / 3),
    }


def test_the_same_net_with_more_misery_looks_different(store: Store) -> None:
    rows = _answers("calm", [3] * 8 + [4, 2]) + _answers("torn", [5] * 5 + [1] * 5)
    figures = _figures(_tables(store(rows))["feeling_by_service"].figures)
    assert figures["calm", "net"].value == figures["torn", "net"].value == 0
    assert (figures["calm", "negative"].value, figures["torn", "negative"].value) == (0.1, 0.5)


def test_persons_are_counted_and_not_answers(store: Store) -> None:
    rows = [{"person": "one", "service": "mail", "step": step} for step in (5, 5, 1)]
    figure = _figures(_tables(store(rows))["feeling_by_service"].figures)["mail", "net"]
    assert (figure.answered, figure.persons) == (3, 1)
    assert (figure.low, figure.high) == (None, None)


def test_a_missing_value_is_a_group_of_its_own(store: Store) -> None:
    rows = [{"person": "one", "step": 5}, {"person": "two", "service": "mail", "step": 1}]
    figures = _figures(_tables(store(rows))["feeling_by_service"].figures)
    assert figures["(none)", "net"].value == 100


def test_a_group_that_was_asked_and_kept_silent_is_shown_without_a_value(store: Store) -> None:
    figure = _figures(_tables(store(_silent("mail", 7)))["feeling_by_service"].figures)["mail", "net"]
    assert (figure.value, figure.low, figure.high, figure.shares) == (None, None, None, {})
    assert (figure.asked, figure.answered, figure.persons) == (7, 0, 0)


def test_a_group_that_nobody_was_asked_about_is_left_out(store: Store) -> None:
    rows = _answers("mail", [5, 4]) + _silent("print", 3) + [{"person": "x", "service": "vpn", "asked": 0}]
    assert {figure.key for figure in _tables(store(rows))["feeling_by_service"].figures} == {("mail",), ("print",)}


def test_months_stand_in_order_of_time(store: Store) -> None:
    rows = _answers("a", [1] * 9, month="2016-04") + _answers("b", [5], month="2015-12")
    rows += _answers("c", [3] * 5, month="2016-01")
    keys = [figure.key[0] for figure in _tables(store(rows))["feeling_by_month"].figures if figure.measure == "net"]
    assert keys == ["2015-12", "2016-01", "2016-04"]


def test_the_group_where_most_persons_surely_feel_worse_stands_first(store: Store) -> None:
    rows = _answers("fine", [5] * 200) + _answers("large", [2] * 30 + [4] * 30) + _answers("small", [1] * 6)
    rows += _answers("lone", [1]) + _silent("mute", 9)
    found = _tables(store(rows))["feeling_by_service"].figures
    # "lone" is the worst of all, but one person makes nothing sure
    assert [figure.key[0] for figure in found if figure.measure == "net"] == ["large", "small", "lone", "fine", "mute"]


def test_the_feeling_is_crossed_with_the_sla(store: Store) -> None:
    rows = _answers("mail", [5, 5, 4, 1], sla_met="met") + _answers("print", [1, 1, 5], sla_met="missed")
    found = _tables(store([*rows, {"person": "x", "step": 3}]))["sla_by_feeling"]
    figures = _figures(found.figures)
    assert [figure.key[0] for figure in found.figures if figure.measure == "net"] == ["met", "missed", "(none)"]
    assert (figures["met", "net"].value, figures["missed", "net"].value) == pytest.approx((50, -100 / 3))
    assert _figures(found.total)["net",].answered == 8
    assert "need not come from it" in found.caveat


# --- the watermelon


def test_the_watermelon_shows_who_is_unhappy_although_the_sla_was_met(store: Store) -> None:
    rows = _answers("vpn", [1, 2, 2, 5], sla_met="met") + _answers("vpn", [1], sla_met="missed")
    rows += [*_silent("vpn", 3, sla_met="met"), {"person": "y", "service": "vpn", "sla_met": "met", "asked": 0}]
    rows += _silent("vpn", 5)  # without an SLA: in no base
    found = _tables(store(rows))["watermelon"]
    figures = _figures(found.figures)
    unhappy, in_time = figures["vpn", "unhappy_in_time"], figures["vpn", "in_time"]
    assert (unhappy.value, unhappy.asked, unhappy.answered, unhappy.persons) == (0.75, 7, 4, 4)
    assert in_time.value == pytest.approx(8 / 9)
    assert (in_time.asked, in_time.answered) == (8, 5)
    judged = figures["vpn", "judged"]
    assert (judged.unit, judged.value, judged.low, judged.high, judged.persons) == ("count", 9, 9, 9, 8)
    assert [figure.value for figure in found.total] == pytest.approx([0.75, 8 / 9, 9])
    assert "_" not in found.definition


def test_a_service_without_an_sla_is_no_melon(store: Store) -> None:
    rows = _answers("vpn", [1, 5], sla_met="missed") + _answers("phone", [1, 5])
    figures = _tables(store(rows))["watermelon"].figures
    assert [(figure.key, figure.measure) for figure in figures] == [
        (("vpn",), "unhappy_in_time"),
        (("vpn",), "in_time"),
        (("vpn",), "judged"),
    ]


def test_the_persons_of_an_in_time_share_are_never_overstated(store: Store) -> None:
    rows = [{"person": name, "service": "vpn", "sla_met": sla} for name in "abc" for sla in ("met", "missed")]
    figures = _figures(_tables(store(rows))["watermelon"].figures)
    assert figures["vpn", "in_time"].persons == 3
    assert figures["vpn", "unhappy_in_time"].value is None


def test_the_service_with_most_surely_unhappy_persons_leads_the_watermelon(store: Store) -> None:
    rows = _answers("fine", [5] * 200, sla_met="met") + _answers("bad", [1] * 20 + [5] * 20, sla_met="met")
    rows += _answers("lone", [1], sla_met="met") + _silent("mute", 3, sla_met="missed")
    found = _tables(store(rows))["watermelon"].figures
    order = [figure.key[0] for figure in found if figure.measure == "in_time"]
    assert order == ["bad", "lone", "fine", "mute"]


# --- words


def test_every_table_says_how_it_was_made_and_bears_its_axes(store: Store) -> None:
    found = _tables(store(_answers("mail", [5, 1])))
    assert list(found) == ["feeling_by_service", "feeling_by_month", "sla_by_feeling", "watermelon"]
    for table in found.values():
        assert "Wilson" in table.definition
        assert "95 %" in table.definition
        assert all(len(figure.key) == len(table.by) == 1 for figure in table.figures)
        assert all(figure.key == () for figure in table.total)
    assert found["feeling_by_service"].title == "Feeling by service"
    assert "Bonett-Price" in found["feeling_by_service"].definition


@pytest.mark.parametrize(("silent", "words"), [(0, ""), (1, "Not all of those asked"), (9, "Fewer than half")])
def test_silence_is_said_in_words_that_give_no_number_away(store: Store, silent: int, words: str) -> None:
    caveat = _tables(store(_answers("mail", [5, 1, 3]) + _silent("mail", silent)))["feeling_by_service"].caveat
    assert caveat.startswith(words)
    assert bool(caveat) == bool(words)
    assert not any(character.isdigit() for character in caveat)


def test_a_month_that_is_not_over_is_named(store: Store) -> None:
    over, now = _answers("mail", [5, 1], month="2016-04"), _answers("mail", [5, 1], month="2016-05")
    assert _tables(store(over))["feeling_by_month"].caveat == ""
    assert _tables(store(over + now))["feeling_by_month"].caveat.startswith("2016-05 is not over")


def test_a_cut_that_is_no_column_is_refused_with_the_nearest_name(store: Store) -> None:
    with pytest.raises(ConfigError, match="'servce' is no column") as caught:
        _tables(store([]), ("month", "servce"))
    assert caught.value.hint.startswith("Did you mean 'service'?")
    assert "priority" in caught.value.hint


def test_an_attribute_that_the_site_maps_can_be_a_cut(store: Store) -> None:
    rows = [{"person": "a", "attribute.cost_centre": "12", "step": 5}]
    table = _tables(store(rows), ("attribute.cost_centre",))["feeling_by_attribute.cost_centre"]
    assert (table.title, table.figures[0].key) == ("Feeling by cost centre", ("12",))


# --- any store


def test_an_empty_store_gives_tables_without_figures_and_totals_without_values(store: Store) -> None:
    for table in _tables(store([])).values():
        assert table.figures == []
        assert table.total
        for figure in table.total:
            nothing = 0 if figure.unit == "count" else None
            assert (figure.value, figure.low, figure.high) == (nothing, nothing, nothing)
            assert (figure.asked, figure.answered, figure.persons) == (0, 0, 0)


@given(rows_of_some)
@settings(deadline=None, derandomize=True)
def test_counts_are_conserved_and_values_lie_in_their_ranges(store: Store, rows: list[Row]) -> None:
    found = _tables(store(rows))
    answered = sum("step" in row for row in rows)
    for name in ("feeling_by_service", "feeling_by_month", "sla_by_feeling"):
        net = [figure for figure in found[name].figures if figure.measure == "net"]
        assert sum(figure.answered for figure in net) == answered == found[name].total[0].answered
        assert sum(figure.asked for figure in net) == len(rows) == found[name].total[0].asked
    figures = [figure for table in found.values() for figure in (*table.figures, *table.total)]
    for figure in (figure for figure in figures if figure.unit != "count"):
        least, most = (-100, 100) if figure.unit == "net" else (0, 1)
        if figure.low is not None:
            assert figure.value is not None
            assert figure.high is not None
            assert least <= figure.low <= figure.value <= figure.high <= most
        if figure.shares:
            assert sum(figure.shares.values()) == pytest.approx(1)
        assert (figure.low is None) == (figure.persons < 2)


@given(rows_of_some)
@settings(deadline=None, derandomize=True)
def test_the_net_score_of_every_group_is_its_positive_less_its_negative_share(store: Store, rows: list[Row]) -> None:
    figures = _figures(_tables(store(rows))["feeling_by_service"].figures)
    for service in {key[0] for key in figures}:
        net, positive, negative = (figures[service, name].value for name in ("net", "positive", "negative"))
        assert (net is None) == (positive is None) == (negative is None)
        if net is not None and positive is not None and negative is not None:
            assert net == pytest.approx(100 * (positive - negative))
