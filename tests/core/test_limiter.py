"""The pace: whatever the callers do, the vendor's limit is kept."""

import sys
from collections.abc import Iterator
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmo_core.http import Limiter


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def _starts(per_minute: int, pauses: list[float]) -> Iterator[float]:
    clock = Clock()
    limiter = Limiter(per_minute, clock)
    for pause in pauses:
        clock.seconds += pause
        clock.seconds += limiter.reserve()
        yield clock.seconds


@given(
    per_minute=st.integers(1, 3_000),
    pauses=st.lists(st.one_of(st.sampled_from([0.0, 61.0, 3_600.0]), st.floats(0, 130)), min_size=1, max_size=200),
)
def test_no_minute_ever_sees_more_requests_than_the_limit(per_minute: int, pauses: list[float]) -> None:
    starts = list(_starts(per_minute, pauses))
    for first, start in enumerate(starts):
        within = [at for at in starts[first:] if at < start + 60 - 1e-6]
        assert len(within) <= per_minute


@given(per_minute=st.integers(2, 3_000), n=st.integers(1, 300))
def test_the_steady_rate_is_nearly_the_limit(per_minute: int, n: int) -> None:
    *_, last = _starts(per_minute, [0.0] * n)
    assert last - 1_000 <= 60 * n / (per_minute - max(1, min(10, per_minute // 20))) + 1e-6


def test_a_few_requests_may_go_at_once_and_the_rest_in_step() -> None:
    starts = [at - 1_000 for at in _starts(100, [0.0] * 7)]
    assert starts[:5] == pytest.approx([0.0] * 5, abs=1e-9)
    assert starts[5:] == pytest.approx([60 / 95, 120 / 95])


def test_an_idle_hour_does_not_save_up_requests() -> None:
    starts = [at - 4_600 for at in _starts(60, [0.0, 3_600.0, 0.0, 0.0, 0.0])]
    assert starts[1:] == pytest.approx([0, 0, 0, 60 / 57], abs=1e-9)


@pytest.fixture
def _threads_that_take_turns_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_threads_that_take_turns_often")
def test_two_threads_do_not_take_the_same_turn() -> None:
    limiter = Limiter(60, Clock())
    turns: list[float] = []
    threads = [Thread(target=lambda: turns.extend(limiter.reserve() for _ in range(500))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(turns) == pytest.approx([max(0.0, (n - 2) * 60 / 57) for n in range(2_000)])
