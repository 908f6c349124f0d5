"""A few rows behind the two paths that a walk asks for, a log that keeps what it is told, and vendor rows."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from pytest_httpserver import HTTPServer
from requests import PreparedRequest
from requests.auth import AuthBase
from werkzeug import Request, Response

from xmo_hooks import Grant, Page, Row, Ticket
from xmo_servicenow.deletes import DELETED
from xmo_servicenow.options import Options, OptionsSchema
from xmo_servicenow.source import ServiceNow
from xmo_servicenow.ways import LOG_INS

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
URL = "https://acme.service-now.com"
_TERM = re.compile(r"([a-z_.]+)(>=|>|=|IN)(.*)")

RawRow = dict[str, Any]


def stamp(second: int) -> str:
    """The raw stamp of a second of one hour."""
    return f"2026-01-01 00:{second // 60:02}:{second % 60:02}"


def sys_id(n: int) -> str:
    return f"{n:032x}"


def row(n: int, second: int | None = None, **columns: Any) -> RawRow:
    """A raw incident as the vendor sends it, changed at this second of an hour."""
    at = stamp(n if second is None else second)
    person = {
        "caller_id": sys_id(900 + n),
        "caller_id.email": f"caller-{n}@example.com",
        "caller_id.name": f"Caller {n}",
        "caller_id.preferred_language": "de",
        "caller_id.time_zone": "Europe/Berlin",
        "caller_id.location.name": "Hall 3",
        "caller_id.company.name": "Northwind",
    }
    times = {"opened_at": stamp(0), "resolved_at": at, "closed_at": "", "due_date": "", "sys_created_on": stamp(0)}
    choices = {
        "state": "6",
        "priority": "3",
        "category": "network",
        "contact_type": "phone",
        "made_sla": "true",
        "hold_reason": "",
    }
    counts = {"reassignment_count": "2", "reopen_count": ""}
    names = {"business_service.name": "Mail", "assignment_group.name": "Desk", "parent": ""}
    one = {"sys_id": sys_id(n), "number": f"INC{n:04}", "sys_class_name": "incident", "sys_updated_on": at}
    return {**one, "short_description": "No mail", **person, **times, **choices, **counts, **names, **columns}


def options(**values: Any) -> Options:
    """Options as the schema loads them; log-in by token unless another one is given."""
    way = {} if LOG_INS & values.keys() else {"token": "t0ken-for-tests"}
    loaded: Options = OptionsSchema().load({"url": URL, **way, **values})
    return loaded


class Granted(AuthBase):
    """What `Tools.oauth` returns: signs requests with the kind of the grant."""

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
class Instance:
    """The Table API of one instance, as far as `fetch` needs it: limit before ACL, and a total that counts the hidden.
    A table that is not among `tables` may not be read.

    `shown` replaces the stamp that a row shows, not the one by which it is sorted; each of `between` is run after one
    page has been answered. `deaf`: conditions are dropped, as those that the vendor does not understand. `verbose`:
    columns come that nobody asked for.
    """

    tables: dict[str, list[RawRow]]
    hidden: set[str] = field(default_factory=set)
    shown: dict[str, str] = field(default_factory=dict)
    between: list[Callable[[], None]] = field(default_factory=list)
    all_asked: list[Mapping[str, str]] = field(default_factory=list)
    trace: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    counted: bool = True
    deaf: bool = False
    verbose: bool = False

    def __call__(self, request: Request) -> Response:
        where, _, order = request.args["sysparm_query"].partition("ORDERBY")
        where = where.rstrip("^")
        api, table = request.path.split("/")[-2:]
        if table not in self.tables:
            self.refused.append(table)
            return Response('{"error":{"message":"User Not Authorized"}}', 403, content_type="application/json")
        self.all_asked.append(request.args.to_dict())
        self.trace.append((table, request.args.to_dict()))
        if self.deaf:
            where = ""
        column = order.removeprefix("DESC").partition("^")[0] or "sys_updated_on"
        rows = sorted(self.tables[table], key=lambda row: (row[column], row["sys_id"]))
        found = [row for row in rows if _matches(where, row)]
        if order.startswith("DESC"):
            found.reverse()
        if api == "stats":
            return _json({"result": {"stats": {"count": str(len(found))}}})
        offset, limit = int(request.args["sysparm_offset"]), int(request.args["sysparm_limit"])
        page = [self._shown(row) for row in found[offset : offset + limit] if row["sys_id"] not in self.hidden]
        names = request.args["sysparm_fields"].split(",")
        shown = page if self.verbose else [{name: row[name] for name in names if name in row} for row in page]
        answer = _json({"result": shown})
        if self.counted:
            answer.headers["X-Total-Count"] = str(len(found))
        if self.between:
            self.between.pop(0)()
        return answer

    @property
    def asked(self) -> list[Mapping[str, str]]:
        """What was asked, without the two small looks at the newest stamp."""
        return [args for args in self.all_asked if args["sysparm_fields"] != "sys_updated_on"]

    def about(self, table: str) -> list[Mapping[str, str]]:
        """What was asked of one table."""
        return [args for name, args in self.trace if name == table]

    def change(self, n: int, second: int) -> None:
        """Let the incident n change at a second."""
        for rows in self.tables.values():
            for row in rows:
                if row["sys_id"] == sys_id(n):
                    row["sys_updated_on"] = stamp(second)

    def _shown(self, row: RawRow) -> RawRow:
        return {**row, "sys_updated_on": self.shown[row["sys_id"]]} if row["sys_id"] in self.shown else row


def incidents(*rows: RawRow) -> Instance:
    return Instance(tables={"incident": list(rows)})


def closed_deletions(httpserver: HTTPServer) -> None:
    """Let nobody read the log of deletions, as on most instances."""
    refused = {"error": {"message": "User Not Authorized"}}
    httpserver.expect_request(re.compile(f".*/table/{DELETED}")).respond_with_json(refused, status=403)


def serve(httpserver: HTTPServer, instance: Instance) -> Instance:
    httpserver.expect_request(re.compile(".*/api/now/.*")).respond_with_handler(instance)
    return instance


def fetched(source: ServiceNow, cursor: object = None) -> list[Page]:
    return list(source.fetch(cursor, None))


def ticket_of(source: ServiceNow, row: Row) -> Ticket:
    """The ticket that a row tells of."""
    (found,) = (one for one in source.parse(row) if isinstance(one, Ticket))
    return found


def ids(pages: Sequence[Page]) -> list[int]:
    return [int(row["sys_id"], 16) for page in pages for row in page.rows]


def ticket(**values: Any) -> Ticket:
    """A ticket as `parse` makes it."""
    usual = {"key": sys_id(1), "number": "INC0001", "kind": "incident", "vendor_type": "incident"}
    state = {"state": "resolved", "vendor_state": "6", "opened_at": NOW, "changed_at": NOW}
    return Ticket(**{**usual, **state, **values})


def _matches(where: str, row: RawRow) -> bool:
    return any(all(_holds(terms, row) for terms in group.split("^")) for group in _grouped(where))


def _grouped(where: str) -> list[str]:
    # an OR belongs to the term before it
    return where.replace("^OR", "|").split("^NQ")


def _holds(terms: str, row: RawRow) -> bool:
    for term in filter(None, terms.split("|")):
        found = _TERM.fullmatch(term)
        assert found, f"not a query that is understood: {term}"
        column, operator, value = found.groups()
        has = row.get(column, "")
        tests = {">=": has >= value, ">": has > value, "=": has == value, "IN": has in value.split(",")}
        if tests[operator]:
            return True
    return terms == ""


def _json(body: Any) -> Response:
    return Response(orjson.dumps(body), content_type="application/json;charset=UTF-8")
