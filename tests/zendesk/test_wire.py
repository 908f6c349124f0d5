"""What goes over the wire: the ways of logging in, and answers of 200 that are not what they seem."""

from base64 import b64decode

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from tests.zendesk.conftest import Connect
from tests.zendesk.support import URL, Account, Granted, Told, fetched, options, serve
from xmo_core.http import Session
from xmo_hooks import AuthError, Grant, Tools, Unavailable
from xmo_zendesk.source import Zendesk

EXPORT = "/api/v2/incremental/tickets/cursor"


def sent(httpserver: HTTPServer) -> str:
    return httpserver.log[0][0].headers["Authorization"]


def test_an_api_token_is_sent_as_the_password_of_the_token_user(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, Account())
    fetched(connect(username="xmö@example.org", token="t0ken"))
    way, _, code = sent(httpserver).partition(" ")
    assert (way, b64decode(code).decode()) == ("Basic", "xmö@example.org/token:t0ken")


def test_an_access_token_is_sent_as_bearer(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, Account())
    fetched(connect(token="abc.def"))
    assert sent(httpserver) == "Bearer abc.def"


def test_oauth_is_the_cores(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, Account())
    fetched(connect(client_id="xmo", client_secret="s"))
    assert sent(httpserver) == "Bearer client_credentials"


def grant(log: Told, session: Session, **values: str) -> Grant:
    grants: list[Grant] = []

    def oauth(one: Grant) -> Granted:
        grants.append(one)
        return Granted(one)

    Zendesk(options(**values), Tools(session=session, now=lambda: None, log=log, oauth=oauth))  # type: ignore[arg-type,return-value]
    return grants[0]


def test_a_grant_is_posted_as_json_to_the_accounts_own_address(connect: Connect, log: Told) -> None:
    session = connect()._tools.session
    assert grant(log, session, client_id="xmo", client_secret="s") == Grant(  # type: ignore[arg-type]
        token_url=f"{URL}/oauth/tokens",
        fields={"grant_type": "client_credentials", "client_id": "xmo", "client_secret": "s", "scope": "read write"},
        as_json=True,
    )
    assert grant(log, session, client_id="xmo", client_secret="s", refresh_token="r") == Grant(  # type: ignore[arg-type]
        token_url=f"{URL}/oauth/tokens",
        fields={"grant_type": "refresh_token", "client_id": "xmo", "client_secret": "s"},
        refresh_token="r",
        as_json=True,
    )


def test_a_log_in_that_is_refused_stops_the_fetch(httpserver: HTTPServer, connect: Connect) -> None:
    httpserver.expect_request(EXPORT).respond_with_json({"error": "Couldn't authenticate you"}, status=401)
    with pytest.raises(AuthError, match="Couldn't authenticate you"):
        fetched(connect())
    assert len(httpserver.log) == 1


@pytest.mark.parametrize(
    "odd",
    [
        Response("<html>Sign in</html>", content_type="text/html"),
        Response('{"tickets": [', content_type="application/json"),
        Response("[]", content_type="application/json"),
        Response("{}", content_type="application/json"),
        Response('{"tickets": [1]}', content_type="application/json"),
        Response("", status=304),
    ],
)
def test_a_success_without_data_is_none(httpserver: HTTPServer, connect: Connect, odd: Response) -> None:
    httpserver.expect_request(EXPORT).respond_with_response(odd)
    with pytest.raises(Unavailable):
        fetched(connect())
