"""Channels: a question goes to the person instead of into the ticket, at most once, and no address is ever kept.

The bench looks after each test that no marker stands twice in the tickets and letters.
"""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from tests.core.support import DAY, HOUR, Bench, Post, asks, feeling, ticket, words
from xmo_core.asking import ledgers, pause
from xmo_core.desk import StoreDesk
from xmo_core.figures import tables
from xmo_core.invitations import withdraw_run
from xmo_core.overview import overview
from xmo_core.reader import StoreReader
from xmo_core.store import tables as t
from xmo_hooks import (
    AuthError,
    BadRecord,
    Conflict,
    Contact,
    Forbidden,
    Immutable,
    Invitation,
    Message,
    NotFound,
    RateLimited,
    Refused,
    Unavailable,
    XmoError,
)

GRACE = timedelta(seconds=384)  # [http] max_wait, and 1.2 times its timeout


@pytest.fixture
def post(bench: Bench) -> Post:
    """A channel beside the comments of the one source, on a bench that asks since an hour."""
    bench.channels["post"] = Post()
    bench.started()
    return bench.channels["post"]


def outcomes(bench: Bench) -> list[tuple[str | None, str | None]]:
    return [(row.channel, row.outcome) for row in bench.rows(t.attempt)]


def test_a_channel_that_reaches_the_person_carries_the_question_instead_of_the_ticket(bench: Bench, post: Post) -> None:
    bench.resolve()
    run = bench.run()
    ((to, text),) = post.letters
    (invitation,) = bench.rows(t.invitation)
    assert to == "person-1@example.com"
    assert f"http://127.0.0.1:8080/a/{bench.token()}" in text
    assert (bench.vendor.journal, bench.vendor.looked) == ([], 0)
    assert (invitation.state, invitation.sent_at, invitation.reference) == ("sent", bench.clock(), "letter 1")
    assert (outcomes(bench), run.counts["asking"]["sent"]) == ([("post", "sent")], 1)


def test_whom_no_channel_reaches_is_asked_in_the_ticket(bench: Bench, post: Post) -> None:
    post.domain = "example.org"
    bench.resolve()
    bench.run()
    assert (post.letters, len(bench.vendor.journal), outcomes(bench)) == ([], 1, [(None, "sent")])


def test_whom_nothing_reaches_is_not_asked_and_the_reason_is_kept(bench: Bench, post: Post) -> None:
    post.domain, bench.vendor.comments = "example.org", False
    bench.reopen()
    bench.resolve()
    bench.run()
    (invitation,) = bench.rows(t.invitation)
    assert invitation.state == "withdrawn"
    assert invitation.reason.startswith("core.unreached: No channel reaches the person")
    assert outcomes(bench) == []


def test_a_source_without_comments_is_asked_about_through_a_channel(bench: Bench, post: Post) -> None:
    bench.vendor.comments = False
    bench.reopen()
    bench.resolve()
    bench.run()
    assert (len(post.letters), bench.verdicts()) == (1, {"1#1": "ask"})


def test_a_ticket_that_takes_no_more_comments_is_asked_about_through_a_channel(bench: Bench, post: Post) -> None:
    bench.vendor.final = frozenset({"closed"})
    bench.reopen()
    bench.resolve(state="closed")
    bench.run()
    assert len(post.letters) == 1


def test_channels_are_tried_in_the_order_of_the_config(bench: Bench, post: Post) -> None:
    post.domain = "example.org"
    bench.channels |= {"second": Post(), "third": Post()}
    bench.reopen()
    bench.resolve()
    bench.run()
    assert [len(one.letters) for one in bench.channels.values()] == [0, 1, 0]


def test_a_channel_carries_only_the_questions_of_the_sources_that_it_names(bench: Bench, post: Post) -> None:
    post.sources = ("branch",)
    bench.reopen()
    bench.resolve()
    bench.run()
    assert (post.letters, len(bench.vendor.journal)) == ([], 1)


def test_no_address_and_no_name_is_kept_anywhere(bench: Bench, post: Post) -> None:
    post.errors.append(Unavailable("The post is closed.", reached=False))
    bench.resolve()
    for _ in range(2):
        bench.run()
    assert len(post.letters) == 1
    kept = [str(row) for table in t.metadata.sorted_tables for row in bench.rows(table)]
    assert [row for row in kept if "example.com" in row or "person-1" in row] == []


def test_a_requester_that_the_store_does_not_know_yet_is_not_asked_about_anothers_trouble(
    bench: Bench, post: Post
) -> None:
    bench.resolve()
    bench.vendor.on_look = lambda: bench.vendor.put(ticket("1", person="other", resolved_at=bench.clock()))
    bench.run()
    (invitation,) = bench.rows(t.invitation)
    assert (post.letters, bench.vendor.journal, invitation.state) == ([], [], "withdrawn")
    assert invitation.reason == "core.changed: The ticket has another requester, or they have another address."


def test_many_requesters_are_looked_for_together(bench: Bench, post: Post) -> None:
    for key in range(250):
        bench.resolve(str(key))
    looks: list[int] = []
    bench.vendor.on_look = lambda: looks.append(1)
    bench.run()
    assert (len(post.letters), len(looks)) == (250, 3)
    assert {f"person-{key}@example.com" for key in range(250)} == {to for to, _ in post.letters}


@pytest.mark.parametrize(
    "error",
    [
        RateLimited("Later.", until=None),  # type: ignore[arg-type]
        AuthError("Refused."),
        Conflict("Changed."),
        Unavailable("Nobody listens.", reached=False),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_was_not_delivered_goes_out_with_the_next_run(bench: Bench, post: Post, error: XmoError) -> None:
    post.errors.append(error)
    bench.resolve()
    bench.run()
    assert (bench.states(), outcomes(bench)) == ({"1#1": "claimed"}, [("post", "not sent")])
    bench.run()
    assert len(post.letters) == 1


REFUSALS = [NotFound("Nobody."), Immutable("Closed."), Forbidden("No."), XmoError("No.")]


@pytest.mark.parametrize("error", REFUSALS)
def test_what_a_channel_can_never_deliver_goes_the_next_way(bench: Bench, post: Post, error: XmoError) -> None:
    bench.channels |= {"far": Post("example.org"), "second": Post()}
    bench.reopen()
    post.errors.append(error)
    bench.resolve()
    bench.run()
    assert outcomes(bench) == [("post", "refused"), ("second", "sent")]
    assert (post.letters, len(bench.channels["second"].letters), bench.vendor.journal) == ([], 1, [])


def test_what_all_channels_refuse_goes_into_the_ticket(bench: Bench, post: Post) -> None:
    post.errors.append(NotFound("Nobody."))
    bench.resolve()
    run = bench.run()
    assert (post.letters, len(bench.vendor.journal), run.counts["asking"]) == ([], 1, {"ask": 1, "sent": 1})


@pytest.mark.parametrize("error", REFUSALS)
def test_what_can_go_no_other_way_is_withdrawn_with_the_reason(bench: Bench, post: Post, error: XmoError) -> None:
    bench.vendor.comments = False
    bench.reopen()
    post.errors.append(error)
    bench.resolve()
    bench.run()
    (invitation,) = bench.rows(t.invitation)
    assert (invitation.state, invitation.reason) == ("withdrawn", f"core.refused: {error}")


def test_a_channel_that_refused_a_question_is_not_tried_with_it_again(bench: Bench, post: Post) -> None:
    post.errors.append(NotFound("Nobody."))
    bench.vendor.write_errors.append(Conflict("Changed."))
    bench.resolve()
    bench.run()
    assert outcomes(bench) == [("post", "refused"), (None, "not sent")]
    bench.run()
    assert (post.letters, len(bench.vendor.journal)) == ([], 1)


def test_a_channel_that_refuses_again_and_again_is_left_and_named(bench: Bench, post: Post) -> None:
    post.errors.extend([NotFound("There is no such path.")] * 9)
    for key in range(9):
        bench.resolve(str(key))
    run = bench.run()
    assert run.errors == {"post": "It refused 3 questions in a row, this one so: There is no such path."}
    assert run.counts["asking"] == {"ask": 9, "sent": 3, "left": 6}
    assert len(bench.vendor.journal) == 3


def test_what_may_have_arrived_is_called_uncertain_at_once_and_never_sent_again(bench: Bench, post: Post) -> None:
    post.lost_answers = 1
    bench.resolve()
    assert bench.run().counts["asking"] == {"ask": 1, "uncertain": 1}
    (invitation,) = bench.rows(t.invitation)
    assert (outcomes(bench), invitation.state) == ([("post", "unknown")], "uncertain")
    assert invitation.reason == "It may have gone out, and nobody can ask whether it arrived."
    assert invitation.expires_at == bench.clock() + 14 * DAY
    bench.pass_time()
    bench.run()
    assert (bench.states(), len(post.letters), len(bench.vendor.journal)) == ({"1#1": "uncertain"}, 1, 0)


def test_what_a_dead_process_may_have_sent_is_called_uncertain_once_it_must_be_over(bench: Bench, post: Post) -> None:
    post.lost_answers = 1
    bench.resolve()
    bench.run()
    # as if the run had been killed in the middle of it
    bench.change(sa.update(t.attempt).values(outcome=None, detail=None))
    bench.change(sa.update(t.invitation).values(state="claimed", sent_at=None, reason=None))
    waiting = overview(bench.office)
    assert (waiting["to_be_sent"], waiting["uncertain"]) == (0, 1)
    assert bench.run().counts["asking"] == {"left": 1}  # another process may still be at it
    bench.wall.tick(GRACE)
    assert bench.run().counts["asking"] == {"uncertain": 1}
    assert (bench.states(), len(post.letters)) == ({"1#1": "uncertain"}, 1)


@pytest.fixture
def uncertain(bench: Bench, post: Post) -> Bench:
    """A bench with one question of which nobody knows whether it arrived."""
    post.lost_answers = 1
    bench.resolve()
    bench.run()
    bench.pass_time()
    assert bench.states() == {"1#1": "uncertain"}
    return bench


def test_an_uncertain_question_is_shown(uncertain: Bench) -> None:
    assert overview(uncertain.office)["uncertain"] == 1
    (states,) = [table for table in tables(uncertain.office) if table.name == "questions"]
    assert "perhaps not arrived" in {figure.key[0] for figure in states.figures}


def test_an_uncertain_question_that_did_arrive_is_answered_as_any_other(uncertain: Bench) -> None:
    StoreDesk(uncertain.office).record(uncertain.token(), [feeling(5)], final=True)
    (invitation,) = uncertain.rows(t.invitation)
    assert (invitation.state, invitation.answered_at) == ("answered", uncertain.clock())


def test_an_uncertain_question_counts_as_asked(uncertain: Bench) -> None:
    uncertain.resolve("2", person="person-1")
    with uncertain.store.reading() as connection:
        (person,) = connection.execute(sa.select(t.person.c.pseudonym)).scalars()
        assert len(ledgers(connection, [person])[person].asked_at) == 1


def test_an_uncertain_question_about_what_is_open_again_is_withdrawn(uncertain: Bench) -> None:
    uncertain.vendor.put(ticket("1", state="in_progress", reopens=1, resolved_at=None, changed_at=uncertain.clock()))
    uncertain.run()
    assert uncertain.states() == {"1#1": "withdrawn"}
    with pytest.raises(Refused):
        StoreDesk(uncertain.office).open(uncertain.token())


def test_an_uncertain_question_expires_and_keeps_its_reason(uncertain: Bench) -> None:
    uncertain.pass_time(15 * DAY)
    uncertain.run()
    (invitation,) = uncertain.rows(t.invitation)
    assert (invitation.state, invitation.reason) == (
        "expired",
        "It may have gone out, and nobody can ask whether it arrived.",
    )


def test_an_uncertain_question_is_taken_back_with_its_run(uncertain: Bench) -> None:
    (invitation,) = uncertain.rows(t.invitation)
    assert withdraw_run(uncertain.office, invitation.run) == (1, 0)


def test_whoever_opts_out_by_an_uncertain_question_has_declined_it(uncertain: Bench) -> None:
    StoreDesk(uncertain.office).opt_out(uncertain.token())
    assert uncertain.states() == {"1#1": "declined"}


def test_what_may_stand_in_the_ticket_never_goes_through_a_channel(bench: Bench) -> None:
    bench.started()
    bench.vendor.lost_answers = 1
    bench.resolve()
    bench.run()
    bench.channels["post"] = Post()
    bench.reopen()
    bench.pass_time()
    bench.run()
    assert (len(bench.vendor.journal), bench.channels["post"].letters) == (1, [])
    assert bench.states() == {"1#1": "sent"}


def test_what_may_have_gone_through_a_channel_never_goes_into_the_ticket(bench: Bench, post: Post) -> None:
    post.lost_answers = 1
    bench.resolve()
    bench.run()
    bench.channels.clear()
    bench.reopen()
    bench.pass_time()
    bench.run()
    assert (bench.vendor.journal, bench.states()) == ([], {"1#1": "uncertain"})


def test_a_channel_that_refuses_is_named_and_whom_it_does_not_reach_is_asked(bench: Bench, post: Post) -> None:
    post.errors.append(AuthError("The post refused the log-in."))
    for key in ("1", "2"):
        bench.resolve(key)
    elsewhere = Contact(key="far", email="far@example.org")
    bench.resolve("3", requester=elsewhere)
    run = bench.run()
    assert run.errors == {"post": "The post refused the log-in."}
    assert (post.letters, len(bench.vendor.journal), run.counts["asking"]["left"]) == ([], 1, 2)
    bench.run()
    assert len(post.letters) == 2


def test_a_source_that_cannot_say_who_asked_leaves_its_questions_and_is_named(bench: Bench, post: Post) -> None:
    bench.resolve()
    bench.vendor.look_errors.append(AuthError("The desk refused the log-in."))
    run = bench.run()
    assert (run.errors, bench.states()) == ({"corp": "The desk refused the log-in."}, {"1#1": "claimed"})
    bench.run()
    assert len(post.letters) == 1


def test_a_source_that_does_not_answer_leaves_its_question(bench: Bench, post: Post) -> None:
    bench.resolve()
    bench.vendor.look_errors.extend([Unavailable("Nobody answers.")] * 2)
    assert bench.run().counts["asking"] == {"ask": 1, "left": 1}
    bench.run()
    assert len(post.letters) == 1


def test_a_requester_whose_ticket_cannot_be_read_now_is_asked_in_the_ticket(bench: Bench, post: Post) -> None:
    for key in ("1", "2"):
        bench.resolve(key)
    bench.vendor.on_look = lambda: bench.vendor.broken.add("1")
    bench.run()
    assert ([to for to, _ in post.letters], [key for key, _ in bench.vendor.journal]) == (
        ["person-2@example.com"],
        ["1"],
    )


@pytest.mark.parametrize("error", [Unavailable("The desk is down."), BadRecord("No JSON."), LookupError("?")])
def test_a_look_that_fails_once_leaves_all_questions_to_their_channel(
    bench: Bench, post: Post, error: Exception
) -> None:
    for key in range(6):
        bench.resolve(str(key))
    bench.vendor.look_errors.append(error)
    bench.run()
    assert bench.vendor.journal == []
    bench.run()
    assert len(post.letters) == 6


def test_a_ticket_that_cannot_be_looked_at_costs_no_other_its_question(bench: Bench, post: Post) -> None:
    for key in range(6):
        bench.resolve(str(key))
    bench.vendor.unseen, bench.vendor.unseen_error = {"3"}, Unavailable("500")
    run = bench.run()
    assert (len(post.letters), bench.vendor.journal, run.counts["asking"]["left"]) == (5, [], 1)


@pytest.mark.parametrize("error", [NotFound("Gone."), Forbidden("Not this one."), XmoError("400")])
def test_tickets_that_can_never_be_looked_at_starve_no_other(bench: Bench, post: Post, error: XmoError) -> None:
    for key in range(9):
        bench.resolve(str(key))
    bench.vendor.unseen, bench.vendor.unseen_error = {"0", "1", "2", "3"}, error
    run = bench.run()
    assert (len(post.letters), len(bench.vendor.journal), run.errors) == (5, 4, {})


def test_tickets_at_which_the_vendor_breaks_down_starve_no_other(bench: Bench, post: Post) -> None:
    for key in range(9):
        bench.resolve(str(key))
    bench.vendor.unseen, bench.vendor.unseen_error = {"0", "1", "2", "3"}, Unavailable("500")
    for _ in range(4):
        bench.run()
    assert (len(post.letters), bench.vendor.journal) == (5, [])
    assert sorted(bench.states().values()) == ["claimed"] * 4 + ["sent"] * 5


def test_people_whose_server_says_later_each_time_hold_up_nobody_else(bench: Bench, post: Post) -> None:
    post.full = {f"person-{key}@example.com" for key in range(4)}
    for key in range(9):
        bench.resolve(str(key))
    for _ in range(4):
        bench.run()
    assert len(post.letters) == 5
    post.full.clear()
    for _ in range(2):
        bench.run()
    assert len(post.letters) == 9


def test_a_reference_that_is_no_text_is_kept_as_one(bench: Bench, post: Post) -> None:
    post.reference = 4711
    bench.resolve()
    bench.run()
    (invitation,) = bench.rows(t.invitation)
    assert (invitation.state, invitation.reference) == ("sent", "4711")


def test_of_one_question_the_requester_is_looked_for_once(bench: Bench, post: Post) -> None:
    bench.channels["second"] = Post()
    bench.reopen()
    looks: list[int] = []
    bench.vendor.on_look = lambda: looks.append(1)
    post.errors.append(NotFound("Nobody."))
    bench.resolve()
    bench.run()
    assert (len(bench.channels["second"].letters), len(looks)) == (1, 1)


def test_whom_the_vendor_does_not_show_is_not_looked_for_again(bench: Bench, post: Post) -> None:
    for key in range(30):
        bench.resolve(str(key))
    looks: list[int] = []

    def look() -> None:
        looks.append(1)
        bench.vendor.tickets.clear()

    bench.vendor.on_look = look
    bench.run()
    assert (len(looks), len(bench.vendor.journal)) == (1, 30)


def test_words_are_told_until_when_the_link_works(bench: Bench, post: Post) -> None:
    told: list[datetime] = []

    def compose(invitation: Invitation) -> Message:
        told.append(invitation.expires_at)
        return words(invitation)

    bench.registry = asks(xmo_compose=compose)
    post.errors.append(Unavailable("Nobody listens.", reached=False))
    bench.resolve()
    bench.run()
    bench.pass_time(15 * DAY)
    bench.run()
    (invitation,) = bench.rows(t.invitation)
    assert told[-1] == invitation.expires_at == bench.clock() + 14 * DAY


def test_of_two_rows_about_one_ticket_the_newer_one_says_whose_it_is(bench: Bench, post: Post) -> None:
    bench.resolve()
    before = ticket("1", person="before", resolved_at=bench.clock(), changed_at=bench.clock() - HOUR)
    bench.vendor.older["1"] = before
    bench.run()
    assert [to for to, _ in post.letters] == ["person-1@example.com"]


def test_a_final_ticket_whose_person_no_channel_reaches_is_left_alone(bench: Bench, post: Post) -> None:
    post.domain, bench.vendor.final = "example.org", frozenset({"closed"})
    bench.reopen()
    bench.resolve(state="closed")
    run = bench.run()
    (invitation,) = bench.rows(t.invitation)
    assert (invitation.state, invitation.reason.partition(":")[0]) == ("withdrawn", "core.unreached")
    assert (bench.vendor.looked, run.errors) == (0, {})


def test_a_channel_that_cannot_say_whom_it_reaches_is_named_and_not_the_source(bench: Bench, post: Post) -> None:
    bench.channels["sms"] = Post("example.org")
    bench.reopen()
    post.reach_error = AuthError("The post refused the log-in.")
    bench.resolve()
    run = bench.run()
    assert (run.errors, bench.states()) == ({"post": "The post refused the log-in."}, {"1#1": "claimed"})


def test_an_error_of_a_plugins_own_making_leaves_nobody_in_doubt_but_its_question(bench: Bench, post: Post) -> None:
    class Gone(Unavailable):
        def __init__(self) -> None:
            Exception.__init__(self, "Gone.")

    post.errors.append(Gone())
    bench.resolve("1")
    bench.resolve("2")
    assert bench.run().counts["asking"] == {"ask": 2, "uncertain": 1, "sent": 1}


@pytest.mark.parametrize("odd", ["half of a sign: \ud83d", "nothing: \0"])
def test_words_that_no_database_takes_stop_no_run(bench: Bench, post: Post, odd: str) -> None:
    post.errors.extend([NotFound(odd), Unavailable(odd)])
    for key in ("1", "2", "3"):
        bench.resolve(key)
    assert bench.run().counts["asking"] == {"ask": 3, "uncertain": 1, "sent": 2}


def test_whoever_gets_a_late_question_has_all_the_time_to_answer(bench: Bench, post: Post) -> None:
    post.errors.append(Unavailable("Nobody listens.", reached=False))
    bench.resolve()
    bench.run()
    bench.pass_time(15 * DAY)
    post.lost_answers = 1
    bench.run()
    assert len(post.letters) == 1
    assert StoreDesk(bench.office).open(bench.token()).expires_at == bench.clock() + 14 * DAY


def test_an_uncertain_question_counts_as_asked_in_figures(uncertain: Bench) -> None:
    cells = StoreReader(uncertain.store).cells([], ["asked", "answered"])
    assert [(cell.sums["asked"], cell.sums["answered"]) for cell in cells] == [(1, 0)]


def test_what_a_plugin_says_of_a_failure_names_nobody(bench: Bench, post: Post) -> None:
    whom = Contact(key="ash", email="ash@example.com", name="Ash Example")
    said = "ASH@example.com (Ash Example) is blocked: /users/ash%40example.com/inbox, ash@exa…"
    post.errors.append(Forbidden(said))
    bench.resolve(requester=whom)
    bench.run()
    (refused, _) = bench.rows(t.attempt)
    assert refused.detail == "*** (***) is blocked: *** ***"


def test_what_a_plugin_says_of_whom_it_reaches_names_nobody(bench: Bench, post: Post) -> None:
    post.reach_error = AuthError("No rule for person-1@example.com.")
    bench.resolve()
    assert bench.run().errors == {"post": "No rule for ***."}


def test_a_channel_that_breaks_the_contract_is_named(bench: Bench, post: Post) -> None:
    post.errors.append(LookupError("person-1@example.com is unknown"))
    bench.resolve()
    run = bench.run()
    assert run.errors["post"].startswith("The plugin failed: LookupError in ")
    assert outcomes(bench) == [("post", "unknown")]


def test_a_pause_holds_back_what_a_channel_would_carry(bench: Bench, post: Post) -> None:
    post.errors.append(Unavailable("Nobody listens.", reached=False))
    bench.resolve()
    bench.run()
    pause(bench.office, True)
    bench.pass_time(HOUR)
    bench.run()
    assert (post.letters, bench.states()) == ([], {"1#1": "claimed"})
