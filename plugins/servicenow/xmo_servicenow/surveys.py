"""Answers to the vendor's own surveys: rows of `asmt_metric_result`, one for each answered question.

They are read with what they belong to (instance and question) by dot-walking, so no second request is needed.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields

from xmo_hooks import Answer, Native, Row
from xmo_servicenow.fields import Moment, Reference, Text
from xmo_servicenow.parse import bad
from xmo_servicenow.streams import Stream

RESULTS = "asmt_metric_result"
UNCOUNTED = -1  # the vendor's number for an answer that is none: skipped, a text, a date
_UNANSWERED = frozenset({"", "N/A"})
_YES_NO = frozenset({"boolean", "checkbox", "yesno", "yes_no", "yes/no"})
_TASK = "instance.task_id.sys_class_name"


class Whole(fields.Field[int | None]):
    """A whole number; "" is None. The vendor may write it as 4, 4.0 or 4.00."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int | None:
        if value == "":
            return None
        whole, _point, rest = str(value).partition(".")
        digits = whole.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 10) or rest.strip("0"):
            raise ValidationError("is not a whole number")
        return int(whole)


def _read(kind: type[fields.Field[Any]], column: str, *, required: bool = False) -> fields.Field[Any]:
    how: dict[str, Any] = {"required": True} if required else {"load_default": None, "allow_none": True}
    return kind(data_key=column, load_only=True, **how)


class ResultSchema(Schema):
    """Loads a raw row of results to its values by name."""

    class Meta:
        """What is not named here is left out."""

        unknown = EXCLUDE

    key = _read(Text, "sys_id", required=True)
    changed_at = _read(Moment, "sys_updated_on", required=True)
    created_at = _read(Moment, "sys_created_on", required=True)
    taken_at = _read(Moment, "instance.taken_on")
    table = _read(Text, "instance.trigger_table")
    record = _read(Reference, "instance.trigger_id")
    task = _read(Reference, "instance.task_id")
    task_table = _read(Text, _TASK)
    metric = _read(Reference, "metric", required=True)
    name = _read(Text, "metric.name")
    datatype = _read(Text, "metric.datatype")
    low = _read(Whole, "metric.min")
    high = _read(Whole, "metric.max")
    direction = _read(Text, "metric.scale")
    value = _read(Whole, "actual_value")
    text = _read(Text, "string_value")


_SCHEMA = ResultSchema()
COLUMNS = tuple(str(field.data_key) for field in _SCHEMA.fields.values())


def stream(tables: Sequence[str]) -> Stream:
    """Return what to walk through: results of surveys about records of these tables. `task` stands for all tasks."""
    names = ",".join(tables)
    about = f"{_TASK}ISNOTEMPTY" if "task" in tables else f"{_TASK}IN{names}"
    return Stream(table=RESULTS, columns=COLUMNS, where=f"instance.trigger_tableIN{names}^OR{about}")


def natives(row: Row, tables: Sequence[str]) -> Iterable[Native]:
    """Turn a row of results into an answer; into none where it was skipped, holds no opinion (a date, a file), or is
    about a record that is not ours. Raises `BadRecord`."""
    try:
        values = _SCHEMA.load(row)
    except ValidationError as error:
        column, messages = next(iter(error.messages_dict.items()))
        raise bad(f"{column}: {messages[0]}", column, row) from None
    ticket, answer = _ticket(values, tables), _answer(values)
    if ticket is None or answer is None:
        return ()
    return (Native(ticket=ticket, key=values["key"], at=values["taken_at"] or values["created_at"], answer=answer),)


def _ticket(values: dict[str, Any], tables: Sequence[str]) -> str | None:
    if values["table"] in tables and values["record"]:
        return str(values["record"])
    ours = values["task_table"] in tables or "task" in tables
    return str(values["task"]) if ours and values["task"] else None


def _answer(values: dict[str, Any]) -> Answer | None:
    # a survey that was changed and published anew has new metrics of the same name
    question, version, kind = values["name"] or values["metric"], values["metric"], (values["datatype"] or "").lower()
    text, value = values["text"], values["value"]
    if value is None or value == UNCOUNTED:
        written = kind == "string" and text is not None and text not in _UNANSWERED
        return Answer(question=question, version=version, text=text) if written else None
    low, high = values["low"], values["high"]
    if kind in _YES_NO and high is None:
        low, high = 0, 1
    if low is None or high is None or not low <= value <= high or low == high:
        return Answer(question=question, version=version, value=value)
    best = low if (values["direction"] or "").lower() == "low" else high
    return Answer(question=question, version=version, value=value, low=low, high=high, best=best)
