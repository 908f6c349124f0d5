"""Which fields of an issue are asked for. Jira shows only ids unless fields are named, and names custom fields in each
language: those of Service Management are found by their type, which is the same everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from xmo_jira.options import Options
from xmo_jira.values import plain

Columns = Mapping[str, Sequence[str]]  # the ids of custom fields by what they hold
Pick = Callable[[Mapping[str, Any], Columns], str | None]

STANDARD = (
    "summary",
    "issuetype",
    "status",
    "statuscategorychangedate",
    "resolution",
    "resolutiondate",
    "priority",
    "reporter",
    "created",
    "updated",
    "project",
    "components",
    "parent",
)
CHANNEL = "request.channel.type"  # a property of the issue, not a field
_DESK = "com.atlassian.servicedesk"
_TYPES: Mapping[str, str] = {
    "vp-origin": "request_type",
    "sd-sla-field": "sla",
    "sd-request-feedback": "rating",
    "sd-request-feedback-date": "rated_at",
    "sd-customer-organizations": "organisation",
    "sd-request-language": "language",
    "sd-sentiment": "sentiment",
}


def columns_of(found: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the fields of Service Management by what they hold, from the site's list of fields."""
    columns: dict[str, list[str]] = {}
    for one in found:
        schema = one.get("schema")
        kind = schema.get("custom") if isinstance(schema, Mapping) else None
        if isinstance(kind, str) and kind.startswith(_DESK) and isinstance(one.get("id"), str):
            meaning = _TYPES.get(kind.rpartition(":")[2])
            if meaning:
                columns.setdefault(meaning, []).append(one["id"])
    return columns


def named_in(options: Options) -> dict[str, str]:
    """Return the fields that the options name, by what they are named for; words with a meaning of their own left
    out."""
    named = {"service": options.service, "category": options.category, "group": options.group}
    all_of_them = {**options.fields, **named, "promised": options.promised}
    return {what: column for what, column in all_of_them.items() if column and column not in _WORDS}


def wanted(options: Options, columns: Columns) -> list[str]:
    """Return the fields to ask for, each once."""
    custom = [column for ids in columns.values() for column in ids]
    comments = ["comment"] if options.touchpoints else []
    return list(dict.fromkeys([*STANDARD, *custom, *named_in(options).values(), *comments]))


def changes_of(options: Options) -> list[str]:
    """Return the fields whose changes are asked for: at most ten may be. Who holds a ticket is asked for only where no
    field names the team, and only to be compared with who held it before."""
    return list(dict.fromkeys(["status", holder_of(options), "resolution", options.promised]))


def holder_of(options: Options) -> str:
    """Return the field whose change is a hand-off."""
    return options.group or "assignee"


def pick(column: str) -> Pick:
    """Return how to read what the option names: a word, such as `components`, the id of a field, or "" for nothing."""
    if not column:
        return lambda _, __: None
    return _WORDS.get(column) or (lambda fields, _: plain(fields.get(column)))


def _first(column: str) -> Pick:
    def read(fields: Mapping[str, Any], _: Columns) -> str | None:
        values = fields.get(column)
        return plain(values[0]) if isinstance(values, list) and values else None

    return read


def _custom(meaning: str) -> Pick:
    def read(fields: Mapping[str, Any], columns: Columns) -> str | None:
        for column in columns.get(meaning, ()):
            value = fields.get(column)
            if value and (text := plain(value[0] if isinstance(value, list) else value)):
                return text
        return None

    return read


_WORDS: Mapping[str, Pick] = {
    "project": lambda fields, _: plain(fields.get("project")),
    "components": _first("components"),
    "request_type": _custom("request_type"),
    "organisation": _custom("organisation"),
    "language": _custom("language"),
    "sentiment": _custom("sentiment"),
}
