"""Made-up tickets: as many as asked for, the same for the same seed, plausible at any time."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from tests.zendesk_sandbox.conftest import Serve
from tests.zendesk_sandbox.support import Row, Served

AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def desk(serve: Serve) -> Served:
    return serve(generate=300, seed=3)


def rows(desk: Served) -> list[Row]:
    found: list[Row] = desk.export(include="metric_sets,users")["tickets"]
    return found


def test_there_are_as_many_as_asked_for(desk: Served) -> None:
    assert sorted(row["id"] for row in rows(desk)) == list(range(1, 301))


def test_all_of_them_are_plausible_in_the_end(desk: Served) -> None:
    found = rows(desk)
    for row in found:
        told = row["metric_set"]
        assert row["created_at"] <= told["solved_at"] <= row["updated_at"]
        assert row["status"] in {"closed", "deleted", "solved"}
        assert row["assignee_id"]
        assert row["custom_fields"][0]["value"] in row["tags"]
        assert told["assignee_stations"] >= 1
        assert (told["reply_time_in_minutes"]["calendar"] is None) == ("cancelled" in row["tags"])
    assert {row["type"] for row in found} == {"incident", "question"}
    assert {row["via"]["channel"] for row in found} == {"web", "email", "voice", "chat"}


def test_some_are_reopened_handed_on_put_on_hold_and_cancelled(desk: Served) -> None:
    found = rows(desk)
    counts = Counter[str]()
    for row in found:
        told = row["metric_set"]
        counts["reopened"] += told["reopens"] > 0
        counts["handed"] += told["assignee_stations"] > 1
        counts["waited"] += told["agent_wait_time_in_minutes"]["calendar"] > 0
        counts["held"] += told["on_hold_time_in_minutes"]["calendar"] > 0
        counts["cancelled"] += "cancelled" in row["tags"]
    assert all(0 < counts[each] < 150 for each in ("reopened", "handed", "waited", "held", "cancelled"))


def test_targets_are_met_missed_and_moved(desk: Served) -> None:
    events = desk.json("incremental/ticket_metric_events", start_time=0)["ticket_metric_events"]
    start = desk.json("incremental/ticket_metric_events", start_time=0)
    while not start["end_of_stream"]:
        assert len(events) < 100_000, "the export goes round in circles"
        start = desk.json("incremental/ticket_metric_events", start_time=start["end_time"])
        events += start["ticket_metric_events"]
    breaches = {(each["ticket_id"], each["deleted"]) for each in events if each["type"] == "breach"}
    applied = {each["ticket_id"] for each in events if each["type"] == "apply_sla"}
    assert 150 < len(applied) < 270
    assert 0 < len({key for key, deleted in breaches if not deleted}) < len(applied)
    assert any(deleted for _, deleted in breaches)


def test_at_a_time_in_between_some_are_open_and_some_are_still_to_come(serve: Serve) -> None:
    found = rows(serve(generate=300, at=AT))
    assert {"open", "solved", "closed"} <= {row["status"] for row in found}
    assert 0 < len(found) < 300


def test_the_same_seed_makes_the_same_tickets(serve: Serve) -> None:
    def made(seed: int) -> list[Row]:
        desk = serve(generate=20, seed=seed)
        return [{name: value for name, value in row.items() if "url" not in name} for row in desk.export()["tickets"]]

    first, second, other = made(1), made(1), made(2)
    assert first == second != other


def test_without_any_option_there_are_tickets_to_look_at(serve: Serve) -> None:
    assert serve().json("tickets/count")["count"]["value"] == 300 - len(
        [row for row in serve().export()["tickets"] if row["status"] == "deleted"]
    )
