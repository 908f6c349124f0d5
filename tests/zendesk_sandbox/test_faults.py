"""Each fault does what its line says, hits what it should, and can be switched off again."""

import pytest
import requests
from requests.exceptions import ChunkedEncodingError
from requests.exceptions import ConnectionError as Dropped

from tests.zendesk_sandbox.conftest import Serve
from tests.zendesk_sandbox.support import LOG_IN, Served
from xmo_hooks import ConfigError, SandboxOptions
from xmo_zendesk.sandbox import FAULTS, SANDBOX
from xmo_zendesk.sandbox.web import build

TEXT = "How did it go?"


def read(desk: Served) -> requests.Response:
    return desk.get("incremental/tickets/cursor.json", start_time=0)


def test_429_comes_from_the_api_and_in_two_shapes_from_the_edge(desk: Served) -> None:
    desk.faults(_429=1)
    api, page, edge = read(desk), desk.say(11, TEXT), read(desk)
    assert {response.status_code for response in (api, page, edge)} == {429}
    assert {response.headers["Retry-After"] for response in (api, page, edge)} == {"1"}
    assert api.json()["error"] == "APIRateLimitExceeded"
    assert page.headers["Content-Type"].startswith("text/html")
    assert edge.json() == {
        "detail": "Rate limited by Zendesk edge protection",
        "status": "429",
        "title": "Automated response",
    }


def test_503_comes_with_and_without_retry_after(desk: Served) -> None:
    desk.faults(_503=1)
    first, second = read(desk), desk.say(11, TEXT)
    assert (first.status_code, second.status_code) == (503, 503)
    assert (first.headers.get("Retry-After"), second.headers.get("Retry-After")) == ("1", None)
    assert "<html>" in first.text


def test_52x_are_the_pages_of_the_proxy_before_the_vendor(desk: Served) -> None:
    desk.put("faults", {"52x": 1})
    responses = [read(desk), read(desk)]
    assert [response.status_code for response in responses] == [520, 524]
    assert all("<html>" in response.text for response in responses)


def test_html_is_a_200_that_is_no_json(desk: Served) -> None:
    desk.faults(html=1)
    for response in (read(desk), desk.say(11, TEXT)):
        assert (response.status_code, response.headers["Content-Type"]) == (200, "text/html; charset=UTF-8")


@pytest.mark.parametrize(
    ("fault", "status", "error"),
    [
        ("401", 401, "Couldn't authenticate you"),
        ("403", 403, {"title": "Forbidden", "message": "You do not have access to this page."}),
    ],
)
def test_a_right_log_in_may_be_refused(desk: Served, fault: str, status: int, error: object) -> None:
    desk.put("faults", {fault: 1})
    for response in (read(desk), desk.say(11, TEXT)):
        assert (response.status_code, response.json()["error"]) == (status, error)


def test_409_hits_writes_alone(desk: Served) -> None:
    desk.faults(_409=1)
    assert read(desk).status_code == 200
    assert desk.say(11, TEXT).status_code == 409


def test_drop_hangs_up_without_an_answer(desk: Served) -> None:
    desk.faults(drop=1)
    with pytest.raises(Dropped):
        read(desk)
    with pytest.raises(Dropped):
        desk.say(11, TEXT)


def test_drop_without_a_socket_breaks_off_before_the_end() -> None:
    client = build(SandboxOptions(generate=1, faults={"drop": 1})).test_client()
    response = client.get("/api/v2/users/me")
    assert (response.status_code, response.headers["Content-Length"], response.data) == (502, "1000", b"")


@pytest.mark.parametrize("fault", ["429", "503", "52x", "html", "401", "403", "409", "drop"])
def test_a_write_that_was_hit_is_not_executed_and_works_afterwards(desk: Served, fault: str) -> None:
    desk.put("faults", {fault: 1})
    try:
        desk.say(11, TEXT)
    except Dropped:
        assert fault == "drop"
    assert desk.journal() == []
    desk.faults()
    assert desk.say(11, TEXT).status_code == 200
    assert len(desk.journal()) == 1


def test_late_executes_the_write_and_then_hangs_up(desk: Served) -> None:
    desk.faults(late=1)
    with pytest.raises(Dropped):
        desk.say(11, TEXT)
    assert [entry["text"] for entry in desk.journal()] == [TEXT]
    assert read(desk).status_code == 200
    assert desk.write(99, status="open").status_code == 404


def test_cut_breaks_an_answer_off_in_the_middle_and_executes_the_write(desk: Served) -> None:
    desk.faults(cut=1)
    with pytest.raises(ChunkedEncodingError):
        read(desk)
    with pytest.raises(ChunkedEncodingError):
        desk.say(11, TEXT)
    desk.faults()
    assert desk.comments(11)[-1]["body"] == TEXT


def test_slow_waits_that_long_before_anything_else(desk: Served) -> None:
    desk.faults(slow=2.5, _503=1)
    read(desk)
    desk.say(11, TEXT)
    assert desk.slept == [2.5, 2.5]


def test_moving_is_by_the_system_and_by_a_note_in_turn(desk: Served) -> None:
    desk.clock("2026-03-03T00:00:00Z")
    for is_note, now in ((False, "2026-03-03T00:01:00Z"), (True, "2026-03-03T00:02:00Z")):
        before = {row["id"]: row for row in desk.export()["tickets"]}
        desk.faults(moving=1)
        seen = [row["id"] for row in desk.export(per_page=2)["tickets"]]
        desk.faults()
        desk.clock(now)
        after = {row["id"]: row for row in desk.export()["tickets"]}
        (moved,) = [key for key in before if before[key] != after[key]]
        assert moved in seen
        assert (after[moved]["updated_at"] != before[moved]["updated_at"]) is is_note
        assert desk.comments(moved)[-1]["public"] is not is_note


def test_nothing_moves_after_the_last_page(desk: Served) -> None:
    desk.faults(moving=1)
    assert desk.export() == desk.export()


def test_the_same_seed_and_the_same_requests_fail_in_the_same_way(serve: Serve) -> None:
    rates = {"429": 0.3, "503": 0.3}
    runs = [serve(generate=1, faults=rates, seed=seed) for seed in (4, 4, 5)]
    statuses = [[desk.get("users/me").status_code for _ in range(30)] for desk in runs]
    assert statuses[0] == statuses[1] != statuses[2]
    assert set(statuses[0]) == {200, 429, 503}


def test_switches_and_tokens_are_never_hit(desk: Served) -> None:
    desk.put("faults", dict.fromkeys(FAULTS, 1))
    assert requests.get(f"{desk.url}/sandbox/clock", timeout=10).status_code == 200
    body = {"grant_type": "refresh_token", "refresh_token": "sandbox-refresh"}
    body |= {"client_id": "xmo", "client_secret": "sandbox"}
    assert requests.post(f"{desk.url}/oauth/tokens", json=body, timeout=10).status_code == 201
    assert desk.put("faults", {}).json() == {}


@pytest.mark.parametrize(
    ("rates", "said"),
    [({"drops": 1}, "Did you mean drop?"), ({"xyz": 1}, "moving"), ({"drop": 2}, "0 to 1"), ({"drop": "x"}, "0 to 1")],
)
def test_an_unknown_fault_or_rate_is_refused_with_what_there_is(
    desk: Served, rates: dict[str, float], said: str
) -> None:
    response = desk.put("faults", rates)
    assert response.status_code == 400
    assert said in response.json()["error"]
    assert desk.put("faults", [1]).status_code == 400
    with pytest.raises(ConfigError):
        SANDBOX.make(SandboxOptions(faults=rates))


def test_a_run_may_begin_with_faults(serve: Serve) -> None:
    desk = serve(generate=1, faults={"503": 1})
    assert desk.get("users/me").status_code == 503
    assert requests.get(f"{desk.url}/sandbox/faults", timeout=10).json() == {"503": 1.0}
    assert requests.get(f"{desk.url}/api/v2/users/me", auth=LOG_IN, timeout=10).status_code == 503
