"""Whether targets were kept: the ledger alone, and the stream of metric events beside the tickets."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer

from tests.zendesk.conftest import Connect
from tests.zendesk.support import (
    START,
    Account,
    Raw,
    Told,
    at,
    fetched,
    iso,
    measure,
    serve,
    target,
    ticket,
    tickets_of,
    touchpoints_of,
)
from xmo_zendesk import slas, walk
from xmo_zendesk.slas import Ledger
from xmo_zendesk.source import Zendesk

APPLIED = measure(1, 0, "apply_sla", **target(60))
KEPT = measure(1, 50, "fulfill")


def known(text: str) -> list[str]:
    """The tickets of which something is known, by what a cursor holds."""
    return [line.split()[0] for line in text.splitlines()]


def told(*events: Raw) -> Any:
    """What a ledger says of ticket 1 after these events, by way of a cursor."""
    ledger = Ledger()
    ledger.take(events)
    return Ledger(ledger.text()).tell({"id": 1}).get("_sla", {}).get("met")


@pytest.mark.parametrize(
    ("events", "met"),
    [
        ([], None),
        ([APPLIED], None),
        ([KEPT], None),
        ([APPLIED, KEPT], True),
        ([APPLIED, measure(1, 40, "breach"), KEPT], False),
        ([APPLIED, measure(1, 40, "breach", deleted=True), KEPT], True),
        ([APPLIED, measure(1, 40, "breach", deleted=False)], False),
        ([measure(1, 40, "breach")], False),
        ([APPLIED, KEPT, measure(1, 60, "activate")], None),
        ([APPLIED, KEPT, measure(1, 60, "activate"), measure(1, 70, "breach")], False),
        ([APPLIED, measure(1, 40, "breach"), measure(1, 45, "breach", deleted=True), KEPT], False),
        ([APPLIED, measure(1, 5, "apply_sla", sla=None), KEPT], None),
        ([APPLIED, measure(1, 5, "apply_sla", sla={"target": None}), KEPT], None),
        ([measure(1, 0, "apply_sla"), KEPT], True),
    ],
)
def test_the_outcome_follows_from_the_events(events: list[Raw], met: bool | None) -> None:
    assert told(*events) is met


def test_a_ticket_without_a_target_is_not_kept_and_neither_is_one_whose_target_was_taken_away() -> None:
    ledger = Ledger()
    ledger.take([measure(1, 0, "activate"), measure(1, 9, "fulfill"), measure(2, 0, "apply_sla", **target(60, True))])
    assert known(Ledger(ledger.text()).text()) == ["2"]
    ledger.take([measure(2, 5, "apply_sla", sla={"target": None})])
    assert ledger.text() == ""


def test_the_target_for_the_resolution_outweighs_all_others() -> None:
    reply = [measure(1, 0, "apply_sla", "reply_time", **target(5)), measure(1, 9, "breach", "reply_time")]
    assert told(*reply) is False
    assert told(*reply, APPLIED) is None
    assert told(*reply, APPLIED, KEPT) is True


def test_without_one_every_fulfilled_target_counts() -> None:
    first = [measure(1, 0, "apply_sla", "reply_time", **target(5)), measure(1, 9, "fulfill", "reply_time")]
    second = {"instance_id": 2}
    again = measure(1, 20, "apply_sla", "reply_time", **target(5)) | second
    assert told(*first, again) is True
    assert told(*first, again, measure(1, 30, "breach", "reply_time") | second) is False


def test_targets_between_groups_are_no_promise_to_the_requester() -> None:
    assert told(measure(1, 0, "apply_group_sla"), measure(1, 5, "breach", "group_ownership_time")) is None


def test_what_happens_in_one_second_is_read_in_its_own_order() -> None:
    assert told(measure(1, 50, "fulfill"), measure(1, 50, "apply_sla", **target(60))) is True


EVENTS = st.lists(
    st.builds(
        lambda n, second, kind, metric, deleted: measure(n, second, kind, metric, deleted=deleted),
        st.integers(1, 3),
        st.integers(0, 99),
        st.sampled_from(["apply_sla", "activate", "pause", "fulfill", "breach", "update_status", "measure"]),
        st.sampled_from(["resolution_time", "reply_time", "requester_wait_time", "group_ownership_time"]),
        st.booleans(),
    ),
    max_size=20,
)


@given(EVENTS, st.integers(0, 20))
def test_a_ledger_that_was_kept_between_two_pages_knows_the_same(events: list[Raw], cut: int) -> None:
    events = sorted(events, key=lambda one: str(one["time"]))
    while 0 < cut < len(events) and events[cut - 1]["time"] == events[cut]["time"]:
        cut += 1
    whole, first = Ledger(), Ledger()
    whole.take(events)
    first.take(events[:cut])
    second = Ledger(first.text(), first.news)
    second.take(events[cut:])
    assert second.text() == whole.text()
    assert set(second.news) == set(whole.news)


def test_of_too_many_tickets_those_of_which_nothing_was_heard_fall_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slas, "MOST", 2)
    ledger = Ledger()
    ledger.take([measure(n, n, "apply_sla", **target(60, business=True)) for n in (1, 2)])
    ledger.take([measure(1, 5, "fulfill"), measure(3, 6, "apply_sla", **target(60))])
    assert ledger.falling() == []  # of 2 nothing is to be told
    ledger.fall()
    assert (known(ledger.text()), ledger.lost) == (["1", "3"], 1)
    ledger.take([measure(2, 9, "fulfill")])
    assert ledger.tell({"id": 2}) == {"id": 2}
    ledger.take([measure(2, 10, "breach")])
    assert ledger.tell({"id": 2})["_sla"]["met"] is False


def test_a_ticket_whose_outcome_was_told_is_no_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slas, "MOST", 1)
    ledger = Ledger()
    ledger.take([APPLIED, KEPT, measure(2, 60, "apply_sla", **target(60))])
    assert ledger.falling() == ["1"]
    ledger.tell({"id": 1})
    ledger.fall()
    assert (known(ledger.text()), ledger.lost) == (["2"], 0)


def test_closed_tickets_fall_out_before_open_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slas, "MOST", 1)
    ledger = Ledger()
    ledger.take([measure(n, n, "apply_sla", **target(60)) for n in (1, 2)])
    ledger.close(["2", "3"])
    ledger = Ledger(ledger.text(), ledger.news)
    ledger.fall()
    assert (known(ledger.text()), ledger.lost, ledger.horizon) == (["1"], 0, 0)


def test_a_kept_target_is_not_told_of_a_ticket_that_had_fallen_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slas, "MOST", 1)
    ledger = Ledger()
    ledger.take([APPLIED, measure(1, 40, "breach"), measure(2, 60, "apply_sla", **target(60))])
    assert ledger.tell({"id": 1, "created_at": iso(0)})["_sla"]["met"] is False
    ledger.fall()
    ledger = Ledger(ledger.text(), ledger.news, ledger.horizon)
    ledger.take([measure(n, 70, kind, **target(60)) for n in (1, 3) for kind in ("apply_sla", "fulfill")])
    ledger = Ledger(ledger.text(), ledger.news, ledger.horizon)
    for key, opened, met in ((1, 0, None), (1, 40, None), (3, 41, True)):
        assert ledger.tell({"id": key, "created_at": iso(opened)})["_sla"]["met"] is met


def test_a_run_that_begins_in_the_middle_of_a_life_tells_a_breach_and_no_kept_target(
    httpserver: HTTPServer, connect: Connect
) -> None:
    measures = [
        *(APPLIED, measure(1, 40, "breach"), measure(1, 60, "apply_sla", **target(90)), measure(1, 70, "fulfill")),
        *(measure(2, 60, "apply_sla", **target(90)), measure(2, 70, "fulfill")),
        *(measure(3, 60, "apply_sla", **target(90)), measure(3, 70, "breach")),
    ]
    tickets = [ticket(1, 80), ticket(2, 80, created_at=iso(50)), ticket(3, 80)]
    serve(httpserver, Account(tickets=tickets, measures=measures))
    source = connect(sla=True)
    pages = fetched(source, None, at(50))
    assert {one.key: one.sla_met for one in tickets_of(source, pages)} == {"1": None, "2": True, "3": False}


@pytest.mark.parametrize("many", [40, 160])
@pytest.mark.parametrize("status", ["solved", "closed"])
def test_every_outcome_is_told_however_many_tickets_there_are_and_the_cursor_does_not_grow(
    httpserver: HTTPServer, connect: Connect, log: Told, monkeypatch: pytest.MonkeyPatch, many: int, status: str
) -> None:
    monkeypatch.setattr(slas, "MOST", 10)
    events = [measure(n, n, kind, **target(60)) for n in range(1, many + 1) for kind in ("apply_sla", "fulfill")]
    touched = [
        ticket(n, 900, status=status, created_at=iso(n)) for n in range(1, many + 1)
    ]  # all of them were changed at the end
    account = serve(httpserver, Account(tickets=touched, measures=events, size=20))
    source = connect(sla=True, page_size=10)
    pages = fetched(source)
    told = {one.key for one in tickets_of(source, pages) if one.sla_met}
    assert told == {str(n) for n in range(1, many + 1)}
    assert max(len(known(page.cursor["slas"])) for page in pages) <= 10 + 10  # and the tickets of a page of events
    assert all(set(page.cursor["news"]) <= set(known(page.cursor["slas"])) for page in pages)
    assert account.paths().count("tickets/show_many") <= many / 10 + 1
    assert log.warnings == []


@pytest.mark.parametrize("page", range(12))
def test_a_fetch_that_was_killed_while_tickets_fell_out_tells_every_outcome(
    httpserver: HTTPServer, connect: Connect, log: Told, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(slas, "MOST", 3)
    events = [measure(n, n, kind, **target(60)) for n in range(1, 21) for kind in ("apply_sla", "fulfill")]
    tickets = [ticket(n, 900, created_at=iso(n)) for n in range(1, 21)]
    serve(httpserver, Account(tickets=tickets, measures=events, size=6))
    source = connect(sla=True, page_size=5)
    before = fetched(source)[: page + 1]
    after = fetched(source, before[-1].cursor)
    told = {one.key for one in tickets_of(source, before + after) if one.sla_met}
    assert told == {str(n) for n in range(1, 21)}
    assert log.warnings == []


def test_a_ticket_that_falls_out_and_that_nobody_shows_is_counted(
    httpserver: HTTPServer, connect: Connect, log: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slas, "MOST", 1)
    serve(httpserver, Account(measures=[measure(n, n, "breach") for n in (1, 2, 3)]))
    fetched(connect(sla=True))
    assert [facts for event, facts in log.warnings if "outcomes" in event] == [{"tickets": 2}]


def test_a_run_says_when_tickets_fell_out(
    httpserver: HTTPServer, connect: Connect, log: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slas, "MOST", 1)
    serve(httpserver, Account(measures=[measure(n, n, "apply_sla", **target(60)) for n in (1, 2, 3)]))
    fetched(connect(sla=True))
    assert [facts for event, facts in log.warnings if "outcomes" in event] == [{"tickets": 2}]


def test_a_ticket_takes_its_outcome_along(httpserver: HTTPServer, connect: Connect) -> None:
    met = [measure(1, 0, "apply_sla", **target(60)), measure(1, 1, "fulfill")]
    missed = [measure(2, 0, "apply_sla", **target(60)), measure(2, 1, "breach")]
    account = serve(httpserver, Account(tickets=[ticket(n) for n in (1, 2, 3)], measures=met + missed))
    source = connect(sla=True)
    assert {one.key: one.sla_met for one in tickets_of(source, fetched(source))} == {"1": True, "2": False, "3": None}
    assert "tickets/show_many" not in account.paths()


def met_by_key(source: Zendesk, cursor: object = None) -> dict[str, bool | None]:
    return {one.key: one.sla_met for one in tickets_of(source, fetched(source, cursor))}


def test_a_breach_without_a_change_of_the_ticket_brings_it_again(httpserver: HTTPServer, connect: Connect) -> None:
    one = ticket(1, status="open")
    account = serve(httpserver, Account(tickets=[one], measures=[measure(1, 0, "apply_sla", **target(60))]))
    source = connect(sla=True)
    cursor = fetched(source)[-1].cursor
    account.measures.append(measure(1, 3600, "breach"))
    (found,) = tickets_of(source, fetched(source, cursor))
    assert (found.sla_met, found.changed_at) == (False, at(3600))
    assert account.paths().count("tickets/show_many") == 1
    assert met_by_key(source, fetched(source, cursor)[-1].cursor) == {}


def test_an_outcome_of_before_is_still_known_when_the_ticket_changes(httpserver: HTTPServer, connect: Connect) -> None:
    events = [measure(1, 0, "apply_sla", **target(60)), measure(1, 1, "fulfill")]
    account = serve(httpserver, Account(tickets=[ticket(1)], measures=events))
    source = connect(sla=True)
    cursor = fetched(source)[-1].cursor
    account.tickets[0] |= {"generated_timestamp": START + 99, "status": "closed"}
    assert met_by_key(source, cursor) == {"1": True}


def test_events_are_read_up_to_the_tickets_of_a_page_and_not_further(httpserver: HTTPServer, connect: Connect) -> None:
    events = [measure(n, n, kind, **target(60)) for n in range(1, 41) for kind in ("apply_sla", "fulfill")]
    account = serve(httpserver, Account(tickets=[ticket(n) for n in range(1, 41)], measures=events, size=10))
    source = connect(sla=True, page_size=10)
    pages = fetched(source)
    assert all(one.sla_met for one in tickets_of(source, pages))
    assert "tickets/show_many" not in account.paths()
    assert max(len(page.cursor["news"]) for page in pages) < 20


@pytest.mark.parametrize("unkept", [1, 2, 20])
@pytest.mark.parametrize("page", range(8))
def test_a_fetch_that_was_killed_after_any_page_tells_every_outcome(
    httpserver: HTTPServer, connect: Connect, page: int, unkept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk, "UNKEPT", unkept)
    tickets = [ticket(n, n * 10) for n in range(1, 6)]
    events = [measure(n, n * 10, kind, **target(60)) for n in range(1, 6) for kind in ("apply_sla", "fulfill")]
    late = [measure(3, 80, "breach")]
    serve(httpserver, Account(tickets=tickets, measures=events + late, size=3))
    source = connect(sla=True, page_size=2)
    before = fetched(source)[: page + 1]
    after = fetched(source, before[-1].cursor)
    last = {one.key: one.sla_met for one in tickets_of(source, before + after)}
    assert last == {"1": True, "2": True, "3": False, "4": True, "5": True}


def test_a_walk_of_many_events_is_not_begun_anew_when_it_was_killed(httpserver: HTTPServer, connect: Connect) -> None:
    events = [measure(n, n, "apply_sla", **target(60, True)) for n in range(1, 100)]
    account = serve(httpserver, Account(tickets=[ticket(1, 100)], measures=events, size=3))
    source = connect(sla=True)
    first, second, *_ = fetched(source)
    walked = account.paths().count("incremental/ticket_metric_events")
    for page, left in ((first, 1), (second, 2)):
        account.asked.clear()
        fetched(source, page.cursor)
        assert account.paths().count("incremental/ticket_metric_events") == walked - left * walk.UNKEPT


def test_events_that_bring_no_ticket_again_are_kept_all_the_same(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, Account(measures=[measure(1, 0, "apply_sla", **target(60, True))]))
    cursor = fetched(connect(sla=True))[-1].cursor
    assert (known(cursor["slas"]), cursor["news"]) == (["1"], [])


def test_a_ticket_that_the_vendor_no_longer_shows_is_asked_for_once(httpserver: HTTPServer, connect: Connect) -> None:
    account = serve(httpserver, Account(measures=[measure(8, 1, "breach")]))
    source = connect(sla=True)
    cursor = fetched(source)[-1].cursor
    fetched(source, cursor)
    assert account.paths().count("tickets/show_many") == 1


def test_a_deleted_ticket_is_forgotten(httpserver: HTTPServer, connect: Connect) -> None:
    gone = {"id": 1, "status": "deleted", "generated_timestamp": START + 9}
    account = serve(httpserver, Account(tickets=[gone], measures=[measure(1, 1, "breach")]))
    cursor = fetched(connect(sla=True))[-1].cursor
    assert (cursor["slas"], cursor["news"]) == ("", [])
    assert "tickets/show_many" not in account.paths()


def test_a_plan_without_metric_events_leaves_the_outcome_unknown(
    httpserver: HTTPServer, connect: Connect, log: Told
) -> None:
    closed = ("incremental/ticket_metric_events",)
    account = serve(httpserver, Account(tickets=[ticket(n) for n in range(1, 5)], closed=closed))
    assert set(met_by_key(connect(sla=True, page_size=2)).values()) == {None}
    assert [facts["stream"] for event, facts in log.infos if event == "stream is left out"] == ["ticket_metric_events"]
    assert account.paths().count("incremental/ticket_metric_events") == 1


def test_a_target_in_hours_of_the_calendar_is_a_promise(httpserver: HTTPServer, connect: Connect) -> None:
    events = [
        measure(1, 0, "apply_sla", **target(60)),
        measure(1, 30, "apply_sla", **target(120)),
        measure(1, 31, "apply_sla", **target(120)),
        measure(2, 0, "apply_sla", **target(60, business=True)),
        measure(3, 0, "apply_sla", "reply_time", **target(60)),
    ]
    serve(httpserver, Account(tickets=[ticket(n, 40) for n in (1, 2, 3)], measures=events))
    source = connect(sla=True)
    pages = fetched(source)
    due = {one.key: one.promised_at for one in tickets_of(source, pages)}
    assert due == {"1": at(7200), "2": None, "3": None}
    promises = [one for one in touchpoints_of(source, pages) if one.what == "promise"]
    assert [(one.ticket, one.at, one.promised_at, one.side) for one in promises] == [
        ("1", at(0), at(3600), "machine"),
        ("1", at(30), at(7200), "machine"),
    ]
    assert len({one.key for one in promises}) == 2


def test_a_promise_that_was_taken_back_is_none(httpserver: HTTPServer, connect: Connect) -> None:
    events = [measure(1, 0, "apply_sla", **target(60)), measure(1, 9, "apply_sla", sla=None)]
    serve(httpserver, Account(tickets=[ticket(1, 40)], measures=events))
    source = connect(sla=True)
    (found,) = tickets_of(source, fetched(source))
    assert (found.promised_at, found.sla_met) == (None, None)
