"""The time-based exports: tickets with their seams and the loop of the unwary, and the stream of ticket events."""

import pytest

from tests.zendesk_sandbox.conftest import Play
from tests.zendesk_sandbox.support import Row, Served, line

START = 1_772_409_600  # 2026-03-02, the usual day


def child(event: Row, name: str) -> Row:
    (found,) = [each for each in event["child_events"] if name in each]
    return dict(found)


def test_pages_meet_in_a_second_that_both_of_them_have(desk: Served) -> None:
    first = desk.json("incremental/tickets.json", start_time=START, per_page=4)
    assert [row["id"] for row in first["tickets"]] == [15, 13, 14, 11]
    assert (first["count"], first["end_of_stream"]) == (4, False)
    assert first["end_time"] == first["tickets"][-1]["generated_timestamp"]
    second = desk.session.get(first["next_page"], timeout=10).json()
    assert [row["id"] for row in second["tickets"]] == [11, 12]
    assert second["end_of_stream"] is True


def test_whoever_follows_the_next_page_to_the_end_never_comes_to_one(desk: Served) -> None:
    page = desk.json("incremental/tickets", start_time=START)
    assert page["end_of_stream"] is True
    again = desk.session.get(page["next_page"], timeout=10).json()
    assert again["next_page"] == page["next_page"]
    assert [row["id"] for row in again["tickets"]] == [11, 12]


def test_more_tickets_in_one_second_than_a_page_holds_cannot_be_passed(desk: Served) -> None:
    page = desk.json("incremental/tickets", start_time=START + 36_000, per_page=1)
    assert page["end_time"] == START + 36_000
    assert desk.session.get(page["next_page"], timeout=10).json() == page


def test_an_export_without_anything_ends_where_it_began(desk: Served) -> None:
    desk.clock("2026-03-03T00:00:00Z")
    page = desk.json("incremental/tickets", start_time=START + 36_001)
    assert (page["count"], page["end_time"], page["end_of_stream"]) == (0, START + 36_001, True)


@pytest.mark.parametrize("path", ["tickets", "ticket_events", "ticket_metric_events"])
def test_a_time_based_export_needs_its_start_time(desk: Served, path: str) -> None:
    assert desk.get(f"incremental/{path}").status_code == 400


@pytest.fixture
def lived(play: Play) -> Served:
    """A ticket with a bit of everything, and another one beside it."""
    told = ["08:00 opened", "08:00:05 acknowledged", "09:00 assigned a1 Network", "09:30 replied", "09:40 noted"]
    told += ["09:50 waiting", "09:55 asked", "09:56 resumed", "10:00 resolved", "12:00 closed"]
    return play(line(17, *told), line(18, "08:00 opened"))


def stream(desk: Served, **params: str | int) -> list[Row]:
    events: list[Row] = desk.json("incremental/ticket_events.json", **{"start_time": START, **params})["ticket_events"]
    return events


def test_each_update_is_one_event_in_order_of_time(lived: Served) -> None:
    events = stream(lived)
    assert [event["timestamp"] for event in events] == sorted(event["timestamp"] for event in events)
    assert [event["ticket_id"] for event in events[:2]] == [17, 18]
    assert len(events) == 11
    assert {event["event_type"] for event in events} == {"Audit"}
    assert len({event["id"] for event in events}) == 11
    assert events[0]["created_at"] == "2026-03-02T08:00:00Z"


def test_pages_of_events_can_be_followed_to_the_end(lived: Served) -> None:
    seen: list[int] = []
    start = START
    while True:
        page = lived.json("incremental/ticket_events", start_time=start, per_page=3)
        seen += [event["id"] for event in page["ticket_events"]]
        if page["end_of_stream"]:
            break
        assert page["end_time"] > start, "the export goes round in circles"
        start = page["end_time"]
    assert list(dict.fromkeys(seen)) == [event["id"] for event in stream(lived)]
    assert len(seen) > len(set(seen))


def test_an_event_holds_what_changed_by_the_name_of_the_field(lived: Served) -> None:
    opened, _, _, assigned, *_ = stream(lived)
    assert child(opened, "status") | {"id": 0} == {
        "id": 0,
        "via": "Mail",
        "via_reference_id": None,
        "status": "new",
        "event_type": "Create",
    }
    assert child(opened, "tags")["added_tags"] == ["service_mail", "category_software"]
    custom = [each["custom_ticket_fields"] for each in opened["child_events"] if "custom_ticket_fields" in each]
    assert custom == [{"360000000101": "service_mail"}, {"360000000102": "category_software"}]
    status = child(assigned, "status")
    assert (status["status"], status["previous_value"], status["event_type"]) == ("open", "new", "Change")
    assert child(assigned, "assignee_id")["previous_value"] is None


def test_a_hand_off_names_both_groups(play: Play) -> None:
    handed = stream(play(line(17, "08:00 opened", "09:00 assigned a1 Network", "10:00 assigned a2 Servers")))[-1]
    group = child(handed, "group_id")
    assert group["previous_value"]
    assert group["group_id"] != group["previous_value"]


def test_a_comment_is_only_told_of_unless_it_is_asked_for(lived: Served) -> None:
    told = [each for event in stream(lived) for each in event["child_events"] if "comment_present" in each]
    assert [each["comment_public"] for each in told] == [True, True, True, True, False, True]
    assert "body" not in told[0]
    said = [event["child_events"][0] for event in stream(lived, include="comment_events")]
    bodies = [each for each in said if each["event_type"] == "Comment"]
    assert [each["id"] for each in bodies] == [each["id"] for each in told]
    assert [each["public"] for each in bodies] == [True, True, True, True, False, True]
    assert all(isinstance(each["via"], dict) and each["type"] == "Comment" for each in bodies)
    replies = {each["id"]: each["body"] for each in lived.comments(17)}
    assert {each["id"]: each["body"] for each in bodies if each["audit_id"] // 10**9 == 17} == replies


def test_what_a_trigger_says_is_by_nobody_and_shows_its_rule(lived: Served) -> None:
    _, _, acknowledged, *_ = stream(lived, include="comment_events")
    assert (acknowledged["updater_id"], acknowledged["via"]) == (-1, "Rule")
    comment = acknowledged["child_events"][0]
    assert (comment["author_id"], comment["public"]) == (-1, True)
    assert comment["via"]["channel"] == "rule"
    assert comment["via"]["source"]["rel"] == "trigger"


def test_the_requester_and_the_agents_are_told_apart_by_their_ids(lived: Served) -> None:
    events = {event["timestamp"] - START: event["updater_id"] for event in stream(lived) if event["ticket_id"] == 17}
    ticket = lived.row(17)
    hour, minute = 3600, 60
    assert events[8 * hour] == events[9 * hour + 55 * minute] == ticket["requester_id"]
    assert events[9 * hour + 30 * minute] == events[10 * hour] == ticket["assignee_id"]
    assert events[12 * hour] == -1


def test_events_of_the_last_minute_are_left_out(lived: Served) -> None:
    lived.clock("2026-03-03T00:00:00Z")
    lived.say(18, "A word")
    assert len(stream(lived)) == 11
    lived.clock("2026-03-03T00:01:00Z")
    last = stream(lived, include="comment_events")[-1]
    assert (last["child_events"][0]["body"], last["via"]) == ("A word", "Web service")


def test_system_updates_are_no_events(lived: Served) -> None:
    lived.put("system", {"ticket": 18})
    lived.clock("2026-03-05T00:00:00Z")
    assert len(stream(lived)) == 11
