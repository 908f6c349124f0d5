"""The bell of `xmo serve`, without waiting: every pause is written down instead."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from sqlalchemy.exc import ProgrammingError
from structlog.testing import capture_logs

from xmo_core.bell import GATHER, Bell
from xmo_core.cli import DONE, FAILED, HELD
from xmo_hooks import Unavailable

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Queue:
    """A queue with one place, runs that end as they are told, and a clock that goes when somebody waits."""

    def __init__(self, *codes: int) -> None:
        self.now, self.due = NOW, None if not codes else NOW
        self.codes, self.paused, self.started = list(codes), list[float](), 0
        self.on_start: Callable[[], None] = lambda: None
        self.bell = Bell(self.next_due, self.start, lambda: self.now, self.pause)

    def next_due(self) -> datetime | None:
        return self.due

    def start(self) -> int:
        self.started += 1
        self.on_start()
        code = self.codes.pop(0)
        if code == DONE:
            self.due = None
        return code

    def pause(self, seconds: float) -> bool:
        self.paused.append(seconds)
        self.now += timedelta(seconds=seconds)
        return False


def test_what_is_due_starts_one_run_after_a_moment_to_gather() -> None:
    queue = Queue(DONE)
    queue.bell.turn()
    assert (queue.started, queue.paused) == (1, [GATHER])


def test_a_run_that_is_kept_out_by_another_is_started_again_later_and_later() -> None:
    queue = Queue(*[HELD] * 7, DONE)
    for _ in range(8):
        queue.bell.turn()
    assert [seconds for seconds in queue.paused if seconds != GATHER] == [5, 10, 20, 40, 60, 60, 60]


def test_after_a_run_that_worked_the_pauses_begin_anew() -> None:
    queue = Queue(FAILED, FAILED, DONE, HELD)
    for turn in range(4):
        queue.due = NOW + timedelta(microseconds=turn)
        queue.bell.turn()
    assert [seconds for seconds in queue.paused if seconds != GATHER] == [5, 10, 5]


def test_a_run_that_ends_well_and_did_nothing_is_not_started_again_at_once() -> None:
    queue = Queue(DONE)
    queue.on_start = lambda: None
    queue.start = lambda: DONE  # type: ignore[method-assign]
    bell = Bell(queue.next_due, queue.start, lambda: queue.now, queue.pause)
    bell.turn()
    bell.turn()
    assert queue.paused == [GATHER, 5, GATHER, 10]


ERRORS = [
    Unavailable("The store does not answer."),
    OSError(12, "Cannot allocate memory"),
    ProgrammingError("SELECT a secret", None, Exception("no such table")),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_store_that_does_not_answer_is_asked_again_later(error: Exception) -> None:
    queue = Queue(DONE)

    def broken() -> datetime:
        raise error

    with capture_logs() as told:
        Bell(broken, queue.start, lambda: queue.now, queue.pause).turn()
    assert (queue.started, queue.paused) == (0, [5])
    assert [entry["event"] for entry in told] == ["queue not worked off"]
    assert "a secret" not in str(told)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_run_that_cannot_be_started_is_started_again_later(error: Exception) -> None:
    queue, errors = Queue(DONE), [error, error]

    def start() -> int:
        if errors:
            raise errors.pop()
        return queue.start()

    bell = Bell(queue.next_due, start, lambda: queue.now, queue.pause)
    for _ in range(3):
        bell.turn()
    assert (queue.started, queue.paused) == (1, [GATHER, 5, GATHER, 10, GATHER])


def test_a_source_that_fails_holds_up_no_other() -> None:
    """Its run has put it off, and what is due next is somebody else's."""
    queue = Queue(FAILED, FAILED, DONE)

    def put_off() -> None:
        queue.due = queue.now

    queue.on_start = put_off
    for _ in range(3):
        queue.bell.turn()
    assert queue.paused == [GATHER] * 3


def test_a_ring_wakes_the_bell_and_its_end_is_its_end() -> None:
    queue, started = Queue(), Event()
    queue.codes = [DONE]
    queue.on_start = started.set
    queue.bell.open()
    queue.due = NOW
    queue.bell.ring()
    assert started.wait(30)
    queue.bell.close()
    assert queue.started == 1


def test_what_was_rung_for_before_a_restart_needs_no_ring() -> None:
    queue, started = Queue(DONE), Event()
    queue.on_start = started.set
    queue.bell.open()
    assert started.wait(30)
    queue.bell.close()


@pytest.mark.parametrize("seconds", [0.01, 0.05])
def test_a_ticket_that_is_put_off_is_waited_for(seconds: float) -> None:
    queue, started = Queue(DONE), Event()
    queue.on_start = started.set
    queue.due = NOW + timedelta(seconds=seconds)
    asked: list[datetime] = []

    def wall() -> datetime:
        asked.append(queue.now)
        return NOW if len(asked) == 1 else NOW + timedelta(seconds=seconds)

    bell = Bell(queue.next_due, queue.start, wall, queue.pause)
    bell.open()
    assert started.wait(30)
    bell.close()
    assert len(asked) >= 2
