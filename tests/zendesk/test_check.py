"""`xmo check` says who we are, what we may read, and what is not understood."""

import re
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.zendesk.conftest import Connect
from tests.zendesk.support import Raw, answer, ticket
from xmo_hooks import Finding

ADMIN: Raw = {"user": {"id": 5, "role": "admin", "name": "XMO"}}
STATUSES = [
    {"id": 15, "status_category": "solved", "agent_label": "Done", "active": True},
    {"id": 16, "status_category": "hold", "agent_label": "With supplier", "active": True},
    {"id": 17, "status_category": "open", "agent_label": "Old", "active": False},
]
GOOD: dict[str, Raw] = {
    "users/me": ADMIN,
    "incremental/tickets/cursor": {"tickets": [ticket(1)]},
    "incremental/ticket_metric_events": {"ticket_metric_events": []},
    "incremental/ticket_events": {"ticket_events": []},
    "guide/survey_responses": {"survey_responses": []},
    "ticket_fields": {"ticket_fields": [{"id": 360, "title": "Service"}]},
    "custom_statuses": {"custom_statuses": STATUSES},
}


def serve(httpserver: HTTPServer, **changes: Raw | int) -> None:
    answers: dict[str, Any] = GOOD | {name.replace("__", "/"): body for name, body in changes.items()}

    def handler(request: Request) -> Response:
        body = answers[request.path.removeprefix("/api/v2/").removesuffix(".json")]
        return answer({"error": "x"}, body) if isinstance(body, int) else answer(body)

    httpserver.expect_request(re.compile("/api/v2/.*"), method="GET").respond_with_handler(handler)


def found(connect: Connect, **values: Any) -> list[Finding]:
    return list(connect(**{"sla": True, "surveys": True, "touchpoints": True, **values}).check())


def levels(findings: list[Finding]) -> set[str]:
    return {one.level for one in findings}


def test_an_account_as_it_should_be_is_all_right(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver)
    findings = found(connect, service=360, states={"16": "waiting"})
    assert levels(findings) == {"ok"}
    texts = [one.text for one in findings]
    assert "Custom fields: 360 is Service." in texts
    assert "Statuses: Done (15) is resolved, With supplier (16) is waiting." in texts
    assert sum("can be read" in text for text in texts) == 3


@pytest.mark.parametrize("role", ["agent", "end-user"])
def test_who_is_no_admin_may_not_export(httpserver: HTTPServer, connect: Connect, role: str) -> None:
    serve(httpserver, users__me={"user": {"id": 5, "role": role}})
    (error,) = [one for one in found(connect) if one.level == "error"]
    assert role in error.text
    assert "admin" in error.fix


def test_nobody_is_named(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, users__me={"user": {"id": None, "role": "end-user", "name": "Anonymous"}})
    assert any("without a log-in" in one.text for one in found(connect) if one.level == "error")


def test_a_log_in_that_is_refused_ends_the_check(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, users__me=401)
    assert [one.level for one in found(connect)] == ["error"]
    assert len(httpserver.log) == 1


def test_an_export_that_is_forbidden_is_an_error_and_the_rest_is_looked_at(
    httpserver: HTTPServer, connect: Connect
) -> None:
    serve(httpserver, incremental__tickets__cursor=403)
    findings = found(connect)
    assert [one.level for one in findings].count("error") == 1
    assert any(one.text.startswith("Statuses") for one in findings)


def test_streams_that_the_plan_lacks_are_named(httpserver: HTTPServer, connect: Connect) -> None:
    closed = {"incremental__ticket_metric_events": 403, "incremental__ticket_events": 403}
    serve(httpserver, **closed, guide__survey_responses=404)
    notes = {one.text.partition(" are")[0]: one.fix for one in found(connect) if one.level == "note"}
    assert list(notes) == ["Metric events", "Ticket events", "CSAT surveys"]
    assert ["sla = false" in notes["Metric events"], "surveys = false" in notes["CSAT surveys"]] == [True, True]


def test_streams_that_are_switched_off_are_not_tried(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver)
    found(connect, sla=False, surveys=False, touchpoints=False)
    assert not [request for request, _ in httpserver.log if "events" in request.path or "survey" in request.path]


def test_fields_and_statuses_that_are_not_there_are_named(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver)
    findings = found(connect, service=999, fields={"a": 360}, states={"99": "on_hold"})
    warnings = [one.text for one in findings if one.level == "warning"]
    assert warnings == [
        "Custom fields that are not there: 999.",
        "`states` names custom statuses that are not there: 99.",
    ]


def test_a_status_that_means_nothing_is_named(httpserver: HTTPServer, connect: Connect) -> None:
    odd = {"tickets": [ticket(1, status="parked"), ticket(2, status="deleted")]}
    serve(httpserver, incremental__tickets__cursor=odd)
    (warning,) = [one for one in found(connect) if one.level == "warning"]
    assert "parked" in warning.text
    assert [one.level for one in found(connect, states={"parked": "on_hold"})].count("warning") == 0


def test_the_end_of_api_tokens_is_foretold(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver)
    (warning,) = [one for one in found(connect, username="xmo@example.org", token="t") if one.level == "warning"]
    assert "2027-04-30" in warning.text
    assert "client_id" in warning.fix


def test_a_log_in_that_travels_unencrypted_is_warned_about(connect: Connect) -> None:
    findings = connect(url="http://desk.invalid").check()
    assert next(iter(findings)).level == "warning"
