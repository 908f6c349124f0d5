"""Comments: written once where the requester sees them, and found again among all of a ticket."""

from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests.jira.conftest import Connect
from tests.jira.support import Model, Raw, at, comment, issue, model, reply, serve, ticket
from xmo_hooks import Forbidden, Immutable, Message, NotFound, Receipt, Unavailable, XmoError
from xmo_jira.adf import to_document

MARKER = "xmo:AAAAAAAAAAAAAAAA"
LINK = "https://xmo.example.com/a/k1.s2"
MESSAGE = Message(marker=MARKER, text=f"How did we do? {LINK}\n\n[{MARKER}]")
REQUEST = "/rest/servicedeskapi/request/10001/comment"
PLATFORM = "/rest/api/3/issue/10001/comment"
BOTH = pytest.mark.parametrize("cloud", [True, False], ids=["cloud", "server"])


def desk(httpserver: HTTPServer, **values: Any) -> Model:
    return serve(httpserver, model(issue(1), **values))


def posts(site: Model) -> list[tuple[str, Any]]:
    return [(path, body) for path, body in site.asked if path.endswith("/comment") and "body" in body]


def test_a_question_is_a_public_comment_on_the_request(httpserver: HTTPServer, connect: Connect) -> None:
    site = desk(httpserver)
    assert connect().comment(ticket(), MESSAGE) == Receipt(reference="500", at=at(7))
    assert posts(site) == [(REQUEST, {"body": MESSAGE.text, "public": True})]


def test_service_management_tells_times_in_its_own_way(httpserver: HTTPServer, connect: Connect) -> None:
    site = desk(httpserver)
    created = {"iso8601": "2026-01-01T01:00:07+0100", "epochMillis": 1_767_225_607_000, "friendly": "heute"}
    site.before[REQUEST] = [reply({"id": "1000", "public": True, "created": created}, 201)]
    assert connect().comment(ticket(), MESSAGE) == Receipt(reference="1000", at=at(7))


def test_on_an_issue_of_cloud_it_is_a_document_with_the_marker_as_its_property(
    httpserver: HTTPServer, connect: Connect
) -> None:
    site = desk(httpserver, requests=False)
    assert connect().comment(ticket(), MESSAGE).reference == "500"
    (_, (path, body)) = posts(site)
    assert path == PLATFORM
    assert body["body"] == to_document(MESSAGE.text)
    assert body["properties"] == [{"key": "xmo.survey", "value": {"marker": MARKER}}]


def test_on_an_issue_of_data_center_it_is_a_text(httpserver: HTTPServer, connect: Connect) -> None:
    site = desk(httpserver, cloud=False)
    connect(service_desk=False).comment(ticket(), MESSAGE)
    ((path, body),) = posts(site)
    assert (path, body["body"]) == ("/rest/api/2/issue/10001/comment", MESSAGE.text)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (404, ""),
        (400, "Issue SUP-1 is not a service desk request"),
        (403, "This issue is not a customer request."),
        (400, "The customer request does not exist."),
    ],
)
def test_an_issue_that_is_no_request_gets_a_comment_of_its_own(
    httpserver: HTTPServer, connect: Connect, code: int, said: str
) -> None:
    site = desk(httpserver)
    site.before[REQUEST] = [reply({"errorMessage": said}, code)]
    connect().comment(ticket(), MESSAGE)
    assert [path for path, _ in posts(site)] == [REQUEST, PLATFORM]


def test_a_missing_right_is_not_taken_for_a_missing_request(httpserver: HTTPServer, connect: Connect) -> None:
    site = desk(httpserver)
    site.before[REQUEST] = [reply({"errorMessage": "You do not have permission to view this request."}, 403)]
    with pytest.raises(Forbidden):
        connect().comment(ticket(), MESSAGE)
    assert len(posts(site)) == 1


def test_where_the_options_say_request_no_issue_is_tried(httpserver: HTTPServer, connect: Connect) -> None:
    site = desk(httpserver, requests=False)
    with pytest.raises(NotFound):
        connect(service_desk=True).comment(ticket(), MESSAGE)
    assert len(posts(site)) == 1


@pytest.mark.parametrize("code", [429, 500, 503])
def test_a_write_is_never_repeated(httpserver: HTTPServer, connect: Connect, code: int) -> None:
    site = desk(httpserver)
    site.before[REQUEST] = [reply({}, code)]
    with pytest.raises(XmoError):
        connect().comment(ticket(), MESSAGE)
    assert [path for path, _ in posts(site)] == [REQUEST]


def test_an_accepted_write_with_a_broken_answer_is_found_by_its_marker(
    httpserver: HTTPServer, connect: Connect
) -> None:
    site = desk(httpserver)
    site.comments = [comment(1, 5), comment(2, 7, text=MESSAGE.text), comment(3, 9)]
    broken = reply({}, 201)
    broken.data = b'{"id": "10'
    site.before[REQUEST] = [broken]
    source = connect()
    with pytest.raises(Unavailable):
        source.comment(ticket(), MESSAGE)
    assert source.find(ticket(), MARKER) == Receipt(reference="2", at=at(7))


@pytest.mark.parametrize("hidden", [{"public": False}, {"jsdPublic": False}])
def test_a_comment_that_became_an_internal_note_is_not_taken_for_sent(
    httpserver: HTTPServer, connect: Connect, hidden: Raw
) -> None:
    site = desk(httpserver)
    site.before[REQUEST] = [reply({"id": "1000", **hidden}, 201)]
    with pytest.raises(Forbidden, match="internal note"):
        connect().comment(ticket(), MESSAGE)


@pytest.mark.parametrize(
    ("code", "state", "error"),
    [
        (403, "resolved", Forbidden),
        (400, "resolved", Forbidden),
        (403, "closed", Immutable),
        (400, "cancelled", Immutable),
        (413, "resolved", Immutable),
        (409, "resolved", XmoError),
    ],
)
def test_a_refusal_says_whether_another_try_can_help(
    httpserver: HTTPServer, connect: Connect, code: int, state: str, error: type[XmoError]
) -> None:
    site = desk(httpserver)
    site.before[PLATFORM] = [reply({"errorMessages": ["No"], "errors": {}}, code)]
    with pytest.raises(error):
        connect(service_desk=False).comment(ticket(state=state), MESSAGE)


def test_a_message_that_is_too_long_is_refused_before_it_is_sent(httpserver: HTTPServer, connect: Connect) -> None:
    site = desk(httpserver)
    with pytest.raises(Forbidden, match="too long"):
        connect().comment(ticket(), Message(marker=MARKER, text="x" * 32_768))
    assert posts(site) == []


@BOTH
@pytest.mark.parametrize(
    "ours",
    [
        comment(2, 7, text=MESSAGE.text),
        comment(2, 7, text=to_document(MESSAGE.text)),
        comment(2, 7, text="Edited", properties=[{"key": "xmo.survey", "value": {"marker": MARKER}}]),
    ],
)
def test_a_comment_is_found_by_its_text_or_its_property(
    httpserver: HTTPServer, connect: Connect, cloud: bool, ours: Raw
) -> None:
    site = desk(httpserver, cloud=cloud)
    site.comments = [comment(1, 5), ours, comment(3, 9)]
    assert connect().find(ticket(), MARKER) == Receipt(reference="2", at=at(7))


@pytest.mark.parametrize(
    "other",
    [
        comment(2, 7, text="xmo:BBBBBBBBBBBBBBBB"),
        comment(2, 7, text=f"{MARKER}A"),
        comment(2, 7, properties=[{"key": "xmo.survey", "value": {"marker": "xmo:BBBBBBBBBBBBBBBB"}}]),
        comment(2, 7, properties=[{"key": "xmo.survey", "value": None}, None]),
        comment(2, 7, text=None),
    ],
)
def test_another_comment_is_not_taken_for_ours(httpserver: HTTPServer, connect: Connect, other: Raw) -> None:
    desk(httpserver).comments = [other]
    assert connect().find(ticket(), MARKER) is None


@BOTH
def test_all_comments_are_looked_at_the_newest_first(httpserver: HTTPServer, connect: Connect, cloud: bool) -> None:
    site = desk(httpserver, cloud=cloud, cap=10)
    site.comments = [comment(1, 1, text=MESSAGE.text), *(comment(n, n) for n in range(2, 36))]
    assert connect().find(ticket(), MARKER) == Receipt(reference="1", at=at(1))
    looks = [body for path, body in site.asked if path.endswith("/comment")]
    assert [look["startAt"] for look in looks] == ["0", "10", "20", "30"]
    assert {(look["orderBy"], look["expand"]) for look in looks} == {("-created", "properties")}


def test_a_ticket_that_is_gone_is_not_one_without_our_comment(httpserver: HTTPServer, connect: Connect) -> None:
    desk(httpserver)
    with pytest.raises(NotFound):
        connect().find(ticket(key="10002"), MARKER)
    with pytest.raises(NotFound, match="no id of Jira"):
        connect().find(ticket(key="../10001"), MARKER)


def test_the_site_is_looked_at_once_for_all_comments(httpserver: HTTPServer, connect: Connect) -> None:
    site = desk(httpserver)
    source = connect()
    for _ in range(3):
        assert source.find(ticket(), MARKER) is None
        source.comment(ticket(), Message(marker="xmo:CCCCCCCCCCCCCCCC", text="Hello"))
    assert sum(path.endswith(("/myself", "/serverInfo")) for path, _ in site.asked) == 2
