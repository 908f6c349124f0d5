"""The events of a ticket's life, from its row alone and from its history."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.servicenow.support import options, row, stamp, sys_id
from xmo_hooks import BadRecord, Ticket, Touchpoint
from xmo_servicenow.fields import layout
from xmo_servicenow.parse import Parser
from xmo_servicenow.sides import Sides
from xmo_servicenow.touchpoints import watched

Told = list[tuple[int, str, str]]
CALLER, USUAL = "Caller.One", Sides(options())


def parser(**values: Any) -> Parser:
    read = options(**{"touchpoints": True, **values})
    return Parser(layout(read.tables[0], read), read)


def touchpoints(*, history: Any = None, with_options: Any = None, **columns: Any) -> list[Touchpoint]:
    raw = {**row(1, 600), "caller_id.user_name": CALLER, **columns}
    if history is not None:
        raw["_history"] = history
    ticket, *events = parser(**(with_options or {})).records(raw)
    assert isinstance(ticket, Ticket)
    found = [one for one in events if isinstance(one, Touchpoint)]
    assert {one.ticket for one in found} <= {sys_id(1)}
    assert len({one.key for one in found}) == len(found)
    return found


def told(found: Sequence[Touchpoint]) -> Told:
    opened = datetime(2026, 1, 1, tzinfo=UTC)
    return sorted((int((one.at - opened).total_seconds()), one.what, one.side) for one in found)


def change(second: int, field: str, before: str, after: str, user: str = "agent.7") -> dict[str, str]:
    about = {"fieldname": field, "oldvalue": before, "newvalue": after, "side": USUAL.of(user, CALLER)}
    return {"sys_id": sys_id(second + 5000), "sys_created_on": stamp(second), **about}


def word(second: int, by: str, sides: Sides = USUAL) -> dict[str, str]:
    return {"sys_id": sys_id(second + 9000), "sys_created_on": stamp(second), "side": sides.of(by, CALLER)}


def spoken(*words: tuple[int, str], **values: Any) -> Told:
    sides = Sides(options(**values))
    found = touchpoints(history={"comments": [word(*one, sides) for one in words]}, with_options=values)
    return [one for one in told(found) if one[1] in {"contact", "response", "update"}]


def happened(*changes: dict[str, str], **columns: Any) -> Told:
    return [one for one in told(touchpoints(history={"audit": list(changes)}, **columns)) if one[1:] != OPENED]


OPENED = ("contact", "requester")


def test_unless_events_are_wanted_a_row_tells_of_its_ticket_alone() -> None:
    held = row(1, 600, _history={"audit": [change(10, "assignment_group", "g1", "g2")]})
    (only,) = parser(touchpoints=False).records(held)
    assert only == parser().records(held)[0]
    assert len(parser().records(held)) > 1


def test_the_row_alone_tells_opening_and_resolution() -> None:
    first, last = touchpoints()
    assert (first.key, first.what, first.side, first.channel) == ("opened", "contact", "requester", "phone")
    assert (last.key, last.what, last.side) == (f"resolved:{stamp(600)}", "resolved", "desk")
    assert told([first, last]) == [(0, "contact", "requester"), (600, "resolved", "desk")]


def test_a_ticket_that_nobody_asked_for_begins_with_no_contact() -> None:
    assert told(touchpoints(caller_id="")) == [(600, "resolved", "desk")]


def test_an_end_without_a_resolution_is_one_and_one_that_was_undone_stays() -> None:
    cancelled = touchpoints(state="8", resolved_at="", closed_at=stamp(500))
    assert told(cancelled)[-1] == (500, "resolved", "desk")
    assert told(touchpoints(state="2"))[-1] == (600, "resolved", "desk")
    assert len(touchpoints(state="2", resolved_at="", closed_at="")) == 1


def test_the_desks_first_word_since_the_requester_spoke_is_a_response_and_the_next_an_update() -> None:
    assert spoken((10, "agent.7"), (20, "agent.8"), (30, "caller.one"), (40, "Caller.One"), (50, "agent.7")) == [
        (0, "contact", "requester"),
        (10, "response", "desk"),
        (20, "update", "desk"),
        (30, "contact", "requester"),
        (40, "contact", "requester"),
        (50, "response", "desk"),
    ]


@pytest.mark.parametrize("name", ["system", "guest", "Guest", "xmo", "mail.bot"])
def test_a_machine_never_answers_and_changes_nothing_about_who_spoke_last(name: str) -> None:
    values = {"username": "xmo", "password": "pw", "machines": ["Mail.Bot"]}
    assert spoken((10, name), (20, "agent.7"), (30, name), (40, "agent.7"), **values) == [
        (0, "contact", "requester"),
        (10, "update", "machine"),
        (20, "response", "desk"),
        (30, "update", "machine"),
        (40, "update", "desk"),
    ]


def test_comments_are_told_in_the_order_of_time_whatever_their_order_in_the_answer() -> None:
    assert spoken((20, "agent.8"), (10, "agent.7"))[1:] == [(10, "response", "desk"), (20, "update", "desk")]


def test_who_spoke_is_not_guessed_where_the_requesters_user_name_is_hidden() -> None:
    history = {"comments": [word(10, "agent.7")]}
    assert told(touchpoints(history=history, **{"caller_id.user_name": ""}))[0:1] == [(0, "contact", "requester")]
    assert len(touchpoints(history=history, **{"caller_id.user_name": ""})) == 2
    assert (10, "response", "desk") in told(touchpoints(history=history, caller_id="", **{"caller_id.user_name": ""}))


def test_going_to_another_group_is_a_hand_off_and_the_first_group_is_none() -> None:
    group = "assignment_group"
    changes = [
        change(10, group, "", "g1"),
        change(20, group, "g1", "g2"),
        change(30, group, "g2", ""),
        change(40, group, "", "g2"),
        change(50, group, "g2", "g1", user="system"),
        change(60, group, "g1", ""),
        change(70, group, "", "g2"),
    ]
    assert [at for at, *_ in happened(*changes)[:-1]] == [20, 50, 70]
    assert happened(change(10, group, "g1", "g2"))[:-1] == [(10, "handoff", "desk")]


def test_a_promise_is_a_time_that_was_named_or_moved() -> None:
    changes = [
        change(10, "due_date", "", stamp(1000)),
        change(11, "sla_due", "", stamp(1000), user="system"),
        change(20, "due_date", stamp(1000), stamp(1500)),
        change(30, "due_date", stamp(1500), ""),
        change(40, "sla_due", stamp(1000), "UNKNOWN"),
        change(50, "sla_due", "", stamp(1800), user="system"),
    ]
    found = [one for one in touchpoints(history={"audit": changes}) if one.what == "promise"]
    assert told(found) == [(10, "promise", "desk"), (20, "promise", "desk"), (50, "promise", "machine")]
    minutes = [one.promised_at.minute for one in found if one.promised_at]
    assert minutes == [16, 25, 30]


def test_what_was_promised_at_the_opening_is_told_where_the_ticket_is_audited() -> None:
    moved = [change(20, "due_date", stamp(1000), stamp(1500))]
    assert happened(*moved)[:2] == [(0, "promise", "desk"), (20, "promise", "desk")]
    other = [change(20, "assignment_group", "g1", "g2")]
    assert happened(*other, due_date=stamp(1000))[0] == (0, "promise", "desk")
    assert (0, "promise", "desk") not in happened(due_date=stamp(1000))
    assert (0, "promise", "desk") not in happened(change(20, "due_date", "", stamp(1500)), due_date=stamp(1500))


def test_each_end_and_each_reopening_is_told_once_though_two_columns_hold_the_state() -> None:
    steps = [(100, "2", "6", "agent.7"), (200, "6", "2", "Caller.One"), (300, "2", "8", "system")]
    changes = [change(at, "state", *step) for at, *step in steps]
    changes += [{**one, "fieldname": "incident_state", "sys_id": one["sys_id"][::-1]} for one in changes]
    changes.append(change(400, "state", "8", "7"))
    assert happened(*changes) == [
        (100, "resolved", "desk"),
        (200, "reopened", "requester"),
        (300, "resolved", "machine"),
    ]


def test_a_state_that_nobody_mapped_neither_ends_nor_reopens() -> None:
    changes = [change(100, "state", "2", "6"), change(200, "state", "6", "42"), change(300, "state", "42", "7")]
    assert happened(*changes) == [(100, "resolved", "desk")]


def test_an_end_has_the_same_key_from_the_row_and_from_the_log() -> None:
    (_, from_row), (_, from_log) = touchpoints(), touchpoints(history={"audit": [change(600, "state", "2", "6")]})
    assert from_row.key == from_log.key


def test_the_row_tells_the_resolution_where_the_log_does_not() -> None:
    assert happened(change(10, "assignment_group", "g1", "g2"))[-1] == (600, "resolved", "desk")


def test_the_columns_of_the_config_are_watched() -> None:
    read = options(touchpoints=True, fields={"state": "u_state", "group": "u_team.name", "promised_at": "u_until"})
    assert watched(layout(read.tables[0], read)) == {
        "u_state": "state",
        "u_team": "group",
        "u_until": "due",
        "sla_due": "due",
    }


@pytest.mark.parametrize(
    "history",
    [
        {"comments": [{"sys_id": "x"}]},
        {"comments": [word(1, "a") | {"sys_created_on": "yesterday"}]},
        {"audit": [change(1, "u_other", "", "")]},
        {"audit": [change(1, "assignment_group", "a", "b") | {"sys_created_on": ""}]},
        {"audit": 7},
    ],
)
def test_a_history_that_cannot_be_understood_is_a_bad_record(history: Any) -> None:
    with pytest.raises(BadRecord, match="history") as caught:
        touchpoints(history=history)
    assert caught.value.key == sys_id(1)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 500), st.sampled_from(["caller.one", "agent.7", "system"])), max_size=8))
def test_every_response_follows_a_word_of_the_requester_with_no_other_response_between(
    words: list[tuple[int, str]],
) -> None:
    said = [(at, name) for at, name in dict(words).items()]
    found = spoken(*said)
    waiting = False
    for _, what, side in found:
        assert (what == "response") == (side == "desk" and waiting)
        waiting = side == "requester" or (waiting and side == "machine")
    assert len(found) == len(said) + 1
