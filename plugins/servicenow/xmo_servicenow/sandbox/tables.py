"""The Table API and the Aggregate API over one instance."""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal, cast
from urllib.parse import urlencode

import orjson
from flask import Response, request

from xmo_servicenow.sandbox import answers
from xmo_servicenow.sandbox.answers import Failure
from xmo_servicenow.sandbox.faults import Faults
from xmo_servicenow.sandbox.history import Values
from xmo_servicenow.sandbox.instance import Instance
from xmo_servicenow.sandbox.query import Column, Query, Row, parse
from xmo_servicenow.sandbox.schema import COLUMNS, TASK_TABLES
from xmo_servicenow.sandbox.shape import Shape, Shown, leaf, render

_LIMIT = 10_000  # the vendor's default
_TASKS = frozenset({"task", *TASK_TABLES})


class Tables:
    """The endpoints: each method answers one request."""

    def __init__(self, instance: Instance, faults: Faults) -> None:
        self._instance = instance
        self._faults = faults

    def listing(self, table: str, *, first_version: bool = False) -> Response:
        """Answer `GET /api/now/table/TABLE`. Limit and total come before the ACL, as at the vendor: a page may hold
        fewer rows than its limit and not be the last. Version 1 answers 404 where nothing matches."""
        self._open(table)
        limit, offset = _number("sysparm_limit", _LIMIT), _number("sysparm_offset", 0)
        with self._instance.lock:
            self._instance.catch_up()
            found = self._query(table).select(self._instance.rows(table))
            page = found[offset : offset + limit]
            rows = self._render(table, [row for row in page if not self._is_hidden(table, row)])
            self._move(table, page, len(found) > offset + limit)
        if first_version and not found:
            raise Failure(*answers.NO_RECORD)
        headers = _headers(offset, limit, len(found))
        if self._faults.hits("cancelled", self._faults.request()):
            return answers.cancelled(rows, self._faults.turn("cancelled", of=3), headers)
        return answers.json({"result": rows}, headers=headers)

    def one(self, table: str, key: str) -> Response:
        """Answer `GET /api/now/table/TABLE/SYS_ID`."""
        self._open(table)
        with self._instance.lock:
            self._instance.catch_up()
            rows = self._render(table, [self._row(table, key)])
        return answers.json({"result": rows[0]})

    def write(self, table: str, key: str) -> Response:
        """Answer PATCH and PUT, which do the same: write the columns of the body. Only tickets can be written."""
        self._open(table)
        body = _body()
        with self._instance.lock:
            self._instance.catch_up()
            row = self._row(table, key)
            if table not in _TASKS:
                raise Failure(*answers.NO_WRITE)
            self._instance.write(row, body)
            rows = self._render(table, [row])
        if self._faults.hits("late", self._faults.request()):
            return answers.dropped()
        silent = request.headers.get("X-no-response-body", "").lower() == "true"
        return Response(b"", 200) if silent else answers.json({"result": rows[0]})

    def stats(self, table: str) -> Response:
        """Answer `GET /api/now/stats/TABLE`: the count, as a whole or grouped by columns."""
        self._open(table)
        with self._instance.lock:
            self._instance.catch_up()
            found = self._query(table).select(self._instance.rows(table))
            names = [name for name in _names("sysparm_group_by") if leaf(self._instance, table, name)]
            leaves = [leaf(self._instance, table, name) for name in names]
            counts = Counter(tuple(found.read(row) for found in leaves if found) for row in found)
        if not names:
            return answers.json({"result": {"stats": _count(len(found))}})
        groups = [(_count(count), zip(names, values, strict=True)) for values, count in sorted(counts.items())]
        fields = [(count, [{"field": name, "value": value} for name, value in pairs]) for count, pairs in groups]
        return answers.json({"result": [{"stats": count, "groupby_fields": by} for count, by in fields]})

    def _open(self, table: str) -> None:
        if table not in COLUMNS:
            raise Failure(400, f"Invalid table {table}")
        if self._faults.closes(table):
            raise Failure(*answers.NO_READ)

    def _query(self, table: str) -> Query:
        def columns(name: str) -> Column | None:
            found = leaf(self._instance, table, name)
            return found.read if found else None

        text = request.args.get("sysparm_query")
        if text is None:
            pairs = request.args.items(multi=True)
            text = "^".join(f"{name}={value}" for name, value in pairs if not name.startswith("sysparm_"))
        return parse(text, columns, self._instance.zone)

    def _render(self, table: str, rows: list[Values]) -> list[dict[str, Shown]]:
        seen: list[Row] = [self._faults.spoil(row) for row in rows] if table in _TASKS else list(rows)
        return render(self._instance, table, seen, _shape())

    def _is_hidden(self, table: str, row: Row) -> bool:
        return table in _TASKS and self._faults.hides(row)

    def _row(self, table: str, key: str) -> Values:
        row = self._instance.row(table, key)
        if row is None or self._is_hidden(table, row):
            raise Failure(*answers.NO_RECORD)
        return row

    def _move(self, table: str, page: list[Values], more: bool) -> None:
        request_number = self._faults.request()
        if more and page and table in _TASKS and self._faults.hits("moving", request_number):
            self._instance.touch(page[request_number % len(page)])


def _number(name: str, default: int) -> int:
    text = request.args.get(name, str(default))
    if not text.isdecimal():
        raise Failure(400, "Invalid URI parameter", f"{name} must be a number that is not negative, not {text!r}")
    return int(text)


def _names(parameter: str) -> list[str]:
    return [name.strip() for name in request.args.get(parameter, "").split(",") if name.strip()]


def _flag(name: str) -> bool:
    return request.args.get(name, "").lower() == "true"


def _count(number: int) -> dict[str, str]:
    return {"count": str(number)} if _flag("sysparm_count") else {}


def _shape() -> Shape:
    display = request.args.get("sysparm_display_value", "false").lower()
    kind = cast("Literal['false', 'true', 'all']", display if display in {"true", "all"} else "false")
    links = not _flag("sysparm_exclude_reference_link")
    return Shape(fields=_names("sysparm_fields"), display=kind, links=links, root=request.host_url)


def _headers(offset: int, limit: int, total: int) -> dict[str, str]:
    counted = not _flag("sysparm_no_count")
    headers = {"X-Total-Count": str(total)} if counted else {}
    if not _flag("sysparm_suppress_pagination_header") and (offset or total > limit):
        headers["Link"] = _link(offset, limit, total, counted=counted)
    return headers


def _link(offset: int, limit: int, total: int, *, counted: bool) -> str:
    # The vendor names a page before the first one, at a negative offset: seen in real answers.
    places = {"first": 0, "prev": offset - limit}
    if offset + limit < total:
        places["next"] = offset + limit
    if counted:
        places["last"] = (total - 1) // limit * limit if limit and total else 0
    args = {**request.args.to_dict(), "sysparm_limit": str(limit)}
    urls = {rel: f"{request.base_url}?{urlencode({**args, 'sysparm_offset': str(at)})}" for rel, at in places.items()}
    return ",".join(f'<{url}>;rel="{rel}"' for rel, url in urls.items())


def _body() -> dict[str, Any]:
    for header in ("Accept", "Content-Type"):
        if not request.headers.get(header):
            raise Failure(400, "Missing header", f"A write needs the header {header}")
    if request.mimetype != "application/json":
        raise Failure(415, "Unsupported media type", "Content-Type must be application/json")
    try:
        body = orjson.loads(request.get_data())
    except orjson.JSONDecodeError as error:
        raise Failure(400, "Exception while reading request", "The payload is not valid JSON") from error
    if not isinstance(body, dict):
        raise Failure(400, "Exception while reading request", "The payload is not a JSON object")
    return body
