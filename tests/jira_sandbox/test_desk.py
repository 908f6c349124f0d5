"""Service Management: requests, their comments in pages, levels, ratings, and the errors in their own shape."""

import pytest

from tests.jira_sandbox.conftest import Play
from tests.jira_sandbox.support import Served, at, ticket

ROOT = "/rest/servicedeskapi"
OPT_IN = {"X-ExperimentalApi": "opt-in"}


@pytest.fixture
def desk(play: Play) -> Served:
    return play(
        ticket(
            *(1, ("08:00", "opened"), ("08:01", "acknowledged"), ("08:10", "noted"), ("08:20", "replied")),
            *(("12:00", "resolved"), ("13:00", "rated", "2", "Too slow")),
            promised=at("10:00"),
        ),
        ticket(2, ("08:00", "opened"), ("12:00", "resolved"), ("13:00", "rated", "5", "")),
        ticket(3, ("08:00", "opened")),
        ticket(4, ("08:00", "opened"), ("14:00", "noted"), kind="task"),
    )


def test_a_request_knows_its_reporter_its_type_and_its_status(desk: Served) -> None:
    told = desk.told(f"{ROOT}/request/10001", expand="requestType")
    assert (told["issueId"], told["issueKey"]) == ("10001", "SUP-1")
    assert told["reporter"]["emailAddress"] == "p7@example.org"
    assert told["requestType"]["name"] == "software"
    assert (told["currentStatus"]["status"], told["currentStatus"]["statusCategory"]) == ("Resolved", "DONE")
    assert told["currentStatus"]["statusDate"]["jira"] == "2026-03-02T12:00:00.000+0000"
    assert told["_links"]["web"].endswith("/SUP-1")
    assert "requestType" not in desk.told(f"{ROOT}/request/SUP-1")


def test_comments_come_in_pages_with_a_link_to_the_next(desk: Served) -> None:
    path = f"{ROOT}/request/SUP-1/comment"
    first = desk.told(path, limit=2)
    assert (first["size"], first["start"], first["limit"], first["isLastPage"]) == (2, 0, 2, False)
    second = desk.session.get(first["_links"]["next"], timeout=10).json()
    assert (second["size"], second["isLastPage"], "next" in second["_links"]) == (1, True, False)
    bodies = [value["body"] for page in (first, second) for value in page["values"]]
    assert len(set(bodies)) == 3
    assert [value["public"] for value in first["values"]] == [True, False]


@pytest.mark.parametrize("key", ["SUP-99", "OPS-1"])
def test_comments_of_what_is_no_request_are_simply_none(desk: Served, key: str) -> None:
    told = desk.told(f"{ROOT}/request/{key}/comment")
    assert (told["size"], told["values"], told["isLastPage"]) == (0, [], True)


@pytest.mark.parametrize("path", ["", "/sla", "/feedback"])
def test_errors_have_a_shape_of_their_own(desk: Served, path: str) -> None:
    answer = desk.session.get(f"{desk.url}{ROOT}/request/SUP-99{path}", headers=OPT_IN, timeout=10)
    assert answer.status_code == 404
    told = answer.json()
    assert set(told) == {"errorMessage", "i18nErrorMessage"}
    assert set(told["i18nErrorMessage"]) == {"i18nKey", "parameters"}


def test_the_levels_are_those_of_the_fields(desk: Served) -> None:
    values = desk.told(f"{ROOT}/request/SUP-1/sla")["values"]
    fields = desk.fields("SUP-1")
    assert values == [fields[name] for name in desk.custom(":sd-sla-field")]
    assert [value["completedCycles"][0]["breached"] for value in values] == [False, True]


def test_a_rating_is_read_with_its_comment(desk: Served) -> None:
    def feedback(key: str) -> object:
        return desk.session.get(f"{desk.url}{ROOT}/request/{key}/feedback", headers=OPT_IN, timeout=10).json()

    assert feedback("SUP-1") == {"type": "csat", "rating": 2, "comment": {"body": "Too slow"}}
    assert feedback("SUP-2") == {"type": "csat", "rating": 5}
    assert desk.session.get(f"{desk.url}{ROOT}/request/SUP-3/feedback", headers=OPT_IN, timeout=10).status_code == 404


def test_ratings_are_experimental_and_the_requesters_own(desk: Served) -> None:
    url = f"{desk.url}{ROOT}/request/SUP-1/feedback"
    assert desk.session.get(url, timeout=10).status_code == 412
    for method in ("POST", "DELETE"):
        answer = desk.session.request(method, url, json={"type": "csat", "rating": 5}, headers=OPT_IN, timeout=10)
        assert (answer.status_code, set(answer.json())) == (403, {"errorMessage", "i18nErrorMessage"})
    assert desk.fields("SUP-1")["customfield_10033"] == {"rating": 2}


def test_the_endpoint_of_ratings_may_be_missing(desk: Served) -> None:
    desk.faults(no_feedback=1)
    answer = desk.session.get(f"{desk.url}{ROOT}/request/SUP-1/feedback", headers=OPT_IN, timeout=10)
    assert (answer.status_code, answer.json()["status-code"]) == (404, 404)


def test_the_service_desk_names_its_project(desk: Served) -> None:
    (found,) = desk.told(f"{ROOT}/servicedesk")["values"]
    assert (found["id"], found["projectKey"]) == ("1", "SUP")
    assert desk.told(f"{ROOT}/info")["isLicensedForUse"] is True


def test_the_site_tells_its_statuses_priorities_and_projects(desk: Served) -> None:
    categories = {status["name"]: status["statusCategory"]["key"] for status in desk.told("/status")}
    assert categories["Waiting for support"] == "new"
    assert categories["Pending"] == "indeterminate"
    assert {name for name, key in categories.items() if key == "done"} == {"Resolved", "Closed", "Canceled"}
    assert [each["name"] for each in desk.told("/priority")] == ["Highest", "High", "Medium", "Low", "Lowest"]
    assert [each["key"] for each in desk.told("/project")] == ["SUP", "OPS"]
    assert [each["key"] for each in desk.told("/project/search", keys="OPS")["values"]] == ["OPS"]
    assert desk.told("/project/SUP")["id"] == "10000"
    assert desk.get("/rest/api/3/project/NOPE").status_code == 404


def test_rights_are_told_where_they_are_asked_for_by_name(desk: Served) -> None:
    told = desk.told("/mypermissions", permissions="ADD_COMMENTS,BROWSE_PROJECTS")["permissions"]
    assert {key: right["havePermission"] for key, right in told.items()} == {
        "ADD_COMMENTS": True,
        "BROWSE_PROJECTS": True,
    }
    assert desk.get("/rest/api/3/mypermissions").status_code == 400
    assert desk.get("/rest/api/3/mypermissions", permissions="NONSENSE").status_code == 400


def test_a_path_that_leads_nowhere_says_so(desk: Served) -> None:
    answer = desk.get("/rest/api/3/nonsense")
    assert (answer.status_code, answer.json()["status-code"]) == (404, 404)
    assert desk.post("/rest/api/3/myself", {}).status_code == 405
