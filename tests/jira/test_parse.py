"""An issue becomes a ticket, or says which field cannot be understood."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.jira.support import SITE, STATUSES, URL, Raw, at, change, iso, issue, parsed, records, row, user
from xmo_hooks import BadRecord, Contact, Native, Ticket
from xmo_jira.issue import Issue

DESK: Raw = {
    "customfield_10010": {"requestType": {"id": "7", "name": "Get IT help"}, "currentStatus": {"status": "Open"}},
    "customfield_10020": {"id": "1", "name": "Time to first response", "completedCycles": [{"breached": False}]},
    "customfield_10021": {"id": "2", "name": "Time to resolution", "completedCycles": [{"breached": True}]},
    "customfield_10040": [{"id": "1", "name": "Northwind"}, {"id": "2", "name": "Contoso"}],
    "customfield_10041": {"languageCode": "de", "displayName": "German"},
    "customfield_10042": {"name": "Negative"},
    "customfield_10050": {"self": "https://x", "value": "Sales", "id": "3"},
}
NO_STARS: list[Any] = [None, 0, 6, 2.5, True, "good", {}, [], {"rating": None}, {"rating": {"a": 1}}]
NO_RATINGS: list[tuple[Any, None]] = [(value, None) for value in NO_STARS]


def test_a_request_becomes_a_ticket() -> None:
    raw = {**row(**DESK, components=[{"name": "Mail"}], duedate="2026-01-14"), "properties": {}}
    raw["properties"]["request.channel.type"] = {"value": "Portal"}
    assert parsed(raw, fields={"department": "customfield_10050", "mood": "sentiment"}) == Ticket(
        key="10001",
        number="SUP-1",
        kind="incident",
        vendor_type="[System] Incident",
        state="new",
        vendor_state="Open",
        opened_at=at(0),
        changed_at=at(100_000),
        promised_at=datetime(2026, 1, 14, 23, 59, 59, tzinfo=UTC),
        title="No mail",
        url=f"{URL}/browse/SUP-1",
        requester=Contact(
            key="p1",
            email="p1@example.com",
            name="User p1",
            kind="employee",
            language="de",
            timezone="Europe/Berlin",
            organisation="Northwind",
        ),
        sla_met=False,
        service="Support",
        priority="high",
        category="Get IT help",
        channel="portal",
        attributes={"department": "Sales", "mood": "Negative"},
    )


def test_the_least_that_jira_may_send_is_a_ticket() -> None:
    least = {"created": iso(0), "updated": iso(5), "status": {"id": "1", "name": "Offen"}}
    ticket = parsed({"id": "7", "key": "IT-7", "fields": least})
    assert (ticket.key, ticket.number, ticket.kind, ticket.state) == ("7", "IT-7", "task", "unknown")
    assert (ticket.title, ticket.requester, ticket.priority, ticket.service, ticket.sla_met) == (None,) * 5
    assert ticket.url == f"{URL}/browse/IT-7"


def test_an_address_that_is_hidden_for_privacy_leaves_the_account() -> None:
    reporter = user("p1", emailAddress=None, timeZone="", accountType="customer")
    contact = parsed(row(reporter=reporter), requester_kind="customer").requester
    assert contact == Contact(key="p1", name="User p1", kind="customer")


@pytest.mark.parametrize(
    ("reporter", "key"),
    [
        ({"name": "anna", "key": "JIRAUSER10100", "displayName": "Anna"}, "JIRAUSER10100"),
        ({"name": "anna", "displayName": "Anna"}, "anna"),
        ({"displayName": "Former user"}, None),
        (None, None),
        (user("bot", accountType="app"), None),
        (user("monitor"), None),
    ],
)
def test_a_requester_is_a_person_with_a_key(reporter: Any, key: str | None) -> None:
    contact = parsed(row(reporter=reporter), machines=["monitor"]).requester
    assert (contact and contact.key) == key


@pytest.mark.parametrize(
    ("values", "service", "category"),
    [
        ({}, "Support", "Get IT help"),
        ({"service": "components", "category": "project"}, "Mail", "Support"),
        ({"service": "request_type", "category": "components"}, "Get IT help", "Mail"),
        ({"service": "customfield_10050", "category": "customfield_99999"}, "Sales", None),
    ],
)
def test_service_and_category_are_what_the_options_say(values: Any, service: str, category: str | None) -> None:
    ticket = parsed(row(**DESK, components=[{"name": "Mail"}, {"name": "Web"}]), **values)
    assert (ticket.service, ticket.category) == (service, category)


def test_without_a_request_type_the_first_component_is_the_category() -> None:
    assert parsed(row(components=[{"name": "Mail"}, {"name": "Web"}])).category == "Mail"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"value": "Sales"}, "Sales"),
        ({"value": "Europe", "child": {"value": "Berlin"}}, "Europe / Berlin"),
        ([{"value": "a"}, {"value": "b"}], "a, b"),
        (["x", "", None, "y"], "x, y"),
        (13.0, "13"),
        (2.5, "2.5"),
        (True, "true"),
        ("  Berlin ", "Berlin"),
        ({"name": "Network", "id": "t1"}, "Network"),
        (user("p2"), None),
        ({"name": "anna", "displayName": "Anna"}, None),
        ([user("p2")], None),
        ({"type": "doc", "content": []}, None),
        (None, None),
        ("", None),
        ([], None),
    ],
)
def test_a_field_of_any_kind_becomes_a_text_and_a_person_none(value: Any, text: str | None) -> None:
    ticket = parsed(row(customfield_10050=value), fields={"unit": "customfield_10050"}, group="customfield_10050")
    assert (ticket.attributes.get("unit"), ticket.group) == (text, text)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-01-14", datetime(2026, 1, 14, 23, 59, 59, tzinfo=UTC)),
        ("2026-01-14T16:00:00.000+0100", datetime(2026, 1, 14, 15, tzinfo=UTC)),
        ({"epochMillis": 1_767_225_600_000}, at(0)),
        ("0026-01-14", datetime(26, 1, 14, 23, 59, 59, tzinfo=UTC)),
        ("9999-12-31T23:59:59.000-1200", None),
        ("12026-01-14", None),
        ("soon", None),
        (["2026"], None),
        (None, None),
    ],
)
def test_a_time_that_people_type_is_read_where_it_is_one(value: Any, expected: datetime | None) -> None:
    assert parsed(row(customfield_10070=value), promised="customfield_10070").promised_at == expected


def test_a_parent_is_known_by_its_id() -> None:
    assert parsed(row(parent={"id": "10000", "key": "SUP-0", "fields": {}})).parent == "10000"


def test_an_issue_without_its_category_is_understood_by_the_sites_statuses() -> None:
    assert parsed(row(status={"id": "5", "name": "Erledigt"})).state == "resolved"
    assert parsed(row(status={"id": "99", "name": "Erledigt"})).state == "unknown"


def test_people_open_a_ticket_where_the_site_says() -> None:
    elsewhere = {**row(), "site": {**SITE, "url": "https://desk.example.com/jira"}}
    assert parsed(elsewhere).url == "https://desk.example.com/jira/browse/SUP-1"
    assert parsed(issue(1), site_url="https://people.example.com/").url == "https://people.example.com/browse/SUP-1"


@pytest.mark.parametrize(
    ("cycles", "wanted", "met"),
    [
        ([[{"breached": False}], [{"breached": False}]], "", True),
        ([[{"breached": False}, {"breached": True}], [{"breached": False}]], "", False),
        ([[{"breached": True}], [{"breached": False}]], "time to resolution", True),
        ([[{"breached": True}], [{"breached": False}]], "customfield_10020", False),
        ([[{"breached": True}], [{"breached": False}]], "Another", None),
        ([[], []], "", None),
        ([None, [{"breached": None}, "cycle"]], "", None),
    ],
)
def test_a_service_level_is_kept_where_no_finished_cycle_was_breached(
    cycles: list[Any], wanted: str, met: bool | None
) -> None:
    names = ["Time to first response", "Time to resolution"]
    slas = [
        {"name": name, "completedCycles": one, "ongoingCycle": {"breached": True}}
        for name, one in zip(names, cycles, strict=True)
    ]
    raw = row(customfield_10020=slas[0], customfield_10021=slas[1])
    assert parsed(raw, **({"sla": wanted} if wanted else {})).sla_met is met


@pytest.mark.parametrize(
    ("value", "stars"),
    [({"rating": 4}, 4), (5, 5), (3.0, 3), ("2", 2), ({"value": "1"}, 1), ({"score": 5, "x": 1}, 5), *NO_RATINGS],
)
def test_a_rating_of_one_to_five_stars_is_an_answer(value: Any, stars: int | None) -> None:
    natives = [one for one in records(row(customfield_10030=value)) if isinstance(one, Native)]
    assert [one.answer.value for one in natives] == ([] if stars is None else [stars])
    for one in natives:
        assert (one.ticket, one.key, one.at) == ("10001", "csat", at(0))
        assert (one.answer.question, one.answer.version) == ("csat", "jira")
        assert (one.answer.low, one.answer.high, one.answer.best) == (1, 5, 5)


@pytest.mark.parametrize("history", [True, False])
@pytest.mark.parametrize(
    ("fields", "dated"),
    [
        ({"status": STATUSES["Resolved"], "resolutiondate": iso(50_000)}, 50),
        ({"status": STATUSES["Canceled"], "resolutiondate": iso(50_000)}, 50),
        ({}, 0),
    ],
)
def test_a_rating_without_a_date_does_not_move_with_each_change(fields: Raw, dated: float, history: bool) -> None:
    for seconds in (100_000, 200_000):
        raw = row(customfield_10030={"rating": 4}, seconds=seconds, history=history, **fields)
        assert [one.at for one in records(raw) if isinstance(one, Native)] == [at(dated)]


def test_a_rating_without_a_date_stays_where_it_was_when_the_ticket_is_opened_again() -> None:
    first, again = change(1, 50, status=("Open", "Resolved")), change(2, 60, status=("Resolved", "Open"))
    resolved = row(first, status=STATUSES["Resolved"], resolutiondate=iso(50_003), customfield_10030={"rating": 4})
    reopened = row(first, again, customfield_10030={"rating": 4})
    assert [one.at for raw in (resolved, reopened) for one in records(raw) if isinstance(one, Native)] == [at(50)] * 2


def test_a_rating_is_dated_by_its_own_field() -> None:
    raw = row(customfield_10030={"rating": 4}, customfield_10031=iso(60_000))
    (native,) = [one for one in records(raw) if isinstance(one, Native)]
    assert native.at == at(60)


@pytest.mark.parametrize(
    ("raw", "field", "said"),
    [
        ({"fields": None}, "fields", "is not an object"),
        ({"id": None}, "id", "null"),
        ({"id": "SUP-1"}, "id", "is not a number"),
        ({"key": ""}, "key", "is not a text"),
    ],
)
def test_a_row_that_is_no_issue_is_named(raw: Raw, field: str, said: str) -> None:
    with pytest.raises(BadRecord, match=said) as caught:
        parsed({**row(), **raw})
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("created", None, "null"),
        ("updated", "2026-01-01T00:00:00.000", "is not a time like"),
        ("updated", "yesterday", "is not a time like"),
        ("updated", 7, "is not a time"),
        ("resolutiondate", "secret", "is not a time like"),
        ("status", None, "null"),
        ("status", {"id": "1"}, "with a name"),
        ("priority", "secret", "with a name"),
        ("issuetype", {"name": 7}, "with a name"),
        ("reporter", "secret", "is not an object"),
        ("summary", {"type": "doc"}, "is not a text"),
        ("parent", 7, "is not an object"),
    ],
)
def test_a_field_that_cannot_be_understood_is_named_and_not_repeated(name: str, value: Any, said: str) -> None:
    with pytest.raises(BadRecord, match=said) as caught:
        parsed(row(**{name: value}))
    assert (caught.value.field, caught.value.key) == (f"fields.{name}", "10001")
    assert "secret" not in str(caught.value)


def test_a_field_that_must_be_there_and_is_missing_is_named() -> None:
    raw = row()
    del raw["fields"]["updated"]
    with pytest.raises(BadRecord, match="Missing data") as caught:
        parsed(raw)
    assert caught.value.field == "fields.updated"


_values: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=4), st.sampled_from([{}, {"name": "High"}])
)
_names = ["summary", "issuetype", "status", "resolution", "resolutiondate", "priority", "reporter", "parent"]


@example(changed={"status": {"name": "High"}})
@given(changed=st.dictionaries(st.sampled_from([*_names, "created", "updated"]), _values, max_size=4))
def test_both_ways_of_reading_agree(changed: dict[str, Any]) -> None:
    raw, reader = row(**changed), Issue()
    try:
        quick = reader.read(raw)
    except BadRecord:
        return
    assert reader._load(raw, raw["fields"]) == quick


@given(fields=st.dictionaries(st.text(max_size=6) | st.sampled_from([*_names, *DESK, "comment", "duedate"]), _values))
def test_whatever_a_row_holds_it_becomes_records_or_a_bad_record(fields: dict[str, Any]) -> None:
    raw = row()
    raw["fields"] |= fields
    try:
        found = records(raw, fields={"unit": "customfield_10050"})
    except BadRecord:
        return
    assert isinstance(found[0], Ticket)
