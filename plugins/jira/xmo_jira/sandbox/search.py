"""The search for issues: by token on the Cloud, by offset on a server, and the count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from flask import Response, request

from xmo_jira.sandbox import answers, asked, jql
from xmo_jira.sandbox.answers import Failure
from xmo_jira.sandbox.instance import Instance
from xmo_jira.sandbox.life import Issue
from xmo_jira.sandbox.plan import Plan, Planner
from xmo_jira.sandbox.shape import EMBEDDED, EVERY, Shape, properties
from xmo_jira.sandbox.site import FIELDS

REMOVED = (
    "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. A full migration guideline "
    "is available at https://developer.atlassian.com/changelog/#CHANGE-2046"
)
NEWEST = 40  # histories that a search carries on the Cloud
_DEFAULT, _MOST, _MANY_FIELDS, _MOST_IDS, _MOST_RECONCILED = 50, 100, 10, 5_000, 50
_SERVER_CAP = 1_000
_KEYS = ("expand", "fields", "fieldsByKeys", "jql", "maxResults", "nextPageToken", "properties", "reconcileIssues")
_SERVER_KEYS = ("expand", "fields", "fieldsByKeys", "jql", "maxResults", "properties", "startAt", "validateQuery")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a search asks for. `fields` is None where nobody named any."""

    jql: str
    fields: list[str] | None
    expand: list[str]
    properties: list[str]
    most: int
    token: str | None = None
    reconcile: Sequence[str] = ()
    start: int = 0
    strict: bool = True


class Search:
    """The endpoints of search: each method answers one request."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._kept: tuple[Any, list[Issue]] | None = None

    def removed(self, version: int) -> Response:  # noqa: ARG002 - the same in both
        """Answer the search that the Cloud no longer has."""
        raise Failure(410, REMOVED)

    def by_token(self, version: int) -> Response:
        """Answer `/rest/api/VERSION/search/jql` of the Cloud."""
        wanted = _wanted(_KEYS)
        with self._instance.lock:
            until = self._instance.catch_up()
            plan = self._plan(wanted)
            size = _size(wanted)
            found, more = self._page(plan, wanted, size)
            shape = Shape(self._instance, asked.root(cloud=True), version, until)
            told = {"issues": self._issues(shape, found, wanted), "isLast": more is None}
            told |= _described(wanted)
            if more is not None:
                told["nextPageToken"] = more
            self._move(found, more is not None)
        return answers.json(told)

    def by_offset(self, version: int) -> Response:
        """Answer `/rest/api/2/search` of a server: a page size above its cap is cut down without a word."""
        wanted = _wanted(_SERVER_KEYS)
        with self._instance.lock:
            until = self._instance.catch_up()
            found = self._all(self._plan(wanted), wanted)
            size = min(wanted.most, _SERVER_CAP)
            page = found[wanted.start : wanted.start + size]
            shape = Shape(self._instance, asked.root(cloud=False), version, until)
            told = {"expand": "schema,names", "startAt": wanted.start, "maxResults": size, "total": len(found)}
            told |= {"issues": self._issues(shape, page, wanted), **_described(wanted)}
            self._move(page, wanted.start + size < len(found))
        return answers.json(told)

    def count(self) -> Response:
        """Answer `/rest/api/3/search/approximate-count`."""
        sent = asked.body(("jql",))
        with self._instance.lock:
            self._instance.catch_up()
            wanted = Wanted(str(sent.get("jql") or ""), None, [], [], 0)
            return answers.json({"count": len(self._all(self._plan(wanted), wanted))})

    def _plan(self, wanted: Wanted) -> Plan:
        if self._instance.cloud and jql.parse(wanted.jql).where is None:
            raise Failure(400, jql.UNBOUNDED)
        return Planner(self._instance, strict=wanted.strict).plan(wanted.jql)

    def _page(self, plan: Plan, wanted: Wanted, size: int) -> tuple[list[Issue], str | None]:
        now = self._instance.clock.millis()
        place = asked.place(wanted.token, wanted.jql, now) if wanted.token else None
        if plan.order is None:
            after = (place[0], place[1]) if place else None
            rows = list(islice(plan.lazily(self._instance, after), size + 1))
            spot: Any = [rows[size - 1].indexed, rows[size - 1].id] if len(rows) > size else None
        else:
            start = place or 0
            rows = self._all(plan, wanted)[start : start + size + 1]
            spot = start + size
        more = asked.token(wanted.jql, spot, now) if len(rows) > size else None
        if more and wanted.token and self._instance.faults.hits("stuck", self._instance.faults.request()):
            more = wanted.token
        return self._reconciled(rows[:size], wanted, first=place is None), more

    def _reconciled(self, page: list[Issue], wanted: Wanted, *, first: bool) -> list[Issue]:
        named = [self._instance.issue(name) for name in wanted.reconcile] if first else []
        return page + [issue for issue in named if issue and not issue.indexed and issue not in page]

    def _all(self, plan: Plan, wanted: Wanted) -> list[Issue]:
        asking = self._instance.clock.millis() if plan.timed else 0
        question = (wanted.jql, wanted.strict, self._instance.version, asking, str(self._instance.faults.rates))
        if self._kept is None or self._kept[0] != question:
            self._kept = (question, plan.all(self._instance))
        return self._kept[1]

    def _issues(self, shape: Shape, issues: Sequence[Issue], wanted: Wanted) -> list[dict[str, Any]]:
        cloud = self._instance.cloud
        if wanted.fields is None and cloud and not wanted.expand and not wanted.properties:
            return [{"id": str(issue.id)} for issue in issues]
        names = asked.fields(wanted.fields or [], () if cloud else [name for name in EVERY if name != "comment"])
        return [self._issue(shape, issue, names, wanted) for issue in issues]

    def _issue(self, shape: Shape, issue: Issue, names: Sequence[str], wanted: Wanted) -> dict[str, Any]:
        if str(issue.id) in wanted.reconcile:
            shape = Shape(shape.instance, shape.root, shape.version, self._instance.clock.millis())
        told, now = shape.issue(issue, names, newest=EMBEDDED if self._instance.cloud else None)
        if "changelog" in wanted.expand:
            told["changelog"] = shape.changelog(issue, now, NEWEST)
        if wanted.properties:
            told["properties"] = properties(issue, wanted.properties)
        return told

    def _move(self, page: list[Issue], more: bool) -> None:
        number = self._instance.faults.request()
        if more and page and self._instance.faults.hits("moving", number):
            self._instance.touch(page[number % len(page)])


def _wanted(known: Sequence[str]) -> Wanted:
    post = request.method == "POST"
    sent: dict[str, Any] = asked.body(known) if post else request.args.to_dict()
    wanted_fields = asked.words(sent.get("fields")) if post else asked.listed("fields")
    named = "fields" in sent
    kept = asked.words(sent.get("properties")) if post else asked.listed("properties")
    most = asked.number(sent.get("maxResults"), "maxResults", _DEFAULT)
    if not isinstance(sent.get("jql", ""), str) or not isinstance(sent.get("nextPageToken") or "", str):
        raise Failure(400, answers.INVALID)
    reconcile = asked.words(sent.get("reconcileIssues")) if post else asked.listed("reconcileIssues")
    if len(reconcile) > _MOST_RECONCILED:
        raise Failure(400, f"No more than {_MOST_RECONCILED} issues can be reconciled.")
    return Wanted(
        jql=sent.get("jql", ""),
        fields=wanted_fields if named else None,
        expand=asked.words(sent.get("expand")),
        properties=asked.properties(kept),
        most=most,
        token=sent.get("nextPageToken"),
        reconcile=reconcile,
        start=asked.number(sent.get("startAt"), "startAt", 0),
        strict=str(sent.get("validateQuery", True)).lower() in {"true", "strict"},
    )


def _size(wanted: Wanted) -> int:
    if wanted.most == 0:
        raise Failure(400, "The value for maxResults must be greater than 0.")
    if not set(wanted.fields or ()) - {"id", "key"} and not wanted.expand and not wanted.properties:
        return min(wanted.most, _MOST_IDS)
    names = asked.fields(wanted.fields or [], ())
    return min(wanted.most, _MOST if len(names) <= _MANY_FIELDS else _MOST // 2)


def _described(wanted: Wanted) -> dict[str, Any]:
    names = asked.fields(wanted.fields or [], ())
    told: dict[str, Any] = {}
    if "names" in wanted.expand:
        told["names"] = {name: FIELDS[name].name for name in names}
    if "schema" in wanted.expand:
        told["schema"] = {name: FIELDS[name].schema() for name in names}
    return told
