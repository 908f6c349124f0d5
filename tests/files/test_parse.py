"""What a row tells: tickets, their requesters, events and answers; and what is refused, by file, row and column."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.files.support import LONG_AGO, Folder
from xmo_hooks import Answer, BadRecord, Contact, Native, Ticket, Touchpoint

BASE = {"key": "Id", "opened_at": "Opened"}


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _one(folder: Folder, columns: dict[str, str], **options: Any) -> list[Any]:
    """What one row with these columns tells."""
    cells = {"Id": "7", "Opened": "2026-01-01", **columns}
    lines = [[text.replace('"', '""') for text in part] for part in (cells.keys(), cells.values())]
    folder.put("a.csv", "\n".join(",".join(f'"{text}"' for text in line) for line in lines) + "\n")
    return folder.told(**{"fields": BASE, **options})


def test_every_field_of_a_ticket_can_be_fed_and_any_other_name_is_an_attribute(folder: Folder) -> None:
    columns = {
        "No": "INC7",
        "Type": "Service Request",
        "Status": "Done",
        "Changed": "2026-01-03",
        "Resolved": "2026-01-02",
        "Closed": "2026-01-02T12:00:00",
        "Due": "2026-01-05",
        "Subject": "No mail",
        "Link": "https://desk.example.com/7",
        "Again": "1",
        "Moves": "2,0",
        "In time": "Ja",
        "Service": "Mail",
        "Team": "Desk",
        "Prio": "1",
        "Kind of": "Access",
        "Way": "Phone",
        "Above": "6",
        "Who": "u1",
        "Mail": "u1@example.com",
        "Name": "Una",
        "Language": "de",
        "Zone": "Europe/Berlin",
        "Site": "Ulm",
        "Firm": "Acme",
        "Department": "HR",
    }
    names = [
        "number",
        "kind",
        "state",
        "changed_at",
        "resolved_at",
        "closed_at",
        "promised_at",
        "title",
        "url",
        "reopens",
    ]
    names += ["reassignments", "sla_met", "service", "group", "priority", "category", "channel", "parent", "requester"]
    names += ["email", "name", "language", "timezone", "place", "organisation", "department"]
    (ticket,) = _one(
        folder,
        columns,
        fields={**BASE, **dict(zip(names, columns, strict=True))},
        states={"done": "closed"},
        kinds={"Service Request": "request"},
        labels={"priority": {"1": "critical"}, "sla_met": {"Ja": "yes"}},
        requester_kind="employee",
    )
    who = {"language": "de", "timezone": "Europe/Berlin", "place": "Ulm", "organisation": "Acme"}
    assert ticket == Ticket(
        key="7",
        number="INC7",
        kind="request",
        vendor_type="Service Request",
        state="closed",
        vendor_state="Done",
        opened_at=_at("2026-01-01"),
        changed_at=_at("2026-01-03"),
        resolved_at=_at("2026-01-02"),
        closed_at=_at("2026-01-02T12:00"),
        promised_at=_at("2026-01-05"),
        title="No mail",
        url="https://desk.example.com/7",
        requester=Contact(key="u1", email="u1@example.com", name="Una", kind="employee", **who),  # type: ignore[arg-type]
        reopens=1,
        reassignments=2,
        sla_met=True,
        service="Mail",
        group="Desk",
        priority="critical",
        category="Access",
        channel="Phone",
        parent="6",
        attributes={"department": "HR"},
    )


def test_two_columns_are_enough_for_a_ticket(folder: Folder) -> None:
    (ticket,) = _one(folder, {})
    assert (ticket.number, ticket.kind, ticket.state, ticket.requester) == ("7", "incident", "new", None)
    assert (ticket.opened_at, ticket.changed_at) == (_at("2026-01-01"), LONG_AGO)


def test_a_field_takes_the_first_column_that_is_filled_or_what_is_always_the_same(folder: Folder) -> None:
    fields = {**BASE, "title": ["Subject", "Summary"], "service": {"value": "Laptop"}, "reopens": {"value": 3}}
    (ticket,) = _one(folder, {"Subject": "?", "Summary": " Help "}, fields=fields)
    assert (ticket.title, ticket.service, ticket.reopens) == ("Help", "Laptop", 3)


@pytest.mark.parametrize("text", ["", " ", "?", "NA", "N/A", "NULL"])
def test_what_stands_for_nothing_is_nothing(folder: Folder, text: str) -> None:
    (ticket,) = _one(
        folder, {"Closed": text, "Again": text}, fields={**BASE, "closed_at": "Closed", "reopens": "Again"}
    )
    assert (ticket.closed_at, ticket.reopens) == (None, 0)


def test_the_config_says_what_stands_for_nothing(folder: Folder) -> None:
    (ticket,) = _one(folder, {"A": "-", "B": "NA"}, fields={**BASE, "place": "A", "title": "B"}, missing=["-"])
    assert ticket.title == "NA"


@pytest.mark.parametrize(
    ("raw", "state"),
    [
        ("Done", "closed"),
        ("DONE", "closed"),
        ("In Progress", "in_progress"),
        ("on-hold", "on_hold"),
        ("Odd", "unknown"),
    ],
)
def test_a_state_means_what_the_config_says_else_what_it_says_itself(folder: Folder, raw: str, state: str) -> None:
    fields, states = {**BASE, "state": "Status"}, {"Done": "closed"}
    (ticket,) = _one(folder, {"Status": raw}, fields=fields, states=states)
    assert (ticket.state, ticket.vendor_state) == (state, raw)


@pytest.mark.parametrize(
    ("ends", "state"),
    [
        ({}, "new"),
        ({"Resolved": "2026-01-02"}, "resolved"),
        ({"Resolved": "2026-01-02", "Closed": "2026-01-03"}, "closed"),
    ],
)
def test_without_a_state_the_ends_tell_it(folder: Folder, ends: dict[str, str], state: str) -> None:
    fields = {**BASE, "resolved_at": "Resolved", "closed_at": "Closed"}
    (ticket,) = _one(folder, {"Resolved": "", "Closed": "", **ends}, fields=fields)
    assert ticket.state == state
    assert ticket.changed_at == LONG_AGO


@pytest.mark.parametrize(
    ("state", "resolved", "closed"),
    [
        ("new", False, False),
        ("unknown", False, False),
        ("resolved", True, False),
        ("closed", True, True),
        ("cancelled", False, True),
    ],
)
def test_a_row_has_only_the_ends_that_belong_to_its_state(
    folder: Folder, state: str, resolved: bool, closed: bool
) -> None:
    fields = {**BASE, "state": "Status", "resolved_at": "Resolved", "closed_at": "Closed"}
    columns = {"Status": state, "Resolved": "2026-01-02", "Closed": "2026-01-03"}
    (ticket,) = _one(folder, columns, fields=fields)
    assert (ticket.resolved_at is not None, ticket.closed_at is not None) == (resolved, closed)


@pytest.mark.parametrize(("earlier", "later"), [("open", "resolved"), ("resolved", "open"), ("resolved", "closed")])
def test_without_a_time_of_change_what_a_later_export_says_is_newer(folder: Folder, earlier: str, later: str) -> None:
    fields = {"key": "Id", "opened_at": "Opened", "state": "Status", "resolved_at": "Ended", "closed_at": "Ended"}
    line = "7,2026-01-01,{},2026-01-09\n"  # the end lies before either export was written
    folder.put("1.csv", "Id,Opened,Status,Ended\n" + line.format(earlier), LONG_AGO - timedelta(days=1))
    folder.put("2.csv", "Id,Opened,Status,Ended\n" + line.format(later), LONG_AGO)
    first, second = folder.tickets(fields=fields, states={"open": "in_progress"})
    assert first.changed_at < second.changed_at


def test_a_ticket_never_changed_before_its_end(folder: Folder) -> None:
    (ticket,) = _one(folder, {"Closed": "2026-02-09"}, fields={**BASE, "closed_at": "Closed"})
    assert ticket.changed_at == _at("2026-02-09") > LONG_AGO


def test_an_address_is_the_requesters_and_never_an_attribute(folder: Folder) -> None:
    fields = {**BASE, "email": "Mail", "note": "Note", "site": "Site"}
    (ticket,) = _one(folder, {"Mail": "u1@example.com", "Note": "ask u2@example.com", "Site": "Ulm"}, fields=fields)
    assert ticket.requester == Contact(key="u1@example.com", email="u1@example.com")
    assert ticket.attributes == {"site": "Ulm"}


def test_an_answer_to_the_systems_own_survey_stands_beside_its_ticket(folder: Folder) -> None:
    surveys = [{"value": "Stars", "text": "Why", "at": "Rated", "low": 0, "high": 10, "question": "nps"}]
    _, native = _one(folder, {"Stars": "9,0", "Why": "fast", "Rated": "2026-01-09"}, surveys=surveys)
    answer = Answer(question="nps", version="files", value=9, low=0, high=10, best=10, text="fast")
    assert native == Native(ticket="7", key="nps", at=_at("2026-01-09"), answer=answer)


def test_answers_in_words_have_their_numbers_from_the_config(folder: Folder) -> None:
    surveys = [{"value": "Said", "key": "Answer", "low": 0, "high": 1, "values": {"Good": 1, "Bad": 0}}]
    fields = {**BASE, "resolved_at": "Resolved"}
    columns = {"Said": "Bad", "Answer": "A1", "Resolved": "2026-01-04"}
    _, native = _one(folder, columns, surveys=surveys, fields=fields)
    assert (native.key, native.at, native.answer.value, native.answer.code) == ("A1", _at("2026-01-04"), 0, "Bad")


def test_a_row_without_an_answer_tells_none(folder: Folder) -> None:
    assert len(_one(folder, {"Stars": "?"}, surveys=[{"value": "Stars"}])) == 1


def test_a_scale_may_be_good_at_its_low_end(folder: Folder) -> None:
    _, native = _one(folder, {"Grade": "1"}, surveys=[{"value": "Grade", "high": 6, "best": 1}])
    assert (native.answer.value, native.answer.best) == (1, 1)


def test_one_row_may_tell_a_ticket_and_events_of_its_life(folder: Folder) -> None:
    events = [
        {"at": "Opened", "what": "contact"},
        {"at": "Answered", "what": "response", "channel": {"value": "email"}, "key": "Event"},
        {"at": "Promised", "what": "promise", "promised_at": "Due", "side": "machine"},
        {"at": "Lost", "what": "abandoned"},
    ]
    columns = {
        "Answered": "2026-01-02",
        "Promised": "2026-01-03",
        "Due": "2026-01-09",
        "Lost": "",
        "Event": "E1",
        "Way": "Phone",
    }
    fields, labels = {**BASE, "channel": "Way"}, {"channel": {"Phone": "phone"}}
    ticket, *told = _one(folder, columns, touchpoints=events, fields=fields, labels=labels)
    contact = {"what": "contact", "side": "requester", "channel": "phone", "key": "contact 2026-01-01T00:00:00"}
    promise = {"what": "promise", "side": "machine", "channel": "phone", "key": "promise 2026-01-03T00:00:00"}
    assert ticket.channel == "phone"
    assert told == [
        Touchpoint(ticket="7", at=_at("2026-01-01"), **contact),  # type: ignore[arg-type]
        Touchpoint(ticket="7", key="E1", at=_at("2026-01-02"), what="response", side="desk", channel="email"),
        Touchpoint(ticket="7", at=_at("2026-01-03"), promised_at=_at("2026-01-09"), **promise),  # type: ignore[arg-type]
    ]


def test_a_row_may_be_an_event_alone_with_or_without_a_ticket(folder: Folder) -> None:
    folder.put(
        "calls.csv", "Call,Ticket,Start,Result\nC1,T1,2026-01-01,hung up\nC2,,2026-01-02,hung up\nC3,T1,2026-01-03,ok\n"
    )
    events = [{"at": "Start", "what": "abandoned", "key": "Call", "when": {"Result": ["hung up", "lost"]}}]
    told = folder.told(fields={"key": ["Ticket", "Call"], "channel": {"value": "phone"}}, touchpoints=events)
    tickets = [one for one in told if isinstance(one, Ticket)]
    assert tickets == []
    points = [one for one in told if isinstance(one, Touchpoint)]
    assert [(one.ticket, one.key, one.channel, one.side) for one in points] == [
        ("T1", "C1", "phone", "requester"),
        ("C2", "C2", "phone", "requester"),
    ]


def test_a_contact_whose_ticket_is_empty_has_none_and_is_its_persons(folder: Folder) -> None:
    folder.put("calls.csv", "Call,Ticket,Start,Who\nC1,T1,2026-01-01,\nC2,,2026-01-02,u1@example.com\n")
    events = [{"at": "Start", "what": "abandoned", "key": "Call"}]
    told = folder.told(fields={"key": "Ticket", "email": "Who"}, touchpoints=events)
    una = Contact(key="u1@example.com", email="u1@example.com")
    rest: dict[str, Any] = {"what": "abandoned", "side": "requester"}
    assert told == [
        Touchpoint(ticket="T1", key="C1", at=_at("2026-01-01"), **rest),
        Touchpoint(key="C2", at=_at("2026-01-02"), requester=una, **rest),
    ]


def test_contacts_without_a_ticket_in_the_same_instant_are_told_apart(folder: Folder) -> None:
    folder.put("search.csv", "Day,Words\n2026-01-01,vpn\n2026-01-01,mail\n")
    told = folder.told(fields={}, touchpoints=[{"at": "Day", "what": "abandoned"}])
    points = [one for one in told if isinstance(one, Touchpoint)]
    assert {one.ticket for one in points} == {None}
    assert len({one.key for one in points}) == 2
    assert "vpn" not in points[0].key


def test_what_is_part_of_a_tickets_life_is_refused_without_a_ticket(folder: Folder) -> None:
    folder.put("a.csv", "Ticket,At,Stars\n,2026-01-01,\n,2026-01-01,4\n")
    fields, events = {"key": "Ticket"}, [{"at": "At", "what": "response", "when": {"Stars": ""}}]
    assert [
        str(bad) for bad in folder.bad(fields=fields, touchpoints=events, surveys=[{"value": "Stars", "at": "At"}])
    ] == [
        'a.csv, row 2, column "Ticket": is empty: response needs a ticket',
        'a.csv, row 3, column "Ticket": is empty: an answer needs a ticket',
    ]


def test_a_row_without_a_key_is_known_by_its_content(folder: Folder) -> None:
    folder.put(
        "search.jsonl",
        '{"at": "2026-01-01", "q": "vpn"}\n{"q": "vpn", "at": "2026-01-01"}\n{"at": "2026-01-02", "q": "vpn"}\n',
    )
    events = [{"at": "at", "what": "abandoned", "channel": {"value": "search"}}]
    first, same, other = folder.told(fields={}, touchpoints=events)
    assert first == same != other


def test_tables_say_how_files_differ_and_share_what_stands_above_them(folder: Folder) -> None:
    folder.put("tickets.csv", "Id,Opened,Status\n1,01.02.2026,Offen\n")
    folder.put("rating.csv", "Ticket,When,Stars\n1,02.02.2026,4\n")
    folder.put("other.csv", "a,b\n")
    tables = [
        {"name": "tickets*", "fields": {**BASE, "state": "Status"}},
        {"name": "rating*", "fields": {"key": "Ticket"}, "surveys": [{"value": "Stars", "at": "When"}]},
    ]
    ticket, native = sorted(
        folder.told(tables=tables, times=["%d.%m.%Y"], states={"Offen": "new"}, fields={}),
        key=lambda one: str(type(one)),
        reverse=True,
    )
    assert isinstance(ticket, Ticket)
    assert (ticket.state, ticket.opened_at) == ("new", _at("2026-02-01"))
    assert isinstance(native, Native)
    assert (native.ticket, native.at, native.answer.value) == ("1", _at("2026-02-02"), 4)


def test_rows_of_one_file_may_belong_to_tables_by_what_they_hold(folder: Folder) -> None:
    folder.put("a.csv", "Id,Type,Opened\n1,Ticket,2026-01-01\n2,Call,2026-01-02\n3,Note,2026-01-03\n")
    tables = [
        {"name": "*", "when": {"Type": "Ticket"}, "fields": BASE},
        {
            "name": "*.csv",
            "when": {"Type": "Call"},
            "fields": {"key": "Id"},
            "touchpoints": [{"at": "Opened", "what": "contact"}],
        },
    ]
    told = folder.told(tables=tables)
    assert [type(one).__name__ for one in told] == ["Ticket", "Touchpoint"]


@pytest.mark.parametrize(
    ("columns", "options", "problem", "field"),
    [
        ({"Id": ""}, {}, 'column "Id": is empty', "Id"),
        ({"Opened": ""}, {}, 'column "Opened": is empty: a ticket needs a time of opening', "Opened"),
        ({"Opened": "soon"}, {}, 'column "Opened": is no time like iso', "Opened"),
        ({"X": "many"}, {"fields": {**BASE, "reopens": "X"}}, 'column "X": is no whole number', "X"),
        ({"X": "1.5"}, {"fields": {**BASE, "reopens": "X"}}, 'column "X": is no whole number', "X"),
        ({"X": "1,000"}, {"fields": {**BASE, "reopens": "X"}}, 'column "X": is no whole number', "X"),
        ({"X": "-12,000"}, {"fields": {**BASE, "reopens": "X"}}, 'column "X": is no whole number', "X"),
        ({"X": "9999999999"}, {"fields": {**BASE, "reopens": "X"}}, 'column "X": is no whole number', "X"),
        ({"X": "-1"}, {"fields": {**BASE, "reassignments": "X"}}, 'column "X": is less than 0', "X"),
        ({"X": "maybe"}, {"fields": {**BASE, "sla_met": "X"}}, 'column "X": is neither true nor false', "X"),
        ({"X": "6"}, {"surveys": [{"value": "X"}]}, 'column "X": lies outside of 1 and 5', "X"),
        (
            {"X": "5", "Y": ""},
            {"fields": {"key": "Id"}, "surveys": [{"value": "X", "at": "Y"}]},
            'column "Y": is empty: an answer needs a time',
            "Y",
        ),
    ],
)
def test_a_row_that_is_not_understood_names_file_row_and_column_and_repeats_no_value(
    folder: Folder, columns: dict[str, str], options: dict[str, Any], problem: str, field: str
) -> None:
    with pytest.raises(BadRecord) as refused:
        _one(folder, columns, **options)
    assert str(refused.value) == f"a.csv, row 2, {problem}"
    tells_ticket = "opened_at" in options.get("fields", BASE)
    assert (refused.value.field, refused.value.key) == (
        field,
        (columns.get("Id", "7") or None) if tells_ticket else None,
    )


def test_a_row_that_cannot_say_whose_it_is_is_bad_though_a_table_wants_only_some(folder: Folder) -> None:
    folder.put("a.csv", "Id,Opened,Type\n1,2026-01-01\n")
    assert [str(error) for error in folder.bad(fields=BASE, when={"Type": "Ticket"})] == [
        "a.csv, row 2: has 2 cells where the header has 3"
    ]


def test_a_row_out_of_quarantine_whose_file_no_table_is_for_says_so(folder: Folder) -> None:
    folder.put("a.csv", "Id,Opened\n1,2026-01-01\n")
    (row,) = folder.rows(fields=BASE)
    source = folder.source(tables=[{"name": "b*.csv", "fields": BASE}])
    with pytest.raises(BadRecord, match=r"a\.csv, row 2: none of the tables"):
        source.parse(row)


def test_a_zero_byte_in_a_text_is_left_out_for_no_database_keeps_it(folder: Folder) -> None:
    (ticket,) = _one(folder, {"Subject": "a\0b"}, fields={**BASE, "title": "Subject"})
    assert ticket.title == "ab"


@pytest.mark.parametrize(("text", "number"), [("4,0", 4), ("4.0", 4), ("0,000", 0), ("4,0000", 4), ("1000,000", 1000)])
def test_a_comma_that_cannot_be_a_group_of_three_is_a_decimal_one(folder: Folder, text: str, number: int) -> None:
    (ticket,) = _one(folder, {"X": text}, fields={**BASE, "reopens": "X"})
    assert ticket.reopens == number
