"""What `xmo check` says about an instance."""

import json
import re
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.servicenow.conftest import Connect
from tests.servicenow.support import RawRow, options, row, stamp, sys_id
from xmo_hooks import Finding
from xmo_servicenow import surveys
from xmo_servicenow.beside import tables
from xmo_servicenow.deletes import COLUMNS, DELETED
from xmo_servicenow.fields import layout

ROWS = [row(n, n * 60, comments="") for n in range(1, 6)]


class Checked:
    """An instance that answers what a check asks; `shift` is the seconds by which it misreads dates of queries."""

    def __init__(self) -> None:
        self.rows: list[RawRow] = [dict(one) for one in ROWS]
        self.zone: str | None = "GMT"
        self.groups: dict[str, str] | None = {"1": "3", "6": "2"}
        self.journal: tuple[list[dict[str, str]], int] = ([{"sys_id": sys_id(9), "value": "Thanks"}], 1)
        self.shift = 0
        self.closed: set[str] = set()
        self.beside: dict[str, tuple[list[dict[str, str]], int]] = {DELETED: ([], 0)}
        self.total: int | None = None

    def __call__(self, request: Request) -> Response:
        name = request.path.rpartition("/")[2]
        if request.path in self.closed:
            return self.answer({"error": {"message": "No"}}, status=403)
        if "/stats/" in request.path:
            return self.stats()
        if name == "sys_user":
            return self.answer({"result": [] if self.zone is None else [{"sys_id": "u1", "time_zone": self.zone}]})
        if name in self.beside:
            return self.answer({"result": self.beside[name][0]}, self.beside[name][1])
        if name == "sys_journal_field":
            return self.answer({"result": self.journal[0]}, self.journal[1])
        return self.incidents(request.args["sysparm_query"])

    def incidents(self, query: str) -> Response:
        found = re.match(r"sys_updated_on(>=?)(.{19})\^", query)
        rows = self.rows
        if found:
            second = int(found[2][14:16]) * 60 + int(found[2][17:19]) + self.shift
            bound = stamp(second) if second >= 0 else ""
            at_bound = {bound} if found[1] == ">=" else set()
            rows = [one for one in rows if one["sys_updated_on"] > bound or one["sys_updated_on"] in at_bound]
        return self.answer({"result": rows}, len(rows) if self.total is None else self.total)

    def stats(self) -> Response:
        if self.groups is None:
            return self.answer({"result": {"stats": {}}})
        groups = [
            {"stats": {"count": count}, "groupby_fields": [{"field": "state", "value": state}]}
            for state, count in self.groups.items()
        ]
        return self.answer({"result": groups})

    def answer(self, body: Any, total: int = 1, status: int = 200) -> Response:
        return Response(json.dumps(body), status, {"X-Total-Count": str(total)}, content_type="application/json")


@pytest.fixture
def instance(httpserver: HTTPServer) -> Checked:
    checked = Checked()
    httpserver.expect_request(re.compile("/api/now/.*"), method="GET").respond_with_handler(checked)
    return checked


def bad(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.level in {"warning", "error"}]


def test_an_instance_that_is_as_it_should_be_gets_no_complaint(instance: Checked, connect: Connect) -> None:
    found = list(connect(username="xmo", password="pw").check())
    assert [finding.level for finding in found] == ["ok"] * 6
    assert found[0].text == "Table incident can be read: 5 records."
    assert found[1].text == "States of incident: 1 is new, 6 is resolved."


def test_missing_columns_are_named_and_essential_ones_are_errors(instance: Checked, connect: Connect) -> None:
    for one in instance.rows:
        del one["made_sla"], one["comments"], one["state"]
    found = bad(list(connect(fields={"site": "u_site"}).check()))
    assert [(finding.level, finding.text) for finding in found] == [
        ("error", "Table incident shows no state: no ticket can be read."),
        ("warning", "Table incident shows no made_sla, u_site."),
        ("warning", "The field comments of incident is not shown, so questions may not be written there."),
    ]


def test_states_that_nobody_mapped_are_named(instance: Checked, connect: Connect) -> None:
    instance.groups = {"6": "1", "12": "4", "": "1"}
    (found,) = bad(list(connect().check()))
    assert found.text == "States of incident that mean nothing to XMO: (empty), 12."
    assert bad(list(connect(states={"12": "closed", "": "new"}).check())) == []


def test_states_come_from_a_sample_where_they_cannot_be_counted(instance: Checked, connect: Connect) -> None:
    instance.groups = None
    assert "States of incident: 6 is resolved." in [finding.text for finding in connect().check()]


@pytest.mark.parametrize("shift", [-60, -3600, 60, 3600])
def test_dates_that_are_read_in_another_time_zone_are_an_error(instance: Checked, connect: Connect, shift: int) -> None:
    instance.shift = shift
    (found,) = bad(list(connect().check()))
    assert (found.level, found.fix) == ("error", "Set the time zone of the API user to GMT.")
    assert "another time zone than UTC" in found.text


@pytest.mark.parametrize("shift", [-3600, 3600])
def test_another_time_zone_is_seen_by_one_row_alone(instance: Checked, connect: Connect, shift: int) -> None:
    instance.rows, instance.shift = instance.rows[:1], shift
    assert "another time zone" in bad(list(connect().check()))[0].text


@pytest.mark.parametrize(
    ("zone", "level"), [("GMT", "ok"), ("UTC", "ok"), ("Asia/Kolkata", "warning"), ("", "warning"), (None, "note")]
)
def test_the_time_zone_of_the_account_is_told(
    instance: Checked, connect: Connect, zone: str | None, level: str
) -> None:
    instance.zone = zone
    (found,) = [finding for finding in connect().check() if "time zone of the API user" in finding.text]
    assert found.level == level


def test_a_table_that_is_closed_is_an_error_and_the_others_are_looked_at(instance: Checked, connect: Connect) -> None:
    instance.closed = {"/api/now/table/problem"}
    found = list(connect(tables=["problem", "incident"]).check())
    assert found[0].level == "error"
    assert found[0].text.startswith("Table problem cannot be read: ")
    assert found[1].text == "Table incident can be read: 5 records."


@pytest.mark.parametrize(("status", "kind"), [(401, "json"), (501, "json"), (200, "html")])
def test_an_instance_that_cannot_be_used_at_all_is_told_once(
    httpserver: HTTPServer, connect: Connect, status: int, kind: str
) -> None:
    httpserver.expect_request(re.compile(".*")).respond_with_data("{}", status, content_type=f"text/{kind}")
    (found,) = connect(tables=["incident", "problem"]).check()
    assert (found.level, len(httpserver.log)) == ("error", 1)


@pytest.mark.parametrize(("total", "level"), [(7, "warning"), (0, "note")])
def test_a_table_without_visible_rows_is_told(instance: Checked, connect: Connect, total: int, level: str) -> None:
    instance.rows, instance.total, instance.groups = [], total, {}
    found = list(connect().check())
    assert (found[0].level, len(found)) == (level, 3)


@pytest.mark.parametrize(
    ("rows", "total", "level"),
    [([], 3, "warning"), ([], 0, "note"), ([{"sys_id": sys_id(9)}], 1, "warning")],
)
def test_comments_that_cannot_be_found_again_are_told(
    instance: Checked, connect: Connect, rows: list[dict[str, str]], total: int, level: str
) -> None:
    instance.journal = (rows, total)
    assert list(connect().check())[-1].level == level


def test_a_closed_journal_is_a_warning(instance: Checked, connect: Connect) -> None:
    instance.closed = {"/api/now/table/sys_journal_field"}
    last = list(connect().check())[-1]
    assert last.level == "warning"
    assert last.text.startswith("Comments cannot be found again: ")


def test_a_check_writes_nothing(instance: Checked, connect: Connect, httpserver: HTTPServer) -> None:
    list(connect().check())
    assert {request.method for request, _ in httpserver.log} == {"GET"}


def test_a_log_in_that_travels_unencrypted_is_told(connect: Connect) -> None:
    first = next(iter(connect(url="http://acme.invalid").check()))
    assert (first.level, first.text) == ("warning", "The log-in travels unencrypted.")


ALL_ON = {"sla": True, "surveys": True, "touchpoints": True}
OPTIONAL = {"task_sla": "sla", "sys_audit": "touchpoints", "asmt_metric_result": "surveys"}


def whole(table: str) -> dict[str, str]:
    """A row of a table beside the tickets with all columns that are asked for."""
    read = options(**ALL_ON)
    columns = {one.name: one.columns for one in tables(layout(read.tables[0], read), read)}
    return dict.fromkeys(columns.get(table, surveys.COLUMNS), "x")


@pytest.mark.parametrize(
    ("rows", "total", "level", "said"),
    [
        ("whole", 1, "ok", "can be read, as"),
        ("none", 0, "note", "shows no row"),
        ("none", 3, "warning", "are hidden from the account"),
        ("torn", 1, "warning", "shows no "),
        ("refused", 0, "warning", "cannot be read: "),
    ],
)
@pytest.mark.parametrize("table", OPTIONAL)
def test_tables_that_an_option_needs_are_tried(
    instance: Checked, connect: Connect, table: str, rows: str, total: int, level: str, said: str
) -> None:
    instance.beside |= {name: ([whole(name)], 1) for name in OPTIONAL}
    torn = dict(list(whole(table).items())[:-1])
    instance.beside[table] = ([whole(table)] if rows == "whole" else [torn] if rows == "torn" else [], total)
    if rows == "refused":
        instance.closed = {f"/api/now/table/{table}"}
    (found,) = [one for one in connect(**ALL_ON).check() if f" {table} " in one.text]
    assert (found.level, said in found.text) == (level, True)
    assert (found.fix == f"Give the account the right to read {table}, or set {OPTIONAL[table]} = false.") is (
        level == "warning"
    )


def test_tables_that_no_option_needs_are_not_tried(instance: Checked, connect: Connect, httpserver: HTTPServer) -> None:
    list(connect().check())
    assert not {request.path.rpartition("/")[2] for request, _ in httpserver.log} & OPTIONAL.keys()


def test_what_stands_beside_tickets_is_not_tried_where_there_is_none(
    instance: Checked, connect: Connect, httpserver: HTTPServer
) -> None:
    instance.rows, instance.groups = [], {}
    list(connect(sla=True, touchpoints=True).check())
    assert not {request.path.rpartition("/")[2] for request, _ in httpserver.log} & OPTIONAL.keys()


@pytest.mark.parametrize(
    ("rows", "total", "level"),
    [([], 0, "ok"), ([dict.fromkeys(COLUMNS, "x")], 1, "ok"), ([], 7, "note"), ([{"sys_id": sys_id(1)}], 1, "note")],
)
def test_whether_deletions_are_noticed_is_told(
    instance: Checked, connect: Connect, rows: list[dict[str, str]], total: int, level: str
) -> None:
    instance.beside[DELETED] = (rows, total)
    (found,) = [one for one in connect().check() if "Deleted tickets" in one.text]
    assert (found.level, "not noticed" in found.text) == (level, level == "note")


def test_a_log_of_deletions_that_is_closed_is_told(instance: Checked, connect: Connect) -> None:
    instance.closed = {f"/api/now/table/{DELETED}"}
    (found,) = [one for one in connect().check() if "Deleted tickets are not noticed" in one.text]
    assert "deleted tickets stay as they were" in found.fix
