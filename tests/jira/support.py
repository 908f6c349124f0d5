"""A small Jira behind a real socket: Cloud or Data Center, as far as a source asks for it, with raw issues."""

import base64
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from xmo_hooks import Page, Ticket
from xmo_jira.minimise import Minimiser
from xmo_jira.options import Options, OptionsSchema
from xmo_jira.parse import Parser
from xmo_jira.source import Jira

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
START = 1_767_225_600_000  # 2026-01-01T00:00:00Z in milliseconds
URL = "https://acme.atlassian.net"
SEARCHES = ("/rest/api/3/search/jql", "/rest/api/2/search")
_BOUND = re.compile(r'updated (>=|<) (\d+|"\d{4}-\d\d-\d\d \d\d:\d\d")')

Raw = dict[str, Any]


def iso(ms: int) -> str:
    """Milliseconds since the start of 2026 as Jira writes times, in a zone of its own choosing."""
    at = (EPOCH + timedelta(milliseconds=START + ms)).astimezone(ZoneInfo("America/Vancouver"))
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}{at:%z}"


def at(seconds: float) -> datetime:
    """The UTC time so many seconds after the start of 2026."""
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


def user(key: str, **more: Any) -> Raw:
    return {"accountId": key, "displayName": f"User {key}", "accountType": "atlassian", **more}


def status(name: str = "Open", number: str = "1", category: str = "new") -> Raw:
    return {"id": number, "name": name, "statusCategory": {"id": 2, "key": category}}


STATUSES = {
    "Open": status(),
    "Work in progress": status("Work in progress", "3", "indeterminate"),
    "Waiting for customer": status("Waiting for customer", "4", "indeterminate"),
    "Resolved": status("Resolved", "5", "done"),
    "Closed": status("Closed", "6", "done"),
    "Canceled": status("Canceled", "7", "done"),
}


def issue(n: int, seconds: float | None = None, **fields: Any) -> Raw:
    """A raw issue, changed so many seconds after the start of 2026, by default n."""
    usual: Raw = {
        "summary": "No mail",
        "issuetype": {"id": "10", "name": "[System] Incident"},
        "status": STATUSES["Open"],
        "resolution": None,
        "resolutiondate": None,
        "priority": {"id": "2", "name": "High"},
        "reporter": user("p1", emailAddress="p1@example.com", timeZone="Europe/Berlin"),
        "created": iso(0),
        "updated": iso(int((n if seconds is None else seconds) * 1000)),
        "duedate": None,
        "project": {"id": "1", "key": "SUP", "name": "Support"},
        "components": [],
    }
    return {"id": str(10_000 + n), "key": f"SUP-{n}", "fields": {**usual, **fields}}


def change(number: int, seconds: float, author: Raw | None = None, /, **items: tuple[Any, Any]) -> Raw:
    """One entry of a history: for each field what it was and what it became; statuses by name."""
    made = []
    for name, (before, after) in items.items():
        ends = [STATUSES.get(end, status(end, "99"))["id"] if name == "status" else end for end in (before, after)]
        item = {"field": name, "fieldId": name, "from": ends[0], "to": ends[1]}
        made.append({**item, "fromString": before, "toString": after})
    return {"id": str(number), "created": iso(int(seconds * 1000)), "author": author or user("a1"), "items": made}


def comment(number: int, seconds: float, author: str | Raw = "a1", text: Any = "Hello", **more: Any) -> Raw:
    who = user(author) if isinstance(author, str) else author
    return {"id": str(number), "author": who, "body": text, "created": iso(int(seconds * 1000)), **more}


def comments(*all_of_them: Raw, total: int | None = None) -> Raw:
    return {"comments": list(all_of_them), "total": len(all_of_them) if total is None else total, "startAt": 0}


def options(**values: Any) -> Options:
    """Options as the schema loads them; log-in by token unless another way is given."""
    way = {} if {"username", "password", "token", "client_id"} & values.keys() else {"token": "t0ken-for-tests"}
    loaded: Options = OptionsSchema().load({"url": URL, **way, **values})
    return loaded


class Told:
    """A log that keeps what it is told."""

    def __init__(self) -> None:
        self.infos: list[tuple[str, dict[str, Any]]] = []
        self.warnings: list[tuple[str, dict[str, Any]]] = []

    def info(self, event: str, **facts: Any) -> None:
        self.infos.append((event, facts))

    def warning(self, event: str, **facts: Any) -> None:
        self.warnings.append((event, facts))


@dataclass
class Model:
    """One Jira. `zone`: in which a Data Center reads dates, `named_zone` what the account says; `late`: it takes the
    second of two equal hours. `coarse`: its index holds whole seconds. `between` runs after each page of a search.
    `unshown`: issues that no search shows, `hidden` those that are refused by themselves as well.
    `before`: what to answer in place of the next requests to a path. `cap`: rows a page at most. `searcher` answers
    searches in place of the model."""

    issues: dict[str, Raw] = field(default_factory=dict)
    cloud: bool = True
    zone: str = "Europe/Berlin"
    named_zone: str | None = "Europe/Berlin"
    late: bool = False
    coarse: bool = False
    cap: int = 1000
    histories: dict[str, list[Raw]] = field(default_factory=dict)
    fields: list[Raw] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    unshown: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)
    between: list[Callable[[], None]] = field(default_factory=list)
    before: dict[str, list[Response]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, Any]] = field(default_factory=list)
    comments: list[Raw] = field(default_factory=list)
    requests: bool = True
    searcher: Callable[[Any], Any] | None = None

    def __call__(self, request: Request) -> Response:
        path = request.path[request.path.index("/rest") :]
        body = orjson.loads(request.get_data()) if request.method == "POST" else request.args.to_dict()
        self.asked.append((path, body))
        if self.before.get(path):
            return self.before[path].pop(0)
        answer = self.answer(request.method, path, body)
        found = answer if isinstance(answer, Response) else reply(answer, 201 if "/comment" in path and body else 200)
        found.headers.update(self.headers)
        return found

    def answer(self, method: str, path: str, body: Any) -> Any:
        api = "/rest/api/3" if self.cloud else "/rest/api/2"
        simple = {
            "/serverInfo": {"deploymentType": "Cloud" if self.cloud else "Server", "baseUrl": URL},
            "/myself": {**user("xmo"), **({"timeZone": self.named_zone} if self.named_zone else {})},
            "/field": self.fields,
            "/status": list(STATUSES.values()),
        }
        own = path.removeprefix(api).removeprefix("/rest/api/2")  # Cloud knows both versions
        if own in simple:
            return simple[own]
        if path == "/rest/servicedeskapi/info":
            return {"version": "5"} if self.requests else reply({"errorMessage": "No such thing"}, 404)
        if path == SEARCHES[not self.cloud]:
            return (self.searcher or self.search)(body)
        if path in SEARCHES:
            removed = "The requested API has been removed."
            return reply({"errorMessages": [removed], "errors": {}}, 410 if self.cloud else 404)
        if path.endswith("/comment"):
            return self.talk(method, path, body)
        return self.bulk(path.removeprefix(api), body)

    def one(self, key: str, body: Any) -> Any:
        if key in self.hidden:
            return reply({"errorMessages": ["You do not have the permission to see the specified issue."]}, 403)
        if key not in self.issues:
            return reply({"errorMessages": ["Issue does not exist or you do not have permission to see it."]}, 404)
        return self.shown(self.issues[key], {"fields": body["fields"].split(",")})

    def bulk(self, path: str, body: Any) -> Any:
        keys = body.get("issueIdsOrKeys", [])
        if (key := path.removeprefix("/issue/")).isdigit():
            return self.one(key, body)
        if path == "/search/approximate-count":
            return {"count": len(self.matching(body["jql"]))}
        if path == "/issue/bulkfetch":
            assert len(keys) <= 100
            known = self.issues.keys() - self.unshown - self.hidden
            there = [self.shown(self.issues[key], body) for key in sorted(keys, key=int) if key in known]
            failed = [{"id": key, "errorMessage": "Try again"} for key in keys if key in self.refused]
            return {"issues": [one for one in there if one["id"] not in self.refused], "issueErrors": failed}
        if path == "/changelog/bulkfetch":
            assert len(keys) <= 1000
            logs = [{"issueId": key, "changeHistories": self.histories[key]} for key in keys if key in self.histories]
            begin = int(body.get("nextPageToken") or 0)
            return (
                {"issueChangeLogs": logs[begin : begin + 5], "nextPageToken": str(begin + 5)}
                if len(logs) > begin + 5
                else {"issueChangeLogs": logs[begin:]}
            )
        return reply({"errorMessages": ["No such thing"]}, 404)

    def search(self, body: Any) -> Any:
        if self.cloud and not re.search(r"project in|updated|id in|cf\[", body["jql"]):
            return refused("Unbounded JQL queries are not allowed here.")
        try:
            found = self.matching(body["jql"], strict=body.get("validateQuery") is not False)
        except LookupError as error:
            return refused(str(error))
        size = min(body["maxResults"], self.cap)
        answer = self.by_token(found, body, size) if self.cloud else self.by_offset(found, body, size)
        if self.between:
            self.between.pop(0)()
        return answer

    def by_token(self, found: list[Raw], body: Any, size: int) -> Raw:
        """A token stands behind the last row of a page, wherever others have gone meanwhile."""
        if token := body.get("nextPageToken"):
            last = tuple(orjson.loads(base64.b64decode(token)))
            found = [one for one in found if self.place(one) > last]
        page = [self.shown(one, body) for one in found[:size]]
        if len(found) <= size:
            return {"issues": page, "isLast": True}
        token = base64.b64encode(orjson.dumps(self.place(found[size - 1]))).decode()
        return {"issues": page, "isLast": False, "nextPageToken": token}

    def by_offset(self, found: list[Raw], body: Any, size: int) -> Raw:
        begin = body.get("startAt", 0)
        page = [self.shown(one, body) for one in found[begin : begin + size]]
        return {"startAt": begin, "maxResults": size, "total": len(found), "issues": page}

    def shown(self, one: Raw, body: Any) -> Raw:
        asked = body["fields"]
        row = {"id": one["id"], "key": one["key"], "fields": {k: v for k, v in one["fields"].items() if k in asked}}
        if not self.cloud and "changelog" in body.get("expand", ()):
            row["changelog"] = {"histories": self.histories.get(one["id"], [])}
        if "properties" in body and "properties" in one:
            row["properties"] = {k: v for k, v in one["properties"].items() if k in body["properties"]}
        return row

    def matching(self, jql: str, *, strict: bool = True) -> list[Raw]:
        where, _, order = jql.partition("ORDER BY ")
        known = (one for one in self.issues.values() if one["id"] not in self.unshown | self.hidden)
        found = [one for one in known if self.matches(where, one)]
        if named := re.search(r"id in \(([\d, ]+)\)", where):
            ids = named[1].split(", ")
            if strict and any(one not in self.issues for one in ids):
                raise LookupError("A value does not exist for the field 'id'.")
            found = [one for one in found if one["id"] in ids]
        for cf in re.findall(r"cf\[(\d+)\]", where):
            found = [one for one in found if one["fields"].get(f"customfield_{cf}")]
        found.sort(key=self.place, reverse="DESC" in order)
        return found

    def matches(self, where: str, one: Raw) -> bool:
        for sign, bound in _BOUND.findall(where):
            later = self.stamp(one) >= self.meant(bound)
            if later is (sign == "<"):
                return False
        return True

    def place(self, one: Raw) -> tuple[int, int]:
        return self.stamp(one), int(one["id"])

    def stamp(self, one: Raw) -> int:
        ms = round((datetime.fromisoformat(one["fields"]["updated"]) - EPOCH) / timedelta(milliseconds=1))
        return ms // 1000 * 1000 if self.coarse else ms

    def meant(self, bound: str) -> int:
        if bound.isdigit():
            return int(bound)
        local = datetime.fromisoformat(bound.strip('"')).replace(tzinfo=ZoneInfo(self.zone), fold=self.late)
        return int(local.timestamp()) * 1000

    def talk(self, method: str, path: str, body: Any) -> Any:
        if path.startswith("/rest/servicedeskapi") and not self.requests:
            return reply({"errorMessage": "The request does not exist", "i18nErrorMessage": {}}, 404)
        if path.split("/")[-2] not in self.issues:
            return reply({"errorMessages": ["Issue does not exist or you do not have permission to see it."]}, 404)
        if method == "POST":
            one = {"id": str(500 + len(self.comments)), "created": iso(7000), "author": user("xmo"), **body}
            self.comments.append(one)
            return one
        newest = list(reversed(self.comments))
        begin, size = int(body["startAt"]), min(int(body["maxResults"]), self.cap)
        return {"comments": newest[begin : begin + size], "total": len(newest), "startAt": begin}

    def change(self, n: int, seconds: float) -> None:
        """Let an issue change at a second."""
        self.issues[str(10_000 + n)]["fields"]["updated"] = iso(int(seconds * 1000))

    def searches(self) -> list[Any]:
        """What was asked of the search, without the two small looks at the newest ticket."""
        return [body for path, body in self.asked if path in SEARCHES and body["maxResults"] > 1]


def model(*issues: Raw, **values: Any) -> Model:
    return Model(issues={one["id"]: one for one in issues}, **values)


def serve(httpserver: HTTPServer, site: Model) -> Model:
    httpserver.expect_request(re.compile(".*/rest/.*")).respond_with_handler(site)
    return site


def reply(body: Any, code: int = 200, **headers: str) -> Response:
    return Response(orjson.dumps(body), code, headers, content_type="application/json;charset=UTF-8")


def refused(message: str) -> Response:
    return reply({"errorMessages": [message], "errors": {}}, 400)


def fetched(source: Jira, cursor: object = None, since: datetime | None = None) -> list[Page]:
    return list(source.fetch(cursor, since))


def ids(pages: Iterable[Page]) -> list[int]:
    return [int(row["id"]) - 10_000 for page in pages for row in page.rows]


def versions(pages: Sequence[Page]) -> list[tuple[str, str]]:
    return [(row["id"], row["fields"]["updated"]) for page in pages for row in page.rows]


def ticket(**values: Any) -> Ticket:
    """A ticket as `parse` makes it."""
    usual: Mapping[str, Any] = {"key": "10001", "number": "SUP-1", "kind": "incident", "vendor_type": "Incident"}
    state = {"state": "resolved", "vendor_state": "Resolved", "opened_at": NOW, "changed_at": NOW}
    return Ticket(**{**usual, **state, **values})


SITE: Raw = {
    "url": URL,
    "columns": {
        "request_type": ["customfield_10010"],
        "sla": ["customfield_10020", "customfield_10021"],
        "rating": ["customfield_10030"],
        "rated_at": ["customfield_10031"],
        "organisation": ["customfield_10040"],
        "language": ["customfield_10041"],
        "sentiment": ["customfield_10042"],
    },
    "names": {"customfield_10060": "Team"},
    "categories": {one["id"]: one["statusCategory"]["key"] for one in STATUSES.values()},
}


def row(*changes: Raw, history: bool = True, **fields: Any) -> Raw:
    """An issue as a fetch hands it on, with its site and its history."""
    one = {**issue(1, fields.pop("seconds", 100_000), **fields), "site": SITE}
    return {**one, "histories": list(changes)} if history else one


def kept(raw: Mapping[str, Any], **values: Any) -> Raw:
    """What a fetch makes of an issue and its history."""
    fields = raw.get("fields")
    row = {**raw, "fields": {**fields} if isinstance(fields, dict) else fields}
    Minimiser(options(**values), raw.get("site") or {}).minimise(row)
    return row


def records(raw: Mapping[str, Any], **values: Any) -> list[Any]:
    return Parser(options(**values)).records(kept(raw, **values))


def parsed(raw: Mapping[str, Any], **values: Any) -> Ticket:
    """The ticket of a row."""
    (one,) = [record for record in records(raw, **values) if isinstance(record, Ticket)]
    return one
