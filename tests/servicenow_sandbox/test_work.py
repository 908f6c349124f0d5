"""A work file is served as ServiceNow would have kept it: rows over time, audit log, journal, SLAs, deletions."""

import gzip
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.servicenow_sandbox.conftest import Serve
from tests.servicenow_sandbox.support import Rows, Served
from xmo_hooks import ConfigError, SandboxOptions
from xmo_servicenow.sandbox.work import read

Made = Callable[..., Served]
REQUESTER = {
    "email": "p17@example.org",
    "name": "Person 17",
    "language": "de",
    "timezone": "Europe/Berlin",
    "organisation": "Sales",
    "place": "Berlin",
}
LIFE = [
    ("08:00:00", "opened"),
    ("08:00:05", "acknowledged"),
    ("08:01:00", "promised", {"until": "2026-03-02T16:00:00Z"}),
    ("08:10:00", "assigned", {"group": "Service Desk", "agent": "a3"}),
    ("08:20:00", "noted"),
    ("08:30:00", "assigned", {"group": "Network", "agent": "a4"}),
    ("09:00:00", "replied"),
    ("09:30:00", "asked"),
    ("10:00:00", "waiting"),
    ("11:00:00", "on_hold"),
    ("12:00:00", "resumed"),
    ("13:00:00", "resolved"),
    ("14:00:00", "reopened"),
    ("17:00:00", "resolved"),
    ("18:00:00", "closed"),
]


def ticket(*events: Any, **values: Any) -> dict[str, Any]:
    told = [{"at": f"2026-03-02T{at}Z", "what": what, **(more[0] if more else {})} for at, what, *more in events]
    usual = {"number": 17, "kind": "incident", "title": "No mail", "priority": "high", "service": "Mail"}
    more = {"category": "software", "channel": "portal", "group": "Network", "requester": REQUESTER, "promised": None}
    return {**usual, **more, "events": told, **values}


def write(path: Path, tickets: Sequence[Any]) -> Path:
    lines = "".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in tickets)
    path.write_bytes(gzip.compress(lines.encode()) if path.suffix == ".gz" else lines.encode())
    return path


@pytest.fixture
def made(serve: Serve, tmp_path: Path) -> Made:
    def make(*tickets: Any, at: datetime | None = None) -> Served:
        return serve(SandboxOptions(data=write(tmp_path / "work.jsonl", tickets), at=at))

    return make


@pytest.fixture
def desk(made: Made) -> Served:
    return made(ticket(*LIFE), at=datetime(2026, 3, 2, 8, tzinfo=UTC))


def audit(desk: Served, field: str) -> list[tuple[str, str, str, str]]:
    rows = desk.rows(f"fieldname={field}^ORDERBYsys_created_on", table="sys_audit")
    return [(row["sys_created_on"][11:16], row["oldvalue"], row["newvalue"], row["user"]) for row in rows]


def journal(desk: Served, element: str = "comments") -> Rows:
    return desk.rows(f"element={element}^ORDERBYsys_created_on", table="sys_journal_field")


def test_a_ticket_is_opened_with_what_the_file_says_of_it(desk: Served) -> None:
    names = ("caller_id.email", "caller_id.user_name", "caller_id.preferred_language", "caller_id.time_zone")
    place = ("caller_id.location.name", "caller_id.company.name", "business_service.name", "assignment_group.name")
    own = ("number", "state", "priority", "contact_type", "category", "short_description", "opened_at", "due_date")
    (row,) = desk.rows(sysparm_fields=",".join((*names, *place, *own)))
    assert [row[name] for name in names] == ["p17@example.org", "p17", "de", "Europe/Berlin"]
    assert [row[name] for name in place] == ["Berlin", "Sales", "Mail", ""]
    assert [row[name] for name in own] == [
        *("INC0000017", "1", "2", "self-service", "software", "No mail", "2026-03-02 08:00:00", ""),
    ]


def test_the_row_is_at_each_time_what_the_events_until_then_made_of_it(desk: Served) -> None:
    seen = []
    for at in ("08:09", "08:10", "08:30", "10:00", "11:00", "12:00", "13:00", "14:00", "18:00"):
        desk.clock(f"2026-03-02T{at}:00Z")
        (row,) = desk.rows()
        seen.append((at, row["state"], row["hold_reason"], row["reassignment_count"], row["reopen_count"]))
    assert seen == [
        ("08:09", "1", "", "0", "0"),
        ("08:10", "2", "", "0", "0"),
        ("08:30", "2", "", "1", "0"),
        ("10:00", "3", "1", "1", "0"),
        ("11:00", "3", "4", "1", "0"),
        ("12:00", "2", "", "1", "0"),
        ("13:00", "6", "", "1", "0"),
        ("14:00", "2", "", "1", "1"),
        ("18:00", "7", "", "1", "1"),
    ]


def test_every_change_stands_in_the_audit_log_from_its_time_on(desk: Served) -> None:
    desk.clock("2026-03-02T13:30:00Z")
    assert [(at, new) for at, _, new, _ in audit(desk, "state")] == [
        *(("08:10", "2"), ("10:00", "3"), ("12:00", "2"), ("13:00", "6")),
    ]
    assert audit(desk, "state")[0] == ("08:10", "1", "2", "service.desk")
    desk.clock("2026-03-02T18:00:00Z")
    groups = audit(desk, "assignment_group")
    assert [(at, bool(old), bool(new)) for at, old, new, _ in groups] == [("08:10", False, True), ("08:30", True, True)]
    assert audit(desk, "due_date") == [("08:01", "", "2026-03-02 16:00:00", "service.desk")]
    assert [new for _, _, new, _ in audit(desk, "incident_state")] == [new for _, _, new, _ in audit(desk, "state")]
    assert ("14:00", "6", "2", "p17") in audit(desk, "state")


def test_what_was_said_stands_in_the_journal_by_whom(desk: Served) -> None:
    assert journal(desk) == []
    desk.clock("2026-03-02T18:00:00Z")
    said = [(row["sys_created_on"][11:16], row["sys_created_by"]) for row in journal(desk)]
    assert said == [("08:00", "system"), ("09:00", "a4"), ("09:30", "p17")]
    assert [row["sys_created_by"] for row in journal(desk, "work_notes")] == ["a3"]
    (row,) = desk.rows()
    assert {one["element_id"] for one in journal(desk)} == {row["sys_id"]}
    assert desk.journal() == []  # of what was written through the API


def test_a_comment_moves_the_change_stamp_of_its_ticket(desk: Served) -> None:
    desk.clock("2026-03-02T09:30:00Z")
    assert desk.incident("INC0000017")["sys_updated_on"] == "2026-03-02 09:30:00"


def test_the_sla_is_missed_at_its_time_where_the_ticket_has_not_ended(desk: Served) -> None:
    seen = []
    for at in ("08:00:30", "08:05:00", "10:30:00", "13:30:00", "15:59:59", "16:00:00", "18:00:00"):
        desk.clock(f"2026-03-02T{at}Z")
        slas = desk.rows("sla.target=resolution^stage!=cancelled", table="task_sla")
        seen.append([(one["stage"], one["has_breached"], one["planned_end_time"][11:]) for one in slas])
    assert seen == [
        [],
        [("in_progress", "false", "16:00:00")],
        [("paused", "false", "16:00:00")],
        [("completed", "false", "16:00:00")],
        [("in_progress", "false", "16:00:00")],
        [("in_progress", "true", "16:00:00")],
        [("completed", "true", "16:00:00")],
    ]
    assert desk.incident("INC0000017")["made_sla"] == "false"


def test_a_ticket_that_ends_in_time_or_has_no_time_misses_nothing(made: Made) -> None:
    due = ("08:01:00", "promised", {"until": "2026-03-02T16:00:00Z"})
    kept = ticket(("08:00:00", "opened"), due, ("15:00:00", "resolved"), ("19:00:00", "closed"))
    free = ticket(("08:00:00", "opened"), ("20:00:00", "resolved"), number=18)
    late = ticket(("08:00:00", "opened"), due, ("20:30:00", "replied"), number=19)
    ahead = ticket(("08:00:00", "opened"), ("20:00:00", "promised", {"until": "2026-04-01T00:00:00Z"}), number=20)
    desk = made(kept, free, late, ahead)
    assert desk.get("/sandbox/clock").json()["now"] == "2026-03-02T20:30:00Z"
    assert {row["number"][-2:]: row["made_sla"] for row in desk.rows()} == {
        "17": "true",
        "18": "true",
        "19": "false",
        "20": "true",
    }
    tasks = {row["task.number"][-2:] for row in desk.rows(table="task_sla", sysparm_fields="task.number")}
    assert tasks == {"17", "19", "20"}


def test_a_request_is_an_item_of_a_request_that_names_the_requester(made: Made) -> None:
    events = [("08:00:00", "opened"), ("09:00:00", "waiting"), ("10:00:00", "resumed"), ("11:00:00", "resolved")]
    desk = made(ticket(*events, kind="request"), at=datetime(2026, 3, 2, 9, tzinfo=UTC))
    fields = "number,state,request.requested_for.email,request.number,cat_item.name,closed_at"
    (row,) = desk.rows(table="sc_req_item", sysparm_fields=fields)
    assert list(row.values()) == ["RITM0000017", "-5", "p17@example.org", "REQ0000017", "software", ""]
    desk.clock("2026-03-02T11:00:00Z")
    (row,) = desk.rows(table="sc_req_item", sysparm_fields=fields)
    assert (row["state"], row["closed_at"]) == ("3", "2026-03-02 11:00:00")
    assert desk.rows() == []


def test_a_deleted_ticket_is_gone_and_stands_in_the_log_of_deletions(made: Made) -> None:
    desk = made(ticket(("08:00:00", "opened"), ("09:00:00", "deleted")), at=datetime(2026, 3, 2, 8, tzinfo=UTC))
    (row,) = desk.rows()
    assert desk.rows(table="sys_audit_delete") == []
    desk.clock("2026-03-02T09:00:00Z")
    assert desk.rows() == desk.rows(table="task") == []
    assert desk.get(f"/api/now/table/incident/{row['sys_id']}").status_code == 404
    (gone,) = desk.rows("tablenameINincident,problem", table="sys_audit_delete")
    assert (gone["documentkey"], gone["tablename"], gone["sys_created_on"]) == (
        *(row["sys_id"], "incident"),
        "2026-03-02 09:00:00",
    )


def test_a_first_group_that_nobody_was_assigned_in_stands_from_the_beginning(made: Made) -> None:
    desk = made(ticket(("08:00:00", "opened"), ("09:00:00", "cancelled")))
    (row,) = desk.rows(sysparm_fields="assignment_group.name,state,closed_at,resolved_at")
    stamp = "2026-03-02 09:00:00"
    assert list(row.values()) == ["Network", "8", stamp, stamp]


def test_a_work_file_may_be_compressed(tmp_path: Path) -> None:
    plain = read(write(tmp_path / "work.jsonl", [ticket(*LIFE)]))
    packed = read(write(tmp_path / "work.jsonl.gz", [ticket(*LIFE)]))
    assert plain.changes == packed.changes
    assert [one.stamp for one in plain.changes] == sorted(one.stamp for one in plain.changes)


@pytest.mark.parametrize(
    "line",
    ["{broken", "[]", "{}", ticket(("08:00:00", "opened"), ("09:00:00", "vanished")), ticket(("8 o'clock", "opened"))],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path: Path, line: Any) -> None:
    path = write(tmp_path / "work.jsonl", [ticket(*LIFE), line])
    with pytest.raises(ConfigError, match="line 2 of") as caught:
        read(path)
    assert (str(path) in str(caught.value), bool(caught.value.hint)) == (True, True)


def test_a_work_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        read(tmp_path / "nowhere.jsonl")
    (tmp_path / "bad.jsonl.gz").write_text("not compressed")
    with pytest.raises(ConfigError, match="cannot read"):
        read(tmp_path / "bad.jsonl.gz")
