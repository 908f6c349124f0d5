"""A server: its search by offset, its users, and what it lacks."""

import pytest

from tests.jira_sandbox.conftest import Play, Serve
from tests.jira_sandbox.support import SOME, Served, at, ticket
from xmo_hooks import SandboxOptions


def test_a_page_says_where_it_begins_and_how_many_there_are(server: Served) -> None:
    told = server.search("project = SUP ORDER BY updated ASC, key ASC", fields=SOME, startAt=4, maxResults=3).json()
    assert {name: told[name] for name in ("startAt", "maxResults", "total")} == {
        "startAt": 4,
        "maxResults": 3,
        "total": 6,
    }
    assert [issue["key"] for issue in told["issues"]] == ["SUP-5", "SUP-6"]
    assert not {"isLast", "nextPageToken"} & set(told)
    assert server.search(startAt=6).json()["issues"] == []


def test_get_and_post_find_the_same(server: Served) -> None:
    jql = "project = SUP ORDER BY key"
    posted = server.search(jql, fields=["summary"], expand=["changelog", "names"], properties=["x"], maxResults=2)
    got = server.get(
        "/rest/api/2/search", jql=jql, fields="summary", expand="changelog,names", properties="x", maxResults=2
    )
    assert got.json() == posted.json()


def test_a_page_above_the_cap_is_cut_down_without_a_word(serve: Serve) -> None:
    server = serve(SandboxOptions(generate=1100), cloud=False)
    told = server.search(fields=["summary"], maxResults=5000).json()
    assert (told["maxResults"], told["total"], len(told["issues"])) == (1000, 1100, 1000)


def test_a_page_of_nothing_counts(server: Served) -> None:
    told = server.search("statusCategory = Done", maxResults=0).json()
    assert (told["maxResults"], told["total"], told["issues"]) == (0, 2, [])


def test_the_usual_fields_come_where_none_are_named(server: Served) -> None:
    fields = server.search().json()["issues"][0]["fields"]
    assert {"summary", "status", "customfield_10010"} <= set(fields)
    assert "comment" not in fields


@pytest.mark.parametrize(
    "path",
    [
        "/rest/api/2/search/jql?jql=project=SUP",
        "/rest/api/3/issue/SUP-1",
        "/rest/api/2/issue/SUP-1/changelog",
        "/rest/api/2/project/search",
        "/oauth/token/accessible-resources",
    ],
)
def test_what_the_cloud_alone_has_is_not_there(server: Served, path: str) -> None:
    assert server.get(path).status_code == 404


@pytest.mark.parametrize("path", ["search/jql", "issue/bulkfetch", "changelog/bulkfetch"])
def test_what_the_cloud_alone_takes_is_not_there(server: Served, path: str) -> None:
    assert server.post(f"/rest/api/2/{path}", {}).status_code in {404, 405}


def test_it_lies_below_a_path_and_its_links_lead_there(server: Served) -> None:
    told = server.told("/rest/api/2/serverInfo")
    assert (told["deploymentType"], told["baseUrl"]) == ("Server", server.url)
    below = server.get("/jira/rest/api/2/serverInfo").json()
    assert below["baseUrl"] == f"{server.url}/jira"
    issue = server.get("/jira/rest/api/2/issue/SUP-1").json()
    assert issue["self"] == f"{server.url}/jira/rest/api/2/issue/10001"


def test_users_have_names_keys_and_addresses_and_no_accounts(server: Served) -> None:
    reporter = server.fields("SUP-1")["reporter"]
    assert (reporter["name"], reporter["emailAddress"]) == ("p1", "p1@example.org")
    assert reporter["key"].startswith("JIRAUSER")
    assert server.told("/myself")["key"] == "xmo"
    assert not {"accountId", "accountType"} & set(reporter)
    assert server.told("/myself")["name"] == "xmo"


def test_issue_types_have_their_plain_names(server: Served) -> None:
    assert server.fields("SUP-1")["issuetype"]["name"] == "Incident"


def test_the_changelog_is_whole_oldest_first_and_has_no_field_ids(play: Play) -> None:
    steps = [(f"{8 + n // 60:02}:{n % 60:02}", ("waiting", "resumed")[n % 2]) for n in range(1, 121)]
    server = play(ticket(1, ("08:00", "opened"), *steps), cloud=False)
    found = server.told("/issue/SUP-1", expand="changelog")["changelog"]
    searched = server.found("key = SUP-1", expand=["changelog"])[0]["changelog"]
    assert found == searched
    assert (found["total"], len(found["histories"])) == (120, 120)
    created = [history["created"] for history in found["histories"]]
    assert created == sorted(created)
    assert set(found["histories"][0]["items"][0]) == {"field", "fieldtype", "from", "fromString", "to", "toString"}


def test_what_is_empty_is_null_in_the_changelog(play: Play) -> None:
    server = play(ticket(1, ("08:00", "opened"), ("09:00", "resolved")), cloud=False)
    log = server.told("/issue/SUP-1", expand="changelog")["changelog"]["histories"]
    items = {item["field"]: item for history in log for item in history["items"]}
    assert (items["resolution"]["from"], items["resolution"]["toString"]) == (None, "Done")


def test_whether_customers_see_a_comment_is_a_property_alone(play: Play) -> None:
    server = play(ticket(1, ("08:00", "opened"), ("09:00", "noted"), ("10:00", "replied")), cloud=False)
    plain = server.told("/issue/SUP-1/comment")["comments"]
    assert all("jsdPublic" not in comment and "properties" not in comment for comment in plain)
    full = server.told("/issue/SUP-1/comment", expand="properties")["comments"]
    assert [comment["properties"][0]["value"]["internal"] for comment in full] == [True, False]
    embedded = server.fields("SUP-1")["comment"]
    assert (embedded["total"], len(embedded["comments"])) == (2, 2)


def test_the_same_service_management_is_there(play: Play) -> None:
    server = play(ticket(1, ("08:00", "opened"), ("12:00", "resolved"), promised=at("10:00")), cloud=False)
    values = server.told("/rest/servicedeskapi/request/SUP-1/sla")["values"]
    assert [value["completedCycles"][0]["breached"] for value in values] == [True, True]
    assert server.comment("SUP-1").status_code == 201


def test_every_answer_names_the_user_and_the_bucket(server: Served) -> None:
    headers = server.get("/rest/api/2/issue/SUP-1").headers
    assert (headers["X-AUSERNAME"], headers["Retry-After"]) == ("xmo", "0")
    assert {"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-FillRate"} <= set(headers)
