"""A vendor row becomes a ticket, or says which column cannot be understood."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.servicenow.conftest import Connect
from tests.servicenow.support import RawRow, options, row, stamp, sys_id, ticket_of
from xmo_hooks import BadRecord, Contact, Ticket
from xmo_servicenow.fields import layout
from xmo_servicenow.keyset import is_stamp, moment
from xmo_servicenow.options import TableOptions
from xmo_servicenow.parse import Getters, Parser

URL = "https://acme.service-now.com"


def parser(table: str = "incident", **values: Any) -> Parser:
    read = options(tables=[table], **values)
    return Parser(layout(read.tables[0], read), read)


def ticket(table: str = "incident", /, columns: RawRow | None = None, **values: Any) -> Ticket:
    return parser(table, **values).ticket({**row(1), **(columns or {})})


def test_an_incident_becomes_a_ticket() -> None:
    assert ticket() == Ticket(
        key=sys_id(1),
        number="INC0001",
        kind="incident",
        vendor_type="incident",
        state="resolved",
        vendor_state="6",
        opened_at=datetime(2026, 1, 1, tzinfo=UTC),
        changed_at=datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC),
        resolved_at=datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC),
        title="No mail",
        url=f"{URL}/nav_to.do?uri=incident.do?sys_id={sys_id(1)}",
        requester=Contact(
            key=sys_id(901),
            email="caller-1@example.com",
            name="Caller 1",
            kind="employee",
            language="de",
            timezone="Europe/Berlin",
            place="Hall 3",
            organisation="Northwind",
        ),
        reopens=0,
        reassignments=2,
        sla_met=True,
        service="Mail",
        group="Desk",
        priority="medium",
        category="network",
        channel="phone",
    )


@pytest.mark.parametrize(
    ("table", "kind", "requester", "parent"),
    [
        ("incident", "incident", "caller_id", "parent"),
        ("sc_req_item", "request", "request.requested_for", "request"),
        ("sc_request", "request", "requested_for", "parent"),
        ("sc_task", "task", "opened_by", "request_item"),
        ("problem", "problem", "opened_by", "parent"),
        ("change_request", "change", "opened_by", "parent"),
    ],
)
def test_each_table_has_its_kind_its_requester_and_its_parent(
    table: str, kind: str, requester: str, parent: str
) -> None:
    columns = {
        "sys_class_name": table,
        "state": "3",
        parent: "abc",
        requester: "u1",
        f"{requester}.email": "a@b.example",
    }
    read = ticket(table, {"caller_id": "", "parent": "", **columns})
    assert read.requester is not None
    assert (read.kind, read.vendor_type, read.parent) == (kind, table, "abc")
    assert (read.requester.key, read.requester.email) == ("u1", "a@b.example")


def test_a_ticket_without_a_caller_has_no_requester() -> None:
    assert ticket(columns={"caller_id": "", "opened_by": "u7"}).requester is None


def test_the_kind_of_requesters_is_an_option() -> None:
    requester = ticket(requester_kind="customer").requester
    assert requester is not None
    assert requester.kind == "customer"


@pytest.mark.parametrize(
    ("table", "states"),
    [
        (
            "incident",
            {"1": "new", "2": "in_progress", "3": "on_hold", "6": "resolved", "7": "closed", "8": "cancelled"},
        ),
        ("problem", {"101": "new", "104": "in_progress", "106": "resolved", "107": "closed"}),
        ("change_request", {"-5": "new", "-1": "in_progress", "0": "in_progress", "3": "closed", "4": "cancelled"}),
        ("sc_task", {"1": "new", "2": "in_progress", "3": "closed", "4": "closed", "7": "cancelled"}),
    ],
)
def test_the_vendors_states_are_understood(table: str, states: dict[str, str]) -> None:
    assert {state: ticket(table, {"state": state}).state for state in states} == states


@pytest.mark.parametrize("state", ["42", "", "Resolved"])
def test_a_state_that_nobody_mapped_is_unknown_and_kept(state: str) -> None:
    read = ticket(columns={"state": state})
    assert (read.state, read.vendor_state) == ("unknown", state)


def test_a_hold_for_the_caller_is_a_wait_and_any_other_hold_is_none() -> None:
    held = {reason: ticket(columns={"state": "3", "hold_reason": reason}).state for reason in ("", "1", "4")}
    assert held == {"": "on_hold", "1": "waiting", "4": "on_hold"}
    assert ticket(columns={"state": "2", "hold_reason": "1"}).state == "in_progress"
    assert ticket(columns={"state": "3", "hold_reason": "5"}, states={"3/5": "waiting"}).state == "waiting"


@pytest.mark.parametrize(("state", "stays"), [("1", False), ("2", False), ("6", True), ("7", True), ("42", True)])
def test_an_end_that_was_undone_is_no_end(state: str, stays: bool) -> None:
    read = ticket(columns={"state": state, "closed_at": stamp(9)})
    assert (read.resolved_at is not None, read.closed_at is not None) == (stays, stays)


def test_priorities_and_channels_have_the_words_that_all_vendors_have() -> None:
    words = [ticket(columns={"priority": str(level)}).priority for level in range(1, 7)]
    assert words == ["critical", "high", "medium", "low", "planning", "6"]
    assert ticket(columns={"contact_type": "self-service"}).channel == "portal"
    own = {"u_priority": "1", "u_via": "self-service"}
    read = ticket(columns=own, fields={"priority": "u_priority", "channel": "u_via"})
    assert (read.priority, read.channel) == ("1", "self-service")
    assert ticket(columns={"priority": "1"}, labels={"priority": {"1": "P1"}}).priority == "P1"


def test_states_of_the_source_and_of_the_table_go_before_what_is_known() -> None:
    own = {"name": "incident", "states": {"42": "waiting"}}
    read = options(tables=[own, "problem"], states={"42": "on_hold", "6": "closed"})
    maps = [layout(table, read).states for table in read.tables]
    assert [(states["42"], states["6"]) for states in maps] == [("waiting", "closed"), ("on_hold", "closed")]
    assert maps[0]["1"] == "new"


def test_an_unknown_table_guesses_no_state() -> None:
    read = options(tables=[{"name": "u_ticket", "kind": "incident"}])
    assert Parser(layout(read.tables[0], read), read).ticket(row(1)).state == "unknown"


def test_fields_say_which_column_feeds_what() -> None:
    fields = {
        "service": "u_service",
        "requester": "u_customer",
        "place": "u_site",
        "state": "u_state",
        "priority": "",
        "organisation": "requester.department.name",
        "department": "u_department",
        "vip": "requester.vip",
    }
    columns = {"u_service": "Payroll", "u_customer": "c1", "u_site": "Hall 9", "u_state": "7", "u_department": "Sales"}
    user = {"u_customer.email": "c@d.example", "u_customer.department.name": "North", "u_customer.vip": "true"}
    read = ticket(columns={**columns, **user}, fields=fields)
    assert read.requester is not None
    assert (read.service, read.state, read.priority) == ("Payroll", "closed", None)
    assert (read.requester.key, read.requester.place) == ("c1", "Hall 9")
    assert (read.requester.email, read.requester.organisation) == ("c@d.example", "North")
    assert read.attributes == {"department": "Sales", "vip": "true"}


def test_the_fields_of_a_table_go_before_those_of_its_source() -> None:
    own = TableOptions(name="incident", kind="incident", fields={"service": "u_own"})
    assert layout(own, options(fields={"service": "u_any", "site": "u_site"})).named["service"] == "u_own"


def test_an_empty_attribute_is_left_out() -> None:
    assert ticket(columns={"u_department": ""}, fields={"department": "u_department"}).attributes == {}


def test_without_a_requester_no_column_of_one_is_asked_for() -> None:
    read = options(fields={"requester": "", "vip": "requester.vip"})
    columns = layout(read.tables[0], read).columns
    assert not [column for column in columns if "caller_id" in column or "requester" in column]
    assert ticket(fields={"requester": ""}).requester is None


def test_labels_replace_raw_values_and_others_stay() -> None:
    labels = {"priority": {"3": "moderate"}, "channel": {"email": "E-mail"}, "vip": {"true": "yes"}}
    read = ticket(columns={"caller_id.vip": "true"}, labels=labels, fields={"vip": "requester.vip"})
    assert (read.priority, read.channel, read.attributes) == ("moderate", "phone", {"vip": "yes"})


@pytest.mark.parametrize(
    "reference",
    [
        "u7",
        {"value": "u7", "link": f"{URL}/api/now/table/sys_user/other"},
        {"display_value": "Caller 7", "link": f"{URL}/api/now/table/sys_user/u7"},
        {"display_value": "Caller 7", "value": "u7"},
    ],
)
def test_references_are_read_in_each_of_their_shapes(reference: object) -> None:
    requester = ticket(columns={"caller_id": reference}).requester
    assert requester is not None
    assert requester.key == "u7"


def test_a_reference_in_a_text_is_its_raw_value_or_its_label() -> None:
    raw = {"display_value": "Desk", "value": "g1"}
    read = ticket(columns={"assignment_group.name": raw, "category": {"display_value": "Mail", "link": "x/c1"}})
    assert (read.group, read.category) == ("g1", "Mail")


@pytest.mark.parametrize(("raw", "met"), [("true", True), ("false", False), ("", None)])
def test_made_sla_is_true_false_or_unknown(raw: str, met: bool | None) -> None:
    assert ticket(columns={"made_sla": raw}).sla_met is met


@pytest.mark.parametrize("column", ["sys_id", "sys_updated_on", "state"])
def test_a_row_without_an_essential_column_names_it(column: str) -> None:
    broken = {name: value for name, value in row(1).items() if name != column}
    with pytest.raises(BadRecord) as caught:
        parser().ticket(broken)
    assert (caught.value.field, caught.value.key) == (column, None if column == "sys_id" else sys_id(1))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("sys_id", ""),
        ("sys_updated_on", ""),
        ("sys_updated_on", "2026-02-30 00:00:00"),
        ("opened_at", "31/31/2016"),
        ("resolved_at", "2026-W01-1 00:00:00"),
        ("closed_at", "2026-01-01T00:00:00"),
        ("closed_at", "2026-01-01 00:00.00"),
        ("reassignment_count", "many"),
        ("reopen_count", "-1"),
        ("reopen_count", "٣"),
        ("reopen_count", "1" * 10),
        ("made_sla", "maybe"),
        ("short_description", 7),
        ("caller_id", {}),
        ("state", None),
    ],
)
def test_a_value_that_cannot_be_understood_is_named_by_its_column_and_not_repeated(column: str, value: object) -> None:
    with pytest.raises(BadRecord) as caught:
        parser().ticket({**row(1), column: value})
    assert caught.value.field == column
    assert str(caught.value).startswith(f"{column}: ")
    if isinstance(value, str) and value:
        assert value not in str(caught.value)


def test_a_ticket_without_a_number_or_a_time_of_opening_falls_back() -> None:
    columns = {"number": "", "opened_at": "", "sys_created_on": stamp(5)}
    read = ticket(columns=columns)
    assert (read.number, read.opened_at) == (sys_id(1), datetime(2026, 1, 1, 0, 0, 5, tzinfo=UTC))
    with pytest.raises(BadRecord) as caught:
        ticket(columns={**columns, "sys_created_on": ""})
    assert caught.value.field == "opened_at"


def test_times_are_utc_itself() -> None:
    assert ticket().changed_at.tzinfo is UTC


def test_a_row_is_parsed_by_its_class_else_by_its_table(connect: Connect) -> None:
    source = connect(tables=[{"name": "task", "kind": "task", "states": {"6": "closed"}}, "incident"])
    plain = {**row(1), "_table": "task"}
    assert ticket_of(source, plain).kind == "incident"
    child = ticket_of(source, {**plain, "sys_class_name": "u_facility_task"})
    assert (child.kind, child.state, child.vendor_type) == ("task", "closed", "u_facility_task")
    with pytest.raises(BadRecord) as caught:
        source.parse({**plain, "sys_class_name": "problem", "_table": "sc_task"})
    assert (caught.value.field, caught.value.key) == ("sys_class_name", sys_id(1))


_TEXTS = st.one_of(
    st.sampled_from(["", "x", "true", "false", "3", "-1", "007", "²", "2026-01-01 00:00:00", "0001-01-01 23:59:59"]),
    st.from_regex(r"\A\d{4}-[0-9W]\d-?\d\d? \d\d:?\d\d[:+]\d\d\Z"),
    st.text(max_size=20),
)
_VALUES = st.one_of(
    _TEXTS,
    st.none(),
    st.booleans(),
    st.integers(),
    st.lists(_TEXTS, max_size=1),
    st.dictionaries(st.sampled_from(["value", "link", "display_value"]), st.one_of(_TEXTS, st.none(), st.integers())),
)
_COLUMNS = sorted(row(1))


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(_COLUMNS), _VALUES, max_size=4), st.sets(st.sampled_from(_COLUMNS), max_size=3))
@example({"opened_at": "2026-01-01 00:00+00"}, set())
@example({"reopen_count": 0}, set())
@example({"made_sla": []}, set())
def test_the_fast_path_and_marshmallow_agree_on_any_row(changes: RawRow, without: set[str]) -> None:
    read = parser()
    raw = {name: value for name, value in {**row(1), **changes}.items() if name not in without}
    fast = Getters(read.schema).read(raw)
    errors = read.schema.validate(raw)
    if fast is not None:
        assert not errors
        assert fast == read.schema.load(raw)
    elif not changes and not without:
        pytest.fail("the fast path refuses a usual row")


@settings(deadline=None)
@given(_TEXTS)
def test_a_stamp_is_exactly_what_the_vendor_writes(text: str) -> None:
    pattern = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)", text, re.ASCII)
    if is_stamp(text):
        assert pattern is not None
        assert moment(text) == datetime(*map(int, pattern.groups()), tzinfo=UTC)  # type: ignore[misc,arg-type]
    elif pattern:
        with pytest.raises(ValueError, match=r"."):
            datetime(*map(int, pattern.groups()), tzinfo=UTC)  # type: ignore[misc,arg-type]
