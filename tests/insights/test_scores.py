"""The scoring rule."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xmo_hooks import Answer
from xmo_insights.scores import NAMES, STEPS, score

NUMBERS = st.none() | st.integers(-3, 12)
ANSWERS = st.builds(
    Answer,
    question=st.sampled_from(["feeling", "resolved"]),
    version=st.just("1"),
    value=NUMBERS,
    low=NUMBERS,
    high=NUMBERS,
    best=NUMBERS,
)


def _answer(value: int | None, *, best: int | None = 5, question: str = "feeling", high: int = 5) -> Answer:
    return Answer(question=question, version="1", value=value, low=1, high=high, best=best)


@pytest.mark.parametrize(
    ("value", "step", "net", "positive", "negative"),
    [
        (1, "very_bad", -1000, 0, 1000),
        (2, "bad", -1000, 0, 1000),
        (3, "neither", 0, 0, 0),
        (4, "good", 1000, 1000, 0),
        (5, "very_good", 1000, 1000, 0),
    ],
)
def test_each_step_scores_as_the_mapping_declares(
    value: int, step: str, net: int, positive: int, negative: int
) -> None:
    scores = score([_answer(value)], "feeling")
    assert (scores["net"], scores["positive"], scores["negative"]) == (net, positive, negative)
    assert [name for name in STEPS if scores[f"feeling.{name}"]] == [step]


@pytest.mark.parametrize("value", range(1, 6))
def test_a_scale_with_the_best_step_first_scores_the_same_feeling_alike(value: int) -> None:
    assert score([_answer(value, best=1)], "feeling") == score([_answer(6 - value, best=5)], "feeling")


@pytest.mark.parametrize(
    "answers",
    [
        [],
        [_answer(5, question="resolved")],
        [_answer(None)],
        [_answer(6)],
        [_answer(5, best=None)],
        [_answer(5, best=3)],
        [_answer(5, high=7, best=7)],
    ],
    ids=["none", "another question", "no value", "outside", "no good end", "good end inside", "seven steps"],
)
def test_what_is_no_answer_on_the_scale_is_unknown_and_not_zero(answers: list[Answer]) -> None:
    assert score(answers, "feeling") == dict.fromkeys(NAMES)


def test_the_configured_question_is_scored_and_no_other() -> None:
    answers = [_answer(1, question="mood"), _answer(5)]
    assert score(answers, "mood")["net"] == -1000
    assert score(answers, "feeling")["net"] == 1000


@given(st.lists(ANSWERS, max_size=4))
@settings(deadline=None, derandomize=True)
def test_any_answers_score_without_an_error_and_the_scores_agree(answers: list[Answer]) -> None:
    scores = dict(score(answers, "feeling"))
    assert set(scores) == set(NAMES)
    assert score(answers, "feeling") == scores
    known = {name: value for name, value in scores.items() if value is not None}
    assert len(known) in (0, len(NAMES))
    if known:
        assert known["net"] == known["positive"] - known["negative"]
        assert sum(known[f"feeling.{step}"] for step in STEPS) == 1000
        assert {known["positive"], known["negative"]} <= {0, 1000}
