"""The sandbox's clock and its other switches."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.servicenow_sandbox.conftest import Serve
from tests.servicenow_sandbox.support import Hand, Served, life, log
from xmo_hooks import Refused, SandboxOptions
from xmo_servicenow.sandbox.clock import Clock

START = datetime(2016, 3, 1, 7, tzinfo=UTC)


def test_the_clock_runs_as_fast_as_it_is_told(serve: Serve, tmp_path: Path) -> None:
    rows = life("INC1", ("New", "1/3/2016 08:00"), ("Resolved", "1/3/2016 09:00"))
    desk = serve(SandboxOptions(data=log(tmp_path / "log.csv", rows), at=START, speed=3600))
    assert desk.rows() == []
    desk.hand.seconds = 1
    assert desk.rows()[0]["state"] == "1"
    desk.hand.seconds = 2
    assert desk.rows()[0]["state"] == "6"
    assert desk.get("/sandbox/clock").json() == {"now": "2016-03-01T09:00:00Z", "speed": 3600.0}


def test_a_clock_that_was_set_goes_on_from_there(serve: Serve) -> None:
    desk = serve(SandboxOptions(generate=1, at=START, speed=60))
    desk.hand.seconds = 1
    assert desk.put("clock", {"now": "2016-03-02T09:00:00+02:00"}).json()["now"] == "2016-03-02T07:00:00Z"
    desk.hand.seconds = 2
    assert desk.get("/sandbox/clock").json()["now"] == "2016-03-02T07:01:00Z"


@pytest.mark.parametrize(
    ("body", "said"),
    [({"now": "2016-02-01"}, "cannot go back"), ({"now": "soon"}, "ISO time"), ({}, "ISO time"), ([], "ISO time")],
)
def test_a_clock_refuses_what_is_behind_it_or_no_time(desk: Served, body: object, said: str) -> None:
    response = desk.put("clock", body)
    assert response.status_code == 400
    assert said in response.json()["error"]


@pytest.mark.parametrize("body", [{"time_zone": "Mars/Olympus"}, {}, [], {"time_zone": "../../etc/passwd"}])
def test_an_unknown_time_zone_is_refused(desk: Served, body: object) -> None:
    assert desk.put("user", body).status_code == 400
    assert desk.get("/sandbox/user").json() == {"time_zone": "GMT"}


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
