"""A work file is shown as it was, never earlier than it happened; one that makes no sense is refused by its line."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.zendesk_sandbox.conftest import Play, Serve
from tests.zendesk_sandbox.support import REQUESTER, Row, event, line, work_file
from xmo_hooks import ConfigError, SandboxOptions
from xmo_zendesk.sandbox import SANDBOX

TOLD = ["08:00 opened", "09:00 assigned a1", "10:00 waiting", "11:00 resumed", "12:00 resolved", "03-06 12:00 closed"]


def test_the_clock_starts_a_minute_after_the_last_event(play: Play) -> None:
    desk = play(line(1, *TOLD), line(2, "08:00 opened"))
    assert desk.ticket(1)["status"] == "closed"
    assert desk.exported() == [2, 1]


def test_each_moment_shows_what_had_happened_by_then(play: Play) -> None:
    desk = play(line(1, *TOLD), at=datetime(2026, 3, 2, 7, 59, 59, tzinfo=UTC))
    assert desk.get("tickets/1").status_code == 404
    assert desk.exported() == []
    shown = []
    for hour in ("02T08", "02T09", "02T10", "02T11", "02T12", "06T12"):
        desk.clock(f"2026-03-{hour}:00:00Z")
        shown.append(desk.ticket(1)["status"])
        assert desk.ticket(1)["updated_at"] == f"2026-03-{hour}:00:00Z"
    assert shown == ["new", "open", "pending", "open", "solved", "closed"]


def test_the_metric_set_knows_nothing_of_the_future(play: Play) -> None:
    desk = play(line(1, *TOLD), at=datetime(2026, 3, 2, 11, 30, tzinfo=UTC))
    told = desk.ticket(1, include="metric_sets")["metric_set"]
    assert (told["solved_at"], told["agent_wait_time_in_minutes"]["calendar"]) == (None, 60)


def test_a_file_may_be_zipped(serve: Serve, tmp_path: Path) -> None:
    desk = serve(data=work_file(tmp_path / "work.jsonl.gz", [line(1, *TOLD)]))
    assert desk.ticket(1)["subject"] == "Mail is slow"


def test_generated_tickets_may_stand_beside_those_of_a_file(serve: Serve, tmp_path: Path) -> None:
    desk = serve(data=work_file(tmp_path / "work.jsonl", [line(40, *TOLD)]), generate=5)
    assert sorted(desk.exported()) == [40, 41, 42, 43, 44, 45]


def test_the_same_address_is_the_same_person(play: Play) -> None:
    other = {"email": "p18@example.org", "name": "Person 18"}
    desk = play(line(1, TOLD[0]), line(2, TOLD[0]), line(3, TOLD[0], requester=other))
    people = [desk.ticket(key)["requester_id"] for key in (1, 2, 3)]
    assert people[0] == people[1] != people[2]
    (user,) = desk.json("users/show_many", ids=people[2])["users"]
    assert (user["locale"], user["time_zone"], user["organization_id"]) == ("en-US", "UTC", None)


def test_times_may_carry_any_zone(play: Play) -> None:
    desk = play(line(1, {"at": "2026-03-02T10:00:00+02:00", "what": "opened"}))
    assert desk.ticket(1)["created_at"] == "2026-03-02T08:00:00Z"


def broken(**columns: Any) -> Row:
    return {**line(1, *TOLD), **columns}


@pytest.mark.parametrize(
    "row",
    [
        broken(kind="wish"),
        broken(priority="urgent"),
        broken(channel="fax"),
        broken(number="one"),
        broken(requester={"name": "Nobody"}),
        broken(events=[]),
        broken(events=[event("08:00 opened"), event("07:00 resolved")]),
        broken(events=[event("08:00 resolved")]),
        broken(events=[event("08:00 opened"), event("09:00 vanished")]),
        broken(events=[event("08:00 opened"), {"at": "soon", "what": "resolved"}]),
        broken(events=None),
        {"number": 1},
        ["no ticket"],
    ],
)
def test_a_line_that_makes_no_sense_is_refused_by_its_number(tmp_path: Path, row: Any) -> None:
    data = work_file(tmp_path / "work.jsonl", [line(7, *TOLD), row])
    with pytest.raises(ConfigError, match="line 2 of ") as caught:
        SANDBOX.make(SandboxOptions(data=data))
    assert "JSON Lines" in caught.value.hint


def test_a_number_may_come_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="ticket 7 again"):
        SANDBOX.make(SandboxOptions(data=work_file(tmp_path / "work.jsonl", [line(7, *TOLD)] * 2)))


@pytest.mark.parametrize(("name", "body"), [("none", None), ("work.jsonl", b"{broken"), ("work.gz", b"no gzip")])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str, body: bytes | None) -> None:
    path = tmp_path / name
    if body:
        path.write_bytes(body)
    with pytest.raises(ConfigError, match=r"(work|none)"):
        SANDBOX.make(SandboxOptions(data=path))


def test_no_address_of_a_requester_stands_in_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        SANDBOX.make(SandboxOptions(data=work_file(tmp_path / "work.jsonl", [broken(kind="wish")])))
    assert REQUESTER["email"] not in str(caught.value)
