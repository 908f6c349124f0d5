"""The Cloud's search: bounded, by token, with what was asked for and no more."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.jira_sandbox.conftest import Serve
from tests.jira_sandbox.support import SOME, Json, Served, ms, ticket, work_file
from xmo_hooks import SandboxOptions

IN_ORDER = "project = SUP ORDER BY updated ASC, id ASC"
KEYS = [f"SUP-{n}" for n in range(1, 7)]


def pages(desk: Served, jql: str = IN_ORDER, **more: Any) -> list[Json]:
    """Walk through a search to its end."""
    found = [desk.search(jql, **{"fields": SOME, "maxResults": 2, **more}).json()]
    while not found[-1]["isLast"]:
        token = found[-1]["nextPageToken"]
        found.append(desk.search(jql, **{"fields": SOME, "maxResults": 2, **more}, nextPageToken=token).json())
        assert len(found) < 50
    return found


@pytest.mark.parametrize("order", ["updated ASC, id ASC", "updated", "key DESC", "updated DESC, key ASC", "priority"])
def test_pages_cover_each_issue_once_also_where_all_changed_in_one_second(desk: Served, order: str) -> None:
    told = pages(desk, f"project = SUP ORDER BY {order}")
    keys = [issue["key"] for page in told for issue in page["issues"]]
    assert len(told) == 3
    assert sorted(keys) == KEYS
    assert keys == (KEYS if order in {"updated ASC, id ASC", "updated", "updated DESC, key ASC"} else KEYS[::-1])


def test_the_last_page_says_so_and_has_no_token(desk: Served) -> None:
    *others, last = pages(desk)
    assert all(set(page) == {"issues", "isLast", "nextPageToken"} for page in others)
    assert set(last) == {"issues", "isLast"}
    assert [page["isLast"] for page in others] == [False, False]
    assert pages(desk, "project = OPS")[0] == {"issues": [], "isLast": True}


def test_a_token_is_good_for_its_own_query_alone(desk: Served) -> None:
    token = desk.search(IN_ORDER, fields=SOME, maxResults=2).json()["nextPageToken"]
    assert desk.search(IN_ORDER, nextPageToken=token).status_code == 200
    for wrong in (token[:-2], "nonsense", token + "AA", "☃"):
        assert desk.search(IN_ORDER, nextPageToken=wrong).status_code == 400
    other = desk.search("project = SUP AND updated >= 1 ORDER BY updated ASC, id ASC", nextPageToken=token)
    assert other.status_code == 400
    assert "not valid" in other.json()["errorMessages"][0]


def test_a_token_is_good_for_seven_days(desk: Served) -> None:
    token = desk.search(IN_ORDER, fields=SOME, maxResults=2).json()["nextPageToken"]
    desk.clock("03-09T09:00:00")
    assert desk.search(IN_ORDER, nextPageToken=token).status_code == 200
    desk.clock("03-09T09:00:01")
    answer = desk.search(IN_ORDER, nextPageToken=token)
    assert (answer.status_code, answer.json()["errorMessages"]) == (400, ["The provided nextPageToken has expired."])


def test_without_fields_there_is_the_id_and_nothing_else(desk: Served) -> None:
    assert desk.search().json()["issues"][0] == {"id": "10006"}
    by_get = desk.told("/search/jql", jql=IN_ORDER)
    assert by_get["issues"][0] == {"id": "10001"}


def test_get_and_post_find_the_same(desk: Served) -> None:
    posted = desk.search(IN_ORDER, fields=["summary", "status"], expand="names,changelog", properties=["a", "b"])
    got = desk.get(
        "/rest/api/3/search/jql", jql=IN_ORDER, fields="summary,status", expand="names,changelog", properties=["a", "b"]
    )
    assert got.json() == posted.json()
    assert got.json()["names"] == {"summary": "Summary", "status": "Status"}


def test_only_what_is_asked_for_is_told(desk: Served) -> None:
    (issue,) = desk.found("key = SUP-1", fields=["summary", "nonsense"])
    assert issue["fields"] == {"summary": "Ticket 1"}
    assert (issue["id"], issue["key"]) == ("10001", "SUP-1")
    assert issue["self"] == f"{desk.url}/rest/api/3/issue/10001"
    (most,) = desk.found("key = SUP-1", fields=["*all", "-comment", "-summary"])
    assert {"status", "customfield_10010"} <= set(most["fields"])
    assert not {"comment", "summary"} & set(most["fields"])
    (usual,) = desk.found("key = SUP-1", fields=["*navigable"])
    assert "comment" not in usual["fields"]


def test_a_page_holds_fewer_issues_where_many_fields_are_asked_for(serve: Serve) -> None:
    desk = serve(SandboxOptions(generate=120))
    many = ["summary", "status", "created", "updated", "priority", "project", "labels", "components", "assignee"]
    few, all_, eleven = (
        desk.found(maxResults=500, fields=fields) for fields in (SOME, ["*all"], [*many, "reporter", "duedate"])
    )
    assert (len(few), len(all_), len(eleven)) == (100, 50, 50)
    assert len(desk.search(maxResults=5000, fields=["id", "key"]).json()["issues"]) == 120
    assert len(desk.search(maxResults=5000).json()["issues"]) == 120
    assert len(desk.search(fields=SOME).json()["issues"]) == 50


@pytest.mark.parametrize(
    "body", [{"maxResults": 0}, {"maxResults": -1}, {"maxResults": "x"}, {"properties": list("abcdef")}]
)
def test_numbers_and_lists_out_of_bounds_are_refused(desk: Served, body: Json) -> None:
    assert desk.search(**body).status_code == 400


@pytest.mark.parametrize("body", [{"jql": "project = SUP", "startAt": 0}, [], {"jql": 5}, {"jql": "x", "fields": {}}])
def test_a_body_that_the_description_does_not_know_is_refused(desk: Served, body: object) -> None:
    answer = desk.post("/rest/api/3/search/jql", body)
    assert (answer.status_code, answer.json()["errors"]) == (400, {})


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_search_that_was_removed_is_gone(desk: Served, method: str, version: int) -> None:
    url = f"{desk.url}/rest/api/{version}/search"
    answer = desk.session.request(method, url, params={"jql": "project = SUP"}, json={}, timeout=10)
    assert answer.status_code == 410
    assert answer.json()["errorMessages"][0].startswith("The requested API has been removed. Please migrate to")
    assert answer.json()["errors"] == {}


def test_version_two_of_the_api_tells_text_in_place_of_documents(desk: Served) -> None:
    (new,) = desk.found("key = SUP-1", fields=["description"])
    old = desk.post("/rest/api/2/search/jql", {"jql": "key = SUP-1", "fields": ["description"]}).json()["issues"][0]
    assert new["fields"]["description"]["content"][0]["content"] == [{"type": "text", "text": "Ticket 1"}]
    assert old["fields"]["description"] == "Ticket 1"


def test_properties_travel_with_the_issues(desk: Served) -> None:
    url = f"{desk.url}/rest/api/3/issue/SUP-2/properties/xmo.survey"
    assert desk.session.put(url, json={"sent": True}, timeout=10).status_code == 201
    told = desk.search(IN_ORDER, fields=["summary"], properties=["xmo.survey", "request.channel.type"]).json()["issues"]
    assert told[0]["properties"] == {"request.channel.type": {"value": "portal"}}
    assert told[1]["properties"] == {"request.channel.type": {"value": "portal"}, "xmo.survey": {"sent": True}}


def test_the_count_counts_what_the_search_finds(desk: Served) -> None:
    path = "/rest/api/3/search/approximate-count"
    assert desk.post(path, {"jql": "project = SUP AND statusCategory = Done"}).json() == {"count": 2}
    assert desk.post(path, {"jql": "ORDER BY key"}).status_code == 400


def test_an_issue_that_changes_between_pages_comes_again_and_none_is_lost(desk: Served) -> None:
    desk.clock("10:00")
    first = desk.search(IN_ORDER, fields=SOME, maxResults=3).json()
    assert desk.comment("SUP-2").status_code == 201
    second = desk.search(IN_ORDER, fields=SOME, maxResults=10, nextPageToken=first["nextPageToken"]).json()
    assert [issue["key"] for issue in first["issues"]] == ["SUP-1", "SUP-2", "SUP-3"]
    assert [issue["key"] for issue in second["issues"]] == ["SUP-4", "SUP-5", "SUP-6", "SUP-2"]


def test_search_lags_behind_and_the_issue_itself_does_not(desk: Served) -> None:
    desk.clock("10:00")
    desk.faults(lag=300)
    desk.comment("SUP-2")
    since = f"updated >= {ms('09:30')}"
    assert desk.keys(since) == []
    assert desk.fields("SUP-2")["updated"] == "2026-03-02T10:00:00.000+0000"
    assert desk.found("key = SUP-2")[0]["fields"]["updated"] == "2026-03-02T09:00:00.000+0000"
    desk.clock("10:04:59")
    assert desk.keys(since) == []
    desk.clock("10:05")
    assert desk.keys(since) == ["SUP-2"]


def test_what_was_found_once_is_not_forgotten_when_the_lag_grows(desk: Served) -> None:
    desk.clock("10:00")
    desk.comment("SUP-2")
    desk.faults(lag=3600)
    (found,) = desk.found(f"updated >= {ms('09:30')}")
    assert found["fields"]["updated"] == "2026-03-02T10:00:00.000+0000"


def test_what_is_reconciled_is_found_before_the_index_knows_it(serve: Serve, tmp_path: Path) -> None:
    data = work_file(tmp_path / "late.jsonl", [ticket(1, ("08:00", "opened")), ticket(2, ("09:00", "opened"))])
    start = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
    desk = serve(SandboxOptions(data=data, at=start, faults={"lag": 600}))
    desk.clock("09:00")
    assert desk.get("/rest/api/3/issue/SUP-2").status_code == 200
    assert desk.keys() == ["SUP-1"]
    assert desk.keys(reconcileIssues=[10002]) == ["SUP-1", "SUP-2"]
    assert desk.search(reconcileIssues=list(range(51))).status_code == 400
    desk.clock("09:10")
    assert desk.keys(reconcileIssues=[10002]) == ["SUP-2", "SUP-1"]


def test_bulk_fetch_leaves_out_what_is_not_there_without_a_word(desk: Served) -> None:
    body = {"issueIdsOrKeys": ["10002", "SUP-1", "SUP-99", "SUP-2"], "fields": ["summary"], "properties": ["x"]}
    told = desk.post("/rest/api/3/issue/bulkfetch", body).json()
    assert [issue["key"] for issue in told["issues"]] == ["SUP-2", "SUP-1"]
    assert told["issueErrors"] == []
    assert told["issues"][0]["fields"] == {"summary": "Ticket 2"}
    for wrong in ([], list(map(str, range(101)))):
        assert desk.post("/rest/api/3/issue/bulkfetch", {"issueIdsOrKeys": wrong}).status_code == 400
    assert desk.post("/rest/api/3/issue/bulkfetch", {}).status_code == 400
