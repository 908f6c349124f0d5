"""Metric sets and metric events, each computed from what happened and from nothing else."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.zendesk_sandbox.conftest import Play
from tests.zendesk_sandbox.support import Row, Served, line
from xmo_zendesk.sandbox.course import business

START = 1_772_409_600
LIFE = [
    *("08:00 opened", "08:00:05 acknowledged", "08:30 assigned a1 Network", "09:00 replied", "09:10 waiting"),
    *("09:40 asked", "09:41 resumed", "10:00 assigned a2 Servers", "10:10 on_hold", "10:40 resumed", "11:00 resolved"),
    *("13:00 asked", "13:01 reopened", "13:30 replied", "14:01 resolved"),
]


def metric_set(desk: Served, key: int = 17) -> Row:
    found: Row = desk.row(key, include="metric_sets")["metric_set"]
    return found


def minutes(told: Row, name: str) -> int | None:
    found: int | None = told[f"{name}_in_minutes"]["calendar"]
    return found


def measures(desk: Served, metric: str, *types: str, start: int = START) -> list[Row]:
    page = desk.json("incremental/ticket_metric_events.json", start_time=start)
    events: list[Row] = page["ticket_metric_events"]
    return [each for each in events if each["metric"] == metric and each["type"] in (types or {each["type"]})]


def clock(events: list[Row]) -> list[str]:
    return [f"{each['time'][11:16]} {each['type']} {each['instance_id']}" for each in events]


def test_a_metric_set_counts_replies_reopens_and_stations(play: Play) -> None:
    told = metric_set(play(line(17, *LIFE)))
    assert (told["replies"], told["reopens"]) == (2, 1)
    assert (told["group_stations"], told["assignee_stations"]) == (2, 2)


def test_a_metric_set_has_the_minutes_of_all_clocks(play: Play) -> None:
    told = metric_set(play(line(17, *LIFE)))
    assert minutes(told, "reply_time") == 60
    assert minutes(told, "first_resolution_time") == 180
    assert minutes(told, "full_resolution_time") == 361
    assert minutes(told, "agent_wait_time") == 31
    assert minutes(told, "on_hold_time") == 30
    assert minutes(told, "requester_wait_time") == 70 + 29 + 50 + 60


def test_a_metric_set_has_the_dates_of_the_last_time(play: Play) -> None:
    told = metric_set(play(line(17, *LIFE)))
    dates = {name: value[11:] for name, value in told.items() if name.endswith("_at")}
    assert dates == {
        "created_at": "08:00:00Z",
        "updated_at": "14:01:00Z",
        "initially_assigned_at": "08:30:00Z",
        "assigned_at": "10:00:00Z",
        "assignee_updated_at": "14:01:00Z",
        "requester_updated_at": "13:01:00Z",
        "status_updated_at": "14:01:00Z",
        "custom_status_updated_at": "14:01:00Z",
        "solved_at": "14:01:00Z",
        "latest_comment_added_at": "13:30:00Z",
    }


def test_what_has_not_happened_is_null(play: Play) -> None:
    told = metric_set(play(line(17, "08:00 opened", "08:00:05 acknowledged", "09:00 noted")))
    assert told["solved_at"] is told["assigned_at"] is None
    assert told["reply_time_in_minutes"] == {"calendar": None, "business": None}
    assert told["full_resolution_time_in_minutes"] == {"calendar": None, "business": None}
    assert (told["replies"], told["assignee_stations"], told["group_stations"]) == (0, 0, 1)


def test_business_minutes_leave_out_the_night_and_the_weekend(play: Play) -> None:
    told = metric_set(play(line(17, "03-06 17:30 opened", "03-09 08:15 replied", "03-09 09:00 resolved")))
    assert told["reply_time_in_minutes"] == {"calendar": 3765, "business": 45}
    assert told["full_resolution_time_in_minutes"] == {"calendar": 3810, "business": 90}


def test_no_business_is_done_on_a_weekend(play: Play) -> None:
    told = metric_set(play(line(17, "03-07 09:00 opened", "03-07 12:00 replied", "03-08 15:00 resolved")))
    assert told["reply_time_in_minutes"] == {"calendar": 180, "business": 0}
    assert told["full_resolution_time_in_minutes"]["business"] == 0


@given(st.integers(0, 10**9), st.integers(0, 10**7), st.integers(0, 10**7))
def test_business_time_adds_up_and_is_part_of_the_calendar(start: int, first: int, second: int) -> None:
    middle, end = start + first, start + first + second
    assert business(start, middle) + business(middle, end) == business(start, end)
    assert 0 <= business(start, end) <= end - start
    assert business(start, start + 7 * 86_400) == 5 * 10 * 3600


def test_the_requester_waits_but_not_while_pending(play: Play) -> None:
    desk = play(line(17, *LIFE))
    assert clock(measures(desk, "requester_wait_time")) == [
        *("08:00 measure 0", "08:00 activate 1", "09:10 pause 1", "09:41 activate 1", "11:00 fulfill 1"),
        *("11:00 update_status 1", "13:01 activate 1", "14:01 fulfill 1", "14:01 update_status 1"),
    ]
    status = [each["status"] for each in measures(desk, "requester_wait_time", "update_status")]
    assert [each["calendar"] for each in status] == [149, 209]


def test_an_agent_works_neither_while_pending_nor_on_hold(play: Play) -> None:
    desk = play(line(17, *LIFE))
    assert clock(measures(desk, "agent_work_time", "pause", "activate"))[1:-1] == [
        *("09:10 pause 1", "09:41 activate 1", "10:10 pause 1", "10:40 activate 1"),
    ]


def test_each_turn_of_waiting_for_a_reply_is_an_instance_of_its_own(play: Play) -> None:
    desk = play(line(17, *LIFE))
    assert clock(measures(desk, "reply_time", "activate", "fulfill")) == [
        *("08:00 activate 1", "09:00 fulfill 1", "09:40 activate 2", "11:00 fulfill 2"),
        *("13:00 activate 3", "13:30 fulfill 3"),
    ]


def test_a_promise_is_a_policy_with_a_target_that_is_met(play: Play) -> None:
    desk = play(line(17, "08:00 opened", "08:10 promised 16:00", "09:00 replied", "12:00 resolved"))
    (applied,) = measures(desk, "resolution_time", "apply_sla")
    assert (applied["time"], applied["instance_id"]) == ("2026-03-02T08:10:00Z", 1)
    assert applied["sla"]["target"] == 480
    assert applied["sla"]["target_in_seconds"] == 28_800
    assert applied["sla"]["business_hours"] is False
    assert set(applied["sla"]["policy"]) == {"id", "title", "description"}
    assert measures(desk, "resolution_time", "breach") == []
    assert len(measures(desk, "resolution_time", "fulfill")) == 1


def test_a_promise_that_no_event_makes_was_made_at_the_opening(play: Play) -> None:
    desk = play(line(17, "08:00 opened", "12:00 resolved", promised="2026-03-02T10:00:00Z"))
    (applied,) = measures(desk, "resolution_time", "apply_sla")
    assert (applied["time"], applied["sla"]["target"]) == ("2026-03-02T08:00:00Z", 120)
    assert clock(measures(desk, "resolution_time", "breach")) == ["10:00 breach 1"]


def test_without_a_promise_there_is_no_target(play: Play) -> None:
    desk = play(line(17, "08:00 opened", "12:00 resolved"))
    assert measures(desk, "resolution_time", "apply_sla", "breach") == []


@pytest.mark.parametrize(("solved", "breaches"), [("09:59:59", []), ("10:00", []), ("10:00:01", ["10:00 breach 1"])])
def test_solving_in_the_last_second_is_in_time(play: Play, solved: str, breaches: list[str]) -> None:
    desk = play(line(17, "08:00 opened", "08:10 promised 10:00", f"{solved} resolved"))
    assert clock(measures(desk, "resolution_time", "breach")) == breaches


def test_a_breach_appears_when_its_time_has_come(play: Play) -> None:
    desk = play(line(17, "08:00 opened", "08:10 promised 10:00", "12:00 resolved"))
    early = play(line(17, "08:00 opened", "08:10 promised 16:00"))
    assert len(measures(desk, "resolution_time", "breach")) == 1
    assert measures(early, "resolution_time", "breach") == []
    early.clock("2026-03-02T16:00:59Z")
    assert measures(early, "resolution_time", "breach") == []
    early.clock("2026-03-02T16:01:00Z")
    (breach,) = measures(early, "resolution_time", "breach")
    assert (breach["time"], breach["deleted"]) == ("2026-03-02T16:00:00Z", False)


def test_the_target_that_a_later_one_replaced_is_a_deleted_breach(play: Play) -> None:
    told = ["08:00 opened", "08:10 promised 10:00", "09:00 promised 15:00", "14:00 resolved", "20:00 closed"]
    desk = play(line(17, *told))
    assert [each["sla"]["target"] for each in measures(desk, "resolution_time", "apply_sla")] == [120, 420]
    (breach,) = measures(desk, "resolution_time", "breach")
    assert (breach["time"][11:16], breach["deleted"]) == ("10:00", True)


def test_a_ticket_that_is_reopened_after_its_target_breaches_it_at_once(play: Play) -> None:
    told = ["08:00 opened", "08:10 promised 10:00", "09:00 resolved", "11:00 reopened", "12:00 resolved"]
    assert clock(measures(play(line(17, *told)), "resolution_time", "breach")) == ["11:00 breach 1"]


def test_ids_of_metric_events_are_their_own_and_stay(play: Play) -> None:
    desk = play(line(17, *LIFE), line(18, *LIFE, promised="2026-03-02T09:00:00Z"))
    before = desk.json("incremental/ticket_metric_events", start_time=START)["ticket_metric_events"]
    assert max(Counter(each["id"] for each in before).values()) == 1
    desk.write(17, status="open")
    desk.clock("2026-03-05T00:00:00Z")
    after = desk.json("incremental/ticket_metric_events", start_time=START)["ticket_metric_events"]
    assert {each["id"]: each for each in before}.items() <= {each["id"]: each for each in after}.items()
    assert len(after) == len(before) + 3


def test_metric_events_come_in_order_by_time_and_by_pages(play: Play) -> None:
    desk = play(line(17, *LIFE), line(18, *LIFE))
    whole = desk.json("incremental/ticket_metric_events", start_time=START)
    events = whole["ticket_metric_events"]
    assert (whole["count"], whole["end_of_stream"]) == (len(events), True)
    assert [each["time"] for each in events] == sorted(each["time"] for each in events)
    paged: list[Row] = []
    params: dict[str, str | int] = {"start_time": START, "page[size]": 7}
    while True:
        page = desk.json("incremental/ticket_metric_events", **params)
        paged += page["ticket_metric_events"]
        assert len(paged) < 100, "the pages go round in circles"
        if not page["meta"]["has_more"]:
            break
        params["page[after]"] = page["meta"]["after_cursor"]
    assert paged == events
    assert desk.get("incremental/ticket_metric_events", start_time=START, **{"page[size]": 101}).status_code == 400
    first = desk.json("incremental/ticket_metric_events", start_time=START, per_page=5)
    assert (first["count"], first["end_of_stream"]) == (5, False)
    assert f"start_time={first['end_time']}" in first["next_page"]
