"""Reading single tickets, their comments and audits: with all the keys that the vendor documents."""

import pytest

from tests.zendesk_sandbox.conftest import Play
from tests.zendesk_sandbox.support import REQUESTER, Row, Served, line

KEYS = {
    *("id", "url", "external_id", "via", "created_at", "updated_at", "generated_timestamp", "type", "subject"),
    *("raw_subject", "description", "priority", "status", "custom_status_id", "recipient", "requester_id"),
    *("submitter_id", "assignee_id", "organization_id", "group_id", "collaborator_ids", "follower_ids"),
    *("email_cc_ids", "problem_id", "has_incidents", "is_public", "due_at", "tags", "custom_fields", "fields"),
    *("satisfaction_rating", "sharing_agreement_ids", "brand_id", "ticket_form_id", "allow_channelback"),
    "from_messaging_channel",
}
TOLD = ["08:00 opened", "08:00:05 acknowledged", "09:00 assigned a1", "09:30 replied", "09:31 noted", "09:40 asked"]


@pytest.fixture
def lived(play: Play) -> Served:
    return play(line(17, *TOLD, "10:00 resolved"))


def test_a_ticket_has_all_documented_keys(lived: Served) -> None:
    ticket = lived.ticket(17)
    assert set(ticket) >= KEYS
    assert ticket == lived.row(17)
    assert ticket["fields"] == ticket["custom_fields"]
    assert ticket["url"] == f"{lived.url}/api/v2/tickets/17.json"


def test_a_ticket_is_what_the_work_file_says_in_the_vendors_words(lived: Served) -> None:
    ticket = lived.ticket(17, include="users,organizations")
    assert (ticket["id"], ticket["type"], ticket["priority"], ticket["status"]) == (17, "incident", "high", "solved")
    assert (ticket["subject"], ticket["via"]["channel"]) == ("Mail is slow", "email")
    assert (ticket["created_at"], ticket["updated_at"]) == ("2026-03-02T08:00:00Z", "2026-03-02T10:00:00Z")
    assert ticket["tags"] == ["service_mail", "category_software"]
    assert ticket["custom_fields"] == [
        {"id": 360000000101, "value": "service_mail"},
        {"id": 360000000102, "value": "category_software"},
    ]


@pytest.mark.parametrize(
    ("column", "told", "key", "shown"),
    [
        ("kind", "request", "type", "question"),
        ("kind", "problem", "type", "problem"),
        ("priority", "critical", "priority", "urgent"),
        ("priority", "medium", "priority", "normal"),
        ("priority", None, "priority", None),
        ("channel", "portal", "via", {"channel": "web", "source": {"from": {}, "to": {}, "rel": None}}),
        ("channel", "phone", "via", {"channel": "voice", "source": {"from": {}, "to": {}, "rel": None}}),
        ("channel", "chat", "via", {"channel": "chat", "source": {"from": {}, "to": {}, "rel": None}}),
    ],
)
def test_words_of_the_work_file_become_words_of_the_vendor(
    play: Play, column: str, told: str | None, key: str, shown: object
) -> None:
    assert play(line(17, "08:00 opened", **{column: told})).ticket(17)[key] == shown


@pytest.mark.parametrize(
    ("events", "status", "label"),
    [
        ([], "new", "New"),
        (["09:00 assigned a1"], "open", "Open"),
        (["09:00 assigned a1", "10:00 waiting"], "pending", "Pending"),
        (["09:00 assigned a1", "10:00 on_hold"], "hold", "On-hold"),
        (["09:00 assigned a1", "10:00 waiting", "11:00 resumed"], "open", "Open"),
        (["09:00 assigned a1", "10:00 resolved"], "solved", "Solved"),
        (["09:00 assigned a1", "10:00 resolved", "11:00 reopened"], "open", "Open"),
        (["09:00 assigned a1", "10:00 resolved", "11:00 closed"], "closed", "Solved"),
        (["09:00 cancelled"], "solved", "Cancelled"),
    ],
)
def test_each_state_has_its_status_and_its_custom_status(
    play: Play, events: list[str], status: str, label: str
) -> None:
    desk = play(line(17, "08:00 opened", *events))
    labels = {each["id"]: each["agent_label"] for each in desk.json("custom_statuses")["custom_statuses"]}
    ticket = desk.ticket(17)
    assert (ticket["status"], labels[ticket["custom_status_id"]]) == (status, label)
    assert ("cancelled" in ticket["tags"]) is (label == "Cancelled")


def test_an_assignment_while_pending_does_not_open_the_ticket(play: Play) -> None:
    desk = play(line(17, "08:00 opened", "09:00 assigned a1", "10:00 waiting", "11:00 assigned a2 Servers"))
    ticket = desk.ticket(17, include="groups")
    assert ticket["status"] == "pending"
    assert desk.json("tickets/17", include="groups")["groups"][0]["name"] == "Servers"


def test_only_a_task_has_a_due_date(play: Play) -> None:
    promised = {"promised": "2026-03-02T16:00:00Z"}
    desk = play(line(1, "08:00 opened", **promised), line(2, "08:00 opened", kind="task", **promised))
    assert (desk.ticket(1)["due_at"], desk.ticket(2)["due_at"]) == (None, "2026-03-02T16:00:00Z")


def test_the_requester_is_a_user_with_language_zone_and_place(lived: Served) -> None:
    ticket = lived.ticket(17)
    (user,) = lived.json("users/show_many", ids=ticket["requester_id"])["users"]
    assert (user["email"], user["name"], user["role"]) == (REQUESTER["email"], REQUESTER["name"], "end-user")
    assert (user["locale"], user["locale_id"]) == ("de", 8)
    assert (user["time_zone"], user["iana_time_zone"]) == ("Berlin", "Europe/Berlin")
    assert user["user_fields"] == {"place": "Berlin"}
    assert user["organization_id"] == ticket["organization_id"]


@pytest.mark.parametrize("path", ["tickets/99", "tickets/99.json", "tickets/99/comments", "tickets/99/tags"])
def test_a_ticket_that_is_not_there_is_not_found(desk: Served, path: str) -> None:
    response = desk.get(path)
    assert response.status_code == 404
    assert response.json() == {"error": "RecordNotFound", "description": "Not found"}


def test_a_path_that_is_not_there_is_no_endpoint(desk: Served) -> None:
    for response in (desk.get("exports/tickets.json"), desk.ask("DELETE", "tickets/11")):
        assert (response.status_code, response.json()["error"]) == (404, "InvalidEndpoint")


def test_many_tickets_are_shown_by_their_ids_in_the_order_asked_for(desk: Served) -> None:
    body = desk.json("tickets/show_many.json", ids="13,99,11", include="users,comment_count")
    assert [ticket["id"] for ticket in body["tickets"]] == [13, 11]
    assert body["count"] == 2
    assert {"users"} <= set(body)
    many = ",".join(str(n) for n in range(101))
    assert desk.get("tickets/show_many", ids=many).status_code == 400
    assert desk.get("tickets/show_many", ids="a").status_code == 400


def test_tickets_are_counted(desk: Served) -> None:
    assert desk.json("tickets/count.json")["count"]["value"] == 5


def test_comments_come_oldest_first_with_who_spoke_and_how(lived: Served) -> None:
    comments = lived.comments(17)
    ticket = lived.ticket(17)
    assert [each["public"] for each in comments] == [True, True, True, False, True]
    authors = [ticket["requester_id"], -1, ticket["assignee_id"], ticket["assignee_id"], ticket["requester_id"]]
    assert [each["author_id"] for each in comments] == authors
    assert [each["via"]["channel"] for each in comments] == ["email", "rule", "web", "web", "email"]
    assert comments[1]["via"]["source"]["rel"] == "trigger"
    assert ticket["description"] == comments[0]["body"] == "Mail is slow. Please help."
    assert all(each["metadata"] == {"system": {}, "custom": {}} for each in comments)


def test_the_words_of_an_event_are_the_body_of_its_comment(play: Play) -> None:
    told = {"at": "2026-03-02T09:00:00Z", "what": "replied", "text": "1 < 2\n& so on"}
    comment = play(line(17, "08:00 opened", told)).comments(17)[1]
    assert comment["body"] == comment["plain_body"] == "1 < 2\n& so on"
    assert "1 &lt; 2<br>&amp; so on" in comment["html_body"]


def pages(desk: Served, path: str, key: str, **params: str | int) -> list[list[int]]:
    found = []
    while True:
        page = desk.json(path, **params)
        found.append([row["id"] for row in page[key]])
        assert len(found) < 100, "the pages go round in circles"
        if not page["meta"]["has_more"]:
            assert page["links"]["next"] is None
            return found
        assert page["links"]["next"]
        params["page[after]"] = page["meta"]["after_cursor"]


@pytest.mark.parametrize("path", ["comments", "audits"])
def test_cursors_go_through_comments_and_audits_in_both_directions(lived: Served, path: str) -> None:
    whole = [row["id"] for row in lived.json(f"tickets/17/{path}")[path]]
    forward = pages(lived, f"tickets/17/{path}.json", path, **{"page[size]": 2})
    backward = pages(lived, f"tickets/17/{path}", path, sort="-created_at", **{"page[size]": 2})
    assert [each for page in forward for each in page] == whole
    assert [each for page in backward for each in page] == whole[::-1]


def test_a_comment_that_comes_in_between_pages_breaks_no_cursor(lived: Served) -> None:
    newest: dict[str, str | int] = {"page[size]": 2, "sort": "-created_at"}
    first = lived.json("tickets/17/comments", **newest)
    lived.say(17, "New")
    second = lived.json("tickets/17/comments", **newest, **{"page[after]": first["meta"]["after_cursor"]})
    seen = [row["id"] for page in (first, second) for row in page["comments"]]
    assert seen == [row["id"] for row in lived.comments(17)][::-1][1:5]


def test_offset_pages_have_numbers_and_a_depth(lived: Served) -> None:
    first = lived.json("tickets/17/comments", per_page=2)
    assert (first["count"], first["previous_page"]) == (5, None)
    second = lived.session.get(first["next_page"], timeout=10).json()
    assert second["previous_page"]
    newest = lived.json("tickets/17/comments", per_page=2, sort_order="desc")
    assert [row["id"] for row in newest["comments"]] == [row["id"] for row in lived.comments(17)][:2:-1]
    deep = lived.get("tickets/17/comments", page=101)
    assert (deep.status_code, deep.json()["errors"][0]["code"]) == (400, "InvalidPaginationDepth")


@pytest.mark.parametrize(("name", "value"), [("page[size]", 101), ("page[size]", 0), ("page[after]", "%"), ("page", 0)])
def test_a_page_that_makes_no_sense_is_refused(lived: Served, name: str, value: str | int) -> None:
    response = lived.get("tickets/17/comments", **{name: value})
    assert (response.status_code, response.json()["error"]["title"]) == (400, "Invalid attribute")


def test_people_come_along_with_comments(lived: Served) -> None:
    users = lived.json("tickets/17/comments", include="users")["users"]
    assert {user["role"] for user in users} == {"end-user", "agent"}


def change(audit: Row, name: str) -> tuple[object, object]:
    (event,) = [each for each in audit["events"] if each.get("field_name") == name]
    return event["previous_value"], event["value"]


def test_audits_tell_the_whole_history(play: Play) -> None:
    told = [*TOLD, "09:50 promised 16:00", "10:00 resolved", "12:00 closed"]
    desk = play(line(17, *told))
    audits = desk.json("tickets/17/audits")["audits"]
    assert [each["created_at"][11:16] for each in audits] == [text[:5] for text in told]
    created = {each["field_name"]: each["value"] for each in audits[0]["events"] if each["type"] == "Create"}
    assert created["status"] == "new"
    assert created["360000000101"] == "service_mail"
    assert audits[0]["events"][0]["type"] == "Comment"
    assert change(audits[2], "status") == ("new", "open")
    assert change(audits[6], "total_resolution_time") == (None, {"minutes": 480, "in_business_hours": False})
    assert audits[6]["events"][0]["via"]["source"]["rel"] == "sla_target_change"
    assert change(audits[7], "status") == ("open", "solved")
    assert (audits[8]["author_id"], audits[8]["via"]["source"]["rel"]) == (-1, "automation")
    ids = [audit["id"] for audit in audits] + [event["id"] for audit in audits for event in audit["events"]]
    assert len(ids) == len(set(ids))
