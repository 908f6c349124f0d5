"""What a write does, what it refuses, and what it silently does not do."""

from datetime import UTC, datetime

import pytest
import requests

from tests.zendesk_sandbox.conftest import Play
from tests.zendesk_sandbox.support import LOG_IN, Row, Served, line

TEXT = "How did it go? [xmo:AAAAAAAAAAAAAAAA]"
NOW = "2026-03-04T12:00:00Z"
REFUSED = {"error": "RecordInvalid", "description": "Record validation errors"}


@pytest.fixture
def desk(play: Play) -> Served:
    """A solved ticket 1, a closed ticket 2, and a pending ticket 3."""
    told = ["08:00 opened", "09:00 assigned a1", "10:00 resolved"]
    desk = play(line(1, *told), line(2, *told, "11:00 closed"), line(3, *told[:2], "10:00 waiting"))
    desk.clock(NOW)
    return desk


def test_a_comment_is_written_and_the_answer_tells_the_ticket_and_the_audit(desk: Served) -> None:
    before = desk.ticket(1)
    body = desk.say(1, TEXT).json()
    assert body["ticket"] == {**before, "updated_at": NOW, "generated_timestamp": 1_772_625_600} == desk.ticket(1)
    comment = desk.comments(1)[-1]
    assert (comment["body"], comment["public"], comment["created_at"]) == (TEXT, True, NOW)
    assert comment["author_id"] == desk.json("users/me")["user"]["id"]
    assert comment["via"]["channel"] == "api"
    assert body["audit"]["id"] == comment["audit_id"]
    assert [(event["type"], event["body"]) for event in body["audit"]["events"]] == [("Comment", TEXT)]


def test_a_comment_of_an_agent_leaves_a_solved_ticket_solved(desk: Served) -> None:
    assert desk.say(1, TEXT).json()["ticket"]["status"] == "solved"


@pytest.mark.parametrize("key", [1, 3])
def test_a_word_of_the_requester_opens_a_ticket_again(desk: Served, key: int) -> None:
    requester = desk.ticket(key)["requester_id"]
    body = desk.write(key, comment={"body": "Not yet", "author_id": requester}).json()
    assert body["ticket"]["status"] == "open"
    told = desk.ticket(key, include="metric_sets")["metric_set"]
    assert (told["reopens"], told["requester_updated_at"]) == (int(key == 1), NOW)


def test_a_note_is_not_public(desk: Served) -> None:
    desk.write(1, comment={"body": "Between us", "public": False})
    assert desk.comments(1)[-1]["public"] is False


def test_html_is_kept_and_read_as_text(desk: Served) -> None:
    desk.write(1, comment={"html_body": "<p>Was it <b>good</b>?</p><p>A &amp; B</p>"})
    comment = desk.comments(1)[-1]
    assert comment["html_body"] == "<p>Was it <b>good</b>?</p><p>A &amp; B</p>"
    assert comment["body"] == "Was it good ? A & B"


def test_metadata_stands_on_the_audit_and_on_the_comment(desk: Served) -> None:
    body = desk.say(1, TEXT, metadata={"custom": {"xmo": "AAAA"}, "other": 1}).json()
    assert body["audit"]["metadata"]["custom"] == {"xmo": "AAAA"}
    assert desk.comments(1)[-1]["metadata"]["custom"] == {"xmo": "AAAA"}
    desk.clock("2026-03-04T12:01:00Z")
    event = desk.json("incremental/ticket_events", start_time=1_772_625_600)["ticket_events"][-1]
    assert event["metadata"]["custom"] == {"xmo": "AAAA"}


def test_the_journal_switch_tells_all_writes_and_what_the_ticket_was_like(desk: Served) -> None:
    desk.say(1, TEXT, metadata={"custom": {"xmo": "AAAA"}})
    desk.ask("PUT", "tickets/3/tags", json={"tags": ["seen"]})
    first, second = desk.journal()
    assert first == {
        "number": "1",
        "state": "solved",
        "reopen_count": "0",
        "text": TEXT,
        "public": True,
        "values": {"tags": ["service_mail", "category_software"]},
        "custom": {"xmo": "AAAA"},
        "time": NOW,
    }
    assert (second["number"], second["state"], second["text"], second["public"]) == ("3", "pending", "", None)
    assert "seen" in second["values"]["tags"]


def test_tags_of_a_ticket_are_replaced_in_the_same_write(desk: Served) -> None:
    old = desk.ticket(1)["tags"]
    body = desk.say(1, TEXT, tags=[*old, "XMO_q1", "two words"]).json()
    assert body["ticket"]["tags"] == [*old, "xmo_q1", "two", "words"]
    assert desk.write(1, tags=["only"]).json()["ticket"]["tags"] == ["only"]
    assert desk.write(1, additional_tags=["more"]).json()["ticket"]["tags"] == ["only"]


def test_a_tag_that_is_gone_takes_the_choice_of_its_dropdown_with_it(desk: Served) -> None:
    fields = {each["id"]: each["value"] for each in desk.write(1, tags=["service_mail"]).json()["ticket"]["fields"]}
    assert fields == {360000000101: "service_mail", 360000000102: None}


def test_a_choice_in_a_dropdown_is_a_tag(desk: Served) -> None:
    ticket = desk.write(1, custom_fields=[{"id": 360000000101, "value": "service_vpn"}]).json()["ticket"]
    assert ticket["tags"] == ["category_software", "service_vpn"]
    assert {"id": 360000000101, "value": "service_vpn"} in ticket["custom_fields"]


def test_tags_have_a_path_of_their_own_that_adds_replaces_and_removes(desk: Served) -> None:
    added = desk.ask("PUT", "tickets/1/tags.json", json={"tags": ["a", "b", "a"]})
    assert (added.status_code, added.json()["tags"][2:]) == (200, ["a", "b"])
    replaced = desk.ask("POST", "tickets/1/tags", json={"tags": ["c", "d"]})
    assert (replaced.status_code, replaced.json()) == (201, {"tags": ["c", "d"]})
    assert desk.ask("DELETE", "tickets/1/tags", json={"tags": ["c"]}).json() == {"tags": ["d"]}
    assert desk.ask("DELETE", "tickets/1/tags", params={"tags": "d,e"}).json() == {"tags": []}
    assert desk.json("tickets/1/tags.json") == {"tags": []}
    assert desk.ticket(1)["updated_at"] == NOW


def test_other_values_are_written_and_stand_in_the_audit(desk: Served) -> None:
    group = desk.json("groups")["groups"][0]["id"]
    sent: Row = {"priority": "low", "type": "question", "subject": "New", "group_id": group, "external_id": "x"}
    body = desk.write(1, **sent).json()
    assert sent.items() <= body["ticket"].items()
    changes = {each["field_name"]: (each["previous_value"], each["value"]) for each in body["audit"]["events"]}
    assert changes["priority"] == ("high", "low")
    assert changes["subject"] == ("Mail is slow", "New")


@pytest.mark.parametrize(
    ("sent", "status", "label"),
    [
        ({"status": "open"}, "open", 50_000_000_002),
        ({"status": "hold"}, "hold", 50_000_000_004),
        ({"custom_status_id": 50_000_000_003}, "pending", 50_000_000_003),
        ({"custom_status_id": 50_000_000_006}, "solved", 50_000_000_006),
        ({"status": "open", "custom_status_id": 50_000_000_006}, "open", 50_000_000_002),
    ],
)
def test_a_status_is_written_by_its_name_or_by_its_custom_status(
    desk: Served, sent: Row, status: str, label: int
) -> None:
    ticket = desk.write(1, **sent).json()["ticket"]
    assert (ticket["status"], ticket["custom_status_id"]) == (status, label)


def test_a_ticket_that_is_reopened_and_solved_again_counts_it(desk: Served) -> None:
    desk.write(1, status="open")
    desk.clock("2026-03-04T13:00:00Z")
    desk.write(1, status="solved")
    desk.clock("2026-03-04T13:01:00Z")
    told = desk.row(1, include="metric_sets")["metric_set"]
    assert (told["reopens"], told["solved_at"]) == (1, "2026-03-04T13:00:00Z")
    assert desk.write(1, status="closed").json()["ticket"]["status"] == "closed"


def test_what_the_vendor_does_not_know_is_ignored_without_a_word(desk: Served) -> None:
    before = desk.ticket(1)
    response = desk.write(1, nonsense=1, id=5, created_at="x", custom_fields=[{"id": 1, "value": "x"}], comment=None)
    assert response.status_code == 200
    assert response.json()["audit"]["events"] == []
    assert desk.ticket(1) == before
    assert desk.journal() == []


@pytest.mark.parametrize("path", ["tickets/2", "tickets/2/tags"])
def test_a_closed_ticket_takes_no_write(desk: Served, path: str) -> None:
    before = desk.ticket(2)
    response = desk.ask("PUT", path, json={"ticket": {"comment": {"body": TEXT}}, "tags": ["a"]})
    assert response.status_code == 422
    details = {"status": [{"description": "Status: closed prevents ticket update", "error": "ClosedTicket"}]}
    assert response.json() == {**REFUSED, "details": details}
    assert (desk.ticket(2), desk.journal()) == (before, [])


@pytest.mark.parametrize("flag", [True, False, "true"])
def test_a_safe_update_of_a_ticket_that_has_changed_is_refused_whatever_the_flag_says(
    desk: Served, flag: bool | str
) -> None:
    stamp = desk.ticket(1)["updated_at"]
    assert desk.say(1, "First", safe_update=flag, updated_stamp=stamp).status_code == 200
    again = desk.say(1, "Second", safe_update=flag, updated_stamp=stamp)
    assert (again.status_code, again.json()["error"]) == (409, "UpdateConflict")
    tags = desk.ask("PUT", "tickets/1/tags", json={"tags": ["a"], "safe_update": flag, "updated_stamp": stamp})
    assert tags.status_code == 409
    assert [entry["text"] for entry in desk.journal()] == ["First"]


def test_a_safe_update_without_a_stamp_is_refused_and_a_stamp_alone_checks_nothing(desk: Served) -> None:
    assert desk.say(1, "First", safe_update=True).status_code == 409
    assert desk.say(1, "Second", updated_stamp="2020-01-01T00:00:00Z").status_code == 200


def test_a_system_update_is_no_conflict(desk: Served) -> None:
    stamp = desk.ticket(1)["updated_at"]
    desk.put("system", {"ticket": 1})
    assert desk.say(1, TEXT, safe_update=True, updated_stamp=stamp).status_code == 200


@pytest.mark.parametrize(
    ("sent", "named"),
    [
        ({"status": "done"}, "status"),
        ({"priority": "critical"}, "priority"),
        ({"type": "change"}, "type"),
        ({"group_id": 5}, "group_id"),
        ({"assignee_id": 5}, "assignee_id"),
        ({"due_at": "soon"}, "due_at"),
        ({"comment": {"body": "x", "author_id": 5}}, "author"),
    ],
)
def test_a_value_that_cannot_be_stored_is_refused_by_its_name(desk: Served, sent: Row, named: str) -> None:
    response = desk.write(1, **sent)
    assert response.status_code == 422
    assert list(response.json()["details"]) == [named]
    assert desk.journal() == []


@pytest.mark.parametrize(("body", "status"), [(b"{broken", 422), (b"[1]", 400), (b"{}", 400), (b'{"ticket": 5}', 400)])
def test_a_write_without_a_ticket_is_refused(desk: Served, body: bytes, status: int) -> None:
    headers = {"Content-Type": "application/json"}
    response = desk.ask("PUT", "tickets/1", data=body, headers=headers)
    assert response.status_code == status
    assert set(response.json()["error"]) == {"title", "message"}


def test_what_happens_later_in_the_work_file_still_happens(play: Play) -> None:
    told = line(1, "08:00 opened", "09:00 assigned a1", "10:00 resolved", "14:00 closed")
    desk = play(told, at=datetime(2026, 3, 2, 12, tzinfo=UTC))
    assert desk.say(1, TEXT).json()["ticket"]["status"] == "solved"
    desk.clock("2026-03-02T14:00:00Z")
    ticket = desk.ticket(1)
    assert (ticket["status"], ticket["updated_at"]) == ("closed", "2026-03-02T14:00:00Z")


def test_a_write_between_two_events_keeps_their_ids(play: Play) -> None:
    desk = play(line(1, "08:00 opened", "09:00 assigned a1", "14:00 resolved"), at=datetime(2026, 3, 2, 12, tzinfo=UTC))
    written = desk.say(1, TEXT).json()["audit"]["id"]
    desk.clock("2026-03-02T15:00:00Z")
    audits = desk.json("tickets/1/audits")["audits"]
    assert [audit["created_at"][11:16] for audit in audits] == ["08:00", "09:00", "12:00", "14:00"]
    assert audits[2]["id"] == written
    assert [audit["id"] for audit in audits if audit["id"] != written] == [1_000_000_000 + n * 1000 for n in range(3)]


def test_a_write_without_a_log_in_is_refused(desk: Served) -> None:
    url = f"{desk.url}/api/v2/tickets/1.json"
    body = {"ticket": {"comment": {"body": TEXT}}}
    assert requests.put(url, json=body, timeout=10).status_code == 401
    assert requests.put(url, json=body, auth=(LOG_IN[0], "wrong"), timeout=10).status_code == 401
    assert desk.journal() == []
