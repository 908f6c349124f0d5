"""What is kept of an issue: a row may be stored as it is, so it holds nobody's words, and of who served no name."""

from typing import Any

import orjson
import pytest
from pytest_httpserver import HTTPServer

from tests.jira.conftest import Connect
from tests.jira.support import Raw, change, comment, comments, fetched, issue, kept, model, parsed, row, serve, user
from xmo_hooks import BadRecord, Row, Ticket, Touchpoint
from xmo_jira.adf import to_document

BOTH = pytest.mark.parametrize("cloud", [True, False], ids=["cloud", "server"])
AGENT = {"accountId": "agent-7", "displayName": "Agent Seven", "emailAddress": "seven@example.com"}
SECRET = "my password is hunter2"
PRIVATE = ("agent-", "Agent", "seven@", "hunter2", "avatar")
TOUCHED: Raw = {
    "comment": comments(
        comment(1, 5, AGENT, to_document(SECRET), updateAuthor=AGENT, renderedBody=SECRET),
        comment(2, 6, "p1", SECRET),
        comment(3, 7, AGENT, SECRET, jsdPublic=False),
        comment(4, 8, AGENT, "[xmo:AAAAAAAAAAAAAAAA]"),
    )
}


def changes() -> list[Raw]:
    held = change(11, 10, AGENT, assignee=(None, "agent-7"))
    handed = change(12, 20, {**AGENT, "avatarUrls": "avatar"}, assignee=("agent-7", "agent-8"), description=(1, SECRET))
    for item in (*held["items"], *handed["items"]):
        item |= {"tmpToAccountId": "agent-8"}
    return [
        held,
        handed,
        change(13, 30, user("p1"), status=("Open", "Resolved")),
        change(14, 40, AGENT, body=(1, SECRET)),
    ]


def read(httpserver: HTTPServer, connect: Connect, cloud: bool, **options: Any) -> tuple[Any, Row]:
    """The source, and the row of an issue that agents have touched."""
    serve(httpserver, model(issue(1, 100, **TOUCHED), cloud=cloud, histories={"10001": changes()}))
    source = connect(**options)
    (page,) = fetched(source)
    return source, page.rows[0]


def private(row: Row) -> list[str]:
    told = orjson.dumps(row).decode()
    return [word for word in PRIVATE if word in told]


@BOTH
def test_of_comments_and_changes_no_word_and_no_agent_is_kept(
    httpserver: HTTPServer, connect: Connect, cloud: bool
) -> None:
    source, fetched_row = read(httpserver, connect, cloud)
    (again,) = source.fetch_some(["10001"])
    assert private(fetched_row) == private(again) == []
    assert again == fetched_row
    assert [(one["id"], one["side"]) for one in fetched_row["fields"]["comment"]["comments"]] == [
        ("1", "desk"),
        ("2", "requester"),
    ]
    assert [(one["id"], one["side"], list(one["items"])) for one in fetched_row["histories"]] == [
        ("11", "desk", ["assignee"]),
        ("12", "desk", ["assignee"]),
        ("13", "requester", ["status"]),
    ]


@BOTH
def test_a_row_tells_the_same_story_through_quarantine(httpserver: HTTPServer, connect: Connect, cloud: bool) -> None:
    source, fetched_row = read(httpserver, connect, cloud)
    told = list(source.parse(fetched_row))
    assert list(source.parse(orjson.loads(orjson.dumps(fetched_row)))) == told
    (ticket,) = [one for one in told if isinstance(one, Ticket)]
    assert ticket.reassignments == 1
    assert [(one.what, one.side) for one in told if isinstance(one, Touchpoint)][1:] == [
        ("handoff", "desk"),
        ("resolved", "requester"),
        ("response", "desk"),
        ("contact", "requester"),
    ]


@BOTH
def test_who_held_a_ticket_is_told_apart_without_their_accounts(
    httpserver: HTTPServer, connect: Connect, cloud: bool
) -> None:
    _, fetched_row = read(httpserver, connect, cloud)
    first, second, _ = (one["items"] for one in fetched_row["histories"])
    assert (first["assignee"], second["assignee"]) == ({"from": None, "to": "1"}, {"from": "1", "to": "2"})


@BOTH
def test_what_cannot_be_read_is_refused_without_what_stood_there(
    httpserver: HTTPServer, connect: Connect, cloud: bool
) -> None:
    broken = {**issue(1, 100, comment={"comments": [SECRET]}), "changelog": None}
    histories = {"10001": [{"author": AGENT, "items": SECRET}]}
    serve(httpserver, model(broken, cloud=cloud, histories=histories))
    source = connect()
    (page,) = fetched(source)
    assert private(page.rows[0]) == []
    with pytest.raises(BadRecord, match="changelog: is not a list of changes"):
        list(source.parse(page.rows[0]))


def test_people_in_the_fields_that_the_options_name_are_left_out() -> None:
    fields = {"lead": "customfield_10050", "team": "customfield_10051", "unit": "customfield_10052"}
    raw = row(
        customfield_10050=AGENT, customfield_10051=[AGENT, {"value": "Network"}], customfield_10052={"value": "A"}
    )
    ticket = parsed(raw, fields=fields)
    assert private(kept(raw, fields=fields)) == []
    assert ticket.attributes == {"team": "Network", "unit": "A"}


def test_a_requester_is_kept_whom_an_option_names_as_well() -> None:
    ticket = parsed(row(), fields={"who": "reporter"})
    assert (ticket.requester and ticket.requester.key, ticket.attributes) == ("p1", {})


def test_of_another_ticket_and_of_a_rating_no_words_are_kept() -> None:
    parent = {"id": "10000", "key": "SUP-0", "fields": {"summary": SECRET}}
    raw = row(parent=parent, customfield_10030={"rating": 4, "comment": SECRET})
    assert private(kept(raw)) == []
    assert parsed(raw).parent == "10000"


@pytest.mark.parametrize("part", ["histories", "comment"])
def test_a_row_that_no_fetch_made_is_a_bad_record(connect: Connect, part: str) -> None:
    raw = row(*changes()) if part == "histories" else row(**TOUCHED)
    with pytest.raises(BadRecord, match="is not what a fetch makes of it") as caught:
        list(connect().parse(raw))
    assert caught.value.key == "10001"
    assert SECRET not in str(caught.value)
