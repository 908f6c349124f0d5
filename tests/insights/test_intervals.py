"""Intervals: worked examples, exact coverage, and what clustered answers do to them."""

from collections.abc import Callable, Sequence
from itertools import product
from math import comb
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, multinomial, norm, t

from xmo_hooks import Cell, Reader
from xmo_insights.intervals import (
    bonett_price,
    effective_n,
    mean,
    net_interval,
    share_interval,
    split_interval,
    t_quantile,
    variance,
    wilson,
)

SCORES = ("net", "positive", "negative")
NORMAL = float(norm.ppf(0.975))
Store = Callable[[Sequence[dict[str, Any]]], Reader]
Answers = list[tuple[int, int]]  # person, step

answers_of_some = st.lists(st.tuples(st.integers(1, 8), st.integers(1, 5)), min_size=1, max_size=40)


def _cell(store: Store, answers: Answers) -> Cell:
    rows = [{"person": person, "step": step} for person, step in answers]
    (cell,) = store(rows).cells((), SCORES)
    return cell


def _strangers(positive: int, negative: int, n: int) -> Cell:
    """Make the cell of `n` persons with one answer each: sums and products are the counts."""
    net, both = 1000 * (positive - negative), 1000**2 * (positive + negative)
    sums = {"net": net, "positive": 1000 * positive, "negative": 1000 * negative}
    products = {("n", "n"): n, ("n", "net"): net, ("net", "net"): both}
    products |= {("n", name): sums[name] for name in ("positive", "negative")}
    products |= {(name, name): 1000 * sums[name] for name in ("positive", "negative")}
    return Cell(key=(), n=n, persons=n, sums=sums, products=products)


def _known(interval: tuple[float, float] | None) -> tuple[float, float]:
    assert interval is not None
    return interval


# --- worked examples


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"), [(5, 5, 0.566, 1.0), (9, 10, 0.596, 0.982), (90, 100, 0.826, 0.945)]
)
def test_wilson_gives_the_worked_examples(successes: int, n: int, low: float, high: float) -> None:
    assert wilson(successes / n, n, NORMAL) == pytest.approx((low, high), abs=0.0005)


@pytest.mark.parametrize(("successes", "n"), [(0, 1), (0, 7), (3, 7), (7, 7), (123, 400)])
def test_wilson_agrees_with_scipy(successes: int, n: int) -> None:
    theirs = binomtest(successes, n).proportion_ci(method="wilson")
    assert wilson(successes / n, n, NORMAL) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_bonett_price_gives_an_example_worked_by_hand() -> None:
    # 6 positive and 2 negative of 10: (7-3)/12 = 0.3333, se = sqrt((10/12 - 0.1111)/12) = 0.2453, 1.96 of it 0.4809
    assert bonett_price(0.6, 0.2, 10, NORMAL) == pytest.approx((-0.1475, 0.8142), abs=0.0005)


def test_the_quantile_is_students_with_one_degree_of_freedom_less_than_persons() -> None:
    assert t_quantile(2) == pytest.approx(12.706, abs=0.001)
    assert t_quantile(11) == pytest.approx(float(t.ppf(0.975, 10)))
    assert t_quantile(10**6) == pytest.approx(NORMAL, abs=1e-5)


def test_the_effective_number_is_never_above_the_answers_and_the_persons_without_variance() -> None:
    assert effective_n(0.25, 0.01, n=100, persons=40) == 25
    assert effective_n(0.25, 0.001, n=100, persons=40) == 100
    assert effective_n(0.0, 0.0, n=100, persons=40) == 40


def test_the_variance_is_that_of_a_ratio_over_persons(store: Store) -> None:
    # a: 2 of 2 positive, b: 0 of 1, c: 1 of 3; R = 1/2, deviations 1, -1/2, -1/2; V = 3/2 * 1.5 / 36
    cell = _cell(store, [(1, 5), (1, 4), (2, 3), (3, 5), (3, 1), (3, 1)])
    assert variance(cell, "positive") == pytest.approx(1.5 * 1.5 / 36)


def test_one_person_alone_has_no_interval(store: Store) -> None:
    cell = _cell(store, [(1, 5), (1, 1), (1, 3)])
    assert net_interval(cell) is None
    assert share_interval(cell, "positive") is None


# --- exact coverage


def _tails(n: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return for each true (positive, negative) on a grid of 0.02 how likely the net interval lies below or above the
    truth, added up over every possible outcome; and whether an outer band is truly empty."""
    outcomes = np.array([(a, b, n - a - b) for a, b in product(range(n + 1), repeat=2) if a + b <= n])
    bounds = np.array([_known(net_interval(_strangers(int(a), int(b), n))) for a, b, _ in outcomes])
    truths = np.array([(a, b, 50 - a - b) for a, b in product(range(51), repeat=2) if a + b <= 50]) / 50
    tails = []
    for truth in truths:
        chance = multinomial.pmf(outcomes, n, truth)
        net = 100 * (truth[0] - truth[1])
        tails.append((chance[bounds[:, 1] < net - 1e-9].sum(), chance[bounds[:, 0] > net + 1e-9].sum()))
    return np.array(tails), truths[:, :2].min(axis=1) == 0


@pytest.mark.parametrize("n", [10, 20, 40])
def test_the_net_interval_covers_the_truth_as_promised(n: int) -> None:
    tails, empty_band = _tails(n)
    assert tails[~empty_band].max() <= 0.05
    assert tails[empty_band].max() <= 0.061
    assert 1 - tails.sum(axis=1).max() >= 0.93


@pytest.mark.parametrize("n", [10, 20, 40, 100])
def test_the_share_interval_covers_the_truth_nine_times_in_ten_at_worst(n: int) -> None:
    bounds = [_known(share_interval(_strangers(k, 0, n), "positive")) for k in range(n + 1)]
    covered = [
        sum(comb(n, k) * p**k * (1 - p) ** (n - k) for k, (low, high) in enumerate(bounds) if low <= p <= high)
        for p in (i / 200 for i in range(1, 200))
    ]
    assert min(covered) >= 0.90
    assert sum(covered) / len(covered) >= 0.95


# --- invariants


@given(answers_of_some)
@settings(deadline=None, derandomize=True)
def test_every_interval_holds_its_value_and_stays_in_range(store: Store, answers: Answers) -> None:
    cell = _cell(store, answers)
    assume(cell.persons > 1)
    low, high = _known(net_interval(cell))
    assert -100 <= low <= 100 * mean(cell, "net") <= high <= 100
    for column in ("positive", "negative"):
        low, high = _known(share_interval(cell, column))
        assert 0 <= low <= mean(cell, column) <= high <= 1


@given(answers_of_some)
@settings(deadline=None, derandomize=True)
def test_the_net_score_is_positive_less_negative(store: Store, answers: Answers) -> None:
    cell = _cell(store, answers)
    assert mean(cell, "net") == pytest.approx(mean(cell, "positive") - mean(cell, "negative"))


@given(answers_of_some, st.permutations(range(1, 9)), st.randoms(use_true_random=False))
@settings(deadline=None, derandomize=True)
def test_who_is_who_and_in_what_order_they_answered_changes_nothing(
    store: Store, answers: Answers, names: list[int], random: Any
) -> None:
    renamed = [(names[person - 1], step) for person, step in answers]
    random.shuffle(renamed)
    before, after = _cell(store, answers), _cell(store, renamed)
    assert net_interval(before) == net_interval(after)
    assert share_interval(before, "negative") == share_interval(after, "negative")


@given(st.lists(st.integers(1, 5), min_size=2, max_size=15), st.integers(2, 5))
@settings(deadline=None, derandomize=True)
def test_saying_the_same_again_does_not_narrow_an_interval(store: Store, steps: list[int], times: int) -> None:
    once = list(enumerate(steps))
    cell, again = _cell(store, once), _cell(store, once * times)
    assert net_interval(again) == pytest.approx(_known(net_interval(cell)))
    assert share_interval(again, "positive") == pytest.approx(_known(share_interval(cell, "positive")))


@given(st.lists(st.integers(1, 5), min_size=3, max_size=15))
@settings(deadline=None, derandomize=True)
def test_more_persons_with_the_same_answers_narrow_an_interval(store: Store, steps: list[int]) -> None:
    few = _known(net_interval(_cell(store, list(enumerate(steps)))))
    many = _known(net_interval(_cell(store, list(enumerate(steps * 3)))))
    assert many[1] - many[0] < few[1] - few[0]


def test_clustered_answers_have_a_wider_interval_than_those_of_strangers(store: Store) -> None:
    steps = [5] * 12 + [1] * 8
    strangers = _cell(store, list(enumerate(steps)))
    clustered = _cell(store, [(number // 4, step) for number, step in enumerate(steps)])
    for interval in (net_interval, lambda cell: share_interval(cell, "positive")):
        narrow, wide = _known(interval(strangers)), _known(interval(clustered))
        assert wide[0] < narrow[0]
        assert wide[1] > narrow[1]


# --- a share over two cells


works = st.lists(st.tuples(st.integers(1, 6), st.booleans()), min_size=2, max_size=40)


@given(works)
@settings(deadline=None, derandomize=True)
def test_a_share_over_two_cells_is_never_surer_than_one_that_knows_the_persons(
    store: Store, work: list[tuple[int, bool]]
) -> None:
    # The exact interval needs one cell over both; here "met" plays the part of a score.
    cells = {cell.key: cell for cell in store(_verdicts(work)).cells(("sla_met",))}
    nobody = Cell(key=(), n=0, persons=0, sums={}, products={})
    met, missed = cells.get(("met",), nobody), cells.get(("missed",), nobody)
    (exact,) = store([{"person": person, "step": 5 if is_met else 3} for person, is_met in work]).cells((), SCORES)
    assume(max(met.persons, missed.persons) > 1)
    low, high = _known(split_interval(met, missed))
    assert 0 <= low <= met.n / (met.n + missed.n) <= high <= 1
    if variance(exact, "positive"):  # without any, the exact one falls back to the persons
        narrow = _known(share_interval(exact, "positive"))
        assert low <= narrow[0] + 1e-12
        assert high >= narrow[1] - 1e-12


def test_a_share_over_two_cells_is_exact_where_nobody_stands_in_both(store: Store) -> None:
    work = [(1, True), (1, True), (2, True), (3, True), (4, True), (5, False), (5, False), (6, False)]
    met, missed = store(_verdicts(work)).cells(("sla_met",))
    n, quantile = 8, t_quantile(4)
    # deviations: 2 * 3/8, 3 * 3/8, -2 * 5/8, -5/8; four persons at least, for the larger cell has four
    spread = ((2 * 3 / 8) ** 2 + 3 * (3 / 8) ** 2 + (2 * 5 / 8) ** 2 + (5 / 8) ** 2) * 4 / 3 / n**2
    expected = wilson(5 / 8, (5 / 8) * (3 / 8) / spread, quantile)
    assert _known(split_interval(met, missed)) == pytest.approx(expected)


def test_a_share_over_two_cells_of_one_person_has_no_interval(store: Store) -> None:
    met, missed = store(_verdicts([(1, True), (1, False)])).cells(("sla_met",))
    assert split_interval(met, missed) is None


def _verdicts(work: list[tuple[int, bool]]) -> list[dict[str, Any]]:
    return [{"person": person, "sla_met": "met" if is_met else "missed"} for person, is_met in work]
