"""What goes over the wire: the log-in, the parameters, and answers of 200 that are not what they seem."""

import json
import re
import sys
from base64 import b64decode
from collections.abc import Callable, Mapping
from itertools import cycle
from typing import Any

import orjson
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.servicenow.conftest import Connect
from tests.servicenow.support import (
    Instance,
    closed_deletions,
    fetched,
    ids,
    incidents,
    row,
    serve,
    sys_id,
    ticket,
)
from xmo_hooks import AuthError, ConfigError, Forbidden, Message, RateLimited, Unavailable
from xmo_servicenow.deletes import DELETED
from xmo_servicenow.source import ServiceNow

FAILURE = {"error": {"message": "Transaction cancelled: maximum execution time exceeded"}, "status": "failure"}
Answer = Callable[[Request], Response]


class Wrapped:
    """A secret as the core hands it over."""

    def reveal(self) -> str:
        return "pässwörd"

    def __str__(self) -> str:
        return "***"


def answer(body: Any, content_type: str = "application/json", status: int = 200) -> Response:
    data = body if isinstance(body, (bytes, str)) else json.dumps(body)
    return Response(data, status, content_type=content_type)


def respond(httpserver: HTTPServer, handler: Answer) -> None:
    closed_deletions(httpserver)
    httpserver.expect_request(re.compile(".*")).respond_with_handler(handler)


def failing_above(instance: Instance, limit: int, fault: Callable[[], Response]) -> Answer:
    """Answers pages of up to `limit` rows, and larger ones with the fault."""

    def handler(request: Request) -> Response:
        whole = instance(request)
        return whole if int(request.args["sysparm_limit"]) <= limit else fault()

    return handler


def seen(httpserver: HTTPServer) -> list[Request]:
    """What was asked, without the look at the log of deletions."""
    return [request for request, _ in httpserver.log if DELETED not in request.path]


def test_a_password_is_sent_in_utf8_and_never_shown(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, incidents())
    source = connect(username="xmö", password=Wrapped())
    fetched(source)
    way, _, code = seen(httpserver)[0].headers["Authorization"].partition(" ")
    assert (way, b64decode(code).decode()) == ("Basic", "xmö:pässwörd")
    assert "pässwörd" not in repr(vars(source))


def test_a_token_is_sent_as_bearer(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, incidents())
    fetched(connect(token="abc.def"))
    assert seen(httpserver)[0].headers["Authorization"] == "Bearer abc.def"


def test_a_page_asks_for_raw_values_of_the_wanted_columns_by_name(httpserver: HTTPServer, connect: Connect) -> None:
    instance = serve(httpserver, incidents(row(1)))
    fetched(connect(fields={"department": "u_department", "vip": "requester.vip"}))
    asked = instance.asked[0]
    columns = asked["sysparm_fields"].split(",")
    assert set(row(1)) <= set(columns)
    assert {"u_department", "caller_id.vip", "caller_id.email"} <= set(columns)
    assert len(columns) == len(set(columns))
    assert asked["sysparm_display_value"] == "false"
    assert asked["sysparm_exclude_reference_link"] == "true"
    assert asked["sysparm_query"] == "ORDERBYsys_updated_on^ORDERBYsys_id"


def test_every_request_writes_yes_and_no_as_the_vendor_documents_them(httpserver: HTTPServer, connect: Connect) -> None:
    instance = incidents(row(1))
    instance.tables["sys_journal_field"] = []

    def handler(request: Request) -> Response:
        one = request.path.endswith(sys_id(1))
        return answer({"result": {"sys_mod_count": request.method}}) if one else instance(request)

    respond(httpserver, handler)
    source = connect()
    fetched(source)
    source.count(None, None)
    source.fetch_some([sys_id(1)])
    source.comment(ticket(), Message(marker="[xmo]", text="How was it? [xmo]"))
    assert {request.method for request, _ in httpserver.log} == {"GET", "PATCH"}
    for request, _ in httpserver.log:
        pairs = request.query_string.decode().split("&")
        assert {"sysparm_exclude_reference_link=true", "sysparm_suppress_pagination_header=false"} <= {*pairs}
        assert not [pair for pair in pairs if pair.endswith(("=True", "=False"))]


def test_the_session_keeps_its_own_name(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, incidents())
    fetched(connect())
    assert "pysnow" not in seen(httpserver)[0].headers["User-Agent"]


def test_an_instance_behind_a_path_is_reached(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, incidents(row(1)))
    fetched(connect(url=httpserver.url_for("/proxy/acme")))
    assert seen(httpserver)[0].path == "/proxy/acme/api/now/table/incident"


def test_the_body_of_a_page_is_parsed_once(
    httpserver: HTTPServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(httpserver, incidents(row(1), row(2)))
    cursor = {DELETED: {}, "incident": {"stamp": row(1)["sys_updated_on"], "sys_id": row(1)["sys_id"]}}
    source, parsed, loads = connect(), list[bytes](), orjson.loads

    def counting(body: bytes) -> Any:
        parsed.append(body)
        return loads(body)

    monkeypatch.setattr(orjson, "loads", counting)
    assert ids(fetched(source, cursor)) == [1, 2]
    assert sum(b"result" in body for body in parsed) == 1


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(lambda: answer({"result": [row(1)], **FAILURE}), id="rows and an error"),
        pytest.param(lambda: answer({"result": [row(1)], "error": {"message": "No"}}), id="rows and only an error"),
        pytest.param(lambda: answer({"result": [row(1)], "status": "failure"}), id="rows and a failure"),
        pytest.param(lambda: answer(FAILURE), id="an error alone"),
        pytest.param(lambda: answer('{"result":[{"sys_id":"1"},]'), id="broken JSON"),
        pytest.param(lambda: answer({"result": None}), id="no result"),
        pytest.param(lambda: answer("[]"), id="a list"),
        pytest.param(lambda: answer(b""), id="nothing"),
    ],
)
def test_a_success_that_is_none_is_thrown_away_and_asked_for_again_in_smaller_pages(
    httpserver: HTTPServer, connect: Connect, fault: Callable[[], Response]
) -> None:
    instance = incidents(*(row(n) for n in range(1, 61)))
    respond(httpserver, failing_above(instance, 25, fault))
    assert ids(fetched(connect(page_size=100))) == list(range(1, 61))
    assert [int(asked["sysparm_limit"]) for asked in instance.asked] == [100, 50, 25, 25, 25, 25]


def test_the_size_of_pages_recovers_slowly(httpserver: HTTPServer, connect: Connect) -> None:
    instance, faults = incidents(*(row(n) for n in range(1, 301))), 2

    def handler(request: Request) -> Response:
        nonlocal faults
        whole, faults = instance(request), faults - 1
        return answer(FAILURE) if faults >= 0 else whole

    respond(httpserver, handler)
    assert ids(fetched(connect(page_size=40))) == list(range(1, 301))
    sizes = [int(asked["sysparm_limit"]) for asked in instance.asked]
    assert sizes == [40, 20, *[10] * 8, *[20] * 8, 40, 40]


def test_moments_of_trouble_at_the_smallest_page_do_not_add_up(httpserver: HTTPServer, connect: Connect) -> None:
    instance, fate = incidents(*(row(n) for n in range(1, 41))), cycle([False, False, True])

    def handler(request: Request) -> Response:
        whole = instance(request)
        return whole if next(fate) else answer(FAILURE)

    respond(httpserver, handler)
    assert ids(fetched(connect(page_size=10))) == list(range(1, 41))


def test_a_vendor_that_fails_at_the_smallest_page_is_unavailable_in_its_own_words(
    httpserver: HTTPServer, connect: Connect
) -> None:
    respond(httpserver, lambda _: answer(FAILURE))
    with pytest.raises(Unavailable, match=r"Transaction cancelled.*Pages of 10 rows fail as well"):
        fetched(connect(page_size=80))
    assert [int(request.args["sysparm_limit"]) for request in seen(httpserver)] == [80, 40, 20, 10, 10, 10]


@pytest.mark.parametrize("content_type", ["text/html;charset=UTF-8", "application/json"])
def test_a_web_page_in_place_of_data_names_sleep_and_single_sign_on(
    httpserver: HTTPServer, connect: Connect, content_type: str
) -> None:
    respond(httpserver, lambda _: answer(" <!DOCTYPE html><p>Hibernating", content_type))
    with pytest.raises(Unavailable, match=r"asleep.*single sign-on"):
        fetched(connect())
    assert len(seen(httpserver)) == 1


@pytest.mark.parametrize("result", ["text", {"sys_id": "1"}, ["text"]])
def test_a_result_that_is_no_list_of_records_is_refused(httpserver: HTTPServer, connect: Connect, result: Any) -> None:
    respond(httpserver, lambda _: answer({"result": result}))
    with pytest.raises(Unavailable, match="not a list of records"):
        fetched(connect())


@pytest.mark.parametrize(
    ("status", "headers", "error"),
    [(401, {}, AuthError), (403, {}, Forbidden), (503, {}, Unavailable), (429, {"Retry-After": "3600"}, RateLimited)],
)
def test_refusals_reach_the_engine_as_errors_of_the_contract(
    httpserver: HTTPServer, connect: Connect, status: int, headers: Mapping[str, str], error: type[Exception]
) -> None:
    respond(httpserver, lambda _: Response("{}", status, headers, content_type="application/json"))
    with pytest.raises(error):
        fetched(connect())


def test_without_pysnow_a_source_says_what_to_install(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pysnow", None)
    with pytest.raises(ConfigError, match="needs pysnow") as caught:
        connect()
    assert "xmo-core[servicenow]" in caught.value.hint


def test_making_a_source_connects_nothing(httpserver: HTTPServer, connect: Connect) -> None:
    assert isinstance(connect(), ServiceNow)
    assert seen(httpserver) == []
