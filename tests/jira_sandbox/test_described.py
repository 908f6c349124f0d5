"""The Cloud site against the vendor's own description: every kind of answer keeps to it."""

from functools import cache
from typing import Any

import pytest
import requests

from tests.conftest import Need
from tests.jira_sandbox.conftest import Play
from tests.jira_sandbox.described import FILES, FOLDER, Description
from tests.jira_sandbox.support import Served, at, ticket

ISSUE = "/rest/api/3/issue/{issueIdOrKey}"
REQUEST = "/rest/servicedeskapi/request/{issueIdOrKey}"
FEEDBACK = "/rest/servicedeskapi/request/{requestIdOrKey}/feedback"
OPT_IN = {"X-ExperimentalApi": "opt-in"}
ADF = {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [{"type": "text", "text": "x"}]}]}
SEARCH = {
    "jql": "project = SUP ORDER BY updated ASC",
    "fields": ["*all"],
    "expand": "names,schema,changelog",
    "properties": ["request.channel.type"],
}
READS: dict[str, dict[str, Any]] = {
    "/rest/api/3/search/jql": {k: ",".join(v) if isinstance(v, list) else v for k, v in SEARCH.items()},
    ISSUE: {"expand": "changelog,names", "properties": "request.channel.type"},
    f"{ISSUE}/comment": {"expand": "properties"},
    f"{ISSUE}/changelog": {},
    f"{ISSUE}/properties": {},
    f"{ISSUE}/properties/{{propertyKey}}": {},
    "/rest/api/3/field": {},
    "/rest/api/3/status": {},
    "/rest/api/3/priority": {},
    "/rest/api/3/project": {},
    "/rest/api/3/project/search": {},
    "/rest/api/3/project/{projectIdOrKey}": {},
    "/rest/api/3/myself": {},
    "/rest/api/3/mypermissions": {"permissions": "ADD_COMMENTS"},
    "/rest/api/3/serverInfo": {},
    REQUEST: {"expand": "requestType"},
    f"{REQUEST}/comment": {},
    f"{REQUEST}/sla": {},
    FEEDBACK: {},
    "/rest/servicedeskapi/info": {},
    "/rest/servicedeskapi/servicedesk": {},
}
POSTS: dict[str, tuple[int, Any]] = {
    "/rest/api/3/search/jql": (200, {**SEARCH, "maxResults": 1}),
    "/rest/api/3/search/approximate-count": (200, {"jql": "project = SUP"}),
    "/rest/api/3/issue/bulkfetch": (200, {"issueIdsOrKeys": ["SUP-1", "SUP-9"], "expand": ["changelog"]}),
    "/rest/api/3/changelog/bulkfetch": (200, {"issueIdsOrKeys": ["SUP-1", "SUP-2"], "maxResults": 3}),
    f"{ISSUE}/comment": (201, {"body": ADF, "properties": [{"key": "x", "value": {"y": 1}}]}),
    f"{REQUEST}/comment": (201, {"body": "x", "public": True}),
}


@cache
def description() -> Description:
    return Description()


@pytest.fixture
def desk(play: Play, need: Need) -> Served:
    need(all((FOLDER / name).exists() for name in FILES), "the vendor's descriptions are not here")
    return play(
        ticket(
            *(1, ("08:00", "opened"), ("08:01", "acknowledged"), ("08:10", "promised", "16:00"), ("08:11", "noted")),
            *(("08:20", "assigned", "a1"), ("08:30", "asked"), ("09:00", "assigned", "a2", "Network")),
            *(("09:30", "promised", "03-04T10:00:00"), ("10:00", "resolved"), ("11:00", "reopened")),
            *(("12:00", "resolved"), ("13:00", "rated", "4", "Good"), ("14:00", "closed")),
        ),
        ticket(2, ("08:00", "opened"), ("08:30", "waiting"), kind="request", promised=at("10:00")),
    )


def where(path: str) -> str:
    for name, value in {
        "issueIdOrKey": "SUP-1",
        "requestIdOrKey": "SUP-1",
        "propertyKey": "request.channel.type",
        "projectIdOrKey": "SUP",
    }.items():
        path = path.replace(f"{{{name}}}", value)
    return path


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
def test_what_is_read_is_as_described(desk: Served, path: str, zone: str) -> None:
    desk.put("user", {"time_zone": zone})
    answer = desk.session.get(f"{desk.url}{where(path)}", params=READS[path], headers=OPT_IN, timeout=10)
    assert answer.headers["Content-Type"].startswith("application/json")
    assert description().wrong(path, "get", answer.status_code, answer.json()) == []


@pytest.mark.parametrize("path", POSTS)
def test_what_is_posted_is_answered_as_described(desk: Served, path: str) -> None:
    status, body = POSTS[path]
    answer = desk.post(where(path), body)
    assert answer.status_code == status, answer.text
    assert description().wrong(path, "post", status, answer.json()) == []


def test_private_addresses_and_hidden_persons_are_as_described(desk: Served) -> None:
    desk.faults(no_email=1)
    for path in (f"{ISSUE}/comment", ISSUE, REQUEST, f"{REQUEST}/comment"):
        answer = desk.get(where(path), **READS[path])
        assert description().wrong(path, "get", 200, answer.json()) == []


@pytest.mark.parametrize(("status", "key"), [(404, "SUP-9"), (401, "SUP-1")])
def test_errors_of_service_management_are_as_described(desk: Served, status: int, key: str) -> None:
    desk.faults(_401=float(status == 401))
    answer = desk.get(f"/rest/servicedeskapi/request/{key}")
    assert answer.status_code == status
    assert description().wrong(REQUEST, "get", status, answer.json()) == []


def test_a_property_is_put_as_described(desk: Served) -> None:
    path = f"{ISSUE}/properties/{{propertyKey}}"
    for status in (201, 200):
        url = f"{desk.url}/rest/api/3/issue/SUP-1/properties/x"
        answer: requests.Response = desk.session.put(url, json={"y": 1}, timeout=10)
        assert answer.status_code == status
        assert description().wrong(path, "put", status, answer.json()) == []


def test_the_referee_sees_what_is_wrong(desk: Served) -> None:
    path = f"{ISSUE}/changelog"
    told = desk.told("/issue/SUP-1/changelog")
    told["values"][0]["created"] = "yesterday"
    told["values"][0]["items"][0]["from"] = None
    told["more"] = told["total"] = "many"
    said = " ".join(description().wrong(path, "get", 200, told))
    for word in ("date-time", "from is None", "more, which is not described", "total is 'many'"):
        assert word in said
