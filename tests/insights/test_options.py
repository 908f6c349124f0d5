"""The section `[insights]`."""

from typing import Any

import pytest
from marshmallow import ValidationError

from xmo_insights.options import Insights, InsightsSchema


def test_without_settings_the_feeling_is_cut_by_the_usual_columns() -> None:
    loaded = InsightsSchema().load({})
    assert loaded == Insights()
    assert loaded.question == "feeling"
    assert loaded.cuts == ("service", "category", "priority", "channel", "month")


def test_question_and_cuts_are_taken_from_the_config() -> None:
    loaded = InsightsSchema().load({"question": "mood", "cuts": ["organisation"]})
    assert loaded == Insights(question="mood", cuts=("organisation",))


@pytest.mark.parametrize(
    ("options", "key", "words"),
    [
        ({"cuts": ["month", "service", "month"]}, "cuts", "named twice: month"),
        ({"cuts": "month"}, "cuts", "Not a valid list"),
        ({"question": ""}, "question", "Shorter than"),
        ({"qestion": "feeling"}, "qestion", "Unknown field"),
    ],
)
def test_a_mistake_is_named_with_its_key(options: dict[str, Any], key: str, words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        InsightsSchema().load(options)
    assert isinstance(caught.value.messages, dict)
    assert words in str(caught.value.messages[key])
