"""The sandbox's clock and its other switches."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.jira_sandbox.conftest import Serve
from tests.jira_sandbox.support import Hand, Served, ticket, work_file
from xmo_hooks import Refused, SandboxOptions
from xmo_jira.sandbox.clock import Clock, millis, moment, stamp

START = datetime(2026, 3, 2, 7, tzinfo=UTC)


def test_the_clock_runs_as_fast_as_it_is_told(serve: Serve, tmp_path: Path) -> None:
    data = work_file(tmp_path / "work.jsonl", [ticket(1, ("08:00", "opened"), ("09:00", "resolved"))])
    desk = serve(SandboxOptions(data=data, at=START, speed=3600))
    assert desk.keys() == []
    assert desk.get("/rest/api/3/issue/SUP-1").status_code == 404
    desk.hand.seconds = 1
    assert desk.fields("SUP-1")["status"]["name"] == "Open"
    desk.hand.seconds = 2
    assert [row["fields"]["status"]["name"] for row in desk.found()] == ["Resolved"]
    assert desk.switch("clock") == {"now": "2026-03-02T09:00:00Z", "speed": 3600.0}


def test_a_clock_that_was_set_goes_on_from_there(serve: Serve) -> None:
    desk = serve(SandboxOptions(generate=1, at=START, speed=60))
    desk.hand.seconds = 1
    assert desk.put("clock", {"now": "2026-03-03T09:00:00+02:00"}).json()["now"] == "2026-03-03T07:00:00Z"
    desk.hand.seconds = 2
    assert desk.switch("clock")["now"] == "2026-03-03T07:01:00Z"


@pytest.mark.parametrize(
    ("body", "said"),
    [({"now": "2026-02-01"}, "cannot go back"), ({"now": "soon"}, "ISO time"), ({}, "ISO time"), ([], "ISO time")],
)
def test_a_clock_refuses_what_is_behind_it_or_no_time(desk: Served, body: object, said: str) -> None:
    answer = desk.put("clock", body)
    assert answer.status_code == 400
    assert said in answer.json()["error"]


@pytest.mark.parametrize("body", [{"time_zone": "Mars/Olympus"}, {}, [], {"time_zone": "../../etc/passwd"}])
def test_an_unknown_time_zone_is_refused(desk: Served, body: object) -> None:
    assert desk.put("user", body).status_code == 400
    assert desk.switch("user") == {"time_zone": "UTC"}


@given(st.lists(st.tuples(st.floats(0, 1e5), st.integers(-1000, 10**6))), st.floats(0, 1e4))
def test_a_clock_never_goes_back(moves: list[tuple[float, int]], speed: float) -> None:
    hand = Hand()
    clock = Clock(START, speed, hand)
    shown = clock.now()
    for passed, wanted in moves:
        hand.seconds += passed
        try:
            clock.put(START + timedelta(seconds=wanted))
        except Refused:
            assert START + timedelta(seconds=wanted) < clock.now()
        assert clock.now() >= shown
        shown = clock.now()


@given(st.integers(-(10**12), 10**13))
def test_milliseconds_survive_their_way_through_a_stamp(at: int) -> None:
    assert millis(datetime.fromisoformat(stamp(at))) == at == millis(moment(at))
