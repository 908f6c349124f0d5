"""How JQL reads the fields of an issue: the words that a condition may name, dates, and what to sort by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from xmo_jira.sandbox.instance import Instance
from xmo_jira.sandbox.life import Issue, Standing
from xmo_jira.sandbox.site import (
    CATEGORIES,
    DUE_AT,
    ORGANISATIONS,
    PRIORITIES,
    REQUEST_TYPE,
    RESOLUTIONS,
    STARS_AT,
    TEAM,
    TYPES,
    Field,
)

Read = Callable[[Issue], Any]
DATES = frozenset({"created", "updated", "resolutiondate", "statuscategorychangedate", "duedate", DUE_AT, STARS_AT})


def _type(issue: Issue) -> tuple[str, ...]:
    found = TYPES[issue.work.kind]
    return found.id, found.cloud_name, found.server_name


_STORY: Mapping[str, Callable[[Issue], tuple[str, ...]]] = {
    "issuekey": lambda issue: (issue.key, str(issue.id)),
    "project": lambda issue: (issue.project.key, issue.project.id, issue.project.name),
    "issuetype": _type,
    "priority": lambda issue: PRIORITIES.get(issue.work.priority, ()),
    "components": lambda issue: (issue.work.service,),
    REQUEST_TYPE: lambda issue: (issue.work.category,),
    ORGANISATIONS: lambda issue: (issue.work.requester.organisation,),
    "summary": lambda issue: (issue.work.title,),
}
_STANDING: Mapping[str, Callable[[Standing], tuple[str, ...]]] = {
    "status": lambda now: (now.status.id, now.status.name),
    "statusCategory": lambda now: (now.status.category, *map(str, CATEGORIES[now.status.category])),
    "resolution": lambda now: (now.resolution, RESOLUTIONS[now.resolution]) if now.resolution else (),
    "labels": lambda now: tuple(now.labels),
    TEAM: lambda now: (now.team,) if now.team else (),
}
_TIMES: Mapping[str, Callable[[Standing], int | None]] = {
    "resolutiondate": lambda now: now.resolved_at,
    "statuscategorychangedate": lambda now: now.status_at,
    "duedate": lambda now: now.due,
    DUE_AT: lambda now: now.due,
}


def reads(instance: Instance, field: Field, until: int) -> Read:
    """Return how to read a field as it stands at a time: a date in epoch milliseconds or None, else words in small
    letters. A field that has no words here never matches."""
    if field.id in DATES:
        return _date(instance, field.id, until)
    if story := _STORY.get(field.id):
        known: dict[tuple[str, ...], frozenset[str]] = {}
        return lambda issue: known.get(words := story(issue)) or known.setdefault(words, _small(words))
    if standing := _STANDING.get(field.id):
        return lambda issue: _small(standing(instance.stand(issue, until)))
    if field.id in {"reporter", "creator"}:
        return lambda issue: _small((instance.people.key("requester", issue),))
    return lambda _: frozenset()


def _date(instance: Instance, name: str, until: int) -> Read:
    if name == "updated":
        return lambda issue: issue.indexed
    if name == "created":
        return lambda issue: issue.work.events[0].at
    if name == STARS_AT:
        return lambda issue: issue.rated(until)
    read = _TIMES[name]
    return lambda issue: read(instance.stand(issue, until))


def _small(words: tuple[str, ...]) -> frozenset[str]:
    return frozenset(word.lower() for word in words)


def _by_key(instance: Instance, until: int) -> Read:  # noqa: ARG001 - as every entry of ORDERED
    return lambda issue: (issue.project.key, issue.work.number)


def _by_date(name: str) -> Callable[[Instance, int], Read]:
    def order(instance: Instance, until: int) -> Read:
        read = _date(instance, name, until)
        return lambda issue: read(issue) or 0

    return order


def _by_words(name: str) -> Callable[[Instance, int], Read]:
    def order(instance: Instance, until: int) -> Read:
        story, standing = _STORY.get(name), _STANDING.get(name)
        if story:
            return story
        return lambda issue: standing(instance.stand(issue, until)) if standing else ()

    return order


ORDERED: Mapping[str, Callable[[Instance, int], Read]] = {
    "issuekey": _by_key,
    **{name: _by_date(name) for name in DATES},
    **{name: _by_words(name) for name in (*_STORY, *_STANDING) if name != "issuekey"},
}
