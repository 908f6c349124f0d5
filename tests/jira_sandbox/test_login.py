"""Who may come in, and what nobody gets."""

import pytest
import requests

from tests.jira_sandbox.support import CLOUD_LOGIN, Json, Served
from xmo_jira.sandbox.login import LIFETIME
from xmo_jira.sandbox.site import CLOUD_ID

CLIENT = {"client_id": "xmo", "client_secret": "sandbox"}
REFRESH = {**CLIENT, "grant_type": "refresh_token"}
JQL = {"jql": "project = SUP", "fields": "summary"}


def ask(url: str, **how: object) -> requests.Response:
    return requests.get(url, timeout=10, **how)  # type: ignore[arg-type]


def bearer(token: object) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def token(desk: Served, refresh_token: str = "sandbox", **more: str) -> Json:
    answer = requests.post(
        f"{desk.url}/oauth/token", json={**REFRESH, "refresh_token": refresh_token, **more}, timeout=10
    )
    assert answer.status_code == 200, answer.text
    told: Json = answer.json()
    return told


def test_a_cloud_site_takes_address_and_api_token(desk: Served) -> None:
    told = ask(f"{desk.url}/rest/api/3/myself", auth=CLOUD_LOGIN).json()
    assert (told["emailAddress"], told["accountType"], told["timeZone"]) == ("xmo@example.org", "atlassian", "UTC")


@pytest.mark.parametrize("auth", [("xmo@example.org", "wrong"), ("xmo", "sandbox")])
def test_a_cloud_site_refuses_a_wrong_log_in(desk: Served, auth: tuple[str, str]) -> None:
    answer = ask(f"{desk.url}/rest/api/3/search/jql", params=JQL, auth=auth)
    assert (answer.status_code, set(answer.json())) == (401, {"errorMessages", "errors"})
    assert "WWW-Authenticate" in answer.headers


@pytest.mark.parametrize("header", ["Basic", "Basic !", "Basic eG1v", "Digest x", "Bearer sandbox", "nonsense"])
def test_a_broken_log_in_is_a_wrong_one(desk: Served, header: str) -> None:
    assert ask(f"{desk.url}/rest/api/3/myself", headers={"Authorization": header}).status_code == 401


def test_nobody_gets_an_empty_search_from_a_cloud_site(desk: Served) -> None:
    answer = ask(f"{desk.url}/rest/api/3/search/jql", params=JQL)
    assert (answer.status_code, answer.json()) == (200, {"issues": [], "isLast": True})
    assert ask(f"{desk.url}/rest/api/3/issue/SUP-1").status_code == 404
    assert ask(f"{desk.url}/rest/api/3/myself").status_code == 401
    assert ask(f"{desk.url}/rest/servicedeskapi/request/SUP-1").json()["errorMessage"]
    assert ask(f"{desk.url}/rest/api/2/serverInfo").json()["deploymentType"] == "Cloud"


def test_a_search_that_is_not_there_says_so_also_to_nobody(desk: Served, server: Served) -> None:
    assert ask(f"{desk.url}/rest/api/3/search", params=JQL).status_code == 410
    assert ask(f"{server.url}/rest/api/3/search/jql", params=JQL).status_code == 404


@pytest.mark.parametrize("how", [{"headers": bearer("sandbox")}, {"auth": ("xmo", "sandbox")}])
def test_a_server_takes_a_personal_token_or_a_password(server: Served, how: Json) -> None:
    answer = ask(f"{server.url}/rest/api/2/myself", **how)
    assert (answer.json()["name"], answer.headers["X-AUSERNAME"]) == ("xmo", "xmo")
    assert "X-Seraph-LoginReason" not in answer.headers


@pytest.mark.parametrize("how", [{"headers": bearer("wrong")}, {"auth": ("xmo", "wrong")}, {}])
def test_a_server_answers_a_wrong_log_in_as_it_answers_nobody(server: Served, how: Json) -> None:
    answer = ask(f"{server.url}/rest/api/2/search", params=JQL, **how)
    assert answer.status_code == 200
    assert (answer.json()["issues"], answer.json()["total"]) == ([], 0)
    assert answer.headers["X-AUSERNAME"] == "anonymous"
    assert answer.headers.get("X-Seraph-LoginReason") == ("AUTHENTICATED_FAILED" if how else None)
    assert ask(f"{server.url}/rest/api/2/myself", **how).status_code == 401
    url = f"{server.url}/rest/api/2/issue/SUP-1/comment"
    assert requests.post(url, json={"body": "x"}, timeout=10, **how).status_code == 401
    assert server.switch("journal") == []


def test_an_access_token_opens_the_gateway_and_not_the_site(desk: Served) -> None:
    headers = bearer(token(desk)["access_token"])
    issue = ask(f"{desk.gateway}/rest/api/3/issue/SUP-1", headers=headers).json()
    assert issue["self"] == f"{desk.url}/rest/api/3/issue/10001"
    assert ask(f"{desk.gateway}/rest/servicedeskapi/request/SUP-1", headers=headers).status_code == 200
    answer = ask(f"{desk.url}/rest/api/3/issue/SUP-1", headers=headers)
    assert (answer.status_code, answer.json()["error"][:15]) == (403, "Failed to parse")
    assert ask(f"{desk.gateway}/rest/api/3/issue/SUP-1", auth=CLOUD_LOGIN).status_code == 200


def test_the_gateway_has_errors_of_its_own(desk: Served) -> None:
    answer = ask(f"{desk.gateway}/rest/api/3/myself", headers=bearer("nonsense"))
    assert (answer.status_code, answer.json()) == (401, {"code": 401, "message": "Unauthorized"})
    headers = bearer(token(desk)["access_token"])
    assert ask(f"{desk.url}/ex/jira/another/rest/api/3/myself", headers=headers).json()["code"] == 404


def test_a_token_leads_to_its_site(desk: Served) -> None:
    url = f"{desk.url}/oauth/token/accessible-resources"
    (site,) = ask(url, headers=bearer(token(desk)["access_token"])).json()
    assert (site["id"], site["url"]) == (CLOUD_ID, desk.url)
    assert "read:jira-work" in site["scopes"]
    assert ask(url, headers=bearer("nonsense")).status_code == 401


def test_a_refresh_token_is_good_for_one_use_and_takes_the_old_pair_with_it(desk: Served) -> None:
    first = token(desk)
    assert set(first) == {"access_token", "refresh_token", "expires_in", "scope", "token_type"}
    second = token(desk, first["refresh_token"])
    url = f"{desk.gateway}/rest/api/3/myself"
    statuses = [ask(url, headers=bearer(each["access_token"])).status_code for each in (first, second)]
    assert statuses == [401, 200]
    for used in ("sandbox", first["refresh_token"]):
        answer = requests.post(f"{desk.url}/oauth/token", json={**REFRESH, "refresh_token": used}, timeout=10)
        assert (answer.status_code, answer.json()["error"]) == (403, "unauthorized_client")


def test_an_access_token_lives_for_an_hour_of_real_time(desk: Served) -> None:
    headers = bearer(token(desk)["access_token"])
    desk.hand.seconds = LIFETIME - 1
    assert ask(f"{desk.gateway}/rest/api/3/myself", headers=headers).status_code == 200
    desk.hand.seconds = LIFETIME
    assert ask(f"{desk.gateway}/rest/api/3/myself", headers=headers).status_code == 401


def test_a_service_account_gets_a_token_without_a_refresh_token(desk: Served) -> None:
    answer = requests.post(
        f"{desk.url}/oauth/token", data={**CLIENT, "grant_type": "client_credentials"}, timeout=10
    ).json()
    assert "refresh_token" not in answer
    assert ask(f"{desk.gateway}/rest/api/3/myself", headers=bearer(answer["access_token"])).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {**REFRESH, "refresh_token": "sandbox", "client_secret": "wrong"},
        {**REFRESH, "refresh_token": "sandbox", "grant_type": "password"},
        REFRESH,
        {},
        [],
    ],
)
def test_a_token_request_that_is_not_right_is_refused(desk: Served, body: object) -> None:
    assert requests.post(f"{desk.url}/oauth/token", json=body, timeout=10).status_code == 403
    assert token(desk)["access_token"]
