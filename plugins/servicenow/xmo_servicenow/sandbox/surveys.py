"""Answers to the vendor's own survey about some made-up tickets: a questionnaire, taken once, with its results."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from random import Random

from xmo_servicenow.sandbox.clock import parse_time, stamp
from xmo_servicenow.sandbox.history import Change, History, Values

_ANSWERED = 0.3
_SURVEY = "Service desk survey"
_WORDS = ("Poor", "Fair", "Good", "Fine", "Top")
_SKIPPED = {"actual_value": "-1", "string_value": "N/A"}
_METRICS = {
    "Satisfaction": {"datatype": "likert", "min": "1", "max": "5", "scale": "high"},
    "Effort": {"datatype": "scale", "min": "1", "max": "7", "scale": "low"},
    "Comment": {"datatype": "string", "min": "", "max": "", "scale": "high"},
}


def add(history: History, seed: int) -> None:
    """Let a share of the incidents, and of the requested items, be answered about within a day of their resolution;
    the same ones for the same seed."""
    draw = Random(f"{seed}:surveys")  # noqa: S311 - play data, no secret
    survey = history.refer("asmt_metric_type", _SURVEY, {"evaluation_method": "survey"})
    metrics = {
        name: history.refer("asmt_metric", name, {"question": f"{name}?", "metric_type": survey, **about})
        for name, about in _METRICS.items()
    }
    for change in [one for one in history.changes if _ends(one)]:
        if draw.random() < _ANSWERED:
            at = stamp(parse_time(change.stamp) + timedelta(hours=24 * draw.random()))
            _answer(history, draw, change, at, survey, metrics)
    history.sort()


def _ends(change: Change) -> bool:
    ends = {"incident": "6", "sc_req_item": "3"}
    return change.table in ends and change.values.get("state") == ends[change.table]


def _answer(history: History, draw: Random, change: Change, at: str, survey: str, metrics: dict[str, str]) -> None:
    about = {"trigger_table": change.table, "trigger_id": change.sys_id, "task_id": change.sys_id}
    taken = {"number": "AINST", "metric_type": survey, "state": "complete", "taken_on": at, **about}
    instance = history.enter(at, "asmt_assessment_instance", f"{change.sys_id}:{at}", taken, "guest")
    for name, value in _values(draw):
        results = {"instance": instance, "metric": metrics[name], "normalized_value": "-1", **value}
        history.enter(at, "asmt_metric_result", f"{change.sys_id}:{at}:{name}", results, "guest")


def _values(draw: Random) -> Iterator[tuple[str, Values]]:
    score, effort = draw.randint(1, 5), draw.randint(1, 7)
    yield "Satisfaction", {"actual_value": str(score), "string_value": _WORDS[score - 1]}
    skipped = draw.random() < 0.2
    yield "Effort", _SKIPPED if skipped else {"actual_value": f"{effort}.00", "string_value": str(effort)}
    yield "Comment", {"actual_value": "-1", "string_value": "It took a while."} if score < 3 else _SKIPPED
