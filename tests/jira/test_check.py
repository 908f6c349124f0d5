"""What `xmo check` says about a site."""

from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests.jira.conftest import Connect
from tests.jira.support import STATUSES, Model, change, issue, model, refused, reply, serve
from xmo_hooks import Finding

CUSTOM = "com.atlassian.servicedesk:"
FIELDS: list[Any] = [
    {"id": "duedate", "custom": False, "schema": {"type": "date", "system": "duedate"}},
    {"id": "summary", "custom": False},
    {"id": "customfield_10010", "custom": True, "name": "Art", "schema": {"custom": f"{CUSTOM}vp-origin"}},
    {"id": "customfield_10020", "custom": True, "name": "SLA", "schema": {"custom": f"{CUSTOM}sd-sla-field"}},
    {"id": "customfield_10050", "custom": True, "name": "Abteilung", "schema": {"custom": "x:select"}},
]
STATES = (
    "Statuses: Canceled: cancelled; Closed: closed; Work in progress: in_progress; Open: new; Resolved: resolved; "
    "Waiting for customer: waiting."
)


def site(**values: Any) -> Model:
    tickets = [issue(n, n * 60) for n in range(1, 6)]
    return model(*tickets, fields=FIELDS, histories={"10005": [change(1, 1, assignee=(None, "a"))]}, **values)


def checked(connect: Connect, **values: Any) -> list[Finding]:
    return list(connect(**values).check())


def said(findings: list[Finding], level: str) -> str:
    return "\n".join(f"{one.text} {one.fix}" for one in findings if one.level == level)


def test_a_site_where_all_is_well_says_what_was_found(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, site())
    found = checked(connect, projects=["SUP"], fields={"department": "customfield_10050"})
    assert {one.level for one in found} == {"ok", "note"}
    assert [one.text for one in found if one.level == "ok"] == [
        f"Jira Cloud at {httpserver.url_for('/').rstrip('/')}; the log-in was accepted.",
        "Fields of Service Management: request types, service levels.",
        STATES,
        "Project SUP shows 5 tickets.",
        "The history of tickets can be read: 1 changes of the newest.",
        "Service Management is there: questions are written on its requests.",
    ]
    assert said(found, "note").strip() == "No field of Service Management for: satisfaction, organisations, languages."


def test_data_center_says_its_time_zone_and_that_dates_work(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, site(cloud=False, requests=False))
    found = checked(connect)
    assert "written in Europe/Berlin" in said(found, "ok")
    assert "found by the time of its change" in said(found, "ok")
    assert "No Service Management: questions are written as comments on issues." in said(found, "note")


def test_a_zone_in_which_dates_are_not_read_is_an_error(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, site(cloud=False, named_zone="UTC", zone="America/Los_Angeles"))
    assert "changes would be missed" in said(checked(connect), "error")


@pytest.mark.parametrize("named", [None, "Middle/Earth"])
def test_a_zone_that_is_not_known_is_a_warning(httpserver: HTTPServer, connect: Connect, named: str | None) -> None:
    serve(httpserver, site(cloud=False, named_zone=named))
    assert "time zone is not shown" in said(checked(connect), "warning")


def test_a_field_of_the_options_that_is_not_there_is_an_error(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, site())
    wrong = {"department": "customfield_10099", "mood": "sentiment"}
    found = checked(connect, fields=wrong, group="customfield_10098", service="components")
    assert "customfield_10099, named for department" in said(found, "error")
    assert "customfield_10098, named for group" in said(found, "error")
    assert sum(one.level == "error" for one in found) == 2


def test_a_service_level_that_is_not_there_is_an_error_which_names_those_that_are(
    httpserver: HTTPServer, connect: Connect
) -> None:
    serve(httpserver, site())
    assert "Abteilung" not in said(checked(connect, sla="Time to resolution"), "error")
    assert 'no service level "Time to resolution"' in said(checked(connect, sla="Time to resolution"), "error")
    assert said(checked(connect, sla="Time to resolution"), "error").endswith("There are: SLA.")
    assert [said(checked(connect, sla=name), "error") for name in ("sla", "customfield_10020")] == ["", ""]


def test_a_status_of_the_options_that_the_site_does_not_have_is_a_warning(
    httpserver: HTTPServer, connect: Connect
) -> None:
    serve(httpserver, site())
    found = checked(connect, states={"Pendng": "on_hold", "open": "in_progress"})
    assert "`states` names what is no status here: Pendng." in said(found, "warning")


def test_statuses_that_mean_nothing_are_named_with_the_remedy(
    httpserver: HTTPServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(httpserver, site())
    odd = {"id": "77", "name": "Limbo", "statusCategory": {"key": "undefined"}}
    monkeypatch.setitem(STATUSES, "Limbo", odd)
    found = checked(connect)
    assert "mean nothing to XMO: Limbo" in said(found, "warning")
    assert '"Limbo" = "resolved"' in said(found, "warning")
    assert "Limbo: on_hold" in said(checked(connect, states={"limbo": "on_hold"}), "ok")


def test_many_statuses_are_not_all_listed(
    httpserver: HTTPServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(httpserver, site())
    for n in range(30):
        monkeypatch.setitem(STATUSES, f"S{n}", {"id": str(n), "name": f"S{n}", "statusCategory": {"key": "new"}})
    assert "and 19 more: new" in said(checked(connect), "ok")


def test_a_project_without_tickets_is_a_warning(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, model(fields=FIELDS))
    assert "Project SUP shows no ticket" in said(checked(connect, projects=["SUP"]), "warning")


def test_a_project_that_is_not_there_is_an_error_and_the_rest_is_looked_at(
    httpserver: HTTPServer, connect: Connect
) -> None:
    here = serve(httpserver, site(cloud=False))
    here.searcher = lambda _: refused("The value 'SUB' does not exist for the field 'project'.")
    found = checked(connect, projects=["SUB"])
    assert "'SUB' does not exist" in said(found, "error")
    assert "Service Management is there" in said(found, "ok")


def test_a_log_in_that_is_refused_is_the_only_finding(httpserver: HTTPServer, connect: Connect) -> None:
    here = serve(httpserver, site())
    here.before["/rest/api/3/myself"] = [reply({}, 401)]
    (found,) = checked(connect)
    assert (found.level, "expired" in found.fix) == ("error", True)


def test_a_site_that_stops_answering_is_not_asked_on(httpserver: HTTPServer, connect: Connect) -> None:
    here = serve(httpserver, site())
    here.before["/rest/api/3/field"] = [reply({}, 503) for _ in range(9)]
    found = checked(connect)
    assert [one.level for one in found] == ["ok", "error"]


def test_service_management_that_is_wanted_and_missing_is_an_error(httpserver: HTTPServer, connect: Connect) -> None:
    here = serve(httpserver, site(requests=False))
    assert "no Service Management" in said(checked(connect, service_desk=True), "error")
    assert "Service Management" not in said(checked(connect, service_desk=False), "note").replace(
        "field of Service", ""
    )
    here.before["/rest/servicedeskapi/info"] = [reply({}, 403)]
    assert "does not answer" in said(checked(connect), "warning")


def test_a_log_in_that_travels_unencrypted_is_a_warning(connect: Connect) -> None:
    findings = connect(url="http://jira.example.invalid").check()
    assert "unencrypted" in next(iter(findings)).text


def test_a_check_writes_nothing(httpserver: HTTPServer, connect: Connect) -> None:
    here = serve(httpserver, site())
    checked(connect)
    assert here.comments == []
    assert not [path for path, _ in here.asked if path.endswith("/comment")]
