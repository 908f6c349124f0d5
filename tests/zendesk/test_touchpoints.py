"""The stream of updates: contacts, responses, hand-offs, promises, ends, and who acted."""

from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests.zendesk.conftest import Connect
from tests.zendesk.support import (
    MARKER,
    START,
    Account,
    Raw,
    Told,
    at,
    changed,
    created,
    fetched,
    iso,
    response,
    rows_of,
    said,
    serve,
    ticket,
    touchpoints_of,
    update,
    user,
)
from xmo_hooks import BadRecord, Touchpoint
from xmo_zendesk import updates
from xmo_zendesk.source import Zendesk

ASKER, AGENT, COLLEAGUE, COPIED, BOT = 9001, 5, 6, 7, 8
USERS = [user(ASKER), user(AGENT, "agent"), user(COLLEAGUE, "admin"), user(COPIED), user(BOT, "agent")]
OPENED = update(1, 0, said(ASKER, "Help"), *created(status="new", group_id="60", requester_id=str(ASKER)), by=ASKER)
SYSTEM = {"channel": "rule", "source": {"rel": "trigger"}}


def account(*events: Raw, **values: Any) -> Account:
    return Account(tickets=[ticket(1, 900)], users=USERS, updates=list(events), **values)


def life(source: Zendesk, cursor: object = None) -> list[tuple[str, str, int]]:
    """What happened, by whom and at which second; what the ticket itself tells left out."""
    found = touchpoints_of(source, fetched(source, cursor))
    return [(one.what, one.side, int(one.at.timestamp()) - START) for one in found if one.key != "opened"]


def test_the_life_of_a_ticket(httpserver: HTTPServer, connect: Connect) -> None:
    serve(
        httpserver,
        account(
            OPENED,
            update(1, 1, said(-1, "We have your request", via=SYSTEM), by=-1, via="Rule"),
            update(1, 10, changed("status", "open", "new"), changed("assignee_id", "5", None)),
            update(1, 20, said(AGENT, "We look into it")),
            update(1, 30, said(AGENT, "Still looking")),
            update(1, 40, said(ASKER, "And now?", channel="email"), by=ASKER),
            update(1, 50, said(COLLEAGUE, "A note", public=False), by=COLLEAGUE),
            update(1, 60, changed("group_id", "61", "60")),
            update(1, 70, said(COLLEAGUE, "Done"), changed("status", "solved", "open"), by=COLLEAGUE),
            update(1, 80, said(ASKER, "No"), changed("status", "open", "solved"), by=ASKER),
            update(1, 90, changed("status", "solved", "open"), changed("due_at", iso(500), None)),
            update(1, 99, changed("status", "closed", "solved"), by=-1, via="Rule"),
        ),
    )
    assert life(connect(touchpoints=True)) == [
        ("update", "machine", 1),
        ("response", "desk", 20),
        ("update", "desk", 30),
        ("contact", "requester", 40),
        ("handoff", "desk", 60),
        ("response", "desk", 70),
        ("resolved", "desk", 70),
        ("contact", "requester", 80),
        ("reopened", "requester", 80),
        ("resolved", "desk", 90),
        ("promise", "desk", 90),
    ]


def test_an_event_keeps_the_vendors_ids_times_and_channel(httpserver: HTTPServer, connect: Connect) -> None:
    due = update(1, 9, {**changed("due_at", "2026-01-01T00:10:00Z"), "via": {"channel": "rule"}})
    serve(httpserver, account(update(1, 5, said(ASKER, channel="native_messaging"), by=ASKER), due))
    source = connect(touchpoints=True)
    contact, promise = touchpoints_of(source, fetched(source))[1:]
    assert contact == Touchpoint(ticket="1", key="10000050", at=at(5), what="contact", side="requester", channel="chat")
    assert (promise.key, promise.promised_at, promise.side, promise.channel) == ("10000090", at(600), "machine", None)


def test_the_words_that_open_a_ticket_are_told_by_the_ticket(httpserver: HTTPServer, connect: Connect) -> None:
    on_behalf = update(1, 0, said(AGENT, "The caller says"), *created(status="solved", due_at=iso(700)))
    serve(httpserver, account(on_behalf))
    source = connect(touchpoints=True)
    found = touchpoints_of(source, fetched(source))
    assert [(one.what, one.key == "opened") for one in found] == [
        ("contact", True),
        ("resolved", False),
        ("promise", False),
    ]


@pytest.mark.parametrize(
    ("who", "side"),
    [(ASKER, "requester"), (COPIED, "requester"), (AGENT, "desk"), (BOT, "machine"), (-1, "machine"), (77, "desk")],
)
def test_who_speaks_is_known_by_ticket_and_role(httpserver: HTTPServer, connect: Connect, who: int, side: str) -> None:
    serve(httpserver, account(update(1, 5, said(who), by=who)))
    assert [one[1] for one in life(connect(touchpoints=True, machines=[BOT]))] == [side]


def test_an_agent_who_asks_for_help_is_a_requester(httpserver: HTTPServer, connect: Connect) -> None:
    asked = account(update(1, 5, said(AGENT)), update(1, 6, said(COLLEAGUE), by=COLLEAGUE))
    asked.tickets = [ticket(1, 900, requester_id=AGENT)]
    serve(httpserver, asked)
    assert [one[:2] for one in life(connect(touchpoints=True))] == [("contact", "requester"), ("response", "desk")]


@pytest.mark.parametrize(
    "via",
    ["Rule", "Trigger", "Automation", {"channel": "rule"}, {"channel": "api", "source": {"rel": "automation"}}],
)
def test_what_a_rule_says_is_no_response(httpserver: HTTPServer, connect: Connect, via: object) -> None:
    serve(httpserver, account(update(1, 5, said(AGENT, via=via)), update(1, 6, said(AGENT))))
    assert [one[:2] for one in life(connect(touchpoints=True))] == [("update", "machine"), ("response", "desk")]


@pytest.mark.parametrize(("recipients", "told"), [([ASKER], 1), ([AGENT], 0), (None, 0)])
def test_a_rules_message_counts_where_it_reaches_the_requester(
    httpserver: HTTPServer, connect: Connect, recipients: object, told: int
) -> None:
    serve(httpserver, account(update(1, 5, notice(recipients))))
    assert life(connect(touchpoints=True)) == [("update", "machine", 5)] * told


def notice(recipients: object) -> Raw:
    return {"event_type": "Notification", "via": {"channel": "web"}, "recipients": recipients, "body": "Received"}


def ours() -> list[Raw]:
    marked: Raw = {"metadata": {"system": {}, "custom": {"xmo": MARKER}}}
    return [
        update(1, 20, said(AGENT, f"How was it?\n[{MARKER}]")),
        update(1, 30, said(AGENT, "How was it?", plain_body=f"[{MARKER}]")),
        update(1, 40, said(AGENT, "How was it?"), **marked),
        update(1, 50, said(AGENT, "How was it?", **marked)),
    ]


def test_what_we_wrote_is_never_an_event(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, account(OPENED, *ours(), update(1, 60, said(AGENT, "xmo:tooshort is no marker"))))
    assert life(connect(touchpoints=True)) == [("response", "desk", 60)]


@pytest.mark.parametrize("which", range(4))
def test_a_rules_message_about_what_we_wrote_is_no_event(httpserver: HTTPServer, connect: Connect, which: int) -> None:
    written = ours()[which]
    written["child_events"].append(notice([ASKER]))
    written["child_events"].append(changed("group_id", "61", "60"))
    serve(httpserver, account(OPENED, written, update(1, 60, notice([ASKER]))))
    whats = [(what, second) for what, _, second in life(connect(touchpoints=True))]
    assert whats == [("handoff", 20 + 10 * which), ("update", 60)]


@pytest.mark.parametrize("who", [ASKER, COPIED])
def test_a_reply_that_quotes_our_question_is_a_contact(httpserver: HTTPServer, connect: Connect, who: int) -> None:
    reply = said(who, f"It broke again.\n> How was it?\n> [{MARKER}]", channel="email")
    serve(httpserver, account(OPENED, update(1, 20, reply, notice([ASKER]), by=who), update(1, 30, said(AGENT))))
    assert life(connect(touchpoints=True)) == [
        ("contact", "requester", 20),
        ("update", "machine", 20),
        ("response", "desk", 30),
    ]


def test_metadata_proves_what_we_wrote_by_itself_even_in_the_requesters_name(
    httpserver: HTTPServer, connect: Connect
) -> None:
    served = account(*ours())
    served.tickets[0]["requester_id"] = AGENT
    serve(httpserver, served)
    assert [second for _, _, second in life(connect(touchpoints=True))] == [20, 30]


@pytest.mark.parametrize("tags", [["mail", "closed_by_merge"], []])
def test_a_ticket_that_was_merged_away_was_not_resolved(
    httpserver: HTTPServer, connect: Connect, tags: list[str]
) -> None:
    merged = update(1, 9, changed("status", "closed", "open"), {**changed("tags", tags), "added_tags": tags})
    audit = {"type": "Change", "field_name": "tags", "value": tags}
    again = update(2, 9, {"type": "Change", "field_name": "status", "value": "closed", "previous_value": "new"}, audit)
    serve(httpserver, account(merged, again))
    assert [one[0] for one in life(connect(touchpoints=True))] == ([] if tags else ["resolved", "resolved"])


def test_switching_updates_on_later_tells_no_resolution_again(httpserver: HTTPServer, connect: Connect) -> None:
    solved = ticket(1, 900)
    served = account(OPENED, update(1, 900, said(AGENT), changed("status", "solved", "open")))
    served.tickets = [solved]
    serve(httpserver, served)
    without, beside = connect(), connect(touchpoints=True)
    pages = fetched(without)
    before, after = touchpoints_of(without, pages), touchpoints_of(beside, fetched(beside, pages[-1].cursor))
    resolved = [(one.key, one.at, one.what, one.side) for one in before + after if one.what == "resolved"]
    assert len(resolved) == 2
    assert len(set(resolved)) == 1


def test_of_how_a_word_came_in_rows_keep_only_channel_and_rule(httpserver: HTTPServer, connect: Connect) -> None:
    mail = {"channel": "email", "source": {"from": {"address": "p1@example.org", "name": "Person 1"}, "rel": "trigger"}}
    served = account(OPENED, update(1, 5, said(ASKER, via=mail), via=mail, by=ASKER))
    served.tickets = [ticket(1, 900, via=mail)]
    served.users = []
    serve(httpserver, served)
    opened, word = rows_of(fetched(connect(touchpoints=True)))
    kept = {"channel": "email", "source": {"rel": "trigger"}}
    assert [opened["via"], word["via"], word["child_events"][0]["via"]] == [kept] * 3


def test_comments_in_the_shape_of_audits_are_read_too(httpserver: HTTPServer, connect: Connect) -> None:
    audit = {"type": "Change", "field_name": "status", "value": "solved", "previous_value": "pending"}
    comment = {"type": "Comment", "public": True, "body": "Done"}  # by whoever made the update
    serve(httpserver, account(update(1, 5, comment, audit, via={"channel": "web", "source": {}})))
    assert [one[:2] for one in life(connect(touchpoints=True))] == [("response", "desk"), ("resolved", "desk")]


@pytest.mark.parametrize(
    "child",
    [
        changed("group_id", "60", "60"),
        changed("group_id", "60", None),
        changed("group_id", None, "60"),
        changed("status", "pending", "open"),
        changed("status", "closed", "solved"),
        changed("due_at", None, iso(5)),
        changed("tags", ["a"], []),
        said(AGENT, public=False),
        {"event_type": "Create", "group_id": "60"},
        {"event_type": "SurveyOffered"},
        {},
    ],
)
def test_what_tells_the_requester_nothing_is_no_event(httpserver: HTTPServer, connect: Connect, child: Raw) -> None:
    serve(httpserver, account(update(1, 5, child)))
    assert life(connect(touchpoints=True)) == []


def test_a_promise_whose_time_cannot_be_read_is_one_without(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, account(update(1, 5, changed("due_at", "tomorrow"))))
    source = connect(touchpoints=True)
    promise = touchpoints_of(source, fetched(source))[-1]
    assert (promise.what, promise.promised_at) == ("promise", None)


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_who_spoke_last_is_known_over_the_pages(httpserver: HTTPServer, connect: Connect, size: int) -> None:
    words = [update(1, second, said(AGENT)) for second in (10, 20)]
    words += [update(1, 30, said(ASKER), by=ASKER), update(1, 40, said(AGENT)), update(1, 40, said(AGENT), id=41)]
    serve(httpserver, account(OPENED, *words, size=size))
    whats = [one[0] for one in life(connect(touchpoints=True))]
    assert whats[:4] == ["response", "update", "contact", "response"]


def test_who_spoke_last_is_known_over_the_runs(httpserver: HTTPServer, connect: Connect) -> None:
    served = serve(httpserver, account(OPENED, update(1, 10, said(AGENT))))
    source = connect(touchpoints=True)
    cursor = fetched(source)[-1].cursor
    served.updates.append(update(1, 20, said(AGENT)))
    assert life(source, cursor) == [("update", "desk", 20)]


def test_an_update_that_comes_again_is_passed_over(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, account(OPENED, update(1, 10, said(AGENT))))
    source = connect(touchpoints=True)
    cursor = fetched(source)[-1].cursor
    assert life(source, cursor) == []


def test_memory_of_who_spoke_is_bounded_and_closed_tickets_leave_it(
    httpserver: HTTPServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(updates, "MOST", 3)
    events = [update(n, n, said(AGENT)) for n in range(1, 6)]
    events.append(update(5, 9, changed("status", "closed", "solved")))
    tickets = [ticket(n, 900) for n in range(1, 6)]
    serve(httpserver, Account(tickets=tickets, users=USERS, updates=events))
    assert fetched(connect(touchpoints=True))[-1].cursor["answered"] == ["3", "4"]


def test_updates_of_one_second_are_read_in_the_order_of_their_ids(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, account(update(1, 10, said(AGENT), id=12), update(1, 10, said(AGENT), id=11)))
    source = connect(touchpoints=True)
    rows = [row for row in rows_of(fetched(source)) if row["_stream"] == "updates"]
    assert [(row["id"], one.what) for row in rows for one in source.parse(row) if isinstance(one, Touchpoint)] == [
        (11, "response"),
        (12, "update"),
    ]


def test_of_two_words_in_one_update_the_first_is_the_response(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, account(update(1, 10, said(AGENT), said(ASKER), said(AGENT), said(AGENT))))
    assert [one[0] for one in life(connect(touchpoints=True))] == ["response", "contact", "response", "update"]


def test_a_deleted_ticket_leaves_the_memory_too(httpserver: HTTPServer, connect: Connect) -> None:
    served = serve(httpserver, account(OPENED, update(1, 10, said(AGENT))))
    source = connect(touchpoints=True)
    cursor = fetched(source)[-1].cursor
    assert cursor["answered"] == ["1"]
    served.tickets[0] |= {"status": "deleted", "generated_timestamp": START + 999}
    assert fetched(source, cursor)[-1].cursor["answered"] == []


def test_texts_are_not_kept_in_rows(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, account(OPENED, update(1, 5, said(ASKER, "My password is swordfish"), by=ASKER)))
    assert "swordfish" not in str(rows_of(fetched(connect(touchpoints=True))))


def test_updates_of_tickets_that_nobody_shows_are_told_by_role(httpserver: HTTPServer, connect: Connect) -> None:
    served = serve(httpserver, account(update(44, 5, said(ASKER), by=ASKER), update(44, 6, said(AGENT))))
    assert [one[:2] for one in life(connect(touchpoints=True))] == [("contact", "requester"), ("response", "desk")]
    assert served.paths().count("tickets/show_many") == 1


def test_without_the_option_the_stream_is_not_asked_for(httpserver: HTTPServer, connect: Connect) -> None:
    served = serve(httpserver, account(OPENED))
    fetched(connect())
    assert served.paths() == ["incremental/tickets/cursor"]


def test_a_role_that_may_not_read_updates_leaves_them_out(httpserver: HTTPServer, connect: Connect, log: Told) -> None:
    serve(httpserver, account(OPENED, closed=("incremental/ticket_events",), responses=[response(1, 5)]))
    pages = fetched(connect(touchpoints=True, surveys=True))
    assert [row["_stream"] for row in rows_of(pages)] == ["tickets", "surveys"]
    assert log.infos[-1][1]["stream"] == "ticket_events"


@pytest.mark.parametrize(("columns", "field"), [({"created_at": "x"}, "created_at"), ({"ticket_id": "x"}, "ticket_id")])
def test_an_update_that_cannot_be_understood_is_refused(connect: Connect, columns: Raw, field: str) -> None:
    row = {"_stream": "updates", **update(1, 5, said(AGENT)), **columns}
    with pytest.raises(BadRecord) as refused:
        connect().parse(row)
    assert (refused.value.field, refused.value.key) == (field, None)


def test_a_row_of_no_stream_is_refused(connect: Connect) -> None:
    with pytest.raises(BadRecord, match="none of the streams"):
        connect().parse(ticket(1))
