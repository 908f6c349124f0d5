"""A Jira Cloud site that costs almost nothing: N requests of one service desk, made from the one that the sandbox
shows. The site has some 130 fields, and shows of a ticket what is asked for, as the vendor does: 11 kB with its five
comments, and 4 kB of history.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import Any

import orjson

from benchmarks.served.http import Answer, Request, Template, serve
from benchmarks.served.sandbox import EVERY, NUMBER, PERSONS, START, Shown, iso, later, text
from xmo_jira.sandbox import SANDBOX

_API = "/rest/api/3"
_LISTS = ("/rest/api/2/serverInfo", f"{_API}/myself", f"{_API}/field", f"{_API}/status")
_FIRST = 10_000  # what a sandbox adds to a number to make an id
_SINCE = re.compile(r"updated >= (\d+)")
_FILLERS = 100


class Site:
    """N tickets, the templates for the fields that were asked for, and what the site says of itself."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._sandbox = Shown(SANDBOX, "xmo@example.org:sandbox")
        self._lists = {path: self._sandbox.get(path) for path in _LISTS}
        self._lists[f"{_API}/field"] += [_filler(number) for number in range(_FILLERS)]
        self._templates: dict[str, Template] = {}

    def answer(self, request: Request) -> Answer:
        """Answer one request."""
        match request.path.removeprefix(_API):
            case "/search/jql":
                return Answer(self._search(request.body))
            case "/changelog/bulkfetch":
                return Answer(self._changes(request.body))
            case _:
                return Answer(orjson.dumps(self._lists[request.path]))

    def _search(self, asked: dict[str, Any]) -> bytes:
        if "updated <" in asked["jql"]:  # what was rated lately and has not changed: nothing
            first = self._count
        elif "nextPageToken" in asked:
            first = int(asked["nextPageToken"])
        elif since := _SINCE.search(asked["jql"]):
            behind = int(since[1]) - START * 1000
            first = max(0, -(-behind // (EVERY * 1000)))
        else:
            raise ValueError(asked["jql"])
        end = min(first + asked["maxResults"], self._count)
        template = self._issue(asked["fields"])
        issues = b",".join(template.fill(number) for number in range(first, end))
        follows = b'"isLast":true' if end == self._count else b'"isLast":false,"nextPageToken":"%d"' % end
        return b'{"issues":[' + issues + b"]," + follows + b"}"

    def _changes(self, asked: dict[str, Any]) -> bytes:
        template = self._history(asked["fieldIds"])
        logs = b",".join(template.fill(int(key) - _FIRST) for key in asked["issueIdsOrKeys"])
        return b'{"issueChangeLogs":[' + logs + b"]}"

    def _issue(self, fields: Sequence[str]) -> Template:
        name = ",".join(fields)
        if name not in self._templates:
            body = {"jql": "updated >= 0 ORDER BY updated ASC", "fields": fields, "maxResults": 1}
            found = self._sandbox.post(f"{_API}/search/jql", body | {"properties": ["request.channel.type"]})
            self._templates[name] = self._template(found["issues"][0])
        return self._templates[name]

    def _history(self, fields: Sequence[str]) -> Template:
        name = f"changes of {fields}"
        if name not in self._templates:
            body = {"issueIdsOrKeys": [str(NUMBER + _FIRST)], "fieldIds": fields, "maxResults": 1000}
            found = self._sandbox.post(f"{_API}/changelog/bulkfetch", body)
            self._templates[name] = self._template(found["issueChangeLogs"][0])
        return self._templates[name]

    def _template(self, shown: Any) -> Template:
        reporter = re.escape(self._reporter().encode())
        holes = {
            rb"2025-12-3\dT\d\d:\d\d:\d\d": later(iso),
            rb"2025-12-3\d": later(_day),
            rb"\b17\d{11}\b": later(_milliseconds),
            b"p%d@" % NUMBER: lambda _: lambda number: b"p%d@" % (number % PERSONS),
            b"%d" % NUMBER: text(lambda number: number),
            b"%d" % (NUMBER + _FIRST): text(lambda number: number + _FIRST),
            reporter: lambda found: lambda number: b"%b%06d" % (found[:-6], number % PERSONS),
        }
        return Template(orjson.dumps(shown), holes)

    def _reporter(self) -> str:
        body = {"jql": "updated >= 0 ORDER BY updated ASC", "fields": ["reporter"], "maxResults": 1}
        found = self._sandbox.post(f"{_API}/search/jql", body)
        return str(found["issues"][0]["fields"]["reporter"]["accountId"])


def _day(second: int) -> bytes:
    return iso(second)[:10]


def _milliseconds(second: int) -> bytes:
    return b"%d000" % second


def _filler(number: int) -> dict[str, Any]:
    id_, kind = f"customfield_{11_000 + number}", "com.atlassian.jira.plugin.system.customfieldtypes:textfield"
    told = {"id": id_, "key": id_, "name": f"Field {number}", "untranslatedName": f"Field {number}", "custom": True}
    schema = {"type": "string", "custom": kind, "customId": 11_000 + number}
    clauses = {"clauseNames": [f"cf[{11_000 + number}]", f"Field {number}"]}
    return {**told, "orderable": True, "navigable": True, "searchable": True, **clauses, "schema": schema}


if __name__ == "__main__":
    serve(Site(int(sys.argv[1])).answer)
