"""Made-up tickets: as many as asked for, the same for the same seed, plausible at any time."""

from datetime import UTC, datetime

import pytest

from tests.servicenow_sandbox.conftest import Serve
from tests.servicenow_sandbox.support import EXCERPT, Rows, Served
from xmo_hooks import SandboxOptions
from xmo_servicenow.sandbox.schema import TASK_TABLES

AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def desk(serve: Serve) -> Served:
    return serve(SandboxOptions(generate=200, seed=3))


def test_there_are_as_many_incidents_as_asked_for_and_some_of_every_other_type(desk: Served) -> None:
    counts = {table: len(desk.rows(table=table)) for table in (*TASK_TABLES, "task")}
    assert counts.pop("incident") == 200
    assert counts.pop("task") == 200 + 5 * 10
    assert set(counts.values()) == {10}


def test_all_of_them_are_plausible_in_the_end(desk: Served) -> None:
    for row in desk.rows(sysparm_display_value="all"):
        values = {name: field["value"] for name, field in row.items()}
        assert values["opened_at"] <= values["resolved_at"] <= values["closed_at"] == values["sys_updated_on"]
        assert (values["state"], values["active"], row["state"]["display_value"]) == ("7", "false", "Closed")
        assert all(values[name] for name in ("caller_id", "business_service", "assignment_group", "category"))
        assert row["caller_id"]["display_value"].startswith("Caller ")
    reopened, missed = (len(desk.rows(query)) for query in ("reopen_count>0", "made_sla=false"))
    assert 0 < reopened < 40
    assert 0 < missed < 80


def test_references_between_request_tables_lead_somewhere(desk: Served) -> None:
    fields = "request.number,requested_for.email,cat_item.name,request.requested_for.name"
    for row in desk.rows(table="sc_req_item", sysparm_fields=fields):
        assert all(row.values())
    assert all(row["request_item.number"] for row in desk.rows(table="sc_task", sysparm_fields="request_item.number"))


def test_other_tickets_end_in_the_states_of_their_own_type(desk: Served) -> None:
    labels = {
        table: {row["state"]["display_value"] for row in desk.rows(table=table, sysparm_display_value="all")}
        for table in TASK_TABLES
    }
    assert labels["problem"] == labels["change_request"] == {"Closed"}
    assert labels["sc_task"] == labels["sc_request"] == labels["sc_req_item"] == {"Closed Complete"}
    assert all(row["resolved_at"] for row in desk.rows(table="problem"))


def test_at_a_time_in_between_some_are_open_and_some_are_still_to_come(serve: Serve) -> None:
    desk = serve(SandboxOptions(generate=200, at=AT))
    states = {row["state"] for row in desk.rows()}
    assert {"2", "6", "7"} <= states
    assert 0 < len(desk.rows()) < 200


def test_the_same_seed_makes_the_same_tickets(serve: Serve) -> None:
    runs = [serve(SandboxOptions(generate=20, seed=seed)) for seed in (1, 1, 2)]
    first, second, other = (_strip(desk.rows(sysparm_exclude_reference_link="true")) for desk in runs)
    assert first == second != other


def test_generated_tickets_may_stand_beside_those_of_a_file(serve: Serve) -> None:
    desk = serve(SandboxOptions(generate=5))
    assert len(desk.rows()) == 5
    both = serve(SandboxOptions(generate=5, data=EXCERPT))
    assert len(both.rows()) == 305
    assert len(serve(SandboxOptions()).rows()) == 300


def _strip(rows: Rows) -> Rows:
    return sorted(rows, key=lambda row: str(row["sys_id"]))
