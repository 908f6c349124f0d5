"""Each fault does what its line says, hits what it should, and can be switched off again."""

from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from requests.exceptions import ChunkedEncodingError
from requests.exceptions import ConnectionError as Dropped

from tests.jira_sandbox.conftest import Play, Serve
from tests.jira_sandbox.support import CLOUD_LOGIN, SOME, Served, ticket, work_file
from xmo_hooks import ConfigError, SandboxOptions
from xmo_jira.sandbox import CLOUD_FAULTS, SANDBOX, SERVER, SERVER_FAULTS
from xmo_jira.sandbox.web import build

ALL = [f"SUP-{n}" for n in range(1, 7)]
IN_ORDER = "project = SUP ORDER BY updated ASC, id ASC"
READS: dict[str, Callable[[Served], requests.Response]] = {
    "search": lambda desk: desk.search(fields=SOME),
    "issue": lambda desk: desk.get("/rest/api/2/issue/SUP-1"),
    "request": lambda desk: desk.get("/rest/servicedeskapi/request/SUP-1"),
}


def write(desk: Served) -> requests.Response:
    return desk.comment("SUP-5")


def test_429_gives_each_reason_in_turn_and_one_without_reason_or_time(desk: Served) -> None:
    desk.faults(_429=1)
    answers = [desk.search(fields=SOME) for _ in range(4)]
    assert {answer.status_code for answer in answers} == {429}
    assert [answer.headers.get("RateLimit-Reason") for answer in answers] == [
        "jira-burst-based",
        "jira-quota-global-based",
        "jira-quota-tenant-based",
        None,
    ]
    for answer in answers[:3]:
        assert (answer.headers["Retry-After"], answer.headers["X-RateLimit-Remaining"]) == ("1", "0")
        assert answer.headers["X-RateLimit-Reset"] == "2027-01-15T08:00Z"
        assert "X-RateLimit-Limit" in answer.headers
    assert "Retry-After" not in answers[3].headers
    assert write(desk).headers["RateLimit-Reason"] == "jira-per-issue-on-write"
    desk.faults()
    assert desk.search().headers["X-RateLimit-Remaining"] == "99"


def test_429_of_a_server_has_its_bucket_and_no_reason(server: Served) -> None:
    server.faults(_429=1)
    answer = server.search()
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert {"X-RateLimit-FillRate", "X-RateLimit-Interval-Seconds"} <= set(answer.headers)
    assert "RateLimit-Reason" not in answer.headers


def test_blocked_asks_to_wait_longer_than_anybody_lives(server: Served) -> None:
    server.faults(blocked=1)
    answer = server.search()
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "9223372036854775807")


def test_503_comes_as_json_as_a_page_and_with_a_time_in_turn(desk: Served) -> None:
    desk.faults(_503=1)
    plain, page, timed = (desk.search() for _ in range(3))
    assert {answer.status_code for answer in (plain, page, timed)} == {503}
    assert plain.json()["errorMessages"]
    assert page.headers["Content-Type"].startswith("text/html")
    assert ["Retry-After" in answer.headers for answer in (plain, page, timed)] == [False, False, True]


def test_401_refuses_the_right_log_in(desk: Served) -> None:
    desk.faults(_401=1)
    assert [READS[name](desk).status_code for name in READS] == [401, 401, 401]
    assert READS["request"](desk).json()["errorMessage"]
    gateway = requests.get(f"{desk.gateway}/rest/api/3/myself", auth=CLOUD_LOGIN, timeout=10)
    assert (gateway.status_code, gateway.json()["code"]) == (401, 401)


def test_captcha_says_so_in_a_header(server: Served) -> None:
    server.faults(captcha=1)
    answer = server.search()
    assert answer.status_code == 403
    assert answer.headers["X-Authentication-Denied-Reason"].startswith("CAPTCHA_CHALLENGE; login-url=http")


def test_anonymous_takes_the_right_log_in_for_nobody(desk: Served, server: Served) -> None:
    for each in (desk, server):
        each.faults(anonymous=1)
        answer = each.search(fields=SOME)
        assert (answer.status_code, answer.json()["issues"]) == (200, [])
        assert each.get("/rest/api/2/myself").status_code == 401
    assert answer.headers["X-AUSERNAME"] == "anonymous"


@pytest.mark.parametrize("status", [403, 409])
def test_a_refused_write_is_refused_and_reads_are_not(desk: Served, status: int) -> None:
    desk.put("faults", {str(status): 1})
    assert write(desk).status_code == status
    assert desk.session.delete(f"{desk.url}/rest/api/3/issue/SUP-1/properties/x", timeout=10).status_code == status
    assert [READS[name](desk).status_code for name in READS] == [200, 200, 200]


def test_404_hides_single_issues_and_no_search(desk: Served) -> None:
    desk.faults(_404=1)
    assert {READS[name](desk).status_code for name in ("issue", "request")} == {404}
    assert write(desk).status_code == 404
    assert READS["search"](desk).status_code == 200
    body = {"issueIdsOrKeys": ["SUP-1"]}
    assert desk.post("/rest/api/3/issue/bulkfetch", body).status_code == 200


def test_drop_hangs_up_without_an_answer(desk: Served) -> None:
    desk.faults(drop=1)
    with pytest.raises(Dropped):
        desk.search()
    with pytest.raises(Dropped):
        write(desk)


def test_cut_breaks_off_in_the_middle_of_an_answer(desk: Served) -> None:
    desk.faults(cut=1)
    for read in READS.values():
        with pytest.raises((ChunkedEncodingError, Dropped)):
            read(desk)
    assert write(desk).status_code == 201


@pytest.mark.parametrize("fault", ["drop", "cut"])
def test_a_broken_answer_is_short_also_where_there_is_no_socket(tmp_path: Path, fault: str) -> None:
    data = work_file(tmp_path / "work.jsonl", [ticket(1, ("08:00", "opened"))])
    client = build(SandboxOptions(data=data, faults={fault: 1})).test_client()
    answer = client.get("/rest/api/3/issue/SUP-1", auth=CLOUD_LOGIN)
    assert len(answer.data) < int(answer.headers["Content-Length"])


@pytest.mark.parametrize("fault", ["drop", "503", "401", "captcha", "429", "403", "404", "409", "anonymous"])
def test_a_write_that_was_hit_is_not_executed_and_works_afterwards(desk: Served, fault: str) -> None:
    desk.put("faults", {fault: 1})
    try:
        assert write(desk).status_code >= 400
    except Dropped:
        assert fault == "drop"
    assert desk.switch("journal") == []
    desk.faults()
    assert write(desk).status_code == 201
    assert len(desk.switch("journal")) == 1


def test_late_executes_the_write_and_then_hangs_up(desk: Served) -> None:
    desk.faults(late=1)
    url = f"{desk.url}/rest/api/3/issue/SUP-5/properties/x"
    with pytest.raises(Dropped):
        write(desk)
    with pytest.raises(Dropped):
        desk.session.put(url, json=1, timeout=10)
    assert desk.comment("SUP-99").status_code == 404
    assert [entry["number"] for entry in desk.switch("journal")] == ["SUP-5"]
    assert desk.session.get(url, timeout=10).json()["value"] == 1
    assert len(desk.found()) == 6


def test_slow_waits_that_long_before_anything_else(desk: Served) -> None:
    desk.faults(slow=2.5, _503=1)
    desk.search()
    write(desk)
    assert desk.slept == [2.5, 2.5]


@pytest.mark.parametrize("cloud", [True, False])
def test_moving_changes_an_issue_of_each_page_but_the_last(desk: Served, server: Served, cloud: bool) -> None:
    each = desk if cloud else server
    each.clock("10:00")
    each.faults(moving=1)
    first = each.found(IN_ORDER, maxResults=3)
    each.faults()
    (moved,) = each.found('updated >= "2026-03-02 09:30"', fields=["updated", "labels"])
    assert moved["key"] in [issue["key"] for issue in first]
    assert moved["fields"] == {"updated": "2026-03-02T10:00:00.000+0000", "labels": ["tidy-1"]}
    history = each.told(f"/issue/{moved['key']}", expand="changelog")["changelog"]["histories"]
    assert max(history, key=lambda entry: entry["created"])["items"][0]["field"] == "labels"
    each.faults(moving=1)
    assert len(each.found(IN_ORDER, maxResults=10)) == 6
    each.faults()
    assert len(each.found('updated >= "2026-03-02 09:30"')) == 1


def test_an_offset_loses_an_issue_when_one_before_it_moves(server: Served) -> None:
    server.clock("10:00")
    server.faults(moving=1)
    first = server.keys(IN_ORDER, maxResults=3)
    second = server.keys(IN_ORDER, maxResults=3, startAt=3)
    assert len(set(ALL) - set(first) - set(second)) == 1


def test_hidden_issues_are_nowhere(desk: Served) -> None:
    desk.faults(hidden=0.5)
    seen = sorted(desk.keys())
    assert 0 < len(seen) < 6
    hidden = min(set(ALL) - set(seen))
    assert desk.get(f"/rest/api/3/issue/{hidden}").status_code == 404
    assert desk.comment(hidden).status_code == 404
    assert desk.post("/rest/api/3/issue/bulkfetch", {"issueIdsOrKeys": [hidden]}).json()["issues"] == []
    desk.faults(hidden=1)
    assert desk.keys() == []
    desk.faults()
    assert sorted(desk.keys()) == ALL


def test_the_same_issues_are_unparsable_until_the_fault_is_off(desk: Served) -> None:
    fields = ["created", "updated", "status"]
    right = {issue["key"]: issue for issue in desk.found(fields=fields)}
    desk.faults(unparsable=0.7)
    broken = {issue["key"]: issue for issue in desk.found(fields=fields)}
    wrong = [key for key in ALL if broken[key] != right[key]]
    assert 0 < len(wrong) < 6
    assert {issue["key"]: issue for issue in desk.found(fields=fields)} == broken
    assert desk.fields(wrong[0], fields="created,updated,status") == broken[wrong[0]]["fields"]
    desk.faults()
    assert {issue["key"]: issue for issue in desk.found(fields=fields)} == right


def test_stale_keeps_the_resolution_of_what_was_reopened(play: Play) -> None:
    desk = play(ticket(1, ("08:00", "opened"), ("09:00", "resolved"), ("10:00", "reopened")))
    assert desk.fields("SUP-1")["resolutiondate"] is None
    desk.faults(stale=1)
    fields = desk.fields("SUP-1")
    assert (fields["status"]["statusCategory"]["key"], fields["resolution"]["name"]) == ("indeterminate", "Done")
    assert fields["resolutiondate"] == "2026-03-02T09:00:00.000+0000"


def test_a_stale_resolution_is_renewed_when_the_issue_ends_again(play: Play) -> None:
    desk = play(ticket(1, ("08:00", "opened"), ("09:00", "resolved"), ("10:00", "reopened"), ("11:00", "resolved")))
    desk.faults(stale=1)
    assert desk.fields("SUP-1")["resolutiondate"] == "2026-03-02T11:00:00.000+0000"
    histories = desk.told("/issue/SUP-1/changelog")["values"]
    assert sum(item["field"] == "resolution" for history in histories for item in history["items"]) == 1


def test_a_private_address_is_null_in_fields_and_missing_elsewhere(play: Play) -> None:
    desk = play(ticket(1, ("08:00", "opened"), ("09:00", "asked")))
    desk.faults(no_email=1)
    reporter = desk.fields("SUP-1")["reporter"]
    assert (reporter["emailAddress"], reporter["displayName"]) == (None, "Person 7")
    (comment,) = desk.told("/issue/SUP-1/comment")["comments"]
    assert "emailAddress" not in comment["author"]
    assert desk.told("/myself")["emailAddress"] == "xmo@example.org"
    desk.faults()
    assert desk.fields("SUP-1")["reporter"]["emailAddress"] == "p7@example.org"


def test_stuck_gives_a_page_that_leads_to_itself(desk: Served) -> None:
    token = desk.search(IN_ORDER, fields=SOME, maxResults=2).json()["nextPageToken"]
    desk.faults(stuck=1)
    once, again = (desk.search(IN_ORDER, fields=SOME, maxResults=2, nextPageToken=token).json() for _ in range(2))
    assert once == again
    assert once["nextPageToken"] == token
    desk.faults()
    assert desk.search(IN_ORDER, fields=SOME, maxResults=2, nextPageToken=token).json()["nextPageToken"] != token


def test_epoch_dates_bulk_changelogs_in_milliseconds(desk: Served) -> None:
    def created() -> object:
        told = desk.post("/rest/api/3/changelog/bulkfetch", {"issueIdsOrKeys": ["SUP-5"]}).json()
        return told["issueChangeLogs"][0]["changeHistories"][0]["created"]

    assert created() == "2026-03-02T09:00:00.000+0000"
    desk.faults(epoch=1)
    assert created() == 1_772_442_000_000


def test_the_same_seed_and_the_same_requests_fail_in_the_same_way(serve: Serve) -> None:
    rates = {"429": 0.3, "503": 0.3}
    runs = [serve(SandboxOptions(generate=1, faults=rates, seed=seed)) for seed in (4, 4, 5)]
    statuses = [[desk.search().status_code for _ in range(30)] for desk in runs]
    assert statuses[0] == statuses[1] != statuses[2]
    assert set(statuses[0]) == {200, 429, 503}


def test_switches_and_tokens_are_never_hit(desk: Served) -> None:
    desk.put("faults", dict.fromkeys(CLOUD_FAULTS, 1))
    assert desk.switch("clock")["speed"] == 0
    body = {"grant_type": "client_credentials", "client_id": "xmo", "client_secret": "sandbox"}
    assert requests.post(f"{desk.url}/oauth/token", json=body, timeout=10).status_code == 200
    assert desk.put("faults", {}).json() == {}


def test_each_edition_has_faults_of_its_own() -> None:
    assert set(CLOUD_FAULTS) - set(SERVER_FAULTS) == {"no_email", "stuck", "epoch"}
    assert set(SERVER_FAULTS) - set(CLOUD_FAULTS) == {"blocked"}
    with pytest.raises(ConfigError):
        SERVER.make(SandboxOptions(faults={"no_email": 1}))


@pytest.mark.parametrize(
    ("rates", "said"),
    [
        ({"drops": 1}, "Did you mean drop?"),
        ({"xyz": 1}, "captcha"),
        ({"drop": 2}, "0 to 1"),
        ({"drop": "x"}, "0 to 1"),
        ({"slow": 61}, "0 to 60"),
    ],
)
def test_an_unknown_fault_or_rate_is_refused_with_what_there_is(
    desk: Served, rates: dict[str, float], said: str
) -> None:
    answer = desk.put("faults", rates)
    assert answer.status_code == 400
    assert said in answer.json()["error"]
    assert desk.put("faults", [1]).status_code == 400
    with pytest.raises(ConfigError):
        SANDBOX.make(SandboxOptions(faults=rates))


def test_a_run_may_begin_with_faults(serve: Serve) -> None:
    desk = serve(SandboxOptions(generate=1, faults={"503": 1}))
    assert desk.search().status_code == 503
    assert desk.switch("faults") == {"503": 1.0}
