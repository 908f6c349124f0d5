from datetime import timedelta
from typing import Any

import pytest
from marshmallow import ValidationError

from xmo_surveys.options import Survey, SurveySchema


def load(**section: Any) -> Survey:
    survey = SurveySchema().load(section)
    assert isinstance(survey, Survey)
    return survey


def mistakes(**section: Any) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as caught:
        load(**section)
    assert isinstance(caught.value.messages, dict)
    return caught.value.messages


def test_an_empty_section_asks_everybody_at_most_every_fortnight() -> None:
    survey = load()
    assert survey == Survey()
    assert (survey.quiet_period, survey.sample, survey.per_year) == (timedelta(days=14), 1.0, 6)


def test_every_option_can_be_set() -> None:
    assert load(
        quiet_period="36h",
        sample=0.25,
        per_year=0,
        kinds=["incident"],
        skip_states=[],
        settle="90m",
        stale="2d",
        accent="#A01B2c",
        we_did="Updates come daily now.",
        contact="phone 4400",
    ) == Survey(
        quiet_period=timedelta(hours=36),
        sample=0.25,
        per_year=0,
        kinds=("incident",),
        skip_states=(),
        settle=timedelta(minutes=90),
        stale=timedelta(days=2),
        accent="#A01B2c",
        we_did="Updates come daily now.",
        contact="phone 4400",
    )


@pytest.mark.parametrize("length", ["14", "d", "-1d", "1.5d", "1w", " 14d", "14d\n", "٣d", "", 14, None, True, ["14d"]])
def test_a_length_of_time_that_is_not_one_is_refused_with_an_example(length: object) -> None:
    assert any("14d" in each or "null" in each for each in mistakes(quiet_period=length)["quiet_period"])


def test_a_length_of_time_beyond_ten_years_is_refused() -> None:
    assert load(quiet_period="3650d").quiet_period == timedelta(days=3650)
    assert mistakes(quiet_period="3651d")["quiet_period"] == ["Ten years (3650d) are the most."]


def test_all_mistakes_are_named_at_once() -> None:
    found = mistakes(
        sample=1.01, per_year=-1, kinds=[], skip_states=["new"], accent="teal", we_did="", contact="", quiet="1d"
    )
    assert set(found) == {"sample", "per_year", "kinds", "skip_states", "accent", "we_did", "contact", "quiet"}


@pytest.mark.parametrize("sample", [float("nan"), float("inf"), -0.1])
def test_a_sample_that_is_no_share_is_refused(sample: float) -> None:
    assert "sample" in mistakes(sample=sample)


@pytest.mark.parametrize("section", [{"settle": "7d"}, {"stale": "1h", "settle": "60m"}, {"stale": "0d"}])
def test_a_settling_time_that_outlasts_the_stale_time_is_refused(section: dict[str, str]) -> None:
    assert "nobody would ever be asked" in mistakes(**section)["settle"][0]
