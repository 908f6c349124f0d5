"""What a query finds: clauses turned into tests, bounds on the change stamp, and the order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from xmo_jira.sandbox.answers import Failure
from xmo_jira.sandbox.clock import millis
from xmo_jira.sandbox.instance import Instance
from xmo_jira.sandbox.jql import Both, Clause, Either, Not, Query, Tree, parse
from xmo_jira.sandbox.life import Issue
from xmo_jira.sandbox.reads import DATES, ORDERED, reads
from xmo_jira.sandbox.site import CATEGORIES, CLAUSES, PRIORITIES, PROJECTS, STATUSES, TYPES, Field

Test = Callable[[Issue], bool]
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {"=": eq, "!=": ne, ">": gt, ">=": ge, "<": lt, "<=": le}
_FORMS = ("%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%d", "%Y/%m/%d")
_RELATIVE = re.compile(r"([+-]?)(\d+)([wdhm])")
_UNITS = {"w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000}
_NAMES: dict[str, frozenset[str]] = {
    "project": frozenset(word.lower() for p in PROJECTS.values() for word in (p.id, p.key, p.name)),
    "issuetype": frozenset(word.lower() for t in TYPES.values() for word in (t.id, t.cloud_name, t.server_name)),
    "status": frozenset(word.lower() for s in STATUSES.values() for word in (s.id, s.name)),
    "statusCategory": frozenset(
        word.lower() for key, (number, _, name) in CATEGORIES.items() for word in (key, str(number), name)
    ),
    "priority": frozenset(word.lower() for pair in PRIORITIES.values() for word in pair),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """How to answer a query: candidates changed at `since` or later, those of them that pass `test`, in `order` (None:
    the order of the index). `timed`: the answer depends on the time of asking."""

    since: int
    test: Test | None
    order: Callable[[list[Issue]], None] | None
    timed: bool

    def lazily(self, instance: Instance, after: tuple[int, int] | None) -> Iterator[Issue]:
        """Yield the matches in the order of the index, from behind a place in it."""
        floor = max((self.since, 0), (after[0], after[1] + 1)) if after else (self.since, 0)
        test = self.test
        for issue in instance.found(*floor):
            if not instance.hides(issue) and (test is None or test(issue)):
                yield issue

    def all(self, instance: Instance) -> list[Issue]:
        """Return all matches in their order."""
        matches = list(self.lazily(instance, None))
        if self.order:
            self.order(matches)
        return matches


class Planner:
    """Turns JQL into plans. `strict` queries are refused where they name an issue that is not there."""

    def __init__(self, instance: Instance, *, strict: bool = True) -> None:
        self._instance = instance
        self._strict = strict
        self._timed = False
        self._until = instance.catch_up()

    def plan(self, text: str) -> Plan:
        """Plan a query. Raises `Failure` (400) for bad syntax, unknown fields and unknown values."""
        query = parse(text)
        parts = query.where.parts if isinstance(query.where, Both) else (query.where,) if query.where else ()
        bounds = [self._since(part) for part in parts]
        tests = [self._test(part) for part, bound in zip(parts, bounds, strict=True) if bound is None]
        since = max((bound for bound in bounds if bound is not None), default=0)
        return Plan(since, _all(tests), self._order(query), self._timed)

    def _since(self, part: Tree) -> int | None:
        if not isinstance(part, Clause) or part.operator not in {">", ">="}:
            return None
        field = self._field(part.field)
        if field.id != "updated":
            return None
        return self._date(part.field, part.values[0]) + (part.operator == ">")

    def _test(self, tree: Tree) -> Test:
        if isinstance(tree, Clause):
            return self._clause(tree)
        if isinstance(tree, Not):
            test = self._test(tree.part)
            return lambda issue: not test(issue)
        tests = [self._test(part) for part in tree.parts]
        if isinstance(tree, Either):
            return lambda issue: any(test(issue) for test in tests)
        return lambda issue: all(test(issue) for test in tests)

    def _clause(self, clause: Clause) -> Test:
        field = self._field(clause.field)
        read = reads(self._instance, field, self._until)
        if clause.operator in {"is", "is not"}:
            empty = clause.operator == "is"
            return lambda issue: (not read(issue)) == empty
        if field.id in DATES:
            return self._dated(clause, read)
        if clause.operator not in {"=", "!=", "in", "not in"}:
            raise Failure(400, f"The operator '{clause.operator}' is not supported by the '{clause.field}' field.")
        wanted = frozenset(self._known(field, clause.field, value) for value in clause.values)
        if clause.operator in {"=", "in"}:
            return lambda issue: not wanted.isdisjoint(read(issue))
        return lambda issue: wanted.isdisjoint(read(issue))

    def _dated(self, clause: Clause, read: Callable[[Issue], Any]) -> Test:
        compare = _COMPARE.get(clause.operator)
        if compare is None:
            raise Failure(400, f"The operator '{clause.operator}' is not supported by the '{clause.field}' field.")
        limit = self._date(clause.field, clause.values[0])

        def test(issue: Issue) -> bool:
            at = read(issue)
            return at is not None and compare(at, limit)

        return test

    def _known(self, field: Field, name: str, value: str) -> str:
        value = value.lower()
        if field.id == "issuekey":
            if self._strict and self._instance.issue(value) is None:
                raise Failure(400, f"An issue with key '{value.upper()}' does not exist for field '{name}'.")
        elif value not in _NAMES.get(field.id, {value}):
            raise Failure(400, f"The value '{value}' does not exist for the field '{name}'.")
        return value

    def _date(self, name: str, value: str) -> int:
        at = _date(value, self._instance.clock.millis(), self._instance.zone, epoch=self._instance.cloud)
        if at is None:
            forms = "'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format"
            text = f"Date value '{value}' for field '{name}' is invalid. Valid formats include: {forms} e.g. '-5d'."
            raise Failure(400, text)
        self._timed = self._timed or value.lower() == "now()" or _RELATIVE.fullmatch(value) is not None
        return at

    def _field(self, name: str) -> Field:
        field = CLAUSES.get(name.lower())
        if field is None:
            raise Failure(400, f"Field '{name}' does not exist or you do not have permission to view it.")
        return field

    def _order(self, query: Query) -> Callable[[list[Issue]], None] | None:
        wanted = [(self._field(name), descending) for name, descending in query.order]
        for field, _ in wanted:
            if field.id not in ORDERED:
                raise Failure(400, f"Not able to sort using field '{field.name}'.")
        ids = [field.id for field, descending in wanted if not descending]
        if len(ids) == len(wanted) and ids[:1] == ["updated"] and set(ids[1:]) <= {"issuekey"}:
            return None
        keys = [(ORDERED[field.id](self._instance, self._until), descending) for field, descending in wanted]

        def sort(issues: list[Issue]) -> None:
            issues.sort(key=lambda issue: -issue.id)  # without an order the newest comes first
            for key, descending in reversed(keys):
                issues.sort(key=key, reverse=descending)

        return sort


def _all(tests: Sequence[Test]) -> Test | None:
    if len(tests) < 2:
        return tests[0] if tests else None
    return lambda issue: all(test(issue) for test in tests)


def _date(value: str, now: int, zone: tzinfo, *, epoch: bool) -> int | None:
    """Read a date of a query. Minute strings are read in the user's zone; epoch milliseconds are the Cloud's alone."""
    if value.lower() == "now()":
        return now
    if match := _RELATIVE.fullmatch(value):
        return now + int(match[1] + match[2]) * _UNITS[match[3]]
    if epoch and value.lstrip("-").isdecimal():
        return int(value)
    for form in _FORMS:
        try:
            return millis(datetime.strptime(value, form).replace(tzinfo=zone))
        except ValueError:
            continue
    return None
