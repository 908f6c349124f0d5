"""A small account behind the paths that a source asks for, a log that keeps what it is told, and vendor rows."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from pytest_httpserver import HTTPServer
from requests import PreparedRequest
from requests.auth import AuthBase
from werkzeug import Request, Response

from xmo_hooks import Grant, Message, Native, Page, Row, Ticket, Touchpoint
from xmo_zendesk.options import Options, OptionsSchema
from xmo_zendesk.source import Zendesk

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
START = 1_767_225_600  # 2026-01-01T00:00:00Z
URL = "https://acme.zendesk.com"
MARKER = "xmo:AbCdEfGh-_012345"
_WAYS = frozenset({"username", "token", "client_id", "client_secret", "refresh_token"})

Raw = dict[str, Any]


def iso(second: int) -> str:
    """The vendor's time of a second after the start."""
    return datetime.fromtimestamp(START + second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def at(second: int) -> datetime:
    return datetime.fromtimestamp(START + second, UTC)


def ticket(n: int, second: int | None = None, **columns: Any) -> Raw:
    """A raw solved ticket as the export sends it, changed at this second."""
    changed = n if second is None else second
    metrics = {"ticket_id": n, "reopens": 1, "group_stations": 3, "assignee_stations": 4, "replies": 2}
    dates = {"solved_at": iso(changed), "status_updated_at": iso(changed)}
    one = {"id": n, "url": f"{URL}/api/v2/tickets/{n}.json", "external_id": None, "type": "incident"}
    times = {"created_at": iso(0), "updated_at": iso(changed), "generated_timestamp": START + changed}
    texts = {"subject": "No mail", "raw_subject": "No mail", "description": "Nothing comes", "priority": "urgent"}
    whose = {"requester_id": 9000 + n, "organization_id": 70, "group_id": 60, "assignee_id": 5, "brand_id": 3}
    more = {"status": "solved", "custom_status_id": 15, "via": {"channel": "email", "source": {}}, "due_at": None}
    fields = {"custom_fields": [{"id": 360, "value": "service_mail"}, {"id": 361, "value": None}], "tags": ["mail"]}
    rest = {"problem_id": None, "ticket_form_id": 2, "satisfaction_rating": {"score": "unoffered"}}
    return {**one, **times, **texts, **whose, **more, **fields, **rest, "metric_set": metrics | dates, **columns}


def user(n: int, role: str = "end-user", **columns: Any) -> Raw:
    names = {"id": n, "name": f"Person {n}", "email": f"p{n}@example.org", "role": role, "phone": "0815"}
    places = {"locale": "de", "time_zone": "Berlin", "iana_time_zone": "Europe/Berlin"}
    return {**names, **places, "user_fields": {"place": "Hall 3", "vip": True}, "notes": "private", **columns}


def measure(n: int, second: int, kind: str, metric: str = "resolution_time", **more: Any) -> Raw:
    """A raw metric event of ticket n."""
    key = n * 1_000_000 + second * 100 + len(kind)
    return {"id": key, "ticket_id": n, "metric": metric, "instance_id": 1, "type": kind, "time": iso(second), **more}


def target(minutes: int, business: bool = False) -> Raw:
    return {"sla": {"target": minutes, "business_hours": business, "policy": {"id": 1, "title": "Gold"}}}


def update(n: int, second: int, *children: Raw, by: int = 5, **more: Any) -> Raw:
    """A raw ticket event: one update of ticket n."""
    key = n * 1_000_000 + second
    made = {"id": key, "ticket_id": n, "created_at": iso(second), "timestamp": START + second, "updater_id": by}
    numbered = [{"id": key * 10 + index, **child} for index, child in enumerate(children)]
    return {**made, "via": "Web form", "metadata": {"system": {}, "custom": {}}, "child_events": numbered, **more}


def said(by: int, body: str = "Hello", public: bool = True, channel: str = "web", **more: Any) -> Raw:
    about = {"event_type": "Comment", "type": "Comment", "author_id": by, "public": public, "via": {"channel": channel}}
    return {**about, "body": body, "html_body": f"<p>{body}</p>", **more}


def changed(name: str, value: Any, before: Any = None) -> Raw:
    return {"event_type": "Change", "via": "Web form", name: value, "previous_value": before}


def created(**values: Any) -> list[Raw]:
    return [{"event_type": "Create", name: value} for name, value in values.items()]


def response(n: int, second: int, rating: int | None = 4, **columns: Any) -> Raw:
    """A raw response to the new kind of survey about ticket n."""
    options = [{"rating": value, "label": {"type": "static", "value": str(value)}} for value in range(1, 6)]
    question = {"id": "Q1", "type": "rating_scale_numeric", "sub_type": "customer_satisfaction", "options": options}
    category = {"rating": rating, "rating_category": "good" if (rating or 0) > 3 else "bad"}
    when = {"created_at": iso(second), "updated_at": iso(second)}
    answers = [] if rating is None else [{"type": "rating_scale", "question": question, **category, **when}]
    about = {"subjects": [{"id": str(n), "type": "ticket", "zrn": f"zen:ticket:{n}"}], "answers": answers}
    return {"id": f"R{n}", "responder_id": 9000 + n, "survey": {"id": "S", "version": 3}, **about, **columns}


def options(**values: Any) -> Options:
    """Options as the schema loads them; log-in by access token unless another one is given, and tickets alone."""
    way = {} if _WAYS & values.keys() else {"token": "t0ken-for-tests"}
    loaded: Options = OptionsSchema().load({"url": URL, "sla": False, "surveys": False, **way, **values})
    return loaded


class Granted(AuthBase):
    """What `Tools.oauth` returns: signs requests with the kind of the grant, and keeps the grant."""

    grants: list[Grant]

    def __init__(self, grant: Grant) -> None:
        self.grant = grant

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.grant.fields['grant_type']}"
        return request


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
class Account:
    """One account, as far as a source needs it: exports in the order of their clocks, lists by id, one ticket to write.

    `size` is a page of the time-based exports; `between` is run after one page of tickets; `flagless` exports do not
    say when they end; `closed` paths answer 403.
    """

    tickets: list[Raw] = field(default_factory=list)
    users: list[Raw] = field(default_factory=list)
    measures: list[Raw] = field(default_factory=list)
    updates: list[Raw] = field(default_factory=list)
    responses: list[Raw] = field(default_factory=list)
    size: int = 1000
    flagless: bool = False
    optionless: bool = False
    closed: tuple[str, ...] = ()
    between: list[Callable[[], None]] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def __call__(self, request: Request) -> Response:
        path, args = request.path.removeprefix("/api/v2/").removesuffix(".json"), request.args.to_dict()
        self.asked.append((path, args))
        if path in self.closed:
            return answer({"error": {"title": "Forbidden", "message": "You do not have access to this page."}}, 403)
        routes: dict[str, Callable[[Mapping[str, str]], Raw]] = {
            "incremental/tickets/cursor": self._export,
            "incremental/ticket_metric_events": lambda args: self._timed("ticket_metric_events", self.measures, args),
            "incremental/ticket_events": lambda args: self._timed("ticket_events", self.updates, args),
            "tickets/show_many": self._many,
            "users/show_many": lambda args: {"users": _some(self.users, args)},
            "guide/survey_responses": self._surveyed,
            "ticket_fields": lambda _: {"ticket_fields": [FIELD], "meta": {"has_more": False}},
            "brands": lambda _: {"brands": [{"id": 3, "name": "Acme"}]},
            "ticket_forms": lambda _: {"ticket_forms": [{"id": 2, "name": "Software"}]},
        }
        if path.startswith("guide/en-us/survey_responses/"):
            found = next(one for one in self.responses if one["id"] == path.rpartition("/")[2])
            return answer({"survey_response": found})
        return answer(routes[path](args)) if path in routes else answer({"error": "InvalidEndpoint"}, 404)

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]

    def _export(self, args: Mapping[str, str]) -> Raw:
        assert ("cursor" in args) != ("start_time" in args), "start_time goes with the first request alone"
        after = args["cursor"].split("|") if "cursor" in args else [args["start_time"], "0"]
        begin = int(after[0]), int(after[1])
        rows = sorted(self.tickets, key=_place)
        found = [row for row in rows if _place(row) > begin][: int(args["per_page"])]
        body = self._with_sideloads(found, args)
        place = _place(found[-1]) if found else begin
        end = not [row for row in rows if _place(row) > place]
        if self.between:
            self.between.pop(0)()
        return {**body, "after_cursor": f"{place[0]}|{place[1]}", "end_of_stream": end}

    def _timed(self, name: str, rows: list[Raw], args: Mapping[str, str]) -> Raw:
        begin = int(args["start_time"])
        ordered = sorted((row for row in rows if _second(row) >= begin), key=_second)
        found = ordered[: self.size]
        end = _second(found[-1]) if found else None
        body = {name: found, "count": len(found), "end_time": end, "next_page": f"?start_time={end}" if found else None}
        return body if self.flagless else {**body, "end_of_stream": len(ordered) <= self.size}

    def _many(self, args: Mapping[str, str]) -> Raw:
        return self._with_sideloads(_some(self.tickets, args), args)

    def _with_sideloads(self, rows: list[Raw], args: Mapping[str, str]) -> Raw:
        included = args.get("include", "").split(",")
        wanted = {row.get("requester_id") for row in rows}
        sideloads: dict[str, list[Raw]] = {
            "users": [one for one in self.users if one["id"] in wanted],
            "groups": [{"id": 60, "name": "Service Desk"}],
            "organizations": [{"id": 70, "name": "Sales", "organization_fields": {"tier": "gold"}, "notes": "x"}],
        }
        shown = [
            {key: value for key, value in row.items() if key != "metric_set" or "metric_sets" in included}
            for row in rows
        ]
        return {"tickets": shown, **{name: found for name, found in sideloads.items() if name in included}}

    def _surveyed(self, args: Mapping[str, str]) -> Raw:
        begin, size = int(args.get("filter[created_at_start]", 0)), int(args["page[size]"])
        rows = [one for one in self.responses if _offered(one) >= begin]
        start = int(args.get("page[after]", 0))
        shown = [_bare(one) if self.optionless else one for one in rows[start : start + size]]
        more = len(rows) > start + size
        return {"survey_responses": shown, "meta": {"has_more": more, "after_cursor": str(start + size)}}


FIELD = {"id": 360, "title": "Service", "custom_field_options": [{"name": "Mail", "value": "service_mail"}]}


def serve(httpserver: HTTPServer, account: Account) -> Account:
    httpserver.expect_request(re.compile("/api/v2/.*")).respond_with_handler(account)
    return account


def answer(body: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, content_type="application/json; charset=utf-8")


def fetched(source: Zendesk, cursor: object = None, since: datetime | None = None) -> list[Page]:
    """The pages of a fetch, their cursors as a store gives them back."""
    pages = list(source.fetch(cursor, since))
    return [
        Page(rows=page.rows, cursor=orjson.loads(orjson.dumps(page.cursor)), deleted=page.deleted) for page in pages
    ]


def rows_of(pages: Iterable[Page]) -> list[Row]:
    return [row for page in pages for row in page.rows]


def tickets_of(source: Zendesk, pages: Iterable[Page]) -> list[Ticket]:
    return [one for row in rows_of(pages) for one in source.parse(row) if isinstance(one, Ticket)]


def touchpoints_of(source: Zendesk, pages: Iterable[Page]) -> list[Touchpoint]:
    return [one for row in rows_of(pages) for one in source.parse(row) if isinstance(one, Touchpoint)]


def natives_of(source: Zendesk, pages: Iterable[Page]) -> list[Native]:
    return [one for row in rows_of(pages) for one in source.parse(row) if isinstance(one, Native)]


def known(**values: Any) -> Ticket:
    """A ticket as `parse` makes it."""
    usual = {"key": "1", "number": "1", "kind": "incident", "vendor_type": "incident"}
    state = {"state": "resolved", "vendor_state": "solved", "opened_at": NOW, "changed_at": NOW}
    return Ticket(**{**usual, **state, **values})


def message() -> Message:
    return Message(marker=MARKER, text=f"How was it? https://example.org/a/x\n[{MARKER}]")


def _place(row: Raw) -> tuple[int, int]:
    return row["generated_timestamp"], row["id"]


def _second(row: Raw) -> int:
    return row.get("timestamp") or int(datetime.fromisoformat(row["time"]).timestamp())


def _some(rows: list[Raw], args: Mapping[str, str]) -> list[Raw]:
    wanted = args["ids"].split(",")
    assert len(wanted) <= 100
    return [row for row in rows if str(row["id"]) in wanted and row.get("status") != "deleted"]


def _offered(row: Raw) -> int:
    said_at = [one["created_at"] for one in row["answers"]]
    first = row.get("created_at") or (said_at[0] if said_at else iso(0))
    return int(datetime.fromisoformat(first).timestamp() * 1000)


def _bare(row: Raw) -> Raw:
    answers = [
        one | {"question": {key: value for key, value in one["question"].items() if key != "options"}}
        for one in row["answers"]
    ]
    return row | {"answers": answers}
