"""Deciding: whom to ask is found by a query over what is stored, whatever the order in which it came."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests.core.support import DAY, HOUR, NOW, Bench, Vendor, plugin, registry, surveys, ticket, words
from xmo_core import asking
from xmo_core.registry import Registry
from xmo_core.store import tables as t
from xmo_hooks import Ask, Ledger, Occasion, Skip, Wait
from xmo_surveys.options import Survey

Vote = Ask | Skip | Wait | None


def triggers(*votes: Callable[..., Vote]) -> Registry:
    """A registry of one plugin a trigger, and one for the words."""
    made = {f"trigger{n}": plugin(f"trigger{n}", {"xmo_decide": vote}) for n, vote in enumerate(votes)}
    return registry(words=plugin("words", {"xmo_compose": words}), **made)


def ask(occasion: Occasion) -> Ask:
    return Ask(rule="one")


def skip(occasion: Occasion) -> Skip:
    return Skip(rule="never", reason="Because.")


def wait(occasion: Occasion, now: datetime) -> Wait:
    return Wait(rule="later", reason="Not yet.", until=now + HOUR)


def fails(occasion: Occasion) -> Ask:
    raise KeyError(occasion.key)


def test_what_ends_after_the_asking_began_is_asked_about_once(bench: Bench) -> None:
    bench.started()
    bench.resolve()
    for _ in range(3):
        bench.run()
        bench.pass_time()
    assert bench.verdicts() == {"1#1": "ask"}
    assert len(bench.vendor.journal) == 1


def test_the_first_run_never_asks_about_what_had_ended_before(bench: Bench) -> None:
    bench.vendor.put(*(ticket(str(n), resolved_at=NOW - n * DAY) for n in range(1, 6)))
    bench.vendor.put(ticket("many", resolved_at=NOW - HOUR, opened_at=NOW - 9 * DAY, reopens=4))
    assert bench.run().counts["asking"] == {"ended_before": 10}
    bench.pass_time()
    assert "asking" not in bench.run().counts
    assert bench.verdicts() == {}
    assert len(bench.rows(t.ticket)) == 6


def test_what_ends_at_the_instant_of_the_switch_is_asked_about(bench: Bench) -> None:
    bench.vendor.put(ticket(resolved_at=NOW), ticket("2", resolved_at=NOW - timedelta(microseconds=1)))
    bench.run()
    assert bench.verdicts() == {"1#1": "ask"}


def test_what_ends_in_the_second_of_the_switch_is_asked_about(bench: Bench) -> None:
    bench.pass_time(timedelta(milliseconds=158))
    bench.vendor.put(ticket(resolved_at=NOW))
    bench.run()
    assert bench.verdicts() == {"1#1": "ask"}


def test_an_old_ticket_that_changes_later_is_still_not_asked_about(bench: Bench) -> None:
    bench.vendor.put(ticket(resolved_at=NOW - DAY))
    bench.started()
    bench.vendor.put(ticket(resolved_at=NOW - DAY, changed_at=bench.clock(), state="closed", closed_at=bench.clock()))
    bench.run()
    assert bench.verdicts() == {}


def test_an_old_ticket_that_is_opened_again_and_ends_is_asked_about(bench: Bench) -> None:
    bench.vendor.put(ticket(resolved_at=NOW - DAY, opened_at=NOW - 3 * DAY))
    bench.started()
    bench.resolve(opened_at=NOW - 3 * DAY, reopens=1)
    bench.run()
    assert bench.verdicts() == {"1#2": "ask"}


def test_of_two_ends_between_two_runs_the_first_is_over_and_the_second_is_asked_about(bench: Bench) -> None:
    bench.vendor.put(ticket(state="in_progress", vendor_state="2"))
    bench.started()
    bench.resolve(reopens=1)
    bench.run()
    assert bench.verdicts() == {"1#1": "core.over", "1#2": "ask"}
    over, asked = bench.rows(t.decision)
    assert over.ended_at is None
    assert (asked.ended_at, asked.verdict, asked.probability) == (bench.clock(), "ask", 1.0)


def test_an_end_that_does_not_stand_when_a_run_sees_it_is_over(bench: Bench) -> None:
    bench.vendor.put(ticket(state="in_progress", vendor_state="2"))
    bench.started()
    bench.vendor.put(ticket(state="in_progress", vendor_state="2", reopens=1, changed_at=bench.clock()))
    bench.run()
    assert bench.verdicts() == {"1#1": "core.over"}
    bench.pass_time()
    bench.resolve(reopens=1)
    bench.run()
    assert bench.verdicts() == {"1#1": "core.over", "1#2": "ask"}


@pytest.mark.parametrize("state", ["closed", "cancelled"])
def test_an_end_without_a_resolution_counts_as_an_end(bench: Bench, state: str) -> None:
    bench.vendor.put(ticket(state="new", vendor_state="1"))
    bench.started()
    bench.vendor.put(ticket(state=state, vendor_state="7", changed_at=bench.clock(), closed_at=bench.clock()))
    bench.run()
    assert bench.verdicts() == {"1#1": "ask"}
    assert bench.rows(t.decision)[0].ended_at == bench.clock()


def test_a_state_that_nobody_mapped_is_no_end(bench: Bench) -> None:
    bench.started()
    bench.resolve(state="unknown", vendor_state="42")
    bench.run()
    assert bench.verdicts() == {}


def test_one_person_with_many_ends_in_one_run_is_asked_once(bench: Bench) -> None:
    bench.registry = registry(surveys=surveys())
    bench.started()
    ended = [bench.clock() - timedelta(minutes=n) for n in range(5)]
    bench.vendor.put(*(ticket(str(n), person="ann", resolved_at=at) for n, at in enumerate(ended)))
    bench.run()
    # in order of time: 4 ended first
    assert bench.verdicts() == {"4#1": "ask"} | {f"{n}#1": "surveys.quiet" for n in range(4)}
    assert [key for key, _ in bench.vendor.journal] == ["4"]


def test_one_person_known_to_two_sources_is_asked_once(bench: Bench) -> None:
    bench.registry = registry(surveys=surveys())
    bench.sources["branch"] = Vendor()
    bench.started()
    bench.resolve(person="ann")
    bench.sources["branch"].put(ticket("9", person="ann", resolved_at=bench.clock()))
    bench.run()
    assert sorted(bench.verdicts().values()) == ["ask", "surveys.quiet"]
    assert len(bench.vendor.journal) + len(bench.sources["branch"].journal) == 1


def test_after_the_quiet_period_the_person_is_asked_again(bench: Bench) -> None:
    bench.registry = registry(surveys=surveys())
    bench.started()
    for key, days in (("1", 0), ("2", 13), ("3", 1)):
        bench.pass_time(days * DAY)
        bench.resolve(key, person="ann")
        bench.run()
    assert bench.verdicts() == {"1#1": "ask", "2#1": "surveys.quiet", "3#1": "ask"}


def test_a_batch_boundary_does_not_let_a_second_question_through(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_BATCH", 2)
    bench.registry = registry(surveys=surveys())
    bench.started()
    bench.vendor.put(*(ticket(str(n), person="ann", resolved_at=bench.clock()) for n in range(5)))
    bench.run()
    assert bench.verdicts() == {"0#1": "ask"} | {f"{n}#1": "surveys.quiet" for n in range(1, 5)}


def test_those_who_wait_do_not_hide_those_behind_them(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_BATCH", 2)

    def odd(occasion: Occasion, now: datetime) -> Vote:
        return ask(occasion) if int(occasion.ticket.key) % 2 else wait(occasion, now)

    bench.registry = triggers(odd)
    bench.started()
    bench.vendor.put(*(ticket(str(n), resolved_at=bench.clock()) for n in range(7)))
    run = bench.run()
    assert bench.verdicts() == {"1#1": "ask", "3#1": "ask", "5#1": "ask"}
    assert run.counts["asking"]["waiting"] == 4


def test_who_waits_is_decided_on_later(bench: Bench) -> None:
    bench.registry = registry(surveys=surveys())
    bench.survey = Survey(settle=2 * HOUR)
    bench.started()
    bench.resolve()
    bench.run()
    assert bench.verdicts() == {}
    bench.pass_time(2 * HOUR)
    bench.run()
    assert bench.verdicts() == {"1#1": "ask"}


@pytest.mark.parametrize(
    ("votes", "verdict"),
    [
        ((ask, skip), "never"),
        ((skip, wait), "never"),
        ((wait, skip, ask), "never"),
        ((ask, fails, skip), "never"),
        ((ask, wait), None),
        ((ask, fails), None),
        ((ask, lambda: None), "ask"),
        ((lambda: None,), "core.no_vote"),
        ((), "core.no_vote"),
    ],
)
def test_any_skip_wins_then_any_wait(bench: Bench, votes: Any, verdict: str | None) -> None:
    bench.registry = triggers(*votes)
    bench.started()
    bench.resolve()
    bench.run()
    assert bench.verdicts() == ({} if verdict is None else {"1#1": verdict})


def test_a_broken_trigger_leaves_the_decision_open_and_is_named(bench: Bench) -> None:
    bench.registry = triggers(ask, fails)
    bench.started()
    bench.resolve()
    run = bench.run()
    assert bench.verdicts() == {}
    assert list(run.errors) == ["trigger1"]
    assert "xmo_decide failed 1 times: KeyError" in run.errors["trigger1"]
    assert "corp:1" not in run.errors["trigger1"], "the message of an unexpected error may quote anything"
    bench.registry = triggers(ask)
    assert bench.run().errors == {}
    assert bench.verdicts() == {"1#1": "ask"}


def test_the_probabilities_of_all_votes_multiply_and_the_draw_is_kept(bench: Bench) -> None:
    def half(occasion: Occasion) -> Ask:
        return Ask(rule="half", probability=0.5)

    bench.registry = triggers(half, half)
    bench.started()
    bench.vendor.put(*(ticket(str(n), resolved_at=bench.clock()) for n in range(60)))
    bench.run()
    decisions = bench.rows(t.decision)
    assert {row.probability for row in decisions} == {0.25}
    assert {row.rule for row in decisions} == {"half+half", "core.sampled_out"}
    for row in decisions:
        assert row.draw == bench.office.keys.draw(f"{row.problem}#{row.n}")
        assert (row.verdict == "ask") is (row.draw < 0.25)
    assert sorted(bench.states()) == sorted(f"{row.key}#1" for row in decisions if row.verdict == "ask")


def test_with_probability_nought_nobody_is_asked(bench: Bench) -> None:
    bench.registry = triggers(lambda: Ask(rule="never", probability=0.0))
    bench.started()
    bench.vendor.put(*(ticket(str(n), resolved_at=bench.clock()) for n in range(20)))
    bench.run()
    assert set(bench.verdicts().values()) == {"core.sampled_out"}


def test_a_ticket_without_a_requester_is_skipped(bench: Bench) -> None:
    bench.started()
    bench.resolve(person="")
    bench.run()
    assert bench.verdicts() == {"1#1": "core.nobody"}


def test_what_ends_while_asking_is_paused_is_never_asked_about(bench: Bench) -> None:
    bench.started()
    asking.pause(bench.office, True)
    bench.resolve()
    bench.run()
    assert bench.verdicts() == {"1#1": "core.paused"}
    asking.pause(bench.office, False)
    bench.pass_time()
    bench.resolve("2")
    bench.run()
    assert bench.verdicts() == {"1#1": "core.paused", "2#1": "ask"}


def test_a_pause_before_the_first_run_leaves_the_switch_off(bench: Bench) -> None:
    asking.pause(bench.office, True)
    bench.vendor.put(ticket(resolved_at=NOW - HOUR))
    bench.run()
    asking.pause(bench.office, False)
    bench.pass_time()
    bench.run()
    assert bench.verdicts() == {}


def test_who_opted_out_is_never_asked_whatever_the_triggers_say(bench: Bench) -> None:
    bench.started()
    bench.resolve(person="ann")
    bench.run()
    who = bench.rows(t.invitation)[0].person
    bench.change(sa.insert(t.opt_out).values(person=who, at=bench.clock()))
    bench.pass_time()
    bench.resolve("2", person="ann")
    bench.run()
    assert bench.verdicts() == {"1#1": "ask", "2#1": "core.opted_out"}


def test_decisions_are_made_in_order_of_time_then_key(bench: Bench) -> None:
    seen: list[str] = []

    def see(occasion: Occasion) -> Skip:
        seen.append(occasion.key)
        return skip(occasion)

    bench.registry = triggers(see)
    bench.started()
    at = bench.clock()
    minutes = {"b": 2, "a": 2, "d": 1, "c": 3}
    bench.vendor.put(*(ticket(key, resolved_at=at - timedelta(minutes=n)) for key, n in minutes.items()))
    bench.run()
    assert seen == ["corp:c#1", "corp:a#1", "corp:b#1", "corp:d#1"]


def test_a_trigger_sees_the_occasion_the_ledger_and_the_clock(bench: Bench) -> None:
    seen: list[tuple[Occasion, Ledger, datetime]] = []

    def see(occasion: Occasion, ledger: Ledger, now: datetime) -> Ask:
        seen.append((occasion, ledger, now))
        return ask(occasion)

    bench.registry = triggers(see)
    bench.started()
    first = bench.clock()
    bench.resolve("1", person="ann", attributes={"site": "north"})
    bench.run()
    bench.pass_time()
    bench.resolve("2", person="ann", title="VPN")
    seen.clear()
    bench.run()
    occasion, ledger, now = seen[0]
    assert (occasion.key, occasion.n, occasion.at, occasion.source) == ("corp:2#1", 1, bench.clock(), "corp")
    assert (occasion.ticket.title, occasion.ticket.requester) == ("VPN", None)
    assert (occasion.person.kind, occasion.person.language) == ("employee", "en")
    assert ledger == Ledger(asked_at=(first,))
    assert now == bench.clock()
    # asked again before it goes out: this occasion is not in its own ledger
    assert seen[1][1] == ledger


def test_a_decision_keeps_rule_reason_month_and_run(bench: Bench) -> None:
    bench.registry = triggers(skip)
    bench.started()
    bench.clock.at = datetime(2026, 3, 31, 23, 59, 59, tzinfo=NOW.tzinfo)
    bench.resolve()
    bench.pass_time()
    run = bench.run()
    (row,) = bench.rows(t.decision)
    assert (row.verdict, row.rule, row.reason, row.month) == ("skip", "never", "Because.", "2026-03")
    assert (row.run, row.decided_at, row.draw, row.probability) == (run.id, bench.clock(), None, 0.0)


def test_a_ticket_that_lay_in_quarantine_is_asked_about_only_for_its_last_end(bench: Bench) -> None:
    bench.started()
    bench.resolve(opened_at=NOW - 3 * DAY, reopens=2)
    bench.vendor.broken = {"1"}
    bench.run()
    assert bench.verdicts() == {}
    bench.vendor.broken = set()
    bench.pass_time()
    bench.resolve(opened_at=NOW - 3 * DAY, reopens=2)
    bench.run()
    assert bench.verdicts() == {"1#3": "ask"}
