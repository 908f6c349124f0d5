"""Each fault does what its line says, hits what it should, and can be switched off again."""

from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
import requests
from requests.exceptions import ConnectionError as Dropped

from tests.servicenow_sandbox.conftest import Serve
from tests.servicenow_sandbox.support import Served, life, log
from xmo_hooks import ConfigError, SandboxOptions
from xmo_servicenow.sandbox import FAULTS, SANDBOX
from xmo_servicenow.sandbox.web import build

ALL = [f"INC{n}" for n in range(1, 7)]
TEXT = {"comments": "How did it go?"}


def patch(desk: Served) -> requests.Response:
    return desk.session.patch(f"{desk.url}/api/now/table/incident/{KEYS['INC5']}", json=TEXT)


KEYS: dict[str, str] = {}


@pytest.fixture(autouse=True)
def _keys(desk: Served) -> None:
    KEYS.update({row["number"]: row["sys_id"] for row in desk.rows()})


def test_429_says_when_to_come_back_in_seconds_and_as_a_date_in_turn(desk: Served) -> None:
    desk.faults(_429=1)
    first, second, third = desk.page(), patch(desk), desk.page()
    assert {response.status_code for response in (first, second, third)} == {429}
    assert (first.headers["Retry-After"], third.headers["Retry-After"]) == ("1", "1")
    assert parsedate_to_datetime(second.headers["Retry-After"]).timestamp() == 1_800_000_001
    assert first.headers["X-RateLimit-Reset"] == "1800000001"
    assert {"X-RateLimit-Limit", "X-RateLimit-Rule"} <= set(first.headers)
    assert first.json()["error"]["detail"] == "Rate limit of 100 requests per hour for Table API exceeded"


def test_503_comes_as_envelope_and_as_page_in_turn(desk: Served) -> None:
    desk.faults(_503=1)
    first, second = desk.page(), patch(desk)
    assert (first.status_code, second.status_code) == (503, 503)
    assert first.json()["status"] == "failure"
    assert second.headers["Content-Type"].startswith("text/html")


def test_html_is_a_200_that_is_no_json(desk: Served) -> None:
    desk.faults(html=1)
    for response in (desk.page(), patch(desk)):
        assert (response.status_code, response.headers["Content-Type"]) == (200, "text/html;charset=UTF-8")
        assert "hibernating" in response.text


def test_401_refuses_the_right_log_in(desk: Served) -> None:
    desk.faults(_401=1)
    assert [desk.page().status_code, patch(desk).status_code] == [401, 401]


def test_drop_hangs_up_without_an_answer(desk: Served) -> None:
    desk.faults(drop=1)
    with pytest.raises(Dropped):
        desk.page()
    with pytest.raises(Dropped):
        patch(desk)


def test_drop_without_a_socket_breaks_off_before_the_end(tmp_path: Path) -> None:
    data = log(tmp_path / "log.csv", life("INC1", ("New", "1/3/2016 08:00")))
    client = build(SandboxOptions(data=data, faults={"drop": 1})).test_client()
    response = client.get("/api/now/table/incident")
    assert (response.status_code, response.headers["Content-Length"], response.data) == (502, "1000", b"")


@pytest.mark.parametrize("fault", ["429", "503", "html", "401", "drop"])
def test_a_write_that_was_hit_is_not_executed_and_works_afterwards(desk: Served, fault: str) -> None:
    desk.put("faults", {fault: 1})
    try:
        patch(desk)
    except Dropped:
        assert fault == "drop"
    assert desk.journal() == []
    desk.faults()
    assert patch(desk).status_code == 200
    assert len(desk.journal()) == 1


def test_a_cancelled_list_has_three_shapes_in_turn(desk: Served) -> None:
    desk.faults(cancelled=1)
    alone, partial, broken, again = [desk.page() for _ in range(4)]
    assert {response.status_code for response in (alone, partial, broken)} == {200}
    message = "Transaction cancelled: maximum execution time exceeded"
    assert alone.json()["error"]["message"] == partial.json()["error"]["message"] == message
    assert set(alone.json()) == {"error", "status"}
    assert len(partial.json()["result"]) == 3
    with pytest.raises(requests.exceptions.JSONDecodeError):
        broken.json()
    assert again.json() == alone.json()


def test_only_lists_are_cancelled(desk: Served) -> None:
    desk.faults(cancelled=1)
    one = desk.get(f"/api/now/table/incident/{KEYS['INC5']}")
    assert one.json()["result"]["number"] == "INC5"
    assert patch(desk).json()["result"]["number"] == "INC5"


def test_late_executes_the_write_and_then_hangs_up(desk: Served) -> None:
    desk.faults(late=1)
    with pytest.raises(Dropped):
        patch(desk)
    assert [entry["number"] for entry in desk.journal()] == ["INC5"]
    assert len(desk.rows()) == 6


def test_slow_waits_that_long_before_anything_else(desk: Served) -> None:
    desk.faults(slow=2.5, _503=1)
    desk.page()
    patch(desk)
    assert desk.slept == [2.5, 2.5]


def test_moving_updates_a_row_of_each_page_but_the_last(desk: Served) -> None:
    desk.clock("2016-03-02T00:00:00Z")
    desk.faults(moving=1)
    order = "ORDERBYsys_updated_on^ORDERBYsys_id"
    first = desk.numbers(order, sysparm_limit=3)
    second = desk.numbers(order, sysparm_limit=3, sysparm_offset=3)
    lost = set(ALL) - set(first) - set(second)
    assert len(lost) == 1
    desk.faults()
    (moved,) = desk.rows("sys_updated_on>2016-03-01 09:00:00")
    assert moved["number"] in first
    assert (moved["sys_updated_on"], moved["sys_mod_count"]) == ("2016-03-02 00:00:00", "2")


def test_hidden_rows_are_counted_and_never_delivered(desk: Served) -> None:
    desk.faults(hidden=0.5)
    response = desk.page("ORDERBYnumber", sysparm_limit=6)
    seen = [row["number"] for row in response.json()["result"]]
    assert response.headers["X-Total-Count"] == "6"
    assert 0 < len(seen) < 6
    hidden = min(set(ALL) - set(seen))
    assert desk.get(f"/api/now/table/incident/{KEYS[hidden]}").status_code == 404
    assert desk.session.patch(f"{desk.url}/api/now/table/incident/{KEYS[hidden]}", json=TEXT).status_code == 404
    pages = [desk.numbers("ORDERBYnumber", sysparm_limit=1, sysparm_offset=n) for n in range(6)]
    assert pages == [[number] if number in seen else [] for number in ALL]
    desk.faults(hidden=1)
    assert desk.numbers() == []
    assert len(desk.rows(table="sys_choice")) > 0
    desk.faults()
    assert sorted(desk.numbers()) == ALL


def test_the_same_rows_are_unparsable_until_the_fault_is_off(desk: Served) -> None:
    right = {row["number"]: row for row in desk.rows()}
    desk.faults(unparsable=0.5)
    broken = {row["number"]: row for row in desk.rows()}
    wrong = [number for number in ALL if broken[number] != right[number]]
    assert 0 < len(wrong) < 6
    assert {row["number"]: row for row in desk.rows(sysparm_limit=6)} == broken
    single = desk.get(f"/api/now/table/incident/{KEYS[wrong[0]]}").json()["result"]
    assert single == broken[wrong[0]]
    desk.rows(sysparm_display_value="true")
    desk.faults()
    assert {row["number"]: row for row in desk.rows()} == right


def test_the_same_seed_and_the_same_requests_fail_in_the_same_way(serve: Serve, tmp_path: Path) -> None:
    data = log(tmp_path / "some.csv", life("INC1", ("New", "1/3/2016 08:00")))
    rates = {"429": 0.3, "503": 0.3}
    runs = [serve(SandboxOptions(data=data, faults=rates, seed=seed)) for seed in (4, 4, 5)]
    statuses = [[desk.page().status_code for _ in range(30)] for desk in runs]
    assert statuses[0] == statuses[1] != statuses[2]
    assert set(statuses[0]) == {200, 429, 503}


def test_switches_and_tokens_are_never_hit(desk: Served) -> None:
    desk.put("faults", dict.fromkeys(FAULTS, 1))
    assert requests.get(f"{desk.url}/sandbox/clock", timeout=10).status_code == 200
    assert desk.put("faults", {}).json() == {}


@pytest.mark.parametrize(
    ("rates", "said"),
    [
        ({"drops": 1}, "Did you mean drop?"),
        ({"xyz": 1}, "cancelled"),
        ({"drop": 2}, "0 to 1"),
        ({"drop": "x"}, "0 to 1"),
    ],
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
    desk = serve(SandboxOptions(faults={"503": 1}))
    assert desk.page().status_code == 503
    assert requests.get(f"{desk.url}/sandbox/faults", timeout=10).json() == {"503": 1.0}
