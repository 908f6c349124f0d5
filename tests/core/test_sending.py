"""The outbox: a question goes out at most once, whatever breaks between us and the vendor.

The bench looks after each test that no marker stands twice in the vendor's journal.
"""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.core.support import DAY, HOUR, NOW, Bench, Vendor, asks, feeling, registry, surveys, ticket
from xmo_core import asking, sending
from xmo_core.desk import StoreDesk
from xmo_core.invitations import withdraw_run
from xmo_core.store import tables as t
from xmo_hooks import (
    Ask,
    AuthError,
    Conflict,
    Forbidden,
    Immutable,
    Invitation,
    Message,
    NotFound,
    Occasion,
    RateLimited,
    Skip,
    Unavailable,
    XmoError,
)

GRACE = timedelta(seconds=384)  # [http] max_wait, and 1.2 times its timeout


@pytest.fixture
def resolved(bench: Bench) -> Bench:
    """A bench on which a ticket ended since the asking began."""
    bench.started()
    bench.resolve()
    return bench


def outcomes(bench: Bench) -> list[str | None]:
    return [row.outcome for row in bench.rows(t.attempt)]


def test_a_question_goes_out_with_its_link_and_its_marker(resolved: Bench) -> None:
    run = resolved.run()
    ((key, text),) = resolved.vendor.journal
    (invitation,) = resolved.rows(t.invitation)
    assert key == "1"
    assert f"http://127.0.0.1:8080/a/{resolved.token()}" in text
    assert resolved.vendor.markers == [f"xmo:{invitation.id}"] == [invitation.marker]
    assert (invitation.state, invitation.sent_at, invitation.reference) == ("sent", resolved.clock(), "0")
    assert invitation.expires_at == resolved.clock() + 14 * DAY
    assert (outcomes(resolved), run.counts["asking"]["sent"]) == (["sent"], 1)


@pytest.mark.parametrize(
    "error",
    [
        RateLimited("Too many requests.", until=NOW + HOUR),
        AuthError("The log-in is refused."),
        Conflict("Somebody else wrote."),
    ],
)
def test_a_write_that_was_not_taken_goes_out_with_the_next_run(resolved: Bench, error: XmoError) -> None:
    resolved.vendor.write_errors.append(error)
    run = resolved.run()
    assert run.errors == ({} if isinstance(error, Conflict) else {"corp": str(error)})
    assert run.counts["asking"]["left"] == 1
    assert (resolved.states(), outcomes(resolved), resolved.vendor.journal) == ({"1#1": "claimed"}, ["not sent"], [])
    assert resolved.run().errors == {}
    assert (resolved.states(), outcomes(resolved)) == ({"1#1": "sent"}, ["not sent", "sent"])


def test_a_write_whose_answer_was_lost_is_found_by_its_marker_and_not_repeated(resolved: Bench) -> None:
    resolved.vendor.lost_answers = 1
    assert resolved.run().counts["asking"]["left"] == 1
    assert (resolved.states(), outcomes(resolved)) == ({"1#1": "claimed"}, ["unknown"])
    resolved.pass_time(2 * GRACE)
    assert resolved.run().errors == {}
    assert (resolved.states(), len(resolved.vendor.journal)) == ({"1#1": "sent"}, 1)


def test_within_the_grace_an_uncertain_question_is_only_looked_for(resolved: Bench) -> None:
    resolved.vendor.write_errors.append(Unavailable("The connection broke."))
    resolved.run()
    for _ in range(3):
        resolved.pass_time(GRACE / 4)
        looked = resolved.vendor.looked
        run = resolved.run()
        assert (run.counts["asking"], run.errors) == ({"left": 1}, {})
        assert resolved.vendor.looked == looked + 1
    assert (resolved.vendor.journal, outcomes(resolved)) == ([], ["unknown"])
    resolved.pass_time(GRACE / 2)
    resolved.run()
    assert (resolved.states(), outcomes(resolved)) == ({"1#1": "sent"}, ["unknown", "sent"])


def test_a_question_that_turns_up_within_the_grace_is_settled_at_once(resolved: Bench) -> None:
    resolved.vendor.lost_answers = 1
    resolved.run()
    resolved.pass_time(GRACE / 4)
    resolved.run()
    assert resolved.states() == {"1#1": "sent"}


def test_a_process_that_died_after_the_write_finds_its_question_again(resolved: Bench) -> None:
    resolved.run()
    resolved.change(sa.update(t.invitation).values(state="claimed", sent_at=None, reference=None))
    resolved.change(sa.update(t.attempt).values(outcome=None, detail=None))
    resolved.pass_time(GRACE / 2)
    resolved.run()
    assert resolved.states() == {"1#1": "sent"}


def test_a_ticket_that_is_gone_while_its_question_is_looked_for_stops_no_other(resolved: Bench) -> None:
    resolved.vendor.write_errors.append(Unavailable("The connection broke."))
    resolved.run()
    resolved.pass_time(GRACE / 2)
    resolved.resolve("2")
    resolved.vendor.find_errors.extend([None, NotFound("No such ticket.")])  # what was not tried yet comes first
    run = resolved.run()
    assert run.errors == {}
    assert resolved.states() == {"1#1": "claimed", "2#1": "sent"}


def test_trouble_while_looking_keeps_the_question_for_later(resolved: Bench) -> None:
    resolved.vendor.find_errors.append(Unavailable("The vendor does not answer."))
    run = resolved.run()
    assert run.counts["asking"]["left"] == 1
    assert (resolved.states(), outcomes(resolved)) == ({"1#1": "claimed"}, ["not sent"])
    resolved.run()
    assert resolved.states() == {"1#1": "sent"}


@pytest.mark.parametrize("error", [Immutable("The ticket is closed."), Forbidden("Not ours."), NotFound("It is gone.")])
def test_a_ticket_that_cannot_be_written_withdraws_its_question_with_the_reason(
    resolved: Bench, error: XmoError
) -> None:
    resolved.resolve("2")
    resolved.vendor.write_errors.append(error)
    run = resolved.run()
    assert run.errors == {}
    assert sorted(resolved.states().values()) == ["sent", "withdrawn"]
    (withdrawn,) = [row for row in resolved.rows(t.invitation) if row.state == "withdrawn"]
    assert withdrawn.reason == f"core.refused: {error}"
    assert withdrawn.ended_at == resolved.clock()


def test_a_source_that_breaks_off_again_and_again_is_left_and_named(resolved: Bench) -> None:
    resolved.vendor.put(*(ticket(str(n), resolved_at=resolved.clock()) for n in range(9)))
    resolved.vendor.write_errors += [Unavailable("The connection broke.")] * 9
    run = resolved.run()
    assert run.errors == {"corp": "The connection broke."}
    assert (run.counts["asking"]["left"], resolved.vendor.looked) == (9, sending._MOST)
    resolved.vendor.write_errors.clear()
    resolved.pass_time(2 * GRACE)
    assert resolved.run().counts["asking"] == {"sent": 9}


def test_a_source_that_refuses_again_and_again_is_left_and_named(resolved: Bench) -> None:
    for number in range(2, 10):
        resolved.resolve(str(number))
    resolved.vendor.write_errors.extend([Forbidden("The account may not comment.")] * 4)
    run = resolved.run()
    assert run.counts["asking"] == {"ask": 9, "withdrawn": 3, "left": 6}
    assert run.errors == {"corp": "It refused 3 questions in a row, this one so: The account may not comment."}
    resolved.run()
    assert len(resolved.vendor.journal) == 5


@pytest.mark.parametrize("error", [Immutable("The ticket is closed."), NotFound("Gone."), XmoError("No.")])
def test_tickets_that_take_no_comment_stop_no_other_however_many_they_are(resolved: Bench, error: XmoError) -> None:
    for number in range(2, 10):
        resolved.resolve(str(number))
    resolved.vendor.write_errors.extend([error] * 8)
    run = resolved.run()
    assert (run.counts["asking"], run.errors) == ({"ask": 9, "withdrawn": 8, "sent": 1}, {})


def test_a_refusal_now_and_then_stops_no_other(resolved: Bench) -> None:
    for number in range(2, 10):
        resolved.resolve(str(number))
    writes = iter([Forbidden("No.") if number % 3 else None for number in range(1, 10)])
    resolved.vendor.on_write = lambda: resolved.vendor.write_errors.extend(filter(None, [next(writes)]))
    run = resolved.run()
    assert (run.counts["asking"], run.errors) == ({"ask": 9, "withdrawn": 6, "sent": 3}, {})


def test_one_question_that_breaks_off_stops_no_other(resolved: Bench) -> None:
    resolved.resolve("2")
    resolved.vendor.write_errors.append(Unavailable("The connection broke."))
    assert resolved.run().errors == {}
    assert sorted(resolved.states().values()) == ["claimed", "sent"]


def test_a_refused_log_in_stops_this_source_and_no_other(resolved: Bench) -> None:
    resolved.resolve("2")
    resolved.sources["branch"] = Vendor()
    resolved.opened.clear()
    resolved.sources["branch"].put(ticket("9", resolved_at=resolved.clock()))
    written: list[None] = []
    resolved.vendor.on_write = lambda: written.append(None)
    resolved.vendor.write_errors.append(AuthError("The log-in is refused."))
    run = resolved.run()
    assert run.errors == {"corp": "The log-in is refused."}
    assert len(written) == 1, "retrying would lock the account"
    assert len(resolved.sources["branch"].journal) == 1
    assert sorted(resolved.states().values()) == ["claimed", "claimed", "sent"]


def test_a_source_whose_plugin_fails_unexpectedly_stops_no_other(resolved: Bench) -> None:
    resolved.sources["branch"] = Vendor()
    resolved.opened.clear()
    resolved.sources["branch"].put(ticket("9", resolved_at=resolved.clock()))
    resolved.vendor.find_errors.append(KeyError("ann@example.com"))
    run = resolved.run()
    assert list(run.errors) == ["corp"]
    assert "KeyError" in run.errors["corp"]
    assert "ann@example.com" not in run.errors["corp"]
    assert len(resolved.sources["branch"].journal) == 1
    resolved.pass_time(2 * GRACE)
    assert resolved.run().errors == {}
    assert resolved.states() == {"1#1": "sent", "9#1": "sent"}


def test_the_triggers_are_asked_again_before_the_question_goes_out(resolved: Bench) -> None:
    resolved.registry = registry(surveys=surveys())
    resolved.vendor.write_errors.append(Conflict("Somebody else wrote."))
    resolved.run()
    resolved.pass_time(8 * DAY)
    resolved.run()
    assert resolved.states() == {"1#1": "withdrawn"}
    assert resolved.rows(t.invitation)[0].reason == "surveys.stale: It ended longer than 7d ago."
    assert resolved.vendor.journal == []


def test_who_opts_out_meanwhile_is_not_asked_after_all(resolved: Bench) -> None:
    resolved.vendor.write_errors.append(Conflict("Somebody else wrote."))
    resolved.run()
    who = resolved.rows(t.invitation)[0].person
    resolved.change(sa.insert(t.opt_out).values(person=who, at=resolved.clock()))
    resolved.run()
    assert (resolved.states(), resolved.vendor.journal) == ({"1#1": "withdrawn"}, [])


def test_a_trigger_that_says_later_before_it_goes_out_leaves_it(resolved: Bench) -> None:
    def broken(occasion: Occasion) -> Ask:
        raise RuntimeError("at send")

    resolved.vendor.write_errors.append(Conflict("Somebody else wrote."))
    resolved.run()
    resolved.registry = asks(xmo_decide=broken)
    run = resolved.run()
    assert (resolved.states(), run.counts["asking"], list(run.errors)) == ({"1#1": "claimed"}, {"left": 1}, ["stock"])


def test_a_pause_holds_back_what_was_decided_before(resolved: Bench) -> None:
    resolved.vendor.write_errors.append(Conflict("Somebody else wrote."))
    resolved.run()
    asking.pause(resolved.office, True)
    assert resolved.run().counts["asking"] == {"left": 1}
    asking.pause(resolved.office, False)
    resolved.run()
    assert resolved.states() == {"1#1": "sent"}


def test_a_pause_in_the_middle_of_a_run_holds_back_the_rest(resolved: Bench) -> None:
    resolved.resolve("2")
    resolved.vendor.on_write = lambda: asking.pause(resolved.office, True)
    resolved.run()
    assert sorted(resolved.states().values()) == ["claimed", "sent"]


def test_a_problem_that_is_open_again_withdraws_its_unanswered_question(resolved: Bench) -> None:
    resolved.run()
    resolved.pass_time()
    resolved.vendor.put(ticket(state="in_progress", vendor_state="2", reopens=1, changed_at=resolved.clock()))
    run = resolved.run()
    assert (resolved.states(), run.counts["asking"]["withdrawn"]) == ({"1#1": "withdrawn"}, 1)
    assert resolved.rows(t.invitation)[0].reason == "The problem is open again or deleted, or has another requester."


def test_a_problem_that_was_opened_and_ended_again_is_asked_about_anew(resolved: Bench) -> None:
    resolved.run()
    resolved.pass_time()
    resolved.resolve(reopens=1)
    resolved.run()
    assert resolved.states() == {"1#1": "withdrawn", "1#2": "sent"}


def test_an_answer_outlives_the_opening_again(resolved: Bench) -> None:
    resolved.run()
    StoreDesk(resolved.office).record(resolved.token(), [feeling(5)], final=True)
    resolved.pass_time()
    resolved.vendor.put(ticket(state="in_progress", vendor_state="2", reopens=1, changed_at=resolved.clock()))
    resolved.run()
    assert resolved.states() == {"1#1": "answered"}


def test_what_may_have_gone_out_counts_as_asked_also_when_it_is_withdrawn(resolved: Bench) -> None:
    resolved.registry = registry(surveys=surveys())
    resolved.vendor.lost_answers = 1
    resolved.run()
    resolved.pass_time()
    resolved.resolve(reopens=1)
    resolved.run()
    assert resolved.verdicts() == {"1#1": "ask", "1#2": "surveys.quiet"}
    assert len(resolved.vendor.journal) == 1


def test_what_never_went_out_does_not_count_as_asked(resolved: Bench) -> None:
    resolved.registry = registry(surveys=surveys())
    resolved.vendor.write_errors.append(Conflict("Somebody else wrote."))
    resolved.run()
    resolved.pass_time()
    resolved.resolve(reopens=1)
    resolved.run()
    assert resolved.verdicts() == {"1#1": "ask", "1#2": "ask"}
    assert resolved.states() == {"1#1": "withdrawn", "1#2": "sent"}


def test_a_question_that_nobody_answers_in_time_expires(resolved: Bench) -> None:
    resolved.run()
    resolved.pass_time(14 * DAY - timedelta(seconds=1))
    resolved.run()
    assert resolved.states() == {"1#1": "sent"}
    resolved.pass_time(timedelta(seconds=1))
    run = resolved.run()
    assert (resolved.states(), run.counts["asking"]) == ({"1#1": "expired"}, {"expired": 1})


def test_a_mistake_is_taken_back_by_the_run_that_made_it(resolved: Bench) -> None:
    resolved.resolve("2")
    resolved.resolve("3")
    resolved.vendor.write_errors += [Conflict("Somebody else wrote.")]
    run = resolved.run()
    resolved.run()  # the three that are left go out: they are still the first run's
    StoreDesk(resolved.office).record(resolved.token("3"), [feeling(1)], final=True)
    resolved.pass_time()
    resolved.resolve("4")
    resolved.run()
    assert withdraw_run(resolved.office, run.id) == (2, 0)
    assert resolved.states() == {"1#1": "withdrawn", "2#1": "withdrawn", "3#1": "answered", "4#1": "sent"}
    assert withdraw_run(resolved.office, run.id) == (0, 0)


def test_what_is_withdrawn_before_it_goes_out_never_does(resolved: Bench) -> None:
    resolved.vendor.write_errors.append(Conflict("Somebody else wrote."))
    run = resolved.run()
    assert withdraw_run(resolved.office, run.id) == (0, 1)
    resolved.run()
    assert (resolved.states(), resolved.vendor.journal) == ({"1#1": "withdrawn"}, [])


def test_what_is_withdrawn_while_a_run_sends_does_not_go_out(resolved: Bench) -> None:
    resolved.resolve("2")
    run_id = resolved.rows(t.run)[-1].id + 1
    resolved.vendor.on_write = lambda: withdraw_run(resolved.office, run_id)
    resolved.run()
    assert len(resolved.vendor.journal) == 1
    assert list(resolved.states().values()) == ["withdrawn", "withdrawn"]


def test_an_answer_that_comes_before_the_run_has_settled_stays(resolved: Bench) -> None:
    resolved.vendor.on_write = lambda: (
        StoreDesk(resolved.office).record(resolved.token(), [feeling(4)], final=True) and None
    )
    resolved.run()
    (row,) = resolved.rows(t.invitation)
    assert (row.state, row.answered_at, outcomes(resolved)) == ("answered", resolved.clock(), ["sent"])
    assert row.sent_at == resolved.clock(), "who answered was asked"


def test_without_words_nothing_goes_out_and_the_source_is_named(resolved: Bench) -> None:
    def without_marker(invitation: Invitation) -> Message:
        return Message(marker=invitation.marker, text="How was it?")

    resolved.registry = asks(xmo_compose=without_marker)
    run = resolved.run()
    assert run.errors == {"corp": "No plugin wrote the words of the question with its marker."}
    assert (resolved.states(), outcomes(resolved)) == ({"1#1": "claimed"}, ["not sent"])
    assert resolved.vendor.journal == []


def test_a_source_that_is_no_longer_in_the_config_leaves_its_questions(resolved: Bench) -> None:
    resolved.vendor.write_errors.append(Conflict("Somebody else wrote."))
    resolved.run()
    del resolved.sources["corp"]
    resolved.opened.clear()
    assert resolved.run().counts["asking"] == {"left": 1}
    assert resolved.states() == {"1#1": "claimed"}


def test_a_skip_before_it_goes_out_names_the_rule(resolved: Bench) -> None:
    resolved.vendor.write_errors.append(Conflict("Somebody else wrote."))
    resolved.run()
    resolved.registry = asks(xmo_decide=lambda: Skip(rule="site.rule", reason="Not now."))
    resolved.run()
    assert resolved.rows(t.invitation)[0].reason == "site.rule: Not now."
