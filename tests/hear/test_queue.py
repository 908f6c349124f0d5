"""From the queue to the question: on both databases, with a vendor in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
import sqlalchemy as sa

from tests.core.support import DAY, HOUR, NOW, Bench, Vendor, always, asks
from xmo_core.heard import run_heard
from xmo_core.progress import Progress
from xmo_core.store import Store, rings
from xmo_core.store import tables as t
from xmo_core.store.lease import claim
from xmo_core.store.runs import Run
from xmo_hooks import Ask, Call, Heard, Occasion, Row, Unavailable, Wait

SECOND = timedelta(seconds=1)


class Watched(Vendor):
    """A vendor that keeps a list of what was asked for by key, and rings while it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[list[str]] = []
        self.some_error: Exception | None = None
        self.meanwhile: list[str] = []
        self.fails_after = 1000
        self.on_fetch: Callable[[], object] = lambda: None

    def fetch_some(self, keys: Sequence[str]) -> Sequence[Row]:
        self.asked.append(list(keys))
        self.on_fetch()
        if len(self.asked) > self.fails_after:
            raise Unavailable("The vendor is down.")
        if self.some_error:
            raise self.some_error
        rows = super().fetch_some(keys)
        for key in self.meanwhile:
            self.ring(key)
        self.meanwhile = []
        return rows

    def ring(self, key: str) -> None:
        raise AssertionError("the bench puts its own in place")


class Ringing(Bench):
    """A bench whose vendor sends webhooks, and reports nothing of what is deleted."""

    heard = 0

    @property
    def corp(self) -> Watched:
        vendor = self.sources["corp"]
        assert isinstance(vendor, Watched)
        return vendor

    def ring(self, *keys: str, source: str = "corp") -> bool:
        Ringing.heard += 1
        call = Call(headers={}, body=f"call {Ringing.heard}".encode())
        return rings.ring(self.store, source, call, Heard(keys=keys, at=self.clock()), self.wall())

    def able(self) -> None:
        """Have the source hear."""
        config = self.office.config
        for name, source in config.sources.items():
            kind = replace(source.kind, can=frozenset({"comment", "gone", "hear"}))
            config.sources[name] = replace(source, kind=kind)  # type: ignore[index]

    def hear(self) -> Run | None:
        self.able()
        return run_heard(self.office, Progress(show=False))

    def queue(self) -> dict[str, int]:
        return {row.key: row.times for row in self.rows(t.ring)}


@pytest.fixture
def bench(store: Store) -> Iterator[Ringing]:
    made = Ringing(store)
    vendor = Watched()
    vendor.ring = made.ring  # type: ignore[method-assign, assignment]
    made.sources["corp"] = vendor
    made.started()
    yield made
    made.close()


def test_a_ticket_that_is_rung_for_is_asked_about_without_a_sync(bench: Ringing) -> None:
    bench.resolve("1")
    bench.ring("1")
    run = bench.hear()
    assert run is not None
    assert (bench.verdicts(), bench.states(), bench.queue()) == ({"1#1": "ask"}, {"1#1": "sent"}, {})
    assert run.counts == {"corp": {"heard": 1, "tickets": 1, "quarantined": 0}, "asking": {"ask": 1, "sent": 1}}
    bench.pass_time()
    bench.run()
    assert bench.states() == {"1#1": "sent"}


def test_an_ordinary_run_works_the_queue_off_too(bench: Ringing) -> None:
    bench.resolve("1")
    bench.ring("1")
    bench.able()
    bench.run()
    assert (bench.states(), bench.queue()) == ({"1#1": "sent"}, {})


def test_with_an_empty_queue_there_is_no_run(bench: Ringing) -> None:
    before = len(bench.rows(t.run))
    assert bench.hear() is None
    assert len(bench.rows(t.run)) == before


def test_only_what_was_rung_for_is_decided_on_and_asked_about(bench: Ringing) -> None:
    """Another ticket that waits may be open again by now: nobody looked."""
    waiting = [True]

    def decide(occasion: Occasion) -> Ask | Wait:
        return Wait(rule="later", reason="Not yet.", until=NOW) if waiting[0] else always(occasion)

    bench.registry = asks(xmo_decide=decide)
    bench.resolve("1")
    bench.run()
    waiting[0] = False
    bench.resolve("2")
    bench.ring("2")
    bench.hear()
    assert bench.states() == {"2#1": "sent"}
    bench.run()
    assert bench.states() == {"1#1": "sent", "2#1": "sent"}


def test_a_question_that_waits_for_another_ticket_is_not_sent(bench: Ringing) -> None:
    bench.vendor.find_errors.append(Unavailable("The vendor is down."))
    bench.resolve("1")
    bench.run()
    assert bench.states() == {"1#1": "claimed"}
    bench.resolve("2")
    bench.ring("2")
    bench.hear()
    assert bench.states() == {"1#1": "claimed", "2#1": "sent"}


def test_a_reopened_ticket_that_is_rung_for_takes_its_question_back(bench: Ringing) -> None:
    bench.resolve("1")
    bench.ring("1")
    bench.hear()
    bench.resolve("1", state="in_progress", resolved_at=None, changed_at=bench.clock.tick(), reopens=1)
    bench.ring("1")
    bench.hear()
    assert bench.states() == {"1#1": "withdrawn"}


def test_calls_in_the_wrong_order_leave_the_ticket_as_it_is(bench: Ringing) -> None:
    bench.resolve("1")
    bench.ring("1")
    bench.hear()
    state = bench.rows(t.ticket)
    bench.ring("1")  # of the change before, told late
    bench.hear()
    assert (bench.rows(t.ticket), bench.states()) == (state, {"1#1": "sent"})


def test_a_call_that_was_heard_before_changes_nothing(bench: Ringing) -> None:
    call, heard = Call(headers={}, body=b"once"), Heard(keys=("1",), at=NOW)
    assert [rings.ring(bench.store, "corp", call, heard, bench.wall()) for _ in range(2)] == [True, False]
    assert rings.ring(bench.store, "corp", call, replace(heard, at=NOW + SECOND), bench.wall())
    assert rings.ring(bench.store, "other", call, heard, bench.wall())
    assert bench.queue()["1"] in (1, 2)


def test_a_call_without_a_time_rings_each_time_it_comes(bench: Ringing) -> None:
    """Who was resolved twice in a day sends the same words twice."""
    call, heard = Call(headers={}, body=b"resolved"), Heard(keys=("1",))
    assert [rings.ring(bench.store, "corp", call, heard, bench.wall()) for _ in range(2)] == [True, True]
    assert (bench.queue(), bench.rows(t.call)) == ({"1": 2}, [])


def test_calls_are_remembered_for_a_day_and_no_longer(bench: Ringing) -> None:
    for _ in range(50):
        bench.ring("1")
        bench.pass_time(HOUR)
    assert len(bench.rows(t.call)) == 25
    call, heard = Call(headers={}, body=b"once"), Heard(keys=("1",), at=NOW)
    assert rings.ring(bench.store, "corp", call, heard, bench.wall())
    bench.pass_time(DAY)
    assert not rings.ring(bench.store, "corp", call, heard, bench.wall())
    bench.pass_time(SECOND)
    assert rings.ring(bench.store, "corp", call, heard, bench.wall())


def test_a_ring_that_comes_while_its_ticket_is_fetched_is_fetched_again(bench: Ringing) -> None:
    bench.resolve("1")
    bench.ring("1")
    bench.corp.meanwhile = ["1"]
    bench.hear()
    assert (bench.corp.asked, bench.queue()) == ([["1"], ["1"]], {})


def test_a_source_that_fails_keeps_its_rings_for_later_and_later(bench: Ringing) -> None:
    bench.resolve("1")
    bench.ring("1")
    bench.corp.some_error = Unavailable("The vendor is down.")
    pauses = []
    for _ in range(12):
        run = bench.hear()
        assert run is not None
        assert list(run.errors) == ["corp"]
        assert bench.hear() is None  # nothing is due
        due = rings.next_due(bench.store, ["corp"])
        assert due is not None
        pauses.append((due - bench.wall()).total_seconds())
        bench.wall.at = due
    assert pauses == [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600]
    bench.corp.some_error = None
    bench.hear()
    assert (bench.states(), bench.queue()) == ({"1#1": "sent"}, {})


def test_a_new_ring_makes_a_failing_source_due_at_once(bench: Ringing) -> None:
    bench.resolve("1")
    bench.ring("1")
    bench.corp.some_error = Unavailable("The vendor is down.")
    bench.hear()
    bench.corp.some_error = None
    bench.ring("1")
    assert bench.hear() is not None
    assert bench.states() == {"1#1": "sent"}


def test_one_source_that_fails_stops_no_other(bench: Ringing) -> None:
    bench.sources["other"] = Vendor()
    bench.opened.clear()
    bench.started()
    bench.corp.some_error = KeyError("a bug of its plugin")
    bench.sources["other"].put(bench.resolve("9"))
    bench.ring("1")
    bench.ring("9", source="other")
    run = bench.hear()
    assert run is not None
    assert "KeyError" in run.errors["corp"]
    assert bench.states() == {"9#1": "sent"}


def test_what_was_fetched_before_a_source_failed_is_asked_about(bench: Ringing) -> None:
    keys = [f"{number:03}" for number in range(150)]
    for key in keys:
        bench.resolve(key)
    bench.ring(*keys)
    bench.corp.fails_after = 1
    run = bench.hear()
    assert run is not None
    assert list(run.errors) == ["corp"]
    assert set(bench.states()) == {f"{key}#1" for key in keys[:100]}
    assert list(bench.queue()) == keys[100:]


def test_a_source_is_fetched_from_while_another_one_waits(bench: Ringing) -> None:
    """Each waits until both were asked: one after the other they would wait for ever."""
    both = Barrier(2, timeout=30)
    bench.corp.on_fetch = both.wait
    other = Watched()
    other.on_fetch = both.wait
    bench.sources["other"] = other
    bench.opened.clear()
    bench.started()
    bench.ring("1")
    bench.ring("9", source="other")
    run = bench.hear()
    assert run is not None
    assert (run.errors, bench.queue()) == ({}, {})


def test_a_run_takes_no_more_than_some_batches_and_leaves_the_rest_due(bench: Ringing) -> None:
    bench.ring(*[f"{number:03}" for number in range(301)])
    bench.hear()
    assert list(bench.queue()) == ["300"]
    assert rings.next_due(bench.store, ["corp"]) == bench.wall()


def test_a_plugin_that_raises_is_named_by_the_run(bench: Ringing) -> None:
    def broken(occasion: Occasion) -> Ask:
        raise KeyError("a bug of its plugin")

    bench.registry = asks(xmo_decide=broken)
    bench.resolve("1")
    bench.ring("1")
    run = bench.hear()
    assert run is not None
    assert "xmo_decide failed 1 times: KeyError" in run.errors["stock"]


def test_a_ring_for_a_source_that_was_never_synced_is_left_to_its_first_sync(bench: Ringing) -> None:
    new = Watched()
    bench.sources["new"] = new
    bench.opened.clear()
    new.put(bench.resolve("1"))
    bench.ring("1", source="new")
    bench.hear()
    assert (new.asked, bench.queue(), bench.states()) == ([], {}, {})
    bench.run()
    assert bench.rows(t.problem)[0].ends == 1


def test_a_ring_before_asking_was_switched_on_asks_nobody(bench: Ringing) -> None:
    bench.change(sa.delete(t.state))
    bench.resolve("1")
    bench.ring("1")
    bench.hear()
    assert (bench.verdicts(), len(bench.rows(t.ticket))) == ({}, 1)


def test_a_ticket_that_is_not_shown_keeps_its_question_until_a_sync_calls_it_gone(bench: Ringing) -> None:
    """An account that lost a right is shown nothing: the sync sees that most are gone, a webhook cannot."""
    bench.resolve("1")
    bench.ring("1")
    bench.hear()
    del bench.vendor.tickets["1"]
    bench.ring("1", "never-seen")
    assert bench.hear() is not None
    assert (bench.states(), bench.queue(), bench.vendor.swept) == ({"1#1": "sent"}, {}, 0)
    assert [row.deleted_at for row in bench.rows(t.ticket)] == [None]
    bench.pass_time(DAY)
    bench.run()
    assert bench.states() == {"1#1": "withdrawn"}
    assert [row.deleted_at for row in bench.rows(t.ticket)] == [bench.clock()]


def test_what_was_rung_for_and_is_not_shown_is_not_asked_about(bench: Ringing) -> None:
    bench.vendor.find_errors.append(Unavailable("The vendor is down."))
    bench.resolve("1")
    bench.run()
    looked = bench.vendor.looked
    del bench.vendor.tickets["1"]
    bench.ring("1")
    bench.hear()
    assert (bench.states(), bench.vendor.looked) == ({"1#1": "claimed"}, looked)


def test_a_row_that_cannot_be_understood_goes_to_quarantine(bench: Ringing) -> None:
    bench.resolve("1")
    bench.vendor.broken = {"1"}
    bench.ring("1")
    bench.hear()
    assert ([row.key for row in bench.rows(t.quarantine)], bench.queue()) == (["1"], {})
    bench.vendor.broken = set()
    bench.ring("1")
    bench.hear()
    assert (bench.rows(t.quarantine), bench.states()) == ([], {"1#1": "sent"})


def test_a_queue_behind_a_run_that_is_at_work_waits(bench: Ringing) -> None:
    bench.resolve("1")
    bench.ring("1")
    lease, runs = claim(bench.store, "sync corp", bench.wall), len(bench.rows(t.run))
    assert bench.hear() is None
    with bench.store.writing() as connection:
        lease.release(connection)
    assert (bench.queue(), len(bench.rows(t.run))) == ({"1": 1}, runs)
    assert rings.next_due(bench.store, ["corp"]) == bench.wall() + 30 * SECOND
    bench.pass_time(30 * SECOND)
    bench.hear()
    assert bench.states() == {"1#1": "sent"}


def test_a_source_that_another_run_works_on_holds_up_no_other(bench: Ringing) -> None:
    bench.sources["other"] = Vendor()
    bench.opened.clear()
    bench.started()
    bench.sources["other"].put(bench.resolve("9"))
    bench.ring("1")
    bench.ring("9", source="other")
    claim(bench.store, "sync corp", bench.wall)
    run = bench.hear()
    assert run is not None
    assert (bench.states(), bench.queue(), run.errors) == ({"9#1": "sent"}, {"1": 1}, {})
    assert rings.next_due(bench.store, ["corp", "other"]) == bench.wall() + 30 * SECOND


def test_many_tickets_are_fetched_some_at_a_time_and_each_is_asked_about_once(bench: Ringing) -> None:
    keys = [f"{number:04}" for number in range(250)]
    for key in keys:
        bench.resolve(key)
    bench.ring(*keys, *keys)
    bench.hear()
    assert {len(asked) for asked in bench.corp.asked} == {100, 50}
    assert sorted(key for asked in bench.corp.asked for key in asked) == keys
    assert set(bench.states().values()) == {"sent"}
    assert len(bench.states()) == 250


def test_while_asking_is_paused_a_ring_asks_nobody(bench: Ringing) -> None:
    from xmo_core.asking import pause

    pause(bench.office, True)
    bench.pass_time(SECOND)
    bench.resolve("1")
    bench.ring("1")
    bench.hear()
    assert bench.states() == {}
