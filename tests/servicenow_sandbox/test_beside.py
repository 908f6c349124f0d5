"""The tables beside the tickets of replayed and made-up histories: SLAs, audit log, surveys, and what closes them."""

from collections import Counter

import pytest
import requests

from tests.servicenow_sandbox.conftest import Replay, Serve
from tests.servicenow_sandbox.support import Served, life
from xmo_hooks import SandboxOptions
from xmo_servicenow.sandbox.schema import BESIDE


@pytest.fixture
def made(serve: Serve) -> Served:
    return serve(SandboxOptions(generate=200, seed=3))


def test_slas_say_the_same_as_their_ticket(made: Served) -> None:
    query, fields = "sla.target=resolution^stage!=cancelled", "task.made_sla,has_breached,stage,sla.type,task"
    slas = made.rows(query, table="task_sla", sysparm_fields=fields)
    assert len({one["task"]["value"] for one in slas}) == len(slas) == len(made.rows(table="task"))
    assert {(one["task.made_sla"], one["has_breached"]) for one in slas} == {("true", "false"), ("false", "true")}
    assert {one["stage"] for one in slas} == {"completed"}


def test_there_are_slas_that_do_not_tell_how_it_went(made: Served) -> None:
    targets = Counter(one["sla.target"] for one in made.rows(table="task_sla", sysparm_fields="sla.target"))
    assert set(targets) == {"resolution", "response"}
    cancelled = made.rows("stage=cancelled^sla.target=resolution", table="task_sla")
    assert {one["has_breached"] for one in cancelled} == {"true"}
    missed = made.rows("sla.target=response^has_breached=true", table="task_sla")
    assert 0 < len(missed) < targets["response"]


def test_one_sla_is_found_by_its_id(made: Served) -> None:
    for table in ("task_sla", "sys_audit"):
        row = made.rows(table=table, sysparm_limit=1)[0]
        assert made.get(f"/api/now/table/{table}/{row['sys_id']}").json()["result"] == row
        assert made.get(f"/api/now/table/{table}/{'0' * 32}").status_code == 404


def test_replayed_changes_stand_in_the_audit_log_once(replay: Replay) -> None:
    steps = [("New", "1/3/2016 08:00"), ("Active", "1/3/2016 09:00"), ("Resolved", "1/3/2016 10:00")]
    rows = life("INC1", *steps)
    rows[1]["assignment_group"] = rows[2]["assignment_group"] = "Group 2"
    desk = replay(rows)
    for _ in range(2):
        log = desk.rows("ORDERBYsys_created_on", table="sys_audit")
        assert Counter(one["fieldname"] for one in log) == {"state": 2, "incident_state": 2, "assignment_group": 1}
    assert [(one["oldvalue"], one["newvalue"]) for one in log if one["fieldname"] == "state"] == [
        ("1", "2"),
        ("2", "6"),
    ]
    assert {one["documentkey"] for one in log} == {desk.incident("INC1")["sys_id"]}
    assert len({one["sys_id"] for one in log}) == 5


def test_what_is_written_through_the_api_stands_in_the_audit_log(desk: Served) -> None:
    before = len(desk.rows(table="sys_audit"))
    desk.patch("INC1", {"state": "6", "comments": "Done."})
    log = desk.rows("user=xmo", table="sys_audit")
    assert {(one["fieldname"], one["oldvalue"], one["newvalue"]) for one in log} == {
        ("state", "2", "6"),
        ("incident_state", "2", "6"),
    }
    assert len(desk.rows(table="sys_audit")) == before + 2


def test_the_audit_log_has_no_change_stamp(desk: Served) -> None:
    everything = len(desk.rows(table="sys_audit"))
    assert len(desk.rows("sys_updated_on>2030-01-01 00:00:00", table="sys_audit")) == everything
    assert "sys_updated_on" not in desk.rows(table="sys_audit")[0]


def test_the_service_of_a_replayed_incident_is_its_category(desk: Served) -> None:
    (row,) = desk.rows("number=INC1", sysparm_fields="business_service.name,category")
    assert set(row.values()) == {"Category 20"}


def test_some_made_up_tickets_are_answered_about(made: Served) -> None:
    names = "instance.trigger_table,instance.trigger_id,instance.state,metric.name,metric.min,metric.max,actual_value"
    results = made.rows(table="asmt_metric_result", sysparm_fields=f"{names},string_value,sys_created_on")
    assert Counter(one["metric.name"] for one in results).keys() == {"Satisfaction", "Effort", "Comment"}
    rated = [one for one in results if one["metric.name"] == "Satisfaction"]
    assert 20 < len(rated) < 120
    assert all(1 <= int(one["actual_value"]) <= 5 for one in rated)
    assert {one["instance.trigger_table"] for one in rated} <= {"incident", "sc_req_item"}
    ended = {row["sys_id"] for row in made.rows("resolved_atISNOTEMPTY^ORclosed_atISNOTEMPTY", table="task")}
    assert {one["instance.trigger_id"] for one in rated} <= ended
    skipped = [one for one in results if one["actual_value"] == "-1"]
    assert {one["string_value"] for one in skipped} == {"N/A", "It took a while."}


def test_answers_come_when_they_were_given(serve: Serve) -> None:
    desk = serve(SandboxOptions(generate=100, seed=3))
    newest = desk.rows("ORDERBYDESCsys_created_on", table="asmt_metric_result", sysparm_limit=1)[0]
    assert newest["sys_created_on"] <= desk.get("/sandbox/clock").json()["now"].replace("T", " ")
    again = serve(SandboxOptions(generate=100, seed=3))
    assert again.rows(table="asmt_metric_result", sysparm_exclude_reference_link="true") == desk.rows(
        table="asmt_metric_result", sysparm_exclude_reference_link="true"
    )


def test_surveys_can_be_asked_for_by_what_they_are_about(made: Served) -> None:
    query = "instance.trigger_tableINincident^ORinstance.task_id.sys_class_nameINincident"
    found = made.rows(query, table="asmt_metric_result", sysparm_fields="instance.trigger_table")
    assert {one["instance.trigger_table"] for one in found} == {"incident"}


def test_tables_beside_the_tickets_may_be_closed_and_nothing_else(made: Served) -> None:
    made.faults(closed=1)
    for table in BESIDE:
        for path in (f"/api/now/table/{table}", f"/api/now/stats/{table}"):
            response = made.get(path)
            assert (response.status_code, response.json()["error"]["message"]) == (403, "User Not Authorized")
    assert made.page().status_code == made.page(table="sys_user").status_code == 200
    made.faults(closed=0.5)
    some = {made.page(table=table).status_code for table in BESIDE}
    assert some == {200, 403}
    made.faults()
    assert {made.page(table=table).status_code for table in BESIDE} == {200}


@pytest.mark.parametrize(("key", "status"), [("sandbox-key", 200), ("another", 401), ("", 401)])
def test_an_api_key_is_a_log_in(desk: Served, key: str, status: int) -> None:
    url = f"{desk.url}/api/now/table/incident"
    assert requests.get(url, headers={"x-sn-apikey": key}, timeout=10).status_code == status
    assert requests.get(url, params={"x-sn-apikey": key}, timeout=10).status_code == status
