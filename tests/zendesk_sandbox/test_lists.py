"""The lists beside the tickets: what an account is made of."""

import pytest

from tests.zendesk_sandbox.conftest import Play
from tests.zendesk_sandbox.support import REQUESTER, Served, line


def test_a_dropdown_names_the_option_behind_each_value(play: Play) -> None:
    desk = play(line(1, "08:00 opened"), line(2, "08:00 opened", service="E-Mail & co", category=None))
    fields = {field["id"]: field for field in desk.json("ticket_fields.json")["ticket_fields"]}
    service, category = fields[360000000101], fields[360000000102]
    assert (service["type"], service["title"], category["title"]) == ("tagger", "Service", "Category")
    options = {option["value"]: option["name"] for option in service["custom_field_options"]}
    assert options == {"service_mail": "Mail", "service_e_mail_co": "E-Mail & co"}
    assert desk.ticket(2)["custom_fields"] == [
        {"id": 360000000101, "value": "service_e_mail_co"},
        {"id": 360000000102, "value": None},
    ]


def test_options_that_look_alike_have_values_of_their_own(play: Play) -> None:
    desk = play(line(1, "08:00 opened", service="VPN!"), line(2, "08:00 opened", service="vpn?"))
    values = [desk.ticket(key)["custom_fields"][0]["value"] for key in (1, 2)]
    assert values == ["service_vpn", "service_vpn_1"]


def test_system_fields_have_their_types_and_choices(desk: Served) -> None:
    fields = {field["type"]: field for field in desk.json("ticket_fields")["ticket_fields"]}
    assert {"subject", "description", "status", "tickettype", "priority", "group", "assignee"} <= set(fields)
    assert [each["value"] for each in fields["priority"]["system_field_options"]] == ["low", "normal", "high", "urgent"]
    assert "hold" in [each["value"] for each in fields["status"]["system_field_options"]]


def test_every_status_category_has_one_default(desk: Served) -> None:
    rows = desk.json("custom_statuses.json")["custom_statuses"]
    defaults = [row["status_category"] for row in rows if row["default"]]
    assert defaults == ["new", "open", "pending", "hold", "solved"]
    assert [row["agent_label"] for row in rows if not row["default"]] == ["Cancelled"]


def test_groups_and_organizations_have_the_names_of_the_work_file(desk: Served) -> None:
    assert {row["name"] for row in desk.json("groups.json")["groups"]} == {"Service Desk", "Network"}
    assert [row["name"] for row in desk.json("organizations.json")["organizations"]] == ["Sales"]


def test_there_is_a_brand_and_a_form(desk: Served) -> None:
    (brand,), (form,) = desk.json("brands")["brands"], desk.json("ticket_forms")["ticket_forms"]
    ticket = desk.ticket(11)
    assert (brand["id"], form["id"]) == (ticket["brand_id"], ticket["ticket_form_id"])
    assert 360000000101 in form["ticket_field_ids"]


def test_users_are_shown_by_their_ids(desk: Served) -> None:
    ticket = desk.ticket(11)
    ids = f"{ticket['assignee_id']},5,{ticket['requester_id']}"
    rows = desk.json("users/show_many.json", ids=ids)["users"]
    assert [row["role"] for row in rows] == ["agent", "end-user"]
    assert desk.get("users/show_many", ids="x").status_code == 400


@pytest.mark.parametrize("path", ["groups", "organizations", "ticket_fields", "brands", "ticket_forms"])
def test_every_list_has_cursors_and_page_numbers(desk: Served, path: str) -> None:
    whole = [row["id"] for row in desk.json(path)[path]]
    assert whole == sorted(whole)
    seen: list[int] = []
    params: dict[str, str | int] = {"page[size]": 1}
    while True:
        page = desk.json(path, **params)
        seen += [row["id"] for row in page[path]]
        assert len(seen) < 100, "the pages go round in circles"
        if not page["meta"]["has_more"]:
            break
        params["page[after]"] = page["meta"]["after_cursor"]
    assert seen == whole
    numbered = desk.json(path, per_page=1)
    assert (len(numbered[path]), numbered["count"]) == (1, len(whole))


@pytest.mark.parametrize(
    ("zone", "shown"),
    [("Europe/Berlin", "Berlin"), ("America/New_York", "Eastern Time (US & Canada)"), ("Etc/UTC", "UTC")],
)
def test_a_time_zone_has_the_vendors_name_and_the_iana_name(play: Play, zone: str, shown: str) -> None:
    desk = play(line(1, "08:00 opened", requester={**REQUESTER, "timezone": zone}))
    (user,) = desk.json("users/show_many", ids=desk.ticket(1)["requester_id"])["users"]
    assert (user["time_zone"], user["iana_time_zone"]) == (shown, zone)
