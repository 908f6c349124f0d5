"""The sandbox's clock and its other switches."""

from datetime import UTC, datetime, timedelta

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from tests.zendesk_sandbox.conftest import Play, Serve
from tests.zendesk_sandbox.support import Hand, Served, line
from xmo_hooks import Refused
from xmo_zendesk.sandbox.clock import Clock, iso, parse_time, unix

START = datetime(2026, 3, 2, 7, tzinfo=UTC)


def clock(desk: Served) -> dict[str, object]:
    told: dict[str, object] = requests.get(f"{desk.url}/sandbox/clock", timeout=10).json()
    return told


def test_the_clock_runs_as_fast_as_it_is_told(play: Play) -> None:
    desk = play(line(1, "08:00 opened", "09:00 resolved"), at=START, speed=3600)
    assert desk.get("tickets/1").status_code == 404
    desk.hand.seconds = 1
    assert desk.ticket(1)["status"] == "new"
    desk.hand.seconds = 2
    assert desk.ticket(1)["status"] == "solved"
    assert clock(desk) == {"now": "2026-03-02T09:00:00Z", "speed": 3600.0}


def test_a_clock_that_was_set_goes_on_from_there(serve: Serve) -> None:
    desk = serve(generate=1, at=START, speed=60)
    desk.hand.seconds = 1
    assert desk.put("clock", {"now": "2026-03-03T09:00:00+02:00"}).json()["now"] == "2026-03-03T07:00:00Z"
    desk.hand.seconds = 2
    assert clock(desk)["now"] == "2026-03-03T07:01:00Z"


@pytest.mark.parametrize(
    ("body", "said"),
    [({"now": "2026-02-01"}, "cannot go back"), ({"now": "soon"}, "ISO time"), ({}, "ISO time"), ([], "ISO time")],
)
def test_a_clock_refuses_what_is_behind_it_or_no_time(desk: Served, body: object, said: str) -> None:
    response = desk.put("clock", body)
    assert response.status_code == 400
    assert said in response.json()["error"]


@pytest.mark.parametrize(
    ("switch", "body", "said"),
    [
        ("survey", {"mode": "both"}, "surveys, legacy, none"),
        ("survey", [], "surveys"),
        ("user", {"role": "owner"}, "admin, agent"),
        ("system", {"ticket": 99}, "ticket"),
        ("system", {"ticket": "x"}, "ticket"),
        ("system", {}, "ticket"),
    ],
)
def test_a_switch_says_what_it_wants(desk: Served, switch: str, body: object, said: str) -> None:
    response = desk.put(switch, body)
    assert response.status_code == 400
    assert said in response.json()["error"]


def test_switches_tell_how_they_stand(desk: Served) -> None:
    told = {
        name: requests.get(f"{desk.url}/sandbox/{name}", timeout=10).json() for name in ("survey", "user", "limits")
    }
    assert told == {"survey": {"mode": "surveys"}, "user": {"role": "admin"}, "limits": {}}


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


@given(st.timedeltas(timedelta(0), timedelta(days=50_000)))
def test_times_are_written_and_read_again_to_the_second(passed: timedelta) -> None:
    at = START + passed
    assert parse_time(iso(unix(at))) == at.replace(microsecond=0)
