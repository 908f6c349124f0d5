"""What travels: log-ins, who we are, both kinds of Jira, and whatever goes wrong between."""

import base64
from datetime import timedelta
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from tests.jira.conftest import Connect, Granted
from tests.jira.support import NOW, SEARCHES, Told, fetched, ids, issue, model, reply, serve, ticket
from xmo_hooks import AuthError, ConfigError, Forbidden, Message, RateLimited, Unavailable

QUERY, CHANGES = SEARCHES[0], "/rest/api/3/changelog/bulkfetch"
MYSELF, INFO = "/rest/api/3/myself", "/rest/api/2/serverInfo"
BOTH = pytest.mark.parametrize("cloud", [True, False], ids=["cloud", "server"])


def page(text: str, code: int = 200) -> Response:
    return Response(text, code, content_type="text/html")


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("way", "header"),
    [
        ({"username": "xmo@example.com", "token": "t0ken"}, basic("xmo@example.com:t0ken")),
        ({"username": "jürgen", "password": "pä§"}, basic("jürgen:pä§")),
        ({"token": "personal"}, "Bearer personal"),
    ],
)
def test_each_way_to_log_in_is_sent_with_every_request(
    httpserver: HTTPServer, connect: Connect, way: dict[str, str], header: str
) -> None:
    serve(httpserver, model(issue(1)))
    fetched(connect(**way))
    assert {request.headers["Authorization"] for request, _ in httpserver.log} == {header}


@pytest.mark.parametrize(("first", "kind"), [({"refresh_token": "r1"}, "refresh_token"), ({}, "client_credentials")])
def test_oauth_is_left_to_the_core(connect: Connect, first: dict[str, str], kind: str) -> None:
    source = connect(client_id="abc", client_secret="s3cret", token_url="http://127.0.0.1:9/oauth/token", **first)
    auth = source._client._session.auth
    assert isinstance(auth, Granted)
    assert auth.grant.token_url == "http://127.0.0.1:9/oauth/token"
    assert auth.grant.fields == {"grant_type": kind, "client_id": "abc", "client_secret": "s3cret"}
    assert auth.grant.refresh_token == first.get("refresh_token")
    assert auth.grant.as_json


def test_the_gateway_of_oauth_is_not_where_people_open_tickets(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, model(issue(1)))
    base = f"{httpserver.url_for('/ex/jira/1111-2222')}"
    source = connect(url=base, site_url="https://acme.atlassian.net", deployment="cloud")
    (page_,) = fetched(source)
    (ticket, *_) = source.parse(page_.rows[0])
    assert ticket.url == "https://acme.atlassian.net/browse/SUP-1"  # type: ignore[union-attr]
    assert {request.path.partition("/rest")[0] for request, _ in httpserver.log} == {"/ex/jira/1111-2222"}


@BOTH
def test_the_site_says_which_jira_it_is(httpserver: HTTPServer, connect: Connect, cloud: bool) -> None:
    site = serve(httpserver, model(issue(1), cloud=cloud))
    assert ids(fetched(connect())) == [1]
    assert {path for path, _ in site.asked if path in SEARCHES} == {SEARCHES[not cloud]}


@BOTH
def test_the_options_may_say_it_instead(httpserver: HTTPServer, connect: Connect, cloud: bool) -> None:
    site = serve(httpserver, model(issue(1), cloud=cloud))
    assert ids(fetched(connect(deployment="cloud" if cloud else "server"))) == [1]
    assert INFO not in [path for path, _ in site.asked]


@BOTH
def test_a_wrong_kind_in_the_options_is_a_mistake_that_says_its_remedy(
    httpserver: HTTPServer, connect: Connect, cloud: bool
) -> None:
    serve(httpserver, model(issue(1), cloud=cloud))
    with pytest.raises(ConfigError) as caught:
        fetched(connect(deployment="server" if cloud else "cloud"))
    assert "deployment" in caught.value.hint
    assert str(caught.value).startswith("This Jira does not know the search" if cloud else "There is no Jira")


@pytest.mark.parametrize(
    "headers",
    [
        {"X-AUSERNAME": "anonymous"},
        {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"},
        {"X-Seraph-LoginReason": "AUTHENTICATION_DENIED, OUT"},
    ],
)
def test_an_answer_to_nobody_is_a_refused_log_in(
    httpserver: HTTPServer, connect: Connect, headers: dict[str, str]
) -> None:
    serve(httpserver, model(cloud=False, headers=headers))
    source = connect()
    with pytest.raises(AuthError, match="answers nobody"):
        fetched(source)
    with pytest.raises(AuthError):
        source.gone(["10001"])


@pytest.mark.parametrize("me", [{}, {"displayName": "Anonymous"}, {"accountId": None}])
def test_an_account_without_a_name_is_nobody(httpserver: HTTPServer, connect: Connect, me: Any) -> None:
    site = serve(httpserver, model(issue(1)))
    site.before[MYSELF] = [reply(me)]
    with pytest.raises(AuthError, match="who we are"):
        fetched(connect())
    assert not site.searches()


def test_an_expired_token_is_named(httpserver: HTTPServer, connect: Connect) -> None:
    site = serve(httpserver, model(issue(1)))
    site.before[MYSELF] = [reply({"message": "Unauthorized"}, 401)]
    with pytest.raises(AuthError) as caught:
        fetched(connect())
    assert "expired" in caught.value.hint


def test_a_captcha_is_no_missing_right(httpserver: HTTPServer, connect: Connect) -> None:
    site = serve(httpserver, model(issue(1), cloud=False))
    denied = "CAPTCHA_CHALLENGE; login-url=http://127.0.0.1/login.jsp"
    site.before["/rest/api/2/myself"] = [reply({}, 403, **{"X-Authentication-Denied-Reason": denied})]
    with pytest.raises(AuthError, match="CAPTCHA") as caught:
        fetched(connect())
    assert "browser" in caught.value.hint
    site.before["/rest/api/2/myself"] = [reply({}, 403)]
    with pytest.raises(Forbidden):
        fetched(connect())


@pytest.mark.parametrize("path", [QUERY, CHANGES, MYSELF])
@pytest.mark.parametrize(
    "failure",
    [
        reply({"errorMessages": ["Rate limit exceeded"]}, 429, **{"Retry-After": "3"}),
        reply({}, 500),
        page("<h1>Bad gateway</h1>", 502),
        reply({}, 503),
        page("<html>Please wait</html>"),
        Response('{"issues": [', content_type="application/json"),
    ],
    ids=["429", "500", "502", "503", "html", "broken"],
)
def test_what_fails_in_passing_is_asked_again(
    httpserver: HTTPServer, connect: Connect, log: Told, path: str, failure: Response
) -> None:
    site = serve(httpserver, model(*(issue(n) for n in range(1, 6))))
    site.before[path] = [failure, failure]
    assert ids(fetched(connect())) == [1, 2, 3, 4, 5]
    assert [event for event, _ in log.infos].count("request is repeated") == 2


def test_what_goes_on_failing_stops_the_fetch_and_nothing_else_is_asked(
    httpserver: HTTPServer, connect: Connect
) -> None:
    site = serve(httpserver, model(issue(1)))
    site.before[QUERY] = [reply({}, 503) for _ in range(9)]
    with pytest.raises(Unavailable):
        fetched(connect())
    assert site.asked[-1][0] == QUERY
    assert sum(path == QUERY for path, _ in site.asked) == 6


def test_an_answer_that_stays_broken_stops_the_fetch(httpserver: HTTPServer, connect: Connect) -> None:
    site = serve(httpserver, model(issue(1)))
    site.before[QUERY] = [Response('{"issues": [', content_type="application/json") for _ in range(9)]
    with pytest.raises(Unavailable, match="not valid JSON"):
        fetched(connect())
    assert sum(path == QUERY for path, _ in site.asked) == 3


def test_a_quota_that_is_used_up_says_until_when(httpserver: HTTPServer, connect: Connect) -> None:
    site = serve(httpserver, model(issue(1)))
    reason = {"Retry-After": "1800", "RateLimit-Reason": "jira-quota-tenant-based"}
    site.before[QUERY] = [reply({}, 429, **reason)]
    with pytest.raises(RateLimited) as caught:
        fetched(connect())
    assert caught.value.until == NOW + timedelta(minutes=30)


@pytest.mark.parametrize("body", [{}, {"issues": None}, {"issues": ["10001"]}, []])
def test_a_page_without_a_list_of_tickets_is_not_taken_for_an_empty_one(
    httpserver: HTTPServer, connect: Connect, body: Any
) -> None:
    site = serve(httpserver, model(issue(1)))
    site.searcher = lambda _: body
    with pytest.raises(Unavailable):
        fetched(connect())


def test_a_data_center_that_does_not_count_is_not_taken_for_empty(httpserver: HTTPServer, connect: Connect) -> None:
    site = serve(httpserver, model(issue(1), cloud=False))
    site.searcher = lambda _: {"issues": []}
    with pytest.raises(Unavailable, match="how many"):
        fetched(connect())


@pytest.mark.parametrize("path", [QUERY, "/rest/servicedeskapi/request/10001/comment"])
def test_a_redirect_is_not_followed_by_a_post(httpserver: HTTPServer, connect: Connect, path: str) -> None:
    site = serve(httpserver, model(issue(1)))
    site.before[path] = [reply({}, 302, Location=httpserver.url_for("/rest/elsewhere")) for _ in range(9)]
    with pytest.raises(Unavailable, match="redirects"):
        fetched(connect()) if path == QUERY else connect().comment(ticket(), Message(marker="m", text="t"))
    assert "/rest/elsewhere" not in [path for path, _ in site.asked]


def test_an_address_without_a_jira_is_a_mistake_in_the_config(httpserver: HTTPServer, connect: Connect) -> None:
    httpserver.expect_request("/rest/api/2/serverInfo").respond_with_data("", status=404)
    with pytest.raises(ConfigError, match="no Jira") as caught:
        fetched(connect())
    assert "/jira" in caught.value.hint


def test_no_secret_stands_in_an_error_or_a_log(httpserver: HTTPServer, connect: Connect, log: Told) -> None:
    site = serve(httpserver, model(issue(1)))
    site.before[QUERY] = [reply({"errorMessages": ["no"]}, 503) for _ in range(9)]
    with pytest.raises(Unavailable) as caught:
        fetched(connect(username="xmo@example.com", token="t0p-s3cret"))
    told = f"{caught.value} {caught.value.hint} {log.infos}"
    assert "t0p-s3cret" not in told
    assert "xmo@example.com" not in told
    assert "t0p-s3cret" not in repr(connect(username="x", token="t0p-s3cret")._options)
