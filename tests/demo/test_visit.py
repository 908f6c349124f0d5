"""A visit to a page that asks: what the made-up people send, over real HTTP."""

from collections.abc import Iterator

import pytest
from pytest_httpserver import HTTPServer
from requests import HTTPError
from werkzeug import Request, Response

from xmo_demo import respondents
from xmo_demo.respondents import Deed, Facts
from xmo_demo.vendor import Question
from xmo_demo.visit import Browser
from xmo_hooks import XmoError

ASK = """<form method="post" action="/a/T"><input type="radio" name="feeling" value="very_bad"></form>
<form id="decline" method="post" action="/a/T/decline"></form>"""
NEVER = '<form method="post" action="/a/T/never"><button>Never</button></form>'
HARD = {"hand_offs": 3, "days": 9.0, "missed": True, "service": respondents.WEAK, "reopens": 0}


def _facts(deed: Deed) -> Facts:
    every: Iterator[Facts] = (Facts(number=f"INC{n}", **HARD) for n in range(10_000))  # type: ignore[arg-type]
    return next(facts for facts in every if respondents.deed(facts) == deed)


def _question(server: HTTPServer, deed: Deed) -> Question:
    return Question(link=server.url_for("/a/T"), never=server.url_for("/a/T/never"), facts=_facts(deed))


def _requests(server: HTTPServer) -> list[str]:
    return [f"{request.method} {request.path} {request.get_data(as_text=True)}".strip() for request, _ in server.log]


def _thanks(server: HTTPServer, path: str) -> None:
    see_other = Response(status=303, headers={"Location": "/a/T/done"})
    server.expect_request(path, method="POST").respond_with_response(see_other)
    server.expect_request("/a/T/done", method="GET").respond_with_data("<h1>Thank you.</h1>")


def test_who_answers_opens_the_link_sends_the_form_and_is_thanked(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/a/T", method="GET").respond_with_data(ASK)
    _thanks(httpserver, "/a/T")
    assert Browser().react(_question(httpserver, "answer")) == "answer"
    assert _requests(httpserver) == ["GET /a/T", "POST /a/T feeling=very_bad", "GET /a/T/done"]


def test_who_would_rather_not_say_sends_that_form(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/a/T", method="GET").respond_with_data(ASK)
    _thanks(httpserver, "/a/T/decline")
    assert Browser().react(_question(httpserver, "decline")) == "decline"
    assert _requests(httpserver) == ["GET /a/T", "POST /a/T/decline", "GET /a/T/done"]


def test_who_never_wants_to_be_asked_again_confirms_it(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/a/T/never", method="GET").respond_with_data(NEVER)
    _thanks(httpserver, "/a/T/never")
    assert Browser().react(_question(httpserver, "never")) == "never"
    assert _requests(httpserver) == ["GET /a/T/never", "POST /a/T/never", "GET /a/T/done"]


def test_who_does_nothing_opens_nothing(httpserver: HTTPServer) -> None:
    assert Browser().react(_question(httpserver, "nothing")) == "nothing"
    assert _requests(httpserver) == []


def test_a_survey_that_never_ends_is_told(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/a/T").respond_with_data(ASK)
    with pytest.raises(XmoError, match="never came to an end"):
        Browser().react(_question(httpserver, "answer"))


def test_a_page_that_lacks_the_way_out_is_told(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/a/T").respond_with_data("<p>Nothing here</p>")
    with pytest.raises(XmoError, match="has not the form"):
        Browser().react(_question(httpserver, "decline"))


def test_a_page_that_fails_stops_the_demo(httpserver: HTTPServer) -> None:
    def fail(_: Request) -> Response:
        return Response(status=500)

    httpserver.expect_request("/a/T").respond_with_handler(fail)
    with pytest.raises(HTTPError):
        Browser().react(_question(httpserver, "answer"))
