"""Who may come in: the API token, and access tokens of two grants, with a rotation that leaves no way back."""

from typing import Any

import pytest
import requests

from tests.zendesk_sandbox.support import Row, Served

CLIENT = {"client_id": "xmo", "client_secret": "sandbox"}
REFRESH = {**CLIENT, "grant_type": "refresh_token", "refresh_token": "sandbox-refresh"}
SERVER = {**CLIENT, "grant_type": "client_credentials", "scope": "read write"}


def ask(desk: Served, **sent: object) -> requests.Response:
    return requests.post(f"{desk.url}/oauth/tokens", json=sent, timeout=10)


def token(desk: Served, **sent: object) -> Row:
    response = ask(desk, **sent)
    assert response.status_code == 201, response.text
    body: Row = response.json()
    return body


def call(desk: Served, access: str, method: str = "GET", path: str = "tickets/11", **more: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {access}"}
    return requests.request(method, f"{desk.url}/api/v2/{path}", headers=headers, timeout=10, **more)


@pytest.mark.parametrize("header", ["", "Basic", "Basic %", "Basic eG1v", "Digest abc", "Basic eG1vOnNhbmRib3g="])
def test_a_wrong_log_in_is_refused(desk: Served, header: str) -> None:
    headers = {"Authorization": header} if header else {}
    response = requests.get(f"{desk.url}/api/v2/users/me", headers=headers, timeout=10)
    assert response.status_code == 401
    assert response.json() == {"error": "Couldn't authenticate you"}


def test_the_api_token_lets_in_as_an_admin(desk: Served) -> None:
    user = desk.json("users/me.json")["user"]
    assert (user["email"], user["role"]) == ("xmo@example.org", "admin")


def test_a_refresh_gives_a_new_pair_and_deletes_the_old_one(desk: Served) -> None:
    first = token(desk, **REFRESH, expires_in=3600)
    assert (first["token_type"], first["scope"], first["expires_in"]) == ("bearer", "read write", 3600)
    assert first["refresh_token_expires_in"] == 2_592_000
    assert call(desk, first["access_token"]).status_code == 200
    second = token(desk, **{**REFRESH, "refresh_token": first["refresh_token"]})
    assert len({first["access_token"], second["access_token"], first["refresh_token"], second["refresh_token"]}) == 4
    lost = call(desk, first["access_token"])
    assert (lost.status_code, lost.json()["error"]) == (401, "invalid_token")
    assert call(desk, second["access_token"]).status_code == 200
    for used in ("sandbox-refresh", first["refresh_token"]):
        again = ask(desk, **{**REFRESH, "refresh_token": used})
        assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_a_token_ends_after_the_seconds_that_were_asked_for(desk: Served) -> None:
    access = token(desk, **SERVER, expires_in=300)["access_token"]
    desk.hand.seconds = 299
    assert call(desk, access).status_code == 200
    desk.hand.seconds = 300
    assert call(desk, access).status_code == 401


def test_a_token_without_an_end_stays_good(desk: Served) -> None:
    answer = token(desk, **SERVER)
    assert "expires_in" not in answer
    desk.hand.seconds = 10**9
    assert call(desk, answer["access_token"]).status_code == 200


def test_all_tokens_can_be_ended_at_once_and_the_refresh_token_stays(desk: Served) -> None:
    first = token(desk, **REFRESH)
    assert desk.put("tokens", {}).status_code == 200
    assert call(desk, first["access_token"]).status_code == 401
    second = token(desk, **{**REFRESH, "refresh_token": first["refresh_token"]})
    assert call(desk, second["access_token"]).status_code == 200


def test_client_credentials_bring_no_refresh_token(desk: Served) -> None:
    assert set(token(desk, **SERVER)) == {"access_token", "token_type", "scope"}


@pytest.mark.parametrize("scope", ["read", "tickets:read"])
def test_a_token_for_reading_does_not_write(desk: Served, scope: str) -> None:
    access = token(desk, **{**SERVER, "scope": scope})["access_token"]
    assert call(desk, access).status_code == 200
    response = call(desk, access, "PUT", json={"ticket": {"comment": {"body": "x"}}})
    assert response.status_code == 403
    assert response.json()["description"] == "You are missing the following required scopes: write"
    assert desk.journal() == []


@pytest.mark.parametrize(
    ("sent", "status", "error"),
    [
        ({**SERVER, "client_secret": "wrong"}, 401, "invalid_client"),
        ({**SERVER, "client_id": "wrong"}, 401, "invalid_client"),
        ({**SERVER, "scope": ""}, 400, "invalid_scope"),
        ({**SERVER, "expires_in": 299}, 400, "invalid_request"),
        ({**SERVER, "expires_in": 172_801}, 400, "invalid_request"),
        ({**SERVER, "expires_in": "soon"}, 400, "invalid_request"),
        ({**REFRESH, "refresh_token": "wrong"}, 400, "invalid_grant"),
        ({**REFRESH, "expires_in": 1}, 400, "invalid_request"),
        ({**CLIENT, "grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_a_request_for_a_token_that_makes_no_sense_is_refused(
    desk: Served, sent: dict[str, object], status: int, error: str
) -> None:
    response = ask(desk, **sent)
    assert (response.status_code, response.json()["error"]) == (status, error)
    assert token(desk, **REFRESH)["access_token"]


def test_a_request_for_a_token_is_json(desk: Served) -> None:
    url = f"{desk.url}/oauth/tokens"
    for more in ({"data": REFRESH}, {"data": b"{", "headers": {"Content-Type": "application/json"}}, {"json": [1]}):
        response = requests.post(url, timeout=10, **more)
        assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
