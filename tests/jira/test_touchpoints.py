"""The events of a ticket's life: who spoke, when the desk first answered, where it went, what was promised."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.jira.support import STATUSES, Raw, at, change, comment, comments, iso, records, row, user
from xmo_hooks import BadRecord, Touchpoint
from xmo_jira.adf import to_document

MARKER = "xmo:AAAAAAAAAAAAAAAA"
APP = user("bot", accountType="app")
CUSTOMER = user("c9", accountType="customer")


def points(*changes: Raw, said: Raw | None = None, history: bool = True, **values: Any) -> list[Touchpoint]:
    fields = {"comment": said} if said else {}
    fields |= {
        name: values.pop(name) for name in ("reporter", "duedate", "status", "customfield_10010") if name in values
    }
    raw = row(*changes, history=history, **fields)
    return [one for one in records(raw, **values) if isinstance(one, Touchpoint)]


def spoken(*all_of_them: Raw, total: int | None = None, **values: Any) -> list[tuple[str, str, str]]:
    """What, side and key of the events that comments are."""
    found = points(said=comments(*all_of_them, total=total), **values)
    return [(one.what, one.side, one.key) for one in found if one.key != "opened"]


def test_opening_a_ticket_is_the_first_contact() -> None:
    raw = {**row(), "properties": {"request.channel.type": {"value": "email"}}}
    (one,) = [one for one in records(raw) if isinstance(one, Touchpoint)]
    assert one == Touchpoint(ticket="10001", key="opened", at=at(0), what="contact", side="requester", channel="email")


def test_a_ticket_that_an_automaton_opened_is_no_contact() -> None:
    assert points(reporter=APP) == []
    assert [one.what for one in points(reporter=None)] == ["contact"]  # somebody whose account was deleted


def test_the_first_word_of_the_desk_is_its_response_and_the_next_an_update() -> None:
    assert spoken(comment(1, 10), comment(2, 20), comment(3, 30, "p1"), comment(4, 40, "a2"), comment(5, 50)) == [
        ("response", "desk", "comment-1"),
        ("update", "desk", "comment-2"),
        ("contact", "requester", "comment-3"),
        ("response", "desk", "comment-4"),
        ("update", "desk", "comment-5"),
    ]


def test_what_a_machine_says_is_an_update_and_no_response() -> None:
    assert spoken(comment(1, 10, APP), comment(2, 20, "robot"), comment(3, 30), machines=["robot"]) == [
        ("update", "machine", "comment-1"),
        ("update", "machine", "comment-2"),
        ("response", "desk", "comment-3"),
    ]


def test_an_account_of_the_portal_alone_speaks_for_the_requester() -> None:
    assert spoken(comment(1, 10, CUSTOMER), comment(2, 20))[0][:2] == ("contact", "requester")


def test_comments_are_told_in_the_order_in_which_they_were_written() -> None:
    found = spoken(comment(10, 20), comment(9, 20), comment(1, 5, "p1"))
    assert [key for *_, key in found] == ["comment-1", "comment-9", "comment-10"]


@pytest.mark.parametrize("hidden", [{"jsdPublic": False}, {"visibility": {"type": "role", "value": "Agents"}}])
def test_an_internal_note_is_nothing_that_the_requester_hears(hidden: Raw) -> None:
    assert spoken(comment(1, 10, **hidden), comment(2, 20, jsdPublic=True)) == [("response", "desk", "comment-2")]


def test_where_a_request_does_not_say_what_is_a_note_the_desks_comments_are_not_taken() -> None:
    request: Raw = {"customfield_10010": {"requestType": {"name": "Get help"}}}
    said = [comment(1, 10), comment(2, 20, APP), comment(3, 30, "p1"), comment(4, 40, jsdPublic=True)]
    assert spoken(*said, **request) == [("contact", "requester", "comment-3"), ("response", "desk", "comment-4")]


@pytest.mark.parametrize(
    "ours",
    [
        {"text": f"How was it?\n\n[{MARKER}]"},
        {"text": to_document(f"How was it?\n\n[{MARKER}]")},
        {"text": f"How was it?\n\n[{MARKER}]", "author": APP},
        {"text": "Edited", "properties": [{"key": "xmo.survey", "value": {"marker": MARKER}}]},
    ],
)
def test_what_xmo_wrote_is_no_event(ours: Raw) -> None:
    assert spoken(comment(1, 10, **ours), comment(2, 20)) == [("response", "desk", "comment-2")]


@pytest.mark.parametrize("author", ["p1", CUSTOMER])
@pytest.mark.parametrize("quoted", [f"Fine!\n> How was it?\n> [{MARKER}]", to_document(f"Fine!\n\n[{MARKER}]")])
def test_a_requester_who_answers_by_mail_and_quotes_our_question_speaks(author: Any, quoted: Any) -> None:
    assert spoken(comment(1, 10, author, quoted), comment(2, 20))[0] == ("contact", "requester", "comment-1")


def test_what_xmo_wrote_is_no_event_where_it_is_the_requester_itself() -> None:
    ours = {"properties": [{"key": "xmo.survey", "value": {"marker": MARKER}}]}
    assert spoken(comment(1, 10, "p1", **ours), comment(2, 20)) == [("response", "desk", "comment-2")]


@pytest.mark.parametrize("text", ["xmo:AAAA", f"{MARKER}A", None, {"type": "doc"}])
def test_what_only_looks_like_our_marker_is_an_event(text: Any) -> None:
    assert spoken(comment(1, 10, text=text, properties=[{"key": "other"}, 7])) == [("response", "desk", "comment-1")]


def test_of_the_latest_comments_alone_nobody_knows_what_the_first_answers() -> None:
    latest = [comment(5, 50), comment(6, 60, APP), comment(7, 70, "p1"), comment(8, 80)]
    assert spoken(*latest, total=9) == [
        ("update", "machine", "comment-6"),
        ("contact", "requester", "comment-7"),
        ("response", "desk", "comment-8"),
    ]


def test_changes_of_status_and_holder_are_events() -> None:
    changes = [
        change(1, 10, assignee=(None, "a1"), status=("Open", "Work in progress")),
        change(2, 20, assignee=("a1", "a2")),
        change(3, 30, APP, status=("Work in progress", "Resolved"), resolution=(None, "Done")),
        change(4, 40, user("p1"), status=("Resolved", "Work in progress")),
        change(5, 50, user("a2"), status=("Work in progress", "Canceled")),
        change(6, 60, user("a2"), status=("Canceled", "Closed")),
    ]
    found = points(*changes, status=STATUSES["Closed"])
    assert [(one.what, one.side, one.key, one.at) for one in found[1:]] == [
        ("handoff", "desk", "2-assignee", at(20)),
        ("resolved", "machine", "3-status", at(30)),
        ("reopened", "requester", "4-status", at(40)),
        ("resolved", "desk", "5-status", at(50)),
    ]


def test_a_due_time_that_is_set_or_moved_is_a_promise() -> None:
    def end_of(day: int) -> datetime:
        return datetime(2026, 1, day, 23, 59, 59, tzinfo=UTC)

    changes = [
        change(1, 10, duedate=("2026-01-10", "2026-01-12")),
        change(2, 20, duedate=("2026-01-12", None)),
        change(3, 30, APP, duedate=(None, "2026-01-14")),
    ]
    found = [one for one in points(*changes, duedate="2026-01-14") if one.what == "promise"]
    assert [(one.key, one.side, one.at, one.promised_at) for one in found] == [
        ("opened-promise", "desk", at(0), end_of(10)),
        ("1-duedate", "desk", at(10), end_of(12)),
        ("3-duedate", "machine", at(30), end_of(14)),
    ]
    (one,) = [one for one in points(duedate="2026-01-14") if one.what == "promise"]
    assert (one.key, one.promised_at) == ("opened-promise", end_of(14))
    assert not [one for one in points(change(1, 10, duedate=(None, "x"))) if one.what == "promise"]


def test_without_a_history_nobody_knows_when_a_time_was_promised() -> None:
    assert [one.what for one in points(duedate="2026-01-14", history=False)] == ["contact"]


def test_events_are_not_read_where_they_are_not_wanted() -> None:
    assert points(change(1, 10, assignee=("a1", "a2")), said=comments(comment(1, 10)), touchpoints=False) == []


def test_the_keys_of_events_are_unique_in_their_ticket() -> None:
    both = {"assignee": ("a1", "a2"), "status": ("Open", "Resolved"), "duedate": (None, "2026-01-14")}
    found = points(change(7, 10, **both), said=comments(comment(7, 10), comment(8, 10, "p1")))
    assert len({one.key for one in found}) == len(found) == 6


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ({"comments": "none"}, "is not a list of comments"),
        ({"comments": [7]}, "is not a list of comments"),
        ({"comments": [{"id": "1", "created": "then"}]}, "is not a time"),
    ],
)
def test_comments_that_cannot_be_read_are_named(field: Raw, said: str) -> None:
    with pytest.raises(BadRecord, match=said) as caught:
        points(said=field)
    assert caught.value.field == "comment"


def test_times_of_comments_are_utc() -> None:
    (_, one) = points(said=comments(comment(1, 90)))
    assert one.at == at(90)
    assert iso(90_000).endswith("-0800")
