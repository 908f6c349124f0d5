"""The export by cursor: nothing is lost, whatever shares a second, changes on the way, or is archived or deleted."""

from base64 import urlsafe_b64decode

import pytest

from tests.zendesk_sandbox.conftest import Play
from tests.zendesk_sandbox.support import Row, Served, line

MONTHS_LATER = "2026-08-01T00:00:00Z"


def walk(desk: Served, **params: str | int) -> list[Row]:
    """Return the pages of an export, followed as the vendor says."""
    pages = [desk.export(**params)]
    params.pop("start_time", None)
    while not pages[-1]["end_of_stream"]:
        assert len(pages) < 10, "the export goes round in circles"
        pages.append(desk.export(**params, cursor=pages[-1]["after_cursor"]))
    return pages


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
def test_every_page_size_brings_all_tickets_once_in_order_of_stamp_and_id(desk: Served, size: int) -> None:
    pages = walk(desk, per_page=size)
    rows = [row for page in pages for row in page["tickets"]]
    assert [row["id"] for row in rows] == [15, 13, 14, 11, 12]
    stamps = [(row["generated_timestamp"], row["id"]) for row in rows]
    assert stamps == sorted(stamps)
    assert [len(page["tickets"]) for page in pages[:-1]] == [size] * (len(pages) - 1)
    assert [page["end_of_stream"] for page in pages] == [False] * (len(pages) - 1) + [True]


def test_a_cursor_tells_stamp_and_id_and_stays_good_for_ever(desk: Served) -> None:
    page = desk.export(per_page=4)
    last = page["tickets"][-1]
    told = urlsafe_b64decode(page["after_cursor"] + "==").decode()
    assert told == f"{last['generated_timestamp']}.0||{last['id']}|"
    assert desk.session.get(page["after_url"], timeout=10).json()["tickets"][0]["id"] == 12
    desk.clock(MONTHS_LATER)
    desk.say(11, "Hello")
    desk.clock("2026-08-01T00:01:00Z")
    assert desk.exported(cursor=page["after_cursor"]) == [12, 11]


def test_at_the_end_the_cursor_stays_and_goes_on_from_there(desk: Served) -> None:
    page = desk.export()
    again = desk.export(cursor=page["after_cursor"])
    assert (again["tickets"], again["end_of_stream"], again["after_cursor"]) == ([], True, page["after_cursor"])
    assert page["before_cursor"] is page["before_url"] is None


def test_where_nothing_has_changed_yet_there_is_no_cursor(desk: Served) -> None:
    desk.clock("2026-03-03T00:00:00Z")
    page = desk.export(start_time=1_772_445_601)
    assert (page["tickets"], page["after_cursor"], page["after_url"]) == ([], None, None)
    assert page["end_of_stream"] is True


def test_start_time_counts_from_its_own_second_on(desk: Served) -> None:
    stamp = desk.export()["tickets"][-1]["generated_timestamp"]
    assert desk.exported(start_time=stamp) == [11, 12]
    assert desk.exported(start_time=stamp - 1) == [11, 12]


def test_with_a_cursor_the_start_time_counts_no_more(desk: Served) -> None:
    cursor = desk.export(per_page=4)["after_cursor"]
    assert desk.exported(cursor=cursor, start_time=0) == [12]


def test_what_changed_in_the_last_minute_is_left_out(play: Play) -> None:
    desk = play(line(1, "10:00 opened", "11:00 resolved"))
    desk.clock("2026-03-02T11:01:00Z")
    desk.say(1, "A word")
    assert desk.exported() == []
    desk.clock("2026-03-02T11:01:59Z")
    assert desk.exported() == []
    desk.clock("2026-03-02T11:02:00Z")
    assert desk.exported() == [1]


def test_a_system_update_moves_the_change_stamp_and_nothing_else(desk: Served) -> None:
    before = desk.row(11, include="metric_sets,comment_count")
    desk.clock("2026-03-03T00:00:00Z")
    assert desk.put("system", {"ticket": 11}).json() == {"generated_timestamp": 1_772_496_000}
    desk.clock("2026-03-03T00:01:00Z")
    after = desk.row(11, include="metric_sets,comment_count")
    assert after == {**before, "generated_timestamp": 1_772_496_000}
    assert after["updated_at"] == "2026-03-02T10:00:00Z"
    assert desk.exported(start_time=1_772_496_000) == [11]
    assert len(desk.json("tickets/11/audits")["audits"]) == 3


def test_a_deleted_ticket_is_a_row_of_exports_alone(play: Play) -> None:
    desk = play(line(1, "08:00 opened", "09:00 deleted"), line(2, "08:00 opened"))
    assert desk.row(1)["status"] == "deleted"
    assert desk.exported(exclude_deleted="true") == [2]
    assert [row["id"] for row in desk.json("tickets/show_many", ids="1,2")["tickets"]] == [2]
    assert desk.json("tickets/count")["count"]["value"] == 1
    for path in ("tickets/1", "tickets/1/comments", "tickets/1/audits", "tickets/1/tags"):
        assert desk.get(path).status_code == 404


def test_an_archived_ticket_is_in_exports_and_found_by_its_id_but_in_no_list(play: Play) -> None:
    desk = play(line(1, "08:00 opened", "09:00 resolved", "10:00 closed"), line(2, "08:00 opened", "09:00 resolved"))
    assert desk.json("tickets/count")["count"]["value"] == 2
    desk.clock(MONTHS_LATER)
    assert desk.json("tickets/count")["count"] == {"value": 1, "refreshed_at": MONTHS_LATER}
    assert [row["id"] for row in desk.json("tickets/show_many", ids="1,2")["tickets"]] == [2]
    assert sorted(desk.exported()) == [1, 2]
    assert desk.ticket(1)["status"] == "closed"


def test_a_ticket_that_moves_between_two_pages_comes_again_and_none_is_lost(desk: Served) -> None:
    desk.clock("2026-03-03T00:00:00Z")
    desk.faults(moving=1)
    first = desk.export(per_page=2)
    desk.faults()
    desk.clock("2026-03-03T00:01:00Z")
    rest = desk.exported(cursor=first["after_cursor"])
    seen = [row["id"] for row in first["tickets"]]
    assert {*seen, *rest} == {11, 12, 13, 14, 15}
    assert rest[-1] in seen


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"start_time": "soon"}, "start_time"),
        ({"start_time": -5}, "start_time"),
        ({"cursor": "%%%"}, "cursor"),
        ({"cursor": "bm90aGluZw"}, "cursor"),
        ({"start_time": 0, "per_page": 0}, "per_page"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_refused_by_its_name(
    desk: Served, params: dict[str, str | int], named: str
) -> None:
    response = desk.get("incremental/tickets/cursor.json", **params)
    assert response.status_code == 400
    error = response.json()["error"]
    assert error["title"] == "Invalid attribute"
    assert f"the {named} attribute" in error["message"]


def test_one_of_start_time_and_cursor_is_needed(desk: Served) -> None:
    assert desk.get("incremental/tickets/cursor").status_code == 400


@pytest.mark.parametrize("path", ["tickets/cursor", "tickets", "ticket_events", "ticket_metric_events"])
def test_a_start_time_within_the_last_minute_is_too_recent(desk: Served, path: str) -> None:
    desk.clock("2026-03-03T00:00:00Z")
    fine = desk.get(f"incremental/{path}", start_time=1_772_496_000 - 60)
    recent = desk.get(f"incremental/{path}.json", start_time=1_772_496_000 - 59)
    assert (fine.status_code, recent.status_code) == (200, 400)
    assert recent.json()["error"] == "StartTimeTooRecent"


@pytest.mark.parametrize("path", ["tickets/cursor", "tickets", "ticket_events", "ticket_metric_events"])
def test_an_agent_may_not_export(desk: Served, path: str) -> None:
    assert desk.put("user", {"role": "agent"}).json() == {"role": "agent"}
    response = desk.get(f"incremental/{path}", start_time=0)
    assert response.status_code == 403
    assert response.json()["error"]["title"] == "Forbidden"
    assert desk.json("users/me")["user"]["role"] == "agent"
    assert desk.get("tickets/11").status_code == 200


def test_people_come_along_if_asked_for_and_wrong_names_are_ignored(desk: Served) -> None:
    assert set(desk.export()) == set(desk.export(include="metrics,last_audits,nonsense"))
    page = desk.export(include="users, groups,organizations,metric_sets,comment_count")
    tickets = page["tickets"]
    assert {user["id"] for user in page["users"]} == {t["requester_id"] for t in tickets} | {
        t["assignee_id"] for t in tickets if t["assignee_id"]
    }
    assert {group["id"]: group["name"] for group in page["groups"]}[tickets[0]["group_id"]] == "Service Desk"
    (organization,) = page["organizations"]
    assert (organization["id"], organization["name"]) == (tickets[0]["organization_id"], "Sales")
    assert [ticket["comment_count"] for ticket in tickets] == [1] * 5
    assert all(ticket["metric_set"]["ticket_id"] == ticket["id"] for ticket in tickets)
    assert "metric_set" not in desk.row(11)


def test_users_may_be_missing_where_they_are_sideloaded(desk: Served) -> None:
    desk.faults(nameless=1)
    assert desk.export(include="users")["users"] == []
    assert desk.json("tickets/11", include="users")["users"] == []
    desk.faults()
    assert len(desk.json("tickets/11", include="users")["users"]) == 2


def test_the_same_tickets_are_unparsable_until_the_fault_is_off(desk: Served) -> None:
    right = desk.export()
    desk.faults(unparsable=0.6)
    broken = desk.export()
    wrong = [r["id"] for r, b in zip(right["tickets"], broken["tickets"], strict=True) if r != b]
    assert 0 < len(wrong) < 5
    assert desk.export() == broken
    desk.faults()
    assert desk.export() == right
