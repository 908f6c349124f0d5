"""The default question set: keys, purposes, codes and values. The texts lie in `languages/`, one file a language."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from xmo_hooks import Answer
from xmo_surveys.catalogue import LANGUAGES, catalogue

# Closed on purpose: "staff evaluation" or "resourcing" cannot be the reason why a person is asked.
Purpose = Literal["experience outcome", "driver", "effort", "lost time", "resolution truth", "consent"]


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question. `options` maps each code to its value, in the order shown, None where an answer is no amount;
    the highest value is the good end."""

    key: str
    purpose: Purpose
    options: Mapping[str, int | None]

    def answer(self, code: str) -> Answer:
        """Make the answer that choosing `code` gives; raise KeyError for a code that is no option."""
        value = self.options[code]
        if value is None:
            return Answer(question=self.key, version=version(self.key), code=code)
        values = [each for each in self.options.values() if each is not None]
        low, high = min(values), max(values)
        return Answer(
            question=self.key, version=version(self.key), value=value, low=low, high=high, best=high, code=code
        )


# Best first: the page shows them in this order. Two good, one neither, two bad.
_FEELINGS = {"very_good": 5, "good": 4, "neither": 3, "bad": 2, "very_bad": 1}

FEELING = Question(key="feeling", purpose="experience outcome", options=_FEELINGS)
MORE = Question(key="more", purpose="consent", options={"yes": None, "no": None})
RESOLVED = Question(key="resolved_completely", purpose="resolution truth", options={"yes": 2, "partly": 1, "no": 0})
TIME = Question(key="time_promised", purpose="driver", options={"yes": 1, "no": 0, "no_time_promised": None})
CHOICES = Question(key="choices", purpose="driver", options=_FEELINGS)
QUESTIONS = {each.key: each for each in (FEELING, MORE, RESOLVED, TIME, CHOICES)}


@cache
def version(key: str) -> str:
    """Hash what people see and what is stored for it, in every language: a changed wording starts a new series."""
    wordings = {language: catalogue(language).questions[key] for language in LANGUAGES}
    seen = {language: [each.text, dict(each.options)] for language, each in wordings.items()}
    content = json.dumps([key, list(QUESTIONS[key].options.items()), seen], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()[:12]
