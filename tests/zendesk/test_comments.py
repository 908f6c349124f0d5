"""Writing the question: one update with tag and comment, and finding it again."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import orjson
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.zendesk.conftest import Connect
from tests.zendesk.support import MARKER, Raw, answer, at, iso, known, message
from xmo_hooks import Conflict, Forbidden, Immutable, NotFound, Receipt, Unavailable, XmoError
from xmo_zendesk.comments import tag_of
from xmo_zendesk.source import Zendesk

CLOSED: Raw = {
    "error": "RecordInvalid",
    "description": "Record validation errors",
    "details": {"status": [{"description": "Status: closed prevents ticket update"}]},
}
CONFLICT: Raw = {"error": "UpdateConflict", "description": "Safe Update prevented the update"}


@dataclass
class Desk:
    """One ticket that can be read and written; `meddle` is how often others change it between reading and writing."""

    ticket: Raw = field(default_factory=lambda: {"id": 1, "status": "solved", "tags": ["vip"], "updated_at": iso(0)})
    comments: list[Raw] = field(default_factory=list)
    meddle: int = 0
    refusal: tuple[int, Raw] | None = None
    public: bool = True
    writes: list[Raw] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def __call__(self, request: Request) -> Response:
        self.asked.append(f"{request.method} {request.path.removeprefix('/api/v2/')}")
        if request.method == "PUT":
            return self._put(orjson.loads(request.data)["ticket"])
        if request.path.endswith("/comments"):
            return self._page(request)
        return answer({"ticket": self.ticket})

    def _page(self, request: Request) -> Response:
        assert request.args["sort"] == "-created_at"
        start, size = int(request.args.get("page[after]", 0)), int(request.args["page[size]"])
        rows = sorted(self.comments, key=lambda one: str(one["created_at"]), reverse=True)
        more = len(rows) > start + size
        meta = {"has_more": more, "after_cursor": str(start + size)}
        return answer({"comments": rows[start : start + size], "meta": meta})

    def _put(self, sent: Raw) -> Response:
        self.writes.append(sent)
        if self.refusal:
            return answer(self.refusal[1], self.refusal[0])
        if self.meddle:
            self.meddle -= 1
            self.ticket |= {"updated_at": iso(len(self.writes)), "tags": [*self.ticket["tags"], f"t{self.meddle}"]}
        if "safe_update" in sent and sent["updated_stamp"] != self.ticket["updated_at"]:
            return answer(CONFLICT, 409)
        self.ticket |= {"tags": sent["tags"], "updated_at": iso(99)}
        said = {"id": 4711, "type": "Comment", "public": self.public, "body": sent["comment"]["body"]}
        self.comments.append(said | {"created_at": iso(99), "metadata": sent["metadata"]})
        return answer({"ticket": self.ticket, "audit": {"id": 42, "created_at": iso(99), "events": [said]}})


def serve(httpserver: HTTPServer, desk: Desk) -> Desk:
    httpserver.expect_request(re.compile("/api/v2/tickets/1.*")).respond_with_handler(desk)
    return desk


def test_question_and_tag_go_in_one_safe_update(httpserver: HTTPServer, connect: Connect) -> None:
    desk = serve(httpserver, Desk())
    assert connect().comment(known(), message()) == Receipt(reference="4711", at=at(99))
    assert desk.writes == [
        {
            "comment": {"body": message().text, "public": True},
            "tags": ["vip", tag_of(MARKER)],
            "metadata": {"custom": {"xmo": MARKER}},
            "safe_update": True,
            "updated_stamp": iso(0),
        }
    ]


def test_a_tag_is_what_a_tag_may_be_and_tells_markers_apart() -> None:
    tag = tag_of(MARKER)
    assert re.fullmatch(r"xmo_[0-9a-f]{16}", tag)
    assert tag != tag_of(MARKER.swapcase())


def test_a_ticket_that_changed_meanwhile_is_read_again(httpserver: HTTPServer, connect: Connect) -> None:
    desk = serve(httpserver, Desk(meddle=2))
    connect().comment(known(), message())
    assert desk.asked == ["GET tickets/1", "PUT tickets/1"] * 3
    assert desk.ticket["tags"] == ["vip", "t1", "t0", tag_of(MARKER)]
    assert len(desk.comments) == 1


def test_what_is_written_already_is_not_written_again(httpserver: HTTPServer, connect: Connect) -> None:
    desk = serve(httpserver, Desk())
    source = connect()
    assert source.comment(known(), message()) == source.comment(known(), message())
    assert len(desk.writes) == 1


def test_after_three_conflicts_we_give_way(httpserver: HTTPServer, connect: Connect) -> None:
    desk = serve(httpserver, Desk(meddle=9))
    with pytest.raises(Conflict, match="changed by others each time"):
        connect().comment(known(), message())
    assert (len(desk.writes), desk.comments) == (3, [])


def test_a_closed_ticket_takes_no_comment(httpserver: HTTPServer, connect: Connect) -> None:
    desk = serve(httpserver, Desk(refusal=(422, CLOSED)))
    with pytest.raises(Immutable, match="1 is closed"):
        connect().comment(known(), message())
    assert len(desk.writes) == 1


def test_another_reason_for_a_refusal_is_said_as_it_is(httpserver: HTTPServer, connect: Connect) -> None:
    body: Raw = {"error": "RecordInvalid", "details": {"base": [{"description": "Field is needed"}]}}
    serve(httpserver, Desk(refusal=(422, body)))
    with pytest.raises(XmoError, match="did not understand") as refused:
        connect().comment(known(), message())
    assert not isinstance(refused.value, Immutable)


@pytest.mark.parametrize(
    ("status", "error"), [(403, Forbidden), (404, NotFound), (500, Unavailable), (503, Unavailable)]
)
def test_a_write_that_fails_is_not_repeated(
    httpserver: HTTPServer, connect: Connect, status: int, error: type[Exception]
) -> None:
    desk = serve(httpserver, Desk(refusal=(status, {"error": "x"})))
    with pytest.raises(error):
        connect().comment(known(), message())
    assert len(desk.writes) == 1


def test_a_success_that_wrote_nothing_is_a_failure(httpserver: HTTPServer, connect: Connect) -> None:
    desk = serve(httpserver, Desk())
    desk.refusal = (200, {"ticket": desk.ticket, "audit": {"id": 42, "events": []}})
    with pytest.raises(Forbidden, match="did not write it"):
        connect().comment(known(), message())


def test_an_internal_note_is_not_what_was_asked_for(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, Desk(public=False))
    with pytest.raises(Forbidden, match="internal note"):
        connect().comment(known(), message())


@pytest.mark.parametrize(("audit", "reference"), [({"id": 42}, "42"), (None, "1")])
def test_without_the_comments_id_the_receipt_names_the_audit_or_the_ticket(
    httpserver: HTTPServer, connect: Connect, audit: object, reference: str
) -> None:
    serve(httpserver, Desk(refusal=(200, {"ticket": {"tags": [tag_of(MARKER)]}, "audit": audit})))
    assert connect().comment(known(), message()) == Receipt(reference=reference)


def test_what_was_written_is_found_again(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, Desk())
    source = connect()
    assert source.find(known(), MARKER) is None
    receipt = source.comment(known(), message())
    assert source.find(known(), MARKER) == receipt
    assert source.find(known(), MARKER[:-1] + "_") is None


@pytest.mark.parametrize(
    "ours",
    [
        {"body": f"Hello\n[{MARKER}]"},
        {"body": None, "html_body": f"<p>[{MARKER}]</p>"},
        {"body": "Hello", "metadata": {"system": {}, "custom": {"xmo": MARKER}}},
    ],
)
def test_our_comment_is_known_by_text_or_metadata_on_any_page(
    httpserver: HTTPServer, connect: Connect, ours: Raw
) -> None:
    others = [{"id": n, "body": "Hi", "created_at": iso(n), "metadata": {"custom": {}}} for n in range(10, 240)]
    desk = serve(httpserver, Desk(comments=[*others, {"id": 5, "created_at": iso(1), **ours}]))
    assert connect().find(known(), MARKER) == Receipt(reference="5", at=at(1))
    assert desk.asked.count("GET tickets/1/comments") == 3


def test_the_tag_alone_tells_that_it_was_written(httpserver: HTTPServer, connect: Connect) -> None:
    desk = serve(httpserver, Desk(comments=[{"id": 5, "body": "[redacted]", "created_at": iso(1)}]))
    desk.ticket["tags"].append(tag_of(MARKER))
    assert connect().find(known(), MARKER) == Receipt(reference="1")


def test_a_closed_ticket_without_our_comment_is_said_so(httpserver: HTTPServer, connect: Connect) -> None:
    desk = serve(httpserver, Desk())
    desk.ticket["status"] = "closed"
    assert connect().find(known(), MARKER) is None


def test_a_ticket_that_is_gone_is_not_found(httpserver: HTTPServer, connect: Connect) -> None:
    desk = serve(httpserver, Desk())
    desk.ticket["status"] = "deleted"
    acts: list[Callable[[Zendesk], object]] = [
        lambda one: one.find(known(), MARKER),
        lambda one: one.comment(known(), message()),
    ]
    for act in acts:
        with pytest.raises(NotFound):
            act(connect())
    httpserver.clear()
    httpserver.expect_request("/api/v2/tickets/1").respond_with_json({"error": "RecordNotFound"}, status=404)
    with pytest.raises(NotFound):
        connect().find(known(), MARKER)


def test_a_write_that_is_sent_on_elsewhere_is_no_success(httpserver: HTTPServer, connect: Connect) -> None:
    elsewhere = httpserver.url_for("/api/v2/other")
    httpserver.expect_request("/api/v2/tickets/1", method="GET").respond_with_json({"ticket": {"id": 1, "tags": []}})
    moved = Response("", 302, {"Location": elsewhere})
    httpserver.expect_request("/api/v2/tickets/1", method="PUT").respond_with_response(moved)
    httpserver.expect_request("/api/v2/other").respond_with_json({"ticket": {"id": 1, "tags": [tag_of(MARKER)]}})
    with pytest.raises(Unavailable, match="redirects"):
        connect().comment(known(), message())
