"""How rows, pages and refusals look, as the vendor documents them."""

import pytest
import requests
from requests.utils import parse_header_links

from tests.servicenow_sandbox.conftest import Replay
from tests.servicenow_sandbox.support import Served, life

PATHS = ["/api/now/table/incident", "/api/now/v1/table/incident", "/api/now/v2/table/incident"]
NO_RECORD = {
    "error": {"message": "No Record found", "detail": "Record doesn't exist or ACL restricts the record retrieval"},
    "status": "failure",
}


def links(response: requests.Response) -> dict[str, str]:
    return {link["rel"]: link["url"] for link in parse_header_links(response.headers["Link"])}


def test_every_value_is_a_string_and_references_are_objects(desk: Served) -> None:
    row = desk.incident("INC5")
    caller = row["caller_id"]["value"]
    assert row["caller_id"] == {"value": caller, "link": f"{desk.url}/api/now/table/sys_user/{caller}"}
    assert len(row["sys_id"]) == len(caller) == 32
    assert int(row["sys_id"], 16) >= 0
    assert all(isinstance(value, (str, dict)) for value in row.values())
    assert (row["state"], row["incident_state"], row["active"], row["impact"]) == ("6", "6", "true", "2")
    assert (row["comments"], row["problem_id"], row["closed_at"], row["contact_type"]) == ("", "", "", "phone")
    assert row["short_description"] == "Category 20: Symptom 471"


def test_a_reference_without_link_is_its_bare_id(desk: Served) -> None:
    caller = desk.incident("INC1")["caller_id"]["value"]
    (row,) = desk.rows("number=INC1", sysparm_exclude_reference_link="True")
    assert row["caller_id"] == caller


@pytest.mark.parametrize("true", ["true", "True", "TRUE"])
def test_display_values_are_what_a_person_reads(desk: Served, true: str) -> None:
    (row,) = desk.rows("number=INC5", sysparm_display_value=true)
    assert (row["state"], row["priority"], row["contact_type"]) == ("Resolved", "3 - Moderate", "Phone")
    assert row["caller_id"]["display_value"] == "Caller 3"
    assert set(row["caller_id"]) == {"display_value", "link"}
    (bare,) = desk.rows("number=INC5", sysparm_display_value=true, sysparm_exclude_reference_link="true")
    assert (bare["caller_id"], bare["problem_id"]) == ("Caller 3", "")


@pytest.mark.parametrize("both", ["all", "All"])
def test_all_gives_both_values_of_every_field(desk: Served, both: str) -> None:
    (row,) = desk.rows("number=INC5", sysparm_display_value=both)
    assert row["state"] == {"display_value": "Resolved", "value": "6"}
    assert row["problem_id"] == {"display_value": "", "value": ""}
    assert set(row["caller_id"]) == {"display_value", "value", "link"}
    (bare,) = desk.rows("number=INC5", sysparm_display_value=both, sysparm_exclude_reference_link="true")
    assert set(bare["caller_id"]) == {"display_value", "value"}


def test_fields_are_dot_walked_to_flat_keys_and_unknown_names_are_left_out(desk: Served) -> None:
    fields = "number,caller_id.email, caller_id.location,caller_id.location.name,problem_id.number,nonsense,state.name"
    (row,) = desk.rows("number=INC5", sysparm_fields=fields)
    place = row.pop("caller_id.location")
    assert set(place) == {"link", "value"}
    email, name = "caller-3@example.com", "Location 93"
    assert row == {"number": "INC5", "caller_id.email": email, "caller_id.location.name": name, "problem_id.number": ""}


def test_a_reference_that_leads_nowhere_has_a_name_but_no_columns(replay: Replay) -> None:
    desk = replay(life("INC1", ("New", "1/3/2016 08:00"), problem_id="Problem ID  7"))
    fields = "problem_id,problem_id.state"
    (row,) = desk.rows(sysparm_fields=fields, sysparm_display_value="true")
    assert (row["problem_id"]["display_value"], row["problem_id.state"]) == ("Problem ID 7", "")
    assert requests.get(row["problem_id"]["link"], auth=("xmo", "sandbox"), timeout=10).status_code == 404


def test_the_parent_table_holds_the_tickets_but_not_their_own_columns(desk: Served) -> None:
    rows = desk.rows("number=INC5", table="task", sysparm_display_value="all")
    assert rows[0]["sys_class_name"]["value"] == "incident"
    assert rows[0]["state"]["display_value"] == "Resolved"
    assert "caller_id" not in rows[0]
    assert len(desk.rows(table="task")) == 6


def test_the_user_and_the_choices_are_tables_too(desk: Served) -> None:
    (user,) = desk.rows("user_name=xmo", table="sys_user")
    assert user["time_zone"] == "GMT"
    labels = desk.rows("name=incident^element=state^ORDERBYvalue", table="sys_choice", sysparm_fields="value,label")
    assert labels[0] == {"value": "1", "label": "New"}
    assert {row["value"] for row in labels} == {"1", "2", "3", "6", "7", "8"}


def test_total_and_links_lead_through_all_pages(desk: Served) -> None:
    response = desk.page("ORDERBYnumber", sysparm_limit=4, sysparm_fields="number")
    assert response.headers["X-Total-Count"] == "6"
    assert set(links(response)) == {"first", "prev", "next", "last"}
    assert "sysparm_offset=-4" in links(response)["prev"]
    following = desk.session.get(links(response)["next"])
    assert following.json()["result"] == [{"number": "INC5"}, {"number": "INC6"}]
    assert "next" not in links(following)
    assert desk.session.get(links(following)["prev"]).json() == response.json()
    assert desk.session.get(links(response)["last"]).json() == following.json()


def test_headers_can_be_switched_off(desk: Served) -> None:
    assert "Link" not in desk.page(sysparm_limit=6).headers
    assert "Link" not in desk.page(sysparm_limit=2, sysparm_suppress_pagination_header="True").headers
    uncounted = desk.page(sysparm_limit=2, sysparm_no_count="true")
    assert "X-Total-Count" not in uncounted.headers
    assert set(links(uncounted)) == {"first", "prev", "next"}


@pytest.mark.parametrize("bad", [{"sysparm_offset": "-1"}, {"sysparm_limit": "many"}])
def test_a_limit_or_offset_that_is_none_is_refused(desk: Served, bad: dict[str, str]) -> None:
    assert desk.page(**bad).status_code == 400


@pytest.mark.parametrize("path", PATHS)
def test_every_version_of_the_path_serves_lists_and_single_records(desk: Served, path: str) -> None:
    rows = desk.get(path, sysparm_query="number=INC5").json()["result"]
    assert desk.get(f"{path}/{rows[0]['sys_id']}").json()["result"] == rows[0]


def test_only_the_first_version_answers_404_where_nothing_matches(desk: Served) -> None:
    statuses = [desk.get(path, sysparm_query="number=X").status_code for path in PATHS]
    assert statuses == [200, 404, 200]
    assert desk.get(PATHS[1], sysparm_query="number=X").json() == NO_RECORD


def test_a_missing_record_an_unknown_table_and_an_unknown_path_have_envelopes(desk: Served) -> None:
    missing = desk.get(f"/api/now/table/incident/{'0' * 32}")
    assert (missing.status_code, missing.json()) == (404, NO_RECORD)
    unknown = desk.get("/api/now/table/xyz")
    assert unknown.status_code == 400
    assert unknown.json() == {"error": {"message": "Invalid table xyz", "detail": None}, "status": "failure"}
    assert desk.get("/api/now/stats/xyz").status_code == 400
    nowhere = desk.get("/api/now/nowhere")
    assert (nowhere.status_code, nowhere.json()["status"]) == (400, "failure")
    assert desk.session.delete(f"{desk.url}/api/now/table/incident").status_code == 405


def test_counts_come_whole_or_by_group(desk: Served) -> None:
    whole = desk.get("/api/now/stats/incident", sysparm_count="true", sysparm_query="state=6").json()
    assert whole == {"result": {"stats": {"count": "2"}}}
    groups = desk.get("/api/now/stats/incident", sysparm_count="true", sysparm_group_by="state,nonsense").json()
    assert groups["result"] == [
        {"stats": {"count": "4"}, "groupby_fields": [{"field": "state", "value": "2"}]},
        {"stats": {"count": "2"}, "groupby_fields": [{"field": "state", "value": "6"}]},
    ]


def test_every_answer_says_how_long_it_is(desk: Served) -> None:
    for path in ("/api/now/table/incident", "/api/now/table/xyz", "/api/now/stats/incident", "/sandbox/clock"):
        response = desk.get(path)
        assert int(response.headers["Content-Length"]) == len(response.content)
