"""The desk: what a survey page may do with the token that it was handed."""

import threading
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from tests.core.support import DAY, HOUR, KEY, Bench, feeling
from xmo_core.desk import StoreDesk
from xmo_core.keys import Keys
from xmo_core.store import tables as t
from xmo_hooks import Refused

KEYS = Keys(KEY)


@pytest.fixture
def asked(bench: Bench) -> Bench:
    """A bench on which one question has gone out."""
    bench.started()
    bench.resolve()
    bench.run()
    bench.pass_time()
    return bench


@pytest.fixture
def desk(asked: Bench) -> StoreDesk:
    return StoreDesk(asked.office)


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.reason


def everything(bench: Bench) -> dict[str, list[object]]:
    return {name: bench.rows(table) for name, table in t.metadata.tables.items()}


def test_opening_shows_the_invitation_and_records_nothing(asked: Bench, desk: StoreDesk) -> None:
    before = everything(asked)
    for _ in range(3):
        invitation = desk.open(asked.token())
    assert everything(asked) == before
    assert (invitation.state, invitation.answers) == ("sent", ())
    assert invitation.link == f"http://127.0.0.1:8080/a/{asked.token()}"
    assert (invitation.occasion.key, invitation.occasion.at) == ("corp:1#1", asked.clock() - HOUR)
    assert invitation.occasion.person.language == "en"


def test_an_answer_is_stored_with_all_it_says(asked: Bench, desk: StoreDesk) -> None:
    given_ = feeling(2)
    invitation = desk.record(asked.token(), [given_], final=False)
    assert (invitation.state, invitation.answers) == ("answered", (given_,))
    assert desk.open(asked.token()).answers == (given_,)
    (row,) = asked.rows(t.answer)
    assert row.at == asked.clock()


def test_each_question_is_answered_once(asked: Bench, desk: StoreDesk) -> None:
    desk.record(asked.token(), [feeling(2)], final=False)
    assert refusal(lambda: desk.record(asked.token(), [feeling(5)], final=False)) == "used"
    assert refusal(lambda: desk.record(asked.token(), [feeling(5), feeling(1, "why")], final=True)) == "used"
    desk.record(asked.token(), [feeling(3, "why")], final=False)
    assert [(row.question, row.value) for row in asked.rows(t.answer)] == [("feeling", 2), ("why", 3)]


def test_one_question_twice_in_one_request_is_refused(asked: Bench, desk: StoreDesk) -> None:
    assert refusal(lambda: desk.record(asked.token(), [feeling(2), feeling(5)], final=True)) == "used"
    assert asked.rows(t.answer) == []


def test_the_last_answer_uses_the_token_up(asked: Bench, desk: StoreDesk) -> None:
    desk.record(asked.token(), [feeling(2)], final=True)
    assert refusal(lambda: desk.open(asked.token())) == "used"
    assert refusal(lambda: desk.record(asked.token(), [feeling(2, "why")], final=False)) == "used"
    assert refusal(lambda: desk.decline(asked.token())) == "used"


def test_the_time_of_the_first_answer_counts(asked: Bench, desk: StoreDesk) -> None:
    first = asked.clock()
    desk.record(asked.token(), [feeling(2)], final=False)
    asked.pass_time()
    desk.record(asked.token(), [], final=True)
    (row,) = asked.rows(t.invitation)
    assert (row.answered_at, row.ended_at) == (first, asked.clock())


def test_of_two_answers_at_once_exactly_one_wins(asked: Bench, desk: StoreDesk) -> None:
    won: list[int] = []
    refused: list[str] = []

    def answer(start: threading.Barrier, question: str, value: int) -> None:
        start.wait()
        try:
            desk.record(asked.token(), [feeling(value, question)], final=False)
            won.append(value)
        except Refused as error:
            refused.append(error.reason)

    for number in range(12):  # one race may pass by chance
        start = threading.Barrier(2)
        threads = [threading.Thread(target=answer, args=(start, f"q{number:02}", value)) for value in (1, 5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (len(won), refused) == (12, ["used"] * 12)
    assert [row.value for row in asked.rows(t.answer)] == won


def test_after_its_time_an_invitation_is_refused_also_before_a_run_has_seen_it(asked: Bench, desk: StoreDesk) -> None:
    asked.clock.at = asked.rows(t.invitation)[0].expires_at
    assert refusal(lambda: desk.open(asked.token())) == "expired"
    assert refusal(lambda: desk.record(asked.token(), [feeling(2)], final=True)) == "expired"
    asked.run()
    assert refusal(lambda: desk.open(asked.token())) == "expired"


def test_a_clock_that_is_set_back_opens_it_again_until_a_run_closed_it(asked: Bench, desk: StoreDesk) -> None:
    asked.clock.tick(15 * DAY)
    assert refusal(lambda: desk.open(asked.token())) == "expired"
    asked.clock.tick(-15 * DAY)
    assert desk.open(asked.token()).state == "sent"


def test_a_withdrawn_question_says_so(asked: Bench, desk: StoreDesk) -> None:
    asked.resolve(reopens=1)
    asked.run()
    assert refusal(lambda: desk.open(asked.token())) == "withdrawn"


def test_who_would_rather_not_say_is_declined(asked: Bench, desk: StoreDesk) -> None:
    desk.decline(asked.token())
    assert asked.states() == {"1#1": "declined"}
    assert refusal(lambda: desk.open(asked.token())) == "used"
    assert asked.rows(t.opt_out) == []


def test_who_stops_after_the_first_answer_has_answered(asked: Bench, desk: StoreDesk) -> None:
    desk.record(asked.token(), [feeling(2)], final=False)
    desk.decline(asked.token())
    assert asked.states() == {"1#1": "answered"}


@pytest.mark.parametrize("before", ["open", "used", "expired", "withdrawn"])
def test_opting_out_works_with_any_token_that_was_ours(asked: Bench, desk: StoreDesk, before: str) -> None:
    if before == "used":
        desk.record(asked.token(), [feeling(2)], final=True)
    elif before == "expired":
        asked.clock.tick(30 * DAY)
    elif before == "withdrawn":
        asked.resolve(reopens=1)
        asked.run()
    for _ in range(2):
        desk.opt_out(asked.token())
    (row,) = asked.rows(t.opt_out)
    assert row.person == asked.rows(t.invitation)[0].person
    if before == "open":
        assert asked.states() == {"1#1": "declined"}
    if before == "used":
        assert asked.states() == {"1#1": "answered"}


@pytest.mark.parametrize("act", ["record", "decline", "opt_out"])
def test_who_acts_on_a_question_that_no_run_settled_was_asked(bench: Bench, act: str) -> None:
    bench.started()
    bench.resolve()
    bench.vendor.lost_answers = 1
    bench.run()
    desk = StoreDesk(bench.office)
    acts: dict[str, Callable[[], object]] = {
        "record": lambda: desk.record(bench.token(), [feeling(5)], final=True),
        "decline": lambda: desk.decline(bench.token()),
        "opt_out": lambda: desk.opt_out(bench.token()),
    }
    acts[act]()
    bench.pass_time()
    bench.run()
    (row,) = bench.rows(t.invitation)
    assert row.state == ("answered" if act == "record" else "declined")
    assert row.sent_at is not None


def test_a_token_whose_invitation_is_not_in_the_store_is_unknown(asked: Bench, desk: StoreDesk) -> None:
    assert refusal(lambda: desk.open(asked.token("2"))) == "unknown"


@given(st.text(st.characters()))  # halves of surrogate pairs, too
@example("corp:1#1.\ud800")
@example("\ud800.x")
def test_no_text_opens_anything(token: str) -> None:
    assert KEYS.invitation_of(token) is None


@given(st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", min_size=1), st.data())
def test_a_token_is_good_whole_and_unchanged_only(invitation: str, data: st.DataObject) -> None:
    token = KEYS.token(invitation)
    assert KEYS.invitation_of(token) == invitation
    cut = data.draw(st.integers(0, len(token) - 1))
    assert KEYS.invitation_of(token[:cut]) is None
    changed = token[:cut] + data.draw(st.characters()) + token[cut + 1 :]
    assume(changed != token)
    assert KEYS.invitation_of(changed) is None
    assert Keys("x" * 32).invitation_of(token) is None


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(max_size=40))
def test_forged_tokens_are_refused_by_every_act_and_change_nothing(asked: Bench, desk: StoreDesk, token: str) -> None:
    assert refusal(lambda: desk.open(token)) == "unknown"
    assert refusal(lambda: desk.record(token, [feeling(1)], final=True)) == "unknown"
    assert refusal(lambda: desk.decline(token)) == "unknown"
    assert refusal(lambda: desk.opt_out(token)) == "unknown"
    assert (asked.rows(t.answer), asked.rows(t.opt_out), asked.states()) == ([], [], {"1#1": "sent"})


def test_the_desk_names_who_is_meant_by_pseudonym_alone(asked: Bench, desk: StoreDesk) -> None:
    invitation = desk.open(asked.token())
    assert "person-1" not in repr(invitation)
    assert "example.com" not in repr(invitation)
