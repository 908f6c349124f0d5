"""The source and both sandboxes together: everything is read whatever happens, and what was written is found again."""

import json
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.jira.conftest import Connect
from tests.jira.support import Told, fetched
from xmo_hooks import (
    ENDED,
    AuthError,
    BadRecord,
    Message,
    Native,
    NotFound,
    Sandbox,
    SandboxOptions,
    Ticket,
    Touchpoint,
    Unavailable,
)
from xmo_jira.sandbox import SANDBOX, SERVER
from xmo_jira.source import Jira

Serve = Callable[..., tuple[str, Callable[..., Jira]]]
BOTH = pytest.mark.parametrize("sandbox", [SANDBOX, SERVER], ids=["cloud", "server"])
MARKER = "xmo:AbCdEf0123456_-x"
MESSAGE = Message(marker=MARKER, text=f"How did it go?\nhttp://127.0.0.1/a/k1.s2\n\n[{MARKER}]")
PERSON = {"email": "p7@example.org", "name": "Person 7", "language": "de", "timezone": "Europe/Berlin"}
WORK: dict[str, Any] = {
    "number": 17,
    "kind": "incident",
    "title": "Mail is slow",
    "priority": "critical",
    "service": "Mail",
    "category": "software",
    "channel": "email",
    "group": "Service Desk",
    "requester": {**PERSON, "organisation": "Sales", "place": "Berlin"},
    "promised": "2026-03-03T16:00:00Z",
    "events": [],
}
STORY = [
    ("08:00", "opened"),
    ("08:01", "acknowledged"),
    ("08:10", "promised", "2026-03-02T16:00:00Z"),
    ("08:30", "assigned", "a1", "Service Desk"),
    ("08:40", "noted"),
    ("09:00", "replied"),
    ("09:10", "replied"),
    ("09:30", "assigned", "a2", "Network"),
    ("10:00", "asked"),
    ("10:30", "replied"),
    ("10:40", "promised", "2026-03-03T16:00:00Z"),
    ("11:00", "waiting"),
    ("11:30", "resumed"),
    ("12:00", "resolved"),
    ("13:00", "reopened"),
    ("14:00", "resolved"),
    ("15:00", "closed"),
]


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-02T{clock}:00+00:00")


WHOLE = [
    ("contact", "requester", at("08:00")),
    ("update", "machine", at("08:01")),
    ("promise", "desk", at("08:10")),
    ("response", "desk", at("09:00")),
    ("update", "desk", at("09:10")),
    ("handoff", "desk", at("09:30")),
    ("contact", "requester", at("10:00")),
    ("response", "desk", at("10:30")),
    ("promise", "desk", at("10:40")),
    ("resolved", "desk", at("12:00")),
    ("reopened", "requester", at("13:00")),
    ("resolved", "desk", at("14:00")),
]


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


@contextmanager
def serving(sandbox: Sandbox, given: SandboxOptions) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, sandbox.make(given), threaded=True, request_handler=Quiet)
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
    """`serve(sandbox, options)` returns the sandbox's address, and how to connect with the config that it names."""
    with ExitStack() as stack:

        def made(sandbox: Sandbox, given: SandboxOptions) -> tuple[str, Callable[..., Jira]]:
            url = stack.enter_context(serving(sandbox, given))
            config = tomllib.loads(sandbox.config(url))
            assert config.pop("kind") == "jira"
            return url, lambda **more: connect(**{**config, **more})

        yield made


def story(*events: tuple[str, ...], **more: Any) -> dict[str, Any]:
    """A line of a work file; an event is a time, what, and for a promise until when, for an assignment who."""
    told = []
    for time, what, *rest in events:
        details = {"promised": ("until",), "assigned": ("agent", "group")}.get(what, ())
        told.append({"at": at(time).isoformat(), "what": what, **dict(zip(details, rest, strict=True))})
    return {**WORK, "events": told, **more}


def played(path: Path, *lines: dict[str, Any]) -> SandboxOptions:
    file = path / "work.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return SandboxOptions(data=file)


def put(url: str, switch: str, body: dict[str, object]) -> None:
    assert requests.put(f"{url}/sandbox/{switch}", json=body, timeout=10).status_code == 200


def told(source: Jira, cursor: object = None) -> list[Any]:
    return [one for page in fetched(source, cursor) for row in page.rows for one in source.parse(row)]


def tickets(source: Jira, cursor: object = None) -> dict[str, Ticket]:
    return {one.key: one for one in told(source, cursor) if isinstance(one, Ticket)}


@BOTH
def test_one_ticket_with_a_life_says_the_same_on_both(serve: Serve, tmp_path: Path, sandbox: Sandbox) -> None:
    _, into = serve(sandbox, played(tmp_path, story(*STORY)))
    found = told(into())
    (ticket,) = [one for one in found if isinstance(one, Ticket)]
    assert (ticket.number, ticket.kind, ticket.state, ticket.vendor_state) == ("SUP-17", "incident", "closed", "Closed")
    assert (ticket.opened_at, ticket.changed_at) == (at("08:00"), at("15:00"))
    assert (ticket.resolved_at, ticket.closed_at) == (at("14:00"), at("15:00"))
    assert ticket.promised_at == datetime(2026, 3, 3, 16, tzinfo=UTC)
    assert (ticket.reopens, ticket.reassignments) == (1, 1)
    assert (ticket.service, ticket.group, ticket.priority) == ("Mail", "Network", "critical")
    assert ticket.sla_met is not None
    assert ticket.requester is not None
    assert (ticket.requester.email, ticket.requester.language) == ("p7@example.org", "de")
    points = sorted((one for one in found if isinstance(one, Touchpoint)), key=lambda one: one.at)
    spoken = {"response", "update"}  # which Data Center does not tell apart from internal notes
    assert [(one.what, one.side, one.at) for one in points] == [
        one for one in WHOLE if sandbox is SANDBOX or one[0] not in spoken
    ]


@BOTH
def test_a_ticket_that_nobody_wanted_any_more_is_cancelled(serve: Serve, tmp_path: Path, sandbox: Sandbox) -> None:
    _, into = serve(sandbox, played(tmp_path, story(("08:00", "opened"), ("09:00", "cancelled"))))
    found = told(into())
    assert (found[0].state, found[0].closed_at, found[0].reopens) == ("cancelled", at("09:00"), 0)
    assert [one.what for one in found if isinstance(one, Touchpoint) and one.what != "promise"] == [
        "contact",
        "resolved",
    ]


@BOTH
def test_every_ticket_is_read_and_understood_without_a_warning(serve: Serve, log: Told, sandbox: Sandbox) -> None:
    _, into = serve(sandbox, SandboxOptions(generate=150))
    source = into(page_size=25)
    read = tickets(source)
    estimate = source.count(None, None)
    assert estimate is not None
    assert len(read) == estimate.tickets >= 150
    assert not [ticket for ticket in read.values() if ticket.state == "unknown"]
    assert {"incident", "request"} <= {ticket.kind for ticket in read.values()}
    assert {True, False} <= {ticket.sla_met for ticket in read.values()}
    assert any(isinstance(one, Native) for one in told(source))
    assert all(ticket.requester and ticket.service for ticket in read.values())
    assert log.warnings == []
    assert not [one for one in source.check() if one.level in ("warning", "error")]


@BOTH
def test_whatever_moves_breaks_drops_or_lags_the_visible_tickets_come(serve: Serve, sandbox: Sandbox) -> None:
    url, into = serve(sandbox, SandboxOptions(generate=300, seed=7))
    put(url, "faults", {"hidden": 0.3})
    visible = set(tickets(into(page_size=100)))
    faults = {"hidden": 0.3, "moving": 0.7, "unparsable": 0.1, "drop": 0.05, "503": 0.05, "cut": 0.05, "429": 0.05}
    put(url, "faults", {**faults, **({"stuck": 0.1, "epoch": 1.0, "no_email": 0.5} if sandbox is SANDBOX else {})})
    source = into(page_size=20)
    rows = {row["id"]: row for page in fetched(source) for row in page.rows}
    assert 0 < len(visible) < 300
    assert set(rows) == visible
    broken = {}
    for key, row in rows.items():
        try:
            source.parse(row)
        except BadRecord as error:
            broken[key] = error
    assert broken
    assert {key == error.key for key, error in broken.items()} == {True}
    put(url, "faults", {})
    again = {row["id"]: source.parse(row) for row in source.fetch_some(list(broken))}
    assert set(again) == set(broken)


@BOTH
def test_what_changes_after_a_run_comes_in_the_next(serve: Serve, sandbox: Sandbox) -> None:
    _, into = serve(sandbox, SandboxOptions(generate=200))
    source = into(page_size=20)
    pages = fetched(source)
    whole = {row["id"]: row["fields"]["updated"] for page in pages for row in page.rows}
    middle = len(pages) // 2
    after = fetched(source, pages[middle].cursor)
    merged = {row["id"]: row["fields"]["updated"] for page in [*pages[: middle + 1], *after] for row in page.rows}
    assert merged == whole
    assert 0 < sum(len(page.rows) for page in after) < len(whole)


@BOTH
def test_a_question_is_written_and_found_by_its_marker_and_is_no_event(serve: Serve, sandbox: Sandbox) -> None:
    url, into = serve(sandbox, SandboxOptions(generate=20))
    source = into()
    before = told(source)
    ticket = next(one for one in before if isinstance(one, Ticket) and one.state in ENDED)
    assert source.find(ticket, MARKER) is None
    receipt = source.comment(ticket, MESSAGE)
    found = source.find(ticket, MARKER)
    assert found is not None
    assert found == receipt
    assert source.find(ticket, MARKER[:-1] + "y") is None
    after = told(source)
    assert {one for one in after if isinstance(one, Touchpoint)} == {
        one for one in before if isinstance(one, Touchpoint)
    }
    now = next(one for one in after if isinstance(one, Ticket) and one.key == ticket.key)
    assert now.changed_at > ticket.changed_at  # it comes again with the next run, and has not ended anew
    assert replace(now, changed_at=ticket.changed_at) == ticket
    assert requests.get(f"{url}/sandbox/questions", timeout=10).json() == {ticket.number: 1}


@BOTH
@pytest.mark.parametrize("desk", [True, False])
def test_a_question_whose_answer_is_lost_is_found(serve: Serve, sandbox: Sandbox, desk: bool) -> None:
    url, into = serve(sandbox, SandboxOptions(generate=5))
    source = into(service_desk=desk)
    ticket = next(iter(tickets(source).values()))
    put(url, "faults", {"late": 1.0})
    with pytest.raises(Unavailable):
        source.comment(ticket, MESSAGE)
    put(url, "faults", {})
    assert source.find(ticket, MARKER) is not None


@BOTH
def test_a_ticket_that_is_hidden_meanwhile_takes_no_question(serve: Serve, sandbox: Sandbox) -> None:
    url, into = serve(sandbox, SandboxOptions(generate=5))
    source = into()
    ticket = next(iter(tickets(source).values()))
    put(url, "faults", {"hidden": 1.0})
    with pytest.raises(NotFound):
        source.comment(ticket, MESSAGE)
    with pytest.raises(NotFound):
        source.find(ticket, MARKER)


@BOTH
def test_a_log_in_that_became_nobodys_stops_everything(serve: Serve, sandbox: Sandbox) -> None:
    url, into = serve(sandbox, SandboxOptions(generate=5))
    source = into()
    keys = list(tickets(source))
    put(url, "faults", {"anonymous": 1.0})
    with pytest.raises(AuthError):
        fetched(source)
    with pytest.raises(AuthError):
        list(source.gone(keys))
    assert [one.level for one in source.check()] == ["error"]
    put(url, "faults", {"captcha": 1.0})
    with pytest.raises(AuthError):
        fetched(source)
    assert [one.level for one in source.check()] == ["error"]


@BOTH
def test_a_ticket_that_was_deleted_is_gone(serve: Serve, tmp_path: Path, sandbox: Sandbox) -> None:
    lines = [story(("08:00", "opened"), *([("09:00", "deleted")] if n == 2 else []), number=n) for n in range(1, 5)]
    _, into = serve(sandbox, played(tmp_path, *lines))
    source = into()
    keys = sorted(tickets(source), key=int)
    assert len(keys) == 3
    missing = next(str(n) for n in range(int(keys[0]), int(keys[-1]) + 1) if str(n) not in keys)
    assert list(source.gone([*keys, missing])) == [missing]


@BOTH
def test_a_resolution_that_was_left_behind_does_not_end_a_ticket(
    serve: Serve, tmp_path: Path, sandbox: Sandbox
) -> None:
    events = [("08:00", "opened"), ("09:00", "resolved"), ("10:00", "reopened")]
    lines = [story(*events, number=1), story(*events, ("11:00", "resolved"), number=2)]
    url, into = serve(sandbox, played(tmp_path, *lines))
    put(url, "faults", {"stale": 1.0})
    one, two = (found for _, found in sorted(tickets(into()).items()))
    assert (one.state, one.reopens, one.resolved_at) == ("in_progress", 1, None)
    assert (two.state, two.reopens, two.resolved_at) == ("resolved", 1, at("11:00"))
