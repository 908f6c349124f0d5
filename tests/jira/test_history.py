"""What the history of a ticket tells: ends, reopenings, hand-offs, and when they were."""

from itertools import pairwise
from typing import Any

import pytest

from tests.jira.support import STATUSES, Raw, at, change, comment, iso, parsed, records, row, user
from xmo_hooks import BadRecord, Ticket

ITEMS = change(1, 1, status=("Open", "Closed"))["items"]
OPEN, WORK, RESOLVED, CLOSED = "Open", "Work in progress", "Resolved", "Closed"


def told(*changes: Raw, status: str = "Open", **fields: Any) -> Ticket:
    return parsed(row(*changes, status=STATUSES[status], **fields))


def moved(*names: str) -> list[Raw]:
    """A history of statuses, one a hundred seconds."""
    return [change(n, n * 100, status=pair) for n, pair in enumerate(pairwise(names), 1)]


def test_a_ticket_that_never_ended_has_no_ends() -> None:
    ticket = told(*moved(OPEN, WORK))
    assert (ticket.reopens, ticket.resolved_at, ticket.closed_at) == (0, None, None)


def test_resolving_and_then_closing_is_one_end() -> None:
    ticket = told(*moved(OPEN, WORK, RESOLVED, CLOSED), status=CLOSED)
    assert (ticket.reopens, ticket.resolved_at, ticket.closed_at) == (0, at(200), at(300))


def test_each_way_back_from_an_end_is_a_reopening() -> None:
    ticket = told(*moved(OPEN, RESOLVED, WORK, RESOLVED, CLOSED, OPEN, RESOLVED), status=RESOLVED)
    assert (ticket.reopens, ticket.resolved_at, ticket.closed_at) == (2, at(600), None)


def test_the_order_of_a_history_does_not_matter_but_that_of_its_times() -> None:
    changes = moved(OPEN, RESOLVED, WORK, RESOLVED)
    tied = change(7, 300, status=(RESOLVED, CLOSED))  # in the same second as the one before, and made later
    ticket = told(tied, *reversed(changes), status=CLOSED)
    assert (ticket.reopens, ticket.resolved_at, ticket.closed_at) == (1, at(300), at(300))


def test_a_date_of_resolution_goes_before_the_history() -> None:
    ticket = told(*moved(OPEN, RESOLVED), status=RESOLVED, resolutiondate=iso(99_470))
    assert ticket.resolved_at == at(99.47)


def test_a_date_that_is_left_from_the_first_end_is_not_that_of_the_second() -> None:
    ticket = told(*moved(OPEN, RESOLVED, WORK, RESOLVED), status=RESOLVED, resolutiondate=iso(100_000))
    assert ticket.resolved_at == at(300)


def test_a_date_that_is_left_while_a_ticket_is_open_again_is_ignored() -> None:
    ticket = told(*moved(OPEN, RESOLVED, WORK), status=WORK, resolutiondate=iso(100_000))
    assert (ticket.state, ticket.reopens, ticket.resolved_at) == ("in_progress", 1, None)


def test_without_a_date_and_a_history_the_change_of_category_tells() -> None:
    known = {"status": STATUSES[RESOLVED], "statuscategorychangedate": iso(50_000)}
    assert parsed(row(history=False, **known)).resolved_at == at(50)
    assert parsed(row(history=False, status=STATUSES[RESOLVED])).resolved_at is None
    assert parsed(row(history=False, **known)).closed_at is None


def test_the_history_of_data_center_lies_in_the_issue() -> None:
    old = [
        {k: v for k, v in item.items() if k != "fieldId"}
        for one in moved(OPEN, RESOLVED, OPEN)
        for item in one["items"]
    ]
    histories = [{"id": str(n), "created": iso(n * 1000), "items": [item]} for n, item in enumerate(old, 1)]
    raw = {**row(history=False), "changelog": {"histories": histories}}
    assert parsed(raw).reopens == 1


def test_epoch_milliseconds_are_times_as_well() -> None:
    changes = moved(OPEN, RESOLVED)
    for one, created in ((changes[0], 1_767_225_700_000), (changes[0], "1767225700000")):
        one["created"] = created
        assert told(one, status=RESOLVED).resolved_at == at(100)


def test_a_status_that_was_deleted_is_told_by_its_resolution() -> None:
    gone = {"status": ("Finished", "Back")}
    changes = [
        change(1, 100, status=(WORK, "Finished"), resolution=(None, "Done")),
        change(2, 200, **gone, resolution=("Done", None)),
        change(3, 300, status=("Back", "Finished"), resolution=(None, "Done")),
    ]
    ticket = told(*changes, status=CLOSED)
    assert (ticket.reopens, ticket.resolved_at) == (1, at(300))


def test_a_resolution_that_changes_beside_a_known_status_ends_nothing() -> None:
    changes = [
        change(1, 100, resolution=(None, "Done")),
        change(2, 200, status=(OPEN, RESOLVED)),
        change(3, 300, resolution=("Done", None)),
        change(4, 400, resolution=(None, "Fixed")),
    ]
    ticket = told(*changes, status=RESOLVED)
    assert (ticket.reopens, ticket.resolved_at) == (0, at(200))


def test_states_of_the_options_end_a_ticket_as_well() -> None:
    changes = [change(1, 100, status=(OPEN, WORK)), change(2, 200, status=(WORK, OPEN))]
    ticket = parsed(row(*changes), states={"Work in progress": "resolved"})
    assert ticket.reopens == 1


def test_what_happened_after_the_row_was_read_comes_with_its_next_version() -> None:
    changes = [change(1, 100, status=(OPEN, RESOLVED)), change(2, 500, status=(RESOLVED, OPEN))]
    before = told(*changes, status=RESOLVED, seconds=100)
    assert (before.state, before.reopens, before.resolved_at) == ("resolved", 0, at(100))
    after = told(*changes, status=OPEN, seconds=499)  # a change is written a moment after the stamp
    assert (after.state, after.reopens) == ("new", 1)


def test_a_hand_off_is_one_to_another_agent() -> None:
    holders = [(None, "a1"), ("a1", "a2"), ("a2", "a2"), ("a2", None), (None, "a2"), ("a2", None), (None, "a3")]
    changes = [change(n, n, assignee=pair) for n, pair in enumerate(holders, 1)]
    assert told(*changes).reassignments == 2


def test_with_a_field_for_the_team_a_hand_off_is_one_to_another_team() -> None:
    changes = [
        change(1, 1, assignee=("a1", "a2"), customfield_10060=("", "Desk")),
        change(2, 2, assignee=("a2", "a3")),
        change(3, 3, customfield_10060=("Desk", "Network")),
    ]
    changes[2]["items"][0] = {"field": "Team", "fromString": "Desk", "toString": "Network", "from": None, "to": None}
    assert parsed(row(*changes), group="customfield_10060").reassignments == 1
    assert parsed(row(*changes)).reassignments == 2


def test_a_history_without_what_is_known_of_the_site_is_read_by_names() -> None:
    raw = {k: v for k, v in row(*moved(OPEN, RESOLVED, "Pending", CLOSED)).items() if k != "site"}
    assert parsed(raw).reopens == 1


@pytest.mark.parametrize(
    ("histories", "said"),
    [
        ("none", "is not a list of changes"),
        (7, "is not a list of changes"),
        (["none"], "is not a list of changes"),
        ([{"id": "1", "created": "yesterday", "items": ITEMS}], "is not a time like"),
        ([{"id": "1", "created": None, "items": ITEMS}], "is not a time"),
        ([{"id": "1", "created": 1 << 80, "items": ITEMS}], "out of range"),
        ([{"id": "1", "created": iso(1)}], "is not a list of changes"),
        ([{"id": "1", "created": iso(1), "items": ["none"]}], "is not a list of changes"),
    ],
)
def test_a_history_that_cannot_be_read_is_named(histories: Any, said: str) -> None:
    with pytest.raises(BadRecord, match=said) as caught:
        parsed({**row(), "histories": histories})
    assert (caught.value.field, caught.value.key) == ("changelog", "10001")
    assert "yesterday" not in str(caught.value)


def test_who_acted_and_who_held_a_ticket_is_in_no_record() -> None:
    changes = [*moved(OPEN, RESOLVED, OPEN), change(9, 900, user("agent-7"), assignee=("agent-7", "agent-8"))]
    said = {"comments": [comment(1, 5, "agent-7"), comment(2, 6, "p1"), comment(3, 7, "agent-8")], "total": 3}
    told = records(row(*changes, reporter=user("p1"), comment=said))
    assert len(told) == 8
    assert "agent-" not in repr(told)
