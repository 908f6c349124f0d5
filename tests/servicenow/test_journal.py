"""Comments: written once, found again, and never taken for written or missing when that is not known."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from tests.servicenow.conftest import Connect
from tests.servicenow.support import stamp, sys_id, ticket
from xmo_hooks import Forbidden, Immutable, Message, NotFound, Receipt, Unavailable, XmoError

MARKER = "[xmo:4f2a]"
MESSAGE = Message(marker=MARKER, text=f"How did we do? {MARKER}")
JOURNAL = "/api/now/table/sys_journal_field"
RECORD = f"/api/now/table/incident/{sys_id(1)}"


def entry(**columns: Any) -> dict[str, Any]:
    one = {"sys_id": sys_id(77), "element_id": sys_id(1), "value": MESSAGE.text, "sys_created_on": stamp(7)}
    return {name: value for name, value in {**one, **columns}.items() if value is not None}


def journal(httpserver: HTTPServer, rows: list[dict[str, Any]], total: int | None = None) -> None:
    headers = {"X-Total-Count": str(len(rows) if total is None else total)}
    httpserver.expect_request(JOURNAL).respond_with_json({"result": rows}, headers=headers)


def record(
    httpserver: HTTPServer, *, state: str = "6", count: str = "4", then: Response | None = None, path: str = RECORD
) -> None:
    one = {"sys_id": sys_id(1), "sys_mod_count": count, "sys_updated_on": stamp(5), "state": state}
    after = {**one, "sys_mod_count": "5", "sys_updated_on": stamp(8)}
    answer = then or Response(json.dumps({"result": after}), mimetype="application/json")
    httpserver.expect_request(path, method="GET").respond_with_json({"result": one})
    httpserver.expect_request(path, method="PATCH").respond_with_response(answer)


def refusal(status: int) -> Response:
    return Response('{"error":{"message":"Operation Failed"}}', status, mimetype="application/json")


def test_a_marker_is_found_in_the_comments_of_its_ticket(httpserver: HTTPServer, connect: Connect) -> None:
    journal(httpserver, [entry()])
    found = connect().find(ticket(), MARKER)
    assert found == Receipt(reference=sys_id(1), at=datetime(2026, 1, 1, 0, 0, 7, tzinfo=UTC))
    query = httpserver.log[0][0].args["sysparm_query"]
    assert query.startswith(f"element=comments^element_id={sys_id(1)}^valueLIKE{MARKER}^")


def test_a_marker_that_is_not_there_is_not_found(httpserver: HTTPServer, connect: Connect) -> None:
    journal(httpserver, [])
    assert connect().find(ticket(), MARKER) is None


@pytest.mark.parametrize("row", [entry(value="Another comment"), entry(element_id=sys_id(2))])
def test_a_comment_that_came_although_it_does_not_match_is_not_taken_for_ours(
    httpserver: HTTPServer, connect: Connect, row: dict[str, Any]
) -> None:
    journal(httpserver, [row])
    assert connect().find(ticket(), MARKER) is None


@pytest.mark.parametrize(("rows", "total"), [([], 1), ([entry(value=None)], 1), ([entry(value="Another")], 30)])
def test_a_comment_that_cannot_be_read_is_not_taken_for_none(
    httpserver: HTTPServer, connect: Connect, rows: list[dict[str, Any]], total: int
) -> None:
    journal(httpserver, rows, total)
    with pytest.raises(Forbidden, match="INC0001 may hold this question already"):
        connect().find(ticket(), MARKER)


def test_a_marker_that_would_change_the_query_is_refused(httpserver: HTTPServer, connect: Connect) -> None:
    with pytest.raises(XmoError, match="cannot stand in a query"):
        connect().find(ticket(), "x^ORelement=work_notes")
    assert httpserver.log == []


def test_a_comment_is_written_once_for_the_requester_to_see(httpserver: HTTPServer, connect: Connect) -> None:
    record(httpserver)
    receipt = connect().comment(ticket(), MESSAGE)
    assert receipt == Receipt(reference=sys_id(1), at=datetime(2026, 1, 1, 0, 0, 8, tzinfo=UTC))
    (write,) = [request for request, _ in httpserver.log if request.method == "PATCH"]
    assert write.get_json() == {"comments": MESSAGE.text}


def test_a_comment_that_the_vendor_ignores_is_not_taken_for_written(httpserver: HTTPServer, connect: Connect) -> None:
    record(httpserver, count="5")
    with pytest.raises(Forbidden, match="did not write it"):
        connect().comment(ticket(), MESSAGE)


@pytest.mark.parametrize("state", ["7", "8"])
def test_a_closed_ticket_that_takes_no_comment_is_immutable(
    httpserver: HTTPServer, connect: Connect, state: str
) -> None:
    record(httpserver, state=state, then=refusal(403))
    with pytest.raises(Immutable, match="INC0001 has ended"):
        connect().comment(ticket(), MESSAGE)


def test_whether_a_ticket_has_ended_is_told_by_the_states_of_its_own_table(
    httpserver: HTTPServer, connect: Connect
) -> None:
    source = connect(tables=["incident", {"name": "u_case", "kind": "case", "states": {"107": "closed"}}])
    for table, kind, error in [
        ("incident", "incident", Forbidden),
        ("u_case", "incident", Immutable),
        ("u_child", "case", Immutable),
        ("u_child", "incident", Forbidden),
    ]:
        record(httpserver, state="107", then=refusal(403), path=f"/api/now/table/{table}/{sys_id(1)}")
        with pytest.raises(error):
            source.comment(ticket(vendor_type=table, kind=kind), MESSAGE)


@pytest.mark.parametrize(("status", "error"), [(403, Forbidden), (404, NotFound)])
def test_a_refusal_of_an_open_ticket_stays_what_it_is(
    httpserver: HTTPServer, connect: Connect, status: int, error: type[Exception]
) -> None:
    record(httpserver, then=refusal(status))
    with pytest.raises(error):
        connect().comment(ticket(), MESSAGE)


@pytest.mark.parametrize(
    "odd",
    [
        Response("<html>Sign in", mimetype="text/html"),
        Response('{"result":{}', mimetype="application/json"),
        Response('{"result":{"sys_id":"1"},"status":"failure"}', mimetype="application/json"),
        Response('{"result":[]}', mimetype="application/json"),
    ],
)
def test_an_odd_answer_to_a_write_is_neither_a_success_nor_repeated(
    httpserver: HTTPServer, connect: Connect, odd: Response
) -> None:
    record(httpserver, then=odd)
    with pytest.raises(Unavailable):
        connect().comment(ticket(), MESSAGE)
    assert [request.method for request, _ in httpserver.log] == ["GET", "PATCH"]


def test_a_write_that_is_sent_elsewhere_is_not_turned_into_a_read(httpserver: HTTPServer, connect: Connect) -> None:
    record(httpserver, then=Response("", 302, {"Location": RECORD}))
    with pytest.raises(Unavailable, match="redirects to another address"):
        connect().comment(ticket(), MESSAGE)
    assert [request.method for request, _ in httpserver.log] == ["GET", "PATCH"]


def test_a_text_that_the_journal_would_cut_is_not_sent(httpserver: HTTPServer, connect: Connect) -> None:
    with pytest.raises(Forbidden, match="4000 characters is too long"):
        connect().comment(ticket(), Message(marker=MARKER, text="x" * 4000))
    assert httpserver.log == []


def test_what_is_no_sys_id_and_no_table_gets_into_no_path(httpserver: HTTPServer, connect: Connect) -> None:
    with pytest.raises(XmoError, match=re.escape("'../sys_user' is no sys_id")):
        connect().comment(ticket(key="../sys_user"), MESSAGE)
    with pytest.raises(XmoError, match=re.escape("'a/../b' is no table")):
        connect().comment(ticket(vendor_type="a/../b"), MESSAGE)
    assert httpserver.log == []
