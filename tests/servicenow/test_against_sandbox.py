"""The source and the sandbox together: everything is read, and what was written is found again."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from threading import Thread

import pytest
import requests
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.servicenow.conftest import Connect
from tests.servicenow.support import Told, fetched, ticket_of
from xmo_hooks import BadRecord, Message, Native, NotFound, SandboxOptions, Ticket, Touchpoint, Unavailable
from xmo_servicenow.sandbox import SANDBOX
from xmo_servicenow.source import ServiceNow

TABLES = ["incident", "sc_req_item", "sc_task", "problem", "change_request"]
Serve = Callable[[SandboxOptions], str]


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


@contextmanager
def serving(options: SandboxOptions) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, SANDBOX.make(options), threaded=True, request_handler=Quiet)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def serve(connect: Connect) -> Iterator[Serve]:  # after `connect`, so that connections are closed before the server
    with ExitStack() as stack:
        yield lambda options: stack.enter_context(serving(options))


def into(connect: Connect, url: str, **values: object) -> ServiceNow:
    return connect(**{"url": url, "username": "xmo", "password": "sandbox", "tables": TABLES, **values})


def tickets(source: ServiceNow, cursor: object = None) -> dict[str, Ticket]:
    return {row["sys_id"]: ticket_of(source, row) for page in fetched(source, cursor) for row in page.rows}


def put(url: str, switch: str, body: dict[str, object]) -> None:
    assert requests.put(f"{url}/sandbox/{switch}", json=body, timeout=10).status_code == 200


def test_every_ticket_is_read_and_understood_without_a_warning(serve: Serve, connect: Connect, log: Told) -> None:
    source = into(connect, serve(SandboxOptions(generate=120)), page_size=25)
    read = tickets(source)
    kinds = [ticket.kind for ticket in read.values()]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "incident": 120,
        "request": 6,
        "task": 6,
        "problem": 6,
        "change": 6,
    }
    assert not [ticket for ticket in read.values() if ticket.state == "unknown"]
    assert all(ticket.requester and ticket.requester.email and ticket.service for ticket in read.values())
    assert log.warnings == []
    estimate = source.count(None, None)
    assert (estimate.tickets, estimate.requests) == (144, 9)


def test_the_replayed_log_is_read_with_its_ties(serve: Serve, connect: Connect) -> None:
    url = serve(SandboxOptions(at=datetime(2016, 4, 1, tzinfo=UTC)))
    read = tickets(into(connect, url, page_size=7, tables=["incident"]))
    whole = tickets(into(connect, url, page_size=5000, tables=["incident"]))
    assert len(read) > 100
    assert read == whole
    assert len({ticket.changed_at for ticket in read.values()}) < len(read)


def test_whatever_is_hidden_moved_broken_or_cancelled_the_rest_comes(serve: Serve, connect: Connect) -> None:
    url = serve(SandboxOptions(generate=300, seed=7))
    put(url, "faults", {"hidden": 0.3})
    visible = set(tickets(into(connect, url, page_size=5000)))
    put(url, "faults", {"hidden": 0.3, "moving": 0.7, "cancelled": 0.2, "unparsable": 0.1, "drop": 0.05, "503": 0.05})
    source = into(connect, url, page_size=20)
    rows = {row["sys_id"]: row for page in fetched(source) for row in page.rows}
    assert 0 < len(visible) < 375
    assert set(rows) == visible
    broken = {}
    for key, row in rows.items():
        try:
            ticket_of(source, row)
        except BadRecord as error:
            broken[key] = error
    assert broken
    assert {key == error.key for key, error in broken.items()} == {True}
    put(url, "faults", {})
    again = {row["sys_id"]: ticket_of(source, row) for row in source.fetch_some(list(broken))}
    assert set(again) == set(broken)


def test_what_changes_after_a_run_comes_in_the_next(serve: Serve, connect: Connect) -> None:
    url = serve(SandboxOptions(at=datetime(2016, 3, 15, tzinfo=UTC)))
    source = into(connect, url, page_size=50, tables=["incident"])
    before = fetched(source)
    put(url, "clock", {"now": "2016-03-16T00:00:00Z"})
    after = fetched(source, before[-1].cursor)
    whole = {row["sys_id"]: row["sys_updated_on"] for page in fetched(source) for row in page.rows}
    merged = {row["sys_id"]: row["sys_updated_on"] for page in [*before, *after] for row in page.rows}
    assert merged == whole
    assert 0 < sum(len(page.rows) for page in after) < len(whole)


def test_a_comment_is_written_and_found_by_its_marker(serve: Serve, connect: Connect) -> None:
    source = into(connect, serve(SandboxOptions(generate=5)))
    ticket = next(iter(tickets(source).values()))
    message = Message(marker="[xmo:4f2a]", text="How did we do?\nhttp://127.0.0.1/a/token\n[xmo:4f2a]")
    assert source.find(ticket, message.marker) is None
    receipt = source.comment(ticket, message)
    assert receipt.reference == ticket.key
    found = source.find(ticket, message.marker)
    assert found is not None
    assert found.at == receipt.at
    assert source.find(ticket, "[xmo:4f2b]") is None


def test_a_comment_whose_answer_is_lost_is_found(serve: Serve, connect: Connect) -> None:
    url = serve(SandboxOptions(generate=5))
    source = into(connect, url)
    ticket = next(iter(tickets(source).values()))
    put(url, "faults", {"late": 1.0})
    with pytest.raises(Unavailable):
        source.comment(ticket, Message(marker="[xmo:4f2a]", text="How did we do? [xmo:4f2a]"))
    assert source.find(ticket, "[xmo:4f2a]") is not None
    assert len(requests.get(f"{url}/sandbox/journal", timeout=10).json()) == 1


def test_a_ticket_that_is_hidden_meanwhile_takes_no_comment(serve: Serve, connect: Connect) -> None:
    url = serve(SandboxOptions(generate=5))
    source = into(connect, url)
    ticket = next(iter(tickets(source).values()))
    put(url, "faults", {"hidden": 1.0})
    with pytest.raises(NotFound):
        source.comment(ticket, Message(marker="[xmo:4f2a]", text="How did we do? [xmo:4f2a]"))


def test_the_slas_of_the_replayed_log_say_what_its_rows_say(serve: Serve, connect: Connect) -> None:
    url = serve(SandboxOptions())
    by_row = tickets(into(connect, url, tables=["incident"]))
    by_slas = tickets(into(connect, url, tables=["incident"], sla=True))
    assert {one.sla_met for one in by_row.values()} == {True, False}
    assert {key: one.sla_met for key, one in by_slas.items()} == {key: one.sla_met for key, one in by_row.items()}


def test_hand_offs_of_the_replayed_log_are_told_by_its_history(serve: Serve, connect: Connect) -> None:
    url = serve(SandboxOptions(at=datetime(2016, 4, 1, tzinfo=UTC)))
    source = into(connect, url, tables=["incident"], touchpoints=True)
    told = [one for page in fetched(source) for row in page.rows for one in source.parse(row)]
    whats = Counter(one.what for one in told if isinstance(one, Touchpoint))
    assert whats["contact"] > 100
    assert whats["handoff"] > 50
    assert whats["reopened"] > 0
    assert whats["resolved"] > whats["reopened"]


def test_answers_to_the_vendors_survey_are_read_beside_the_tickets(serve: Serve, connect: Connect) -> None:
    source = into(connect, serve(SandboxOptions(generate=120)), surveys=True, tables=["incident"], page_size=50)
    rows = [row for page in fetched(source) for row in page.rows]
    natives = [one for row in rows for one in source.parse(row) if isinstance(one, Native)]
    keys = {one.key for row in rows for one in source.parse(row) if isinstance(one, Ticket)}
    assert {one.ticket for one in natives} < keys
    assert {(one.answer.question, one.answer.low, one.answer.high, one.answer.best) for one in natives} == {
        ("Satisfaction", 1, 5, 5),
        ("Effort", 1, 7, 1),
        ("Comment", None, None, None),
    }


def test_whatever_beside_the_tickets_is_closed_the_tickets_come(serve: Serve, connect: Connect, log: Told) -> None:
    url = serve(SandboxOptions(generate=30))
    put(url, "faults", {"closed": 1.0})
    source = into(connect, url, sla=True, touchpoints=True, surveys=True)
    assert len(tickets(source)) == 30 + 4 * 3
    assert {facts["table"] for _, facts in log.warnings} == {
        *("task_sla", "sys_audit", "sys_journal_field", "asmt_metric_result"),
    }
    assert [facts["table"] for _, facts in log.infos] == ["sys_audit_delete"]


def test_a_check_of_the_sandbox_finds_nothing_to_complain_about(serve: Serve, connect: Connect) -> None:
    source = into(connect, serve(SandboxOptions(generate=60)))
    levels = [finding.level for finding in source.check()]
    assert set(levels) == {"ok", "note"}
    assert levels.count("note") == 1  # no comment has been written yet


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Kolkata"])
def test_the_time_zone_of_the_account_is_noticed_before_it_costs_a_ticket(
    serve: Serve, connect: Connect, zone: str
) -> None:
    url = serve(SandboxOptions(generate=60))
    source = into(connect, url, tables=["incident"])
    put(url, "user", {"time_zone": zone})
    assert [finding.level for finding in source.check() if "time zone" in finding.text or "Dates" in finding.text] == [
        *("warning", "error"),
    ]


@pytest.mark.parametrize("page_size", [100, 5000])
def test_a_time_zone_behind_utc_which_would_leave_out_rows_stops_the_fetch(
    serve: Serve, connect: Connect, page_size: int
) -> None:
    url = serve(SandboxOptions(generate=300))
    source = into(connect, url, tables=["incident"], page_size=page_size)
    cursor = fetched(source)[-1].cursor
    put(url, "user", {"time_zone": "America/Los_Angeles"})
    with pytest.raises(Unavailable, match="finds none when it is asked"):
        fetched(source, cursor)


def test_a_time_zone_ahead_of_utc_which_brings_rows_twice_stops_the_fetch(serve: Serve, connect: Connect) -> None:
    url = serve(SandboxOptions(generate=1000))
    put(url, "user", {"time_zone": "Asia/Kolkata"})
    with pytest.raises(Unavailable, match="only rows from"):
        fetched(into(connect, url, tables=["incident"], page_size=100))


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Kolkata"])
def test_times_are_utc_whatever_the_time_zone_of_the_account(serve: Serve, connect: Connect, zone: str) -> None:
    url = serve(SandboxOptions(generate=60))
    source = into(connect, url, tables=["incident"])
    as_gmt = tickets(source)
    put(url, "user", {"time_zone": zone})
    assert tickets(source) == as_gmt


def test_what_xmo_wrote_into_a_ticket_is_no_event_of_its_life(serve: Serve, connect: Connect) -> None:
    marker = "xmo:0123456789abcdef"
    source = into(connect, serve(SandboxOptions(generate=5)), tables=["incident"], touchpoints=True)
    ticket = next(iter(tickets(source).values()))

    def events() -> list[object]:
        (row,) = source.fetch_some([ticket.key])
        return [one for one in source.parse(row) if isinstance(one, Touchpoint)]

    before = events()
    source.comment(ticket, Message(marker=marker, text=f"How did we do?\n[{marker}]"))
    assert events() == before != []
    source.comment(ticket, Message(marker="", text="The desk wrote this."))
    assert len(events()) == len(before) + 1


def test_all_tables_of_a_check_can_be_tried(serve: Serve, connect: Connect) -> None:
    source = into(connect, serve(SandboxOptions(generate=60)), sla=True, surveys=True, touchpoints=True)
    found = {finding.text: finding.level for finding in source.check()}
    assert {text: level for text, level in found.items() if level not in {"ok", "note"}} == {}
    assert "Table asmt_metric_result can be read, as surveys = true asks." in found
