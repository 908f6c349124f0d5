"""Who comes in: basic log-in and tokens."""

import pytest
import requests

from tests.servicenow_sandbox.support import Served

CLIENT = {"client_id": "xmo", "client_secret": "sandbox"}
PERSON = {"grant_type": "password", "username": "xmo", "password": "sandbox"}
REFUSED = {"message": "User Not Authenticated", "detail": "Required to provide Auth information"}


def token(desk: Served, form: dict[str, str], auth: tuple[str, str] | None = None) -> requests.Response:
    return requests.post(f"{desk.url}/oauth_token.do", data=form, auth=auth, timeout=10)


def status(desk: Served, authorization: str) -> int:
    headers = {"Authorization": authorization} if authorization else {}
    return requests.get(f"{desk.url}/api/now/table/incident", headers=headers, timeout=10).status_code


@pytest.mark.parametrize("wrong", ["", "Basic eG1vOndyb25n", "Basic eG1v", "Basic \u00fc", "Bearer nobody", "Digest x"])
def test_a_wrong_log_in_gets_401_and_the_envelope(desk: Served, wrong: str) -> None:
    headers = {"Authorization": wrong.encode("latin-1")} if wrong else {}
    response = requests.get(f"{desk.url}/api/now/table/incident", headers=headers, timeout=10)
    assert response.status_code == 401
    assert response.json() == {"error": REFUSED, "status": "failure"}


def test_a_password_buys_a_token_and_a_refresh_token_the_next(desk: Served) -> None:
    first = token(desk, PERSON | CLIENT).json()
    assert (first["token_type"], first["scope"], first["expires_in"]) == ("Bearer", "useraccount", 1799)
    assert status(desk, f"Bearer {first['access_token']}") == 200
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"], "params": "stray"}
    second = token(desk, form | CLIENT).json()
    assert second["access_token"] != first["access_token"]
    assert status(desk, f"bearer {second['access_token']}") == 200


def test_a_client_may_name_itself_by_basic_log_in(desk: Served) -> None:
    assert token(desk, PERSON, auth=("xmo", "sandbox")).status_code == 200


def test_client_credentials_bring_no_refresh_token(desk: Served) -> None:
    answer = token(desk, {"grant_type": "client_credentials"} | CLIENT).json()
    assert "refresh_token" not in answer
    assert status(desk, f"Bearer {answer['access_token']}") == 200


def test_a_token_runs_out(desk: Served) -> None:
    access = token(desk, PERSON | CLIENT).json()["access_token"]
    desk.hand.seconds += 1798
    assert status(desk, f"Bearer {access}") == 200
    desk.hand.seconds += 1
    assert status(desk, f"Bearer {access}") == 401


@pytest.mark.parametrize(
    "form",
    [
        {},
        PERSON,
        CLIENT,
        PERSON | CLIENT | {"password": "wrong"},
        PERSON | CLIENT | {"client_secret": "wrong"},
        CLIENT | {"grant_type": "refresh_token", "refresh_token": "guessed"},
        CLIENT | {"grant_type": "implicit"},
    ],
)
def test_a_wrong_token_request_is_refused(desk: Served, form: dict[str, str]) -> None:
    response = token(desk, form)
    assert (response.status_code, response.json()["error"]) == (401, "access_denied")
