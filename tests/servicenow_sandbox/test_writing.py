"""What a write does, and what it silently does not."""

import pytest
import requests

from tests.servicenow_sandbox.conftest import Replay
from tests.servicenow_sandbox.support import Served, life

TEXT = "How did it go? [xmo:1]"


@pytest.fixture
def desk(replay: Replay) -> Served:
    steps = [("New", "1/3/2016 08:00"), ("Resolved", "1/3/2016 09:00"), ("Closed", "6/3/2016 09:00")]
    desk = replay([*life("INC1", *steps), *life("INC2", *steps[:2])])
    desk.clock("2016-03-06T10:00:00Z")
    return desk


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_comment_becomes_a_journal_entry_and_moves_the_change_stamp(desk: Served, method: str) -> None:
    before = desk.incident("INC2")
    url = f"{desk.url}/api/now/table/incident/{before['sys_id']}"
    after = desk.session.request(method, url, json={"comments": TEXT}).json()["result"]
    assert after["comments"] == ""
    assert int(after["sys_mod_count"]) == int(before["sys_mod_count"]) + 1
    assert (before["sys_updated_on"], after["sys_updated_on"]) == ("2016-03-01 09:00:00", "2016-03-06 10:00:00")
    assert after == desk.incident("INC2")
    query = f"element=comments^element_id={before['sys_id']}^valueLIKE[xmo:1]"
    (entry,) = desk.rows(query, table="sys_journal_field")
    said = {"element": "comments", "element_id": before["sys_id"], "name": "incident", "value": TEXT}
    assert said.items() <= entry.items()
    assert (entry["sys_created_on"], entry["sys_created_by"]) == ("2016-03-06 10:00:00", "xmo")


def test_the_journal_switch_tells_what_the_ticket_was_like(desk: Served) -> None:
    desk.patch("INC2", {"comments": TEXT})
    desk.patch("INC1", {"comments": "", "work_notes": "between us"})
    said = [(e["number"], e["element"], e["state"], e["reopen_count"], e["text"], e["time"]) for e in desk.journal()]
    assert said == [
        ("INC2", "comments", "6", "0", TEXT, "2016-03-06 10:00:00"),
        ("INC1", "work_notes", "7", "0", "between us", "2016-03-06 10:00:00"),
    ]


def test_unknown_and_read_only_columns_are_ignored_with_200(desk: Served) -> None:
    before = desk.incident("INC2")
    response = desk.patch("INC2", {"u_nonsense": "x", "sys_id": "0", "number": "INC7", "sys_mod_count": 99})
    assert response.status_code == 200
    assert desk.incident("INC2") == before


def test_a_write_that_changes_nothing_touches_nothing(desk: Served) -> None:
    before = desk.incident("INC2")
    desk.patch("INC2", {"state": 6, "correlation_id": None, "comments": None})
    assert desk.incident("INC2") == before


def test_values_are_stored_as_text(desk: Served) -> None:
    desk.patch("INC2", {"correlation_id": 17, "knowledge": True})
    row = desk.incident("INC2")
    assert (row["correlation_id"], row["knowledge"]) == ("17", "true")


def test_a_ticket_that_is_reopened_and_resolved_again_counts_it(desk: Served) -> None:
    desk.patch("INC2", {"state": "2"})
    row = desk.incident("INC2")
    assert (row["state"], row["incident_state"], row["reopen_count"]) == ("2", "2", "1")
    assert row["resolved_at"] == "2016-03-01 09:00:00"
    desk.clock("2016-03-07T11:00:00Z")
    desk.patch("INC2", {"incident_state": "6"})
    row = desk.incident("INC2")
    assert (row["state"], row["reopen_count"], row["resolved_at"]) == ("6", "1", "2016-03-07 11:00:00")
    desk.patch("INC2", {"state": "7"})
    assert desk.incident("INC2")["resolved_at"] == "2016-03-07 11:00:00"


def test_the_echo_can_be_switched_off(desk: Served) -> None:
    response = desk.patch("INC2", {"comments": TEXT}, headers={"X-no-response-body": "true"})
    assert (response.status_code, response.content) == (200, b"")
    assert len(desk.journal()) == 1


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Accept": None}, b"{}", 400),
        ({"Content-Type": None}, b"{}", 400),
        ({"Content-Type": "text/plain"}, b"{}", 415),
        ({}, b"{broken", 400),
        ({}, b"[1]", 400),
    ],
)
def test_a_write_without_its_headers_or_its_body_is_refused(
    desk: Served, headers: dict[str, str | None], body: bytes, status: int
) -> None:
    url = f"{desk.url}/api/now/table/incident/{desk.incident('INC2')['sys_id']}"
    request = requests.Request("PATCH", url, data=body, auth=("xmo", "sandbox")).prepare()
    request.headers.update({"Accept": "application/json", "Content-Type": "application/json"})
    for name, value in headers.items():
        request.headers.pop(name) if value is None else request.headers.update({name: value})
    with requests.Session() as session:
        response = session.send(request)
    assert (response.status_code, response.json()["status"]) == (status, "failure")


def test_only_tickets_can_be_written(desk: Served) -> None:
    (user,) = desk.rows("user_name=xmo", table="sys_user")
    response = desk.session.patch(f"{desk.url}/api/now/table/sys_user/{user['sys_id']}", json={"name": "x"})
    assert response.status_code == 403
    assert response.json()["error"]["detail"] == "ACL Exception Update Failed due to security constraints"
    missing = desk.session.patch(f"{desk.url}/api/now/table/incident/{'0' * 32}", json={"state": "2"})
    assert missing.status_code == 404
