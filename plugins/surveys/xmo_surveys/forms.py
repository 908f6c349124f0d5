"""What a person is asked next, and what of a posted form counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from marshmallow import Schema, fields, validate

from xmo_hooks import Answer
from xmo_surveys.questions import CHOICES, FEELING, MORE, RESOLVED, TIME, Question


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One screen: its template, its questions, and whether they must be answered."""

    template: str
    questions: tuple[Question, ...]
    required: bool


ASK = Stage(template="ask.html", questions=(FEELING,), required=True)
CONSENT = Stage(template="consent.html", questions=(MORE,), required=True)
REST = Stage(template="rest.html", questions=(RESOLVED, TIME, CHOICES), required=False)


def next_stage(answers: Sequence[Answer]) -> Stage | None:
    """Tell from the answers so far what comes next, None for nothing.

    Only a poor feeling leads to the apology, and only a yes there leads on: nobody is asked more against their will.
    """
    given = {each.question: each for each in answers}
    if FEELING.key not in given:
        return ASK
    if not _poor(given[FEELING.key]):
        return None
    if MORE.key not in given:
        return CONSENT
    return REST if given[MORE.key].code == "yes" else None


def read(stage: Stage, form: Mapping[str, Sequence[str]]) -> list[Answer]:
    """Turn a posted form into answers, or raise marshmallow's ValidationError: for an unknown field, an unknown code,
    a field sent twice, or a required one left out."""
    data = {key: each[0] if len(each) == 1 else each for key, each in form.items()}
    chosen = _schema(stage).load(data)
    return [question.answer(chosen[question.key]) for question in stage.questions if question.key in chosen]


def is_last(stage: Stage, before: Sequence[Answer], now: Sequence[Answer]) -> bool:
    """Tell whether these answers end the survey. The last screen ends it also when everything was left out."""
    return stage is REST or next_stage([*before, *now]) is None


def _poor(answer: Answer) -> bool:
    if answer.value is None or answer.low is None or answer.high is None:
        return False
    return 2 * answer.value < answer.low + answer.high


def _schema(stage: Stage) -> Schema:
    return Schema.from_dict(
        {
            each.key: fields.String(required=stage.required, validate=validate.OneOf(list(each.options)))
            for each in stage.questions
        }
    )()
