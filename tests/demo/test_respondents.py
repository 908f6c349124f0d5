"""The rule of the made-up people: one answer for every ticket, and the text says what the code does."""

import re
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmo_demo import respondents
from xmo_demo.respondents import RULE, Facts, deed, feeling, say

FACTS = st.builds(
    Facts,
    number=st.text(max_size=20),
    reopens=st.integers(0, 1000),
    hand_offs=st.integers(0, 1000),
    days=st.floats(0, 1e6),
    missed=st.booleans(),
    service=st.sampled_from(["", "Category 26", respondents.WEAK]),
)
EASY = Facts(number="INC1", reopens=0, hand_offs=0, days=0.0, missed=False, service="Category 26")


@given(FACTS)
def test_every_ticket_has_one_reaction_and_one_feeling(facts: Facts) -> None:
    assert deed(facts) == deed(replace(facts)) in {"answer", "decline", "never", "nothing"}
    assert feeling(facts) == feeling(replace(facts)) in range(1, 6)


@given(FACTS, st.sampled_from(["feeling", "more", "resolved_completely", "time_promised", "choices"]))
def test_every_question_of_the_survey_gets_an_answer(facts: Facts, question: str) -> None:
    assert say(facts, question)


def test_a_question_that_is_not_known_is_left_out() -> None:
    assert say(EASY, "favourite_colour") is None


@given(FACTS)
def test_nobody_feels_better_for_more_trouble(facts: Facts) -> None:
    assert feeling(replace(facts, hand_offs=facts.hand_offs + 1)) <= feeling(facts)
    assert feeling(replace(facts, days=facts.days + 1)) <= feeling(facts)
    assert feeling(replace(facts, missed=True)) <= feeling(replace(facts, missed=False))
    assert feeling(replace(facts, service=respondents.WEAK)) <= feeling(replace(facts, service="Category 26"))


@pytest.mark.parametrize(
    ("trouble", "points"),
    [
        ({"hand_offs": 1}, respondents.PER_HAND_OFF),
        ({"missed": True}, respondents.MISSED),
        ({"service": respondents.WEAK}, respondents.PLANTED),
    ],
)
def test_trouble_costs_as_much_as_the_days_that_cost_the_same(trouble: dict[str, Any], points: float) -> None:
    for n in range(500):
        facts = replace(EASY, number=f"INC{n}", days=1.0)
        assert feeling(replace(facts, **trouble)) == feeling(replace(facts, days=1 + points / respondents.PER_DAY))


def test_an_easy_ticket_leaves_nobody_unhappy_and_a_hard_one_nobody_happy() -> None:
    numbers = [f"INC{n}" for n in range(500)]
    hard = replace(EASY, reopens=1, hand_offs=3, days=4.0, missed=True)
    assert min(feeling(replace(EASY, number=number)) for number in numbers) >= 4
    assert max(feeling(replace(hard, number=number)) for number in numbers) <= 2


def test_as_many_react_as_the_rule_says() -> None:
    count = 20_000
    deeds = Counter(deed(replace(EASY, number=f"INC{n}")) for n in range(count))
    assert deeds["answer"] / count == pytest.approx(respondents.ANSWER, abs=0.02)
    assert deeds["decline"] / count == pytest.approx(respondents.DECLINE, abs=0.02)
    assert deeds["never"] / count == pytest.approx(respondents.NEVER, abs=0.02)


def test_a_ticket_that_was_opened_again_is_drawn_anew() -> None:
    tickets = [replace(EASY, number=f"INC{n}") for n in range(100)]
    assert any(deed(ticket) != deed(replace(ticket, reopens=1)) for ticket in tickets)


@pytest.mark.parametrize(
    ("pattern", "number"),
    [
        (r"(\d+)% answer,", 100 * respondents.ANSWER),
        (r"(\d+)% would rather", 100 * respondents.DECLINE),
        (r"(\d+)% never", 100 * respondents.NEVER),
        (r"starts at ([\d.]+)", respondents.START),
        (r"loses ([\d.]+) for each hand-off", respondents.PER_HAND_OFF),
        (r"hand-off \(of at most (\d+)\)", respondents.MOST_HAND_OFFS),
        (r"([\d.]+) for each day", respondents.PER_DAY),
        (r"open \(of at most (\d+)\)", respondents.MOST_DAYS),
        (r"([\d.]+) if it was opened again", respondents.REOPENED),
        (r"([\d.]+) if its SLA was missed", respondents.MISSED),
        (r"up to ([\d.]+)\. One", respondents.MOOD),
        (r"loses ([\d.]+) more", respondents.PLANTED),
        (r"unhappy, (\d+)% answer", 100 * respondents.WILLING),
    ],
)
def test_the_text_of_the_rule_has_the_numbers_of_the_rule(pattern: str, number: float) -> None:
    found = re.search(pattern, RULE)
    assert found is not None
    assert float(found[1]) == pytest.approx(number)
    assert respondents.WEAK in RULE
