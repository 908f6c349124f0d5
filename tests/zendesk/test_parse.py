"""A ticket's row becomes a ticket, or is refused with the field at fault."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.zendesk.support import START, Raw, at, iso, options, ticket, user
from xmo_hooks import BadRecord, Contact, Native, Ticket, Touchpoint
from xmo_zendesk.fields import COLUMNS
from xmo_zendesk.join import Join
from xmo_zendesk.options import Options
from xmo_zendesk.parse import Parser, judge, read

SIDELOADS: Raw = {
    "users": [user(9001)],
    "groups": [{"id": 60, "name": "Service Desk"}],
    "organizations": [{"id": 70, "name": "Sales"}],
}


def joined(raw: Raw, here: Options) -> Raw:
    (row,) = Join(here, lambda kind: {"3": "Acme"} if kind == "brand" else {}).rows(SIDELOADS, [raw])
    return row


def records(here: Options | None = None, /, **columns: Any) -> list[Any]:
    here = here or options()
    return list(Parser(here).records(joined(ticket(1, 60, **columns), here)))


def parsed(here: Options | None = None, /, **columns: Any) -> Ticket:
    found = records(here, **columns)[0]
    assert isinstance(found, Ticket)
    return found


def test_a_ticket_has_every_field_that_the_row_tells() -> None:
    here = options(service="brand", category=361, fields={"place": "user_fields.place", "software": 360})
    row = joined(ticket(1, 60, problem_id=8, due_at=iso(900)), here) | {"_sla": {"met": False, "at": START + 99}}
    assert next(Parser(here).records(row)) == Ticket(
        key="1",
        number="1",
        kind="incident",
        vendor_type="incident",
        state="resolved",
        vendor_state="solved",
        opened_at=at(0),
        changed_at=at(99),
        resolved_at=at(60),
        closed_at=None,
        promised_at=at(900),
        title="No mail",
        url="https://acme.zendesk.com/agent/tickets/1",
        requester=Contact(
            key="9001",
            email="p9001@example.org",
            name="Person 9001",
            kind="customer",
            language="de",
            timezone="Europe/Berlin",
            place="Hall 3",
            organisation="Sales",
        ),
        reopens=1,
        reassignments=2,
        sla_met=False,
        service="Acme",
        group="Service Desk",
        priority="critical",
        category=None,
        channel="email",
        parent="8",
        attributes={"software": "service_mail"},
    )


@pytest.mark.parametrize(
    ("status", "state", "resolved", "closed"),
    [
        ("new", "new", None, None),
        ("open", "in_progress", None, None),
        ("pending", "waiting", None, None),
        ("hold", "on_hold", None, None),
        ("solved", "resolved", at(60), None),
        ("closed", "closed", at(60), at(60)),
        ("odd", "unknown", None, None),
    ],
)
def test_states_and_their_times(status: str, state: str, resolved: datetime | None, closed: datetime | None) -> None:
    found = parsed(status=status)
    assert (found.state, found.vendor_state) == (state, status)
    assert (found.resolved_at, found.closed_at) == (resolved, closed)


def test_a_custom_status_goes_before_its_category() -> None:
    here = options(states={"15": "cancelled", "solved": "closed", "odd": "on_hold"})
    assert parsed(here).state == "cancelled"
    assert parsed(here, custom_status_id=16).state == "closed"
    assert parsed(here, custom_status_id=None, status="odd").state == "on_hold"


def test_a_ticket_that_was_cancelled_was_not_resolved() -> None:
    here = options(states={"15": "cancelled", "16": "on_hold"})
    for status in ("solved", "closed"):
        found = parsed(here, status=status, metric_set={"solved_at": iso(50), "status_updated_at": iso(70)})
        assert (found.state, found.resolved_at, found.closed_at) == ("cancelled", None, at(50))
    assert parsed(here, status="closed", custom_status_id=16).state == "closed"


@pytest.mark.parametrize("status", ["solved", "closed"])
def test_a_ticket_that_was_merged_into_another_was_cancelled_and_never_resolved(status: str) -> None:
    merged: Raw = {"status": status, "tags": ["mail", "closed_by_merge"]}
    ticket, *touchpoints = records(**merged)
    assert (ticket.state, ticket.resolved_at, ticket.closed_at) == ("cancelled", None, at(60))
    assert [one.what for one in touchpoints] == ["contact"]
    assert parsed(options(merged_tags=["gone"]), **merged).resolved_at == at(60)
    assert parsed(options(merged_tags=["mail"]), status=status).state == "cancelled"
    assert parsed(status="open", tags=["closed_by_merge"]).state == "in_progress"


@pytest.mark.parametrize(
    ("vendor", "kind"),
    [("incident", "incident"), ("problem", "problem"), ("question", "request"), ("task", "request"), (None, "request")],
)
def test_kinds(vendor: str | None, kind: str) -> None:
    found = parsed(type=vendor)
    assert (found.kind, found.vendor_type) == (kind, vendor or "ticket")


def test_kinds_follow_the_options_by_form_before_type() -> None:
    here = options(kinds={"2": "change", "task": "task", "none": "incident"})
    assert parsed(here).kind == "change"
    assert parsed(here, ticket_form_id=None, type="task").kind == "task"
    assert parsed(here, ticket_form_id=None, type=None).kind == "incident"


@pytest.mark.parametrize(
    ("vendor", "priority"),
    [("urgent", "critical"), ("high", "high"), ("normal", "medium"), ("low", "low"), ("p0", "p0"), (None, None)],
)
def test_priorities(vendor: str | None, priority: str | None) -> None:
    assert parsed(priority=vendor).priority == priority


@pytest.mark.parametrize(
    ("via", "channel"),
    [
        ({"channel": "web"}, "portal"),
        ({"channel": "voice"}, "phone"),
        ({"channel": "native_messaging"}, "chat"),
        ({"channel": "api"}, "api"),
        ({}, None),
        (None, None),
    ],
)
def test_channels(via: object, channel: str | None) -> None:
    assert parsed(via=via).channel == channel


@pytest.mark.parametrize(("stations", "handoffs"), [(None, 0), (0, 0), (1, 0), (4, 3)])
def test_a_hand_off_is_a_further_group(stations: int | None, handoffs: int) -> None:
    assert parsed(metric_set={"group_stations": stations, "assignee_stations": 9}).reassignments == handoffs


def test_without_metrics_nothing_is_guessed() -> None:
    found = parsed(metric_set=None, status="closed")
    assert (found.resolved_at, found.reopens, found.reassignments) == (None, 0, 0)
    assert found.closed_at == at(60)  # closing is the last thing that can happen to a ticket


def test_the_clock_is_that_of_the_export() -> None:
    assert parsed(generated_timestamp=START + 500).changed_at == at(500)
    assert parsed(generated_timestamp=None).changed_at == at(60)


def test_values_of_all_kinds_of_fields_become_words() -> None:
    values = {1: "printer", 2: ["a", "b"], 3: True, 4: 7, 5: 1.5, 6: None, 7: "", 8: []}
    here = options(fields={f"f{key}": key for key in values})
    found = parsed(here, custom_fields=[{"id": key, "value": value} for key, value in values.items()])
    assert found.attributes == {"f1": "printer", "f2": "a, b", "f3": "true", "f4": "7", "f5": "1.5"}


def test_opening_and_resolving_are_told_by_the_ticket_itself() -> None:
    _, *touchpoints = records()
    assert touchpoints == [
        Touchpoint(ticket="1", key="opened", at=at(0), what="contact", side="requester", channel="email"),
        Touchpoint(ticket="1", key=f"solved:{START + 60}", at=at(60), what="resolved", side="desk"),
    ]
    assert [one.what for one in records(status="open")[1:]] == ["contact"]


def test_where_updates_are_read_they_tell_when_it_was_resolved() -> None:
    assert [one.key for one in records(options(touchpoints=True))[1:]] == ["opened"]


@pytest.mark.parametrize(("score", "value"), [("good", 1), ("bad", 0)])
def test_a_rating_is_an_answer(score: str, value: int) -> None:
    *_, native = records(satisfaction_rating={"score": score, "id": 77, "comment": "Quick"})
    assert isinstance(native, Native)
    assert (native.ticket, native.key, native.at) == ("1", "77", at(60))
    said = native.answer
    assert (said.value, said.low, said.high, said.best, said.code, said.text) == (value, 0, 1, 1, score, "Quick")
    assert (said.question, said.version) == ("satisfaction", "legacy")


def test_the_time_of_a_rating_does_not_move_with_its_ticket() -> None:
    def given(**rating: Any) -> datetime:
        *_, native = records(updated_at=iso(999), satisfaction_rating={"score": "good", **rating})
        found: datetime = native.at
        return found

    assert given() == at(60)  # when it was resolved
    assert given(created_at=iso(70)) == at(70)
    assert given(created_at=iso(70), updated_at=iso(80)) == at(80)
    assert given(updated_at="soon") == at(60)


@pytest.mark.parametrize("rating", [None, {}, {"score": "offered"}, {"score": "unoffered"}, {"score": "received"}])
def test_what_was_offered_only_is_no_answer(rating: object) -> None:
    assert not any(isinstance(one, Native) for one in records(satisfaction_rating=rating))


def test_a_deleted_ticket_tells_nothing() -> None:
    assert records(status="deleted", subject="SCRUBBED", satisfaction_rating={"score": "good"}) == []


@pytest.mark.parametrize(
    ("columns", "field"),
    [
        ({"id": None}, "id"),
        ({"id": "1"}, "id"),
        ({"id": True}, "id"),
        ({"status": ""}, "status"),
        ({"status": 3}, "status"),
        ({"created_at": None}, "created_at"),
        ({"created_at": "yesterday"}, "created_at"),
        ({"created_at": "2026-01-31T10:15:30"}, "created_at"),
        ({"generated_timestamp": "soon"}, "generated_timestamp"),
        ({"generated_timestamp": 10**20}, "generated_timestamp"),
        ({"generated_timestamp": None, "updated_at": None}, "generated_timestamp"),
        ({"subject": ["x"]}, "subject"),
        ({"via": "web"}, "via"),
        ({"requester_id": "me"}, "requester_id"),
        ({"satisfaction_rating": "good"}, "satisfaction_rating"),
        ({"metric_set": {"reopens": -1}}, "metric_set.reopens"),
        ({"metric_set": {"solved_at": 5}}, "metric_set.solved_at"),
        ({"metric_set": "none"}, "metric_set"),
    ],
)
def test_a_row_that_cannot_be_understood_is_refused_by_its_field(columns: Raw, field: str) -> None:
    with pytest.raises(BadRecord) as refused:
        records(**columns)
    assert refused.value.field == field
    assert str(refused.value).startswith(f"{field}: ")
    assert refused.value.key == (None if "id" in columns else "1")


def test_custom_fields_that_are_none_are_refused_where_they_are_read() -> None:
    row = joined(ticket(1), options(service=360)) | {"custom_fields": [{"id": 360}]}
    with pytest.raises(BadRecord, match="custom_fields"):
        list(Parser(options(service=360)).records(row))


def test_a_message_never_repeats_a_value() -> None:
    with pytest.raises(BadRecord) as refused:
        records(created_at="Mrs Secret called")
    assert "Secret" not in str(refused.value)


def test_times_with_an_offset_are_read_to_utc() -> None:
    found = parsed(created_at="2026-01-01T02:00:00+02:00", due_at="2026-01-01T00:00:10.500Z")
    assert found.opened_at == at(0)
    assert found.opened_at.tzinfo is UTC
    assert found.promised_at is not None
    assert found.promised_at.microsecond == 500_000


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-03-29T01:59:59+01:00", "00:59:59"),
        ("2026-03-29T03:00:00+02:00", "01:00:00"),
        ("2026-10-25T02:30:00+02:00", "00:30:00"),
        ("2026-10-25T02:30:00+01:00", "01:30:00"),
    ],
)
def test_an_hour_that_is_missing_or_comes_twice_is_told_apart_by_its_offset(text: str, utc: str) -> None:
    assert parsed(created_at=text).opened_at.strftime("%H:%M:%S") == utc


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", None])
def test_the_zone_of_a_user_moves_no_time(zone: str | None) -> None:
    row = joined(ticket(1, 60), options()) | {"_requester": user(9001, iana_time_zone=zone, time_zone="Berlin")}
    found = next(Parser(options()).records(row))
    assert isinstance(found, Ticket)
    assert (found.opened_at, found.resolved_at) == (at(0), at(60))
    assert found.requester is not None
    assert found.requester.timezone == zone


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 2**70),
    st.floats(allow_nan=False),
    st.text(max_size=5),
    st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-01", "open", "deleted"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.sampled_from(["channel", "score", "id", "value"]), st.text(max_size=3), max_size=2),
)
NAMES = st.sampled_from(sorted({one.column for one in COLUMNS} | {one.inside for one in COLUMNS if one.inside}))


@given(st.dictionaries(NAMES, VALUES, max_size=4), st.dictionaries(NAMES, VALUES, max_size=4))
def test_the_fast_path_and_the_schema_agree(outside: Raw, inside: Raw) -> None:
    here = options(fields={"place": "user_fields.place"})
    row = {**joined(ticket(1), here), **outside}
    if isinstance(row.get("metric_set"), dict):
        row["metric_set"] = {**row["metric_set"], **inside}
    fast = read(row)
    if fast is None:
        with pytest.raises(BadRecord):
            judge(row)
    else:
        assert judge(row) == fast
