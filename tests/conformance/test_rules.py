"""The stock rules keep what the kit asks of any rule."""

from typing import ClassVar

import xmo_insights.plugin
import xmo_surveys.plugin
from xmo_core.testing import ScoreTests, TriggerTests, WordsTests
from xmo_hooks import Answer


class TestSurveysTrigger(TriggerTests):
    plugin = xmo_surveys.plugin


class TestSurveysWords(WordsTests):
    plugin = xmo_surveys.plugin


class TestInsightsScores(ScoreTests):
    plugin = xmo_insights.plugin
    known: ClassVar = [
        (Answer(question="feeling", version="1", value=5, low=1, high=5, best=5), {"net": 1000, "negative": 0}),
        (Answer(question="feeling", version="1", value=5, low=1, high=5, best=1), {"net": -1000, "negative": 1000}),
    ]
