"""The scoring rule: the feeling somebody chose, in thousandths.

The scale has five named steps. The two at the good end count as positive, the two at the bad end as negative, the
middle one as neither; the middle one stays in the base. Steps are told by their place between the worst and the best
end, so a question that lists its best step first scores the same as one that lists it last.
"""

from collections.abc import Mapping, Sequence

from xmo_hooks import Answer

STEPS = ("very_bad", "bad", "neither", "good", "very_good")
POSITIVE = frozenset({"good", "very_good"})
NEGATIVE = frozenset({"very_bad", "bad"})
ONE = 1000  # scores travel in thousandths, so that every database adds them up alike

STEP_SCORES = {step: f"feeling.{step}" for step in STEPS}
NAMES = ("net", "positive", "negative", *STEP_SCORES.values())


def step(answer: Answer) -> str | None:
    """Name the step that was chosen, or None where the answer does not lie on a scale of five with a known good end."""
    value, low, high = answer.value, answer.low, answer.high
    if value is None or low is None or high is None:
        return None
    if high - low != len(STEPS) - 1 or not low <= value <= high or answer.best not in (low, high):
        return None
    return STEPS[value - low if answer.best == high else high - value]


def score(answers: Sequence[Answer], question: str) -> Mapping[str, int | None]:
    """Score the first usable answer to `question` in thousandths: net 1000, 0 or -1000, the others 1000 or 0; all None
    without one. Called for each experience; never raises."""
    steps = (step(answer) for answer in answers if answer.question == question)
    chosen = next((found for found in steps if found), None)
    if chosen is None:
        return dict.fromkeys(NAMES)
    positive, negative = ONE * (chosen in POSITIVE), ONE * (chosen in NEGATIVE)
    marks = {name: ONE * (step == chosen) for step, name in STEP_SCORES.items()}
    return {"net": positive - negative, "positive": positive, "negative": negative, **marks}
