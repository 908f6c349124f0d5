from typing import get_args

import pytest

from tests.surveys.conftest import NOW
from xmo_hooks import Answer
from xmo_surveys.catalogue import LANGUAGES, catalogue, pick
from xmo_surveys.questions import CHOICES, FEELING, MORE, QUESTIONS, RESOLVED, TIME, Purpose, version

TEXTS = {
    "feeling": "How did your most recent interaction with support make you feel?",
    "more": "Sorry your experience is less than satisfactory, would you mind answering some additional questions?",
    "resolved_completely": "Was your issue resolved completely?",
    "time_promised": "Was your issue resolved in the time promised?",
    "choices": "How do you feel about the choices you had in communicating your issue to us?",
}
# A changed text or code is another instrument: its answers make a new series. Change these only on purpose.
VERSIONS = {
    "feeling": "04494f423254",
    "more": "3cb61fa649b9",
    "resolved_completely": "8713a0780e64",
    "time_promised": "f5527e436abf",
    "choices": "14dcd5eac892",
}


def test_the_english_texts_are_the_agreed_ones_to_the_letter() -> None:
    assert {key: each.text for key, each in catalogue("en").questions.items()} == TEXTS


def test_the_versions_are_pinned() -> None:
    assert {key: version(key) for key in QUESTIONS} == VERSIONS


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_a_label_for_each_code_and_no_other(language: str) -> None:
    spoken = {key: list(each.options) for key, each in catalogue(language).questions.items()}
    assert spoken == {key: list(each.options) for key, each in QUESTIONS.items()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_all_that_english_says(language: str) -> None:
    ours, english = catalogue(language), catalogue("en")
    assert ours.page.keys() == english.page.keys()
    assert {key: each.keys() for key, each in ours.notices.items()} == {
        key: each.keys() for key, each in english.notices.items()
    }
    assert "{number}" in ours.subject
    assert (len(ours.dates.weekdays), len(ours.dates.months)) == (7, 12)
    assert all(text.strip() for text in [*ours.page.values(), *(each["text"] for each in ours.notices.values())])


@pytest.mark.parametrize("language", LANGUAGES)
def test_dates_are_written_in_every_language(language: str) -> None:
    assert "2026" in catalogue(language).dates.write(NOW.date(), year=True)
    assert "2026" not in catalogue(language).dates.write(NOW.date(), year=False)


def test_the_feeling_scale_is_balanced_and_runs_from_one_to_five() -> None:
    for question in (FEELING, CHOICES):
        assert question.options == {"very_good": 5, "good": 4, "neither": 3, "bad": 2, "very_bad": 1}
    assert FEELING.answer("bad") == Answer(
        question="feeling", version=version("feeling"), value=2, low=1, high=5, best=5, code="bad"
    )


def test_answers_that_are_no_amount_have_no_value() -> None:
    assert TIME.answer("no_time_promised").value is None
    assert MORE.answer("no") == Answer(question="more", version=version("more"), code="no")


def test_the_follow_ups_are_valued_from_no_to_yes() -> None:
    partly, late = RESOLVED.answer("partly"), TIME.answer("no")
    assert (partly.low, partly.value, partly.high, partly.best) == (0, 1, 2, 2)
    assert (late.low, late.value, late.high, late.best) == (0, 0, 1, 1)


def test_a_code_that_is_no_option_makes_no_answer() -> None:
    with pytest.raises(KeyError):
        FEELING.answer("great")


def test_no_question_serves_to_rate_staff() -> None:
    assert {each.purpose for each in QUESTIONS.values()} <= set(get_args(Purpose))
    assert not {"staff evaluation", "service-level statistic", "resourcing"} & set(get_args(Purpose))


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        (["de"], "de"),
        (["de-AT"], "de"),
        (["DE_ch"], "de"),
        ([None, "fr", "de;"], "en"),
        (["fr-FR", "de", "en"], "de"),
        (["den"], "en"),
        (["../en"], "en"),
        ([], "en"),
        (["", None], "en"),
    ],
)
def test_the_first_wanted_language_that_is_spoken_here_is_used(wanted: list[str | None], language: str) -> None:
    assert pick(*wanted).language == language
