"""The source and the sandbox together: a life is read as it was lived, and what was written is found again."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.zendesk.conftest import Connect
from tests.zendesk.support import MARKER, Told, fetched, message, natives_of, rows_of, tickets_of, touchpoints_of
from xmo_hooks import BadRecord, Conflict, Immutable, Page, SandboxOptions, Ticket, Touchpoint, Unavailable
from xmo_zendesk.sandbox import SANDBOX
from xmo_zendesk.sandbox.directory import CATEGORY, SERVICE
from xmo_zendesk.sandbox.statuses import CANCELLED
from xmo_zendesk.source import Zendesk

Serve = Callable[..., str]
PERSON = {
    "email": "p17@example.org",
    "name": "Person 17",
    "language": "de",
    "timezone": "Europe/Berlin",
    "organisation": "Sales",
    "place": "Berlin",
}


def moment(time: str) -> datetime:
    return datetime.fromisoformat(f"2026-02-02T{time}:00+00:00").astimezone(UTC)


def event(time: str, what: str, **more: Any) -> dict[str, Any]:
    return {"at": f"2026-02-02T{time}:00Z", "what": what, **more}


def line(number: int, *events: dict[str, Any], kind: str = "incident", promised: str | None = None) -> dict[str, Any]:
    names = {"title": "No mail", "priority": "critical", "service": "Mail", "category": "software"}
    due = promised and f"2026-02-02T{promised}:00Z"
    where = {"channel": "phone", "group": "Service Desk", "requester": PERSON, "promised": due}
    return {"number": number, "kind": kind, **names, **where, "events": list(events)}


LIVED = line(
    17,
    event("08:15", "opened"),
    event("08:16", "acknowledged"),
    event("08:20", "assigned", group="Service Desk", agent="a1"),
    event("08:30", "replied"),
    event("08:40", "asked"),
    event("08:45", "noted"),
    event("09:00", "assigned", group="Network", agent="a3"),
    event("09:05", "replied"),
    event("09:06", "replied"),
    event("09:10", "promised", until="2026-02-02T16:00:00Z"),
    event("09:20", "waiting"),
    event("09:30", "resumed"),
    event("10:00", "resolved"),
    event("11:00", "reopened"),
    event("12:00", "resolved"),
    event("12:30", "offered"),
    event("12:40", "rated", rating=4, text="Quick"),
    event("18:00", "closed"),
)
CANCELLED_LATE = line(
    18,
    event("08:00", "opened"),
    event("08:10", "assigned", group="Service Desk", agent="a1"),
    event("11:00", "cancelled"),
    kind="request",
    promised="09:00",
)
DELETED = line(19, event("08:00", "opened"), event("08:30", "deleted"))
RESOLVED = line(20, event("09:00", "opened"), event("10:00", "resolved"))


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
def serve(connect: Connect, tmp_path: Path) -> Iterator[Serve]:  # after `connect`: connections are closed first
    with ExitStack() as stack:

        def made(*lines: dict[str, Any], at: str = "2026-02-03T12:00:00", **more: Any) -> str:
            data = tmp_path / "work.jsonl"
            data.write_text("\n".join(json.dumps(one) for one in lines))
            begun = datetime.fromisoformat(f"{at}+00:00").astimezone(UTC)
            options = SandboxOptions(data=data if lines else None, at=begun, **more)
            return stack.enter_context(serving(options))

        yield made


def into(connect: Connect, url: str, **values: Any) -> Zendesk:
    usual = {"url": url, "username": "xmo@example.org", "token": "sandbox", "service": SERVICE, "category": CATEGORY}
    streams = {"sla": True, "touchpoints": True, "surveys": True, "states": {str(CANCELLED): "cancelled"}}
    return connect(**{**usual, **streams, "fields": {"place": "user_fields.place"}, **values})


def put(url: str, switch: str, body: dict[str, object]) -> None:
    assert requests.put(f"{url}/sandbox/{switch}", json=body, timeout=10).status_code == 200


def by_key(source: Zendesk, cursor: object = None) -> dict[str, Ticket]:
    return {one.key: one for one in tickets_of(source, fetched(source, cursor))}


def test_a_ticket_is_read_as_it_was_lived(serve: Serve, connect: Connect, log: Told) -> None:
    source = into(connect, serve(LIVED))
    pages = fetched(source)
    (found,) = tickets_of(source, pages)
    assert (found.key, found.kind, found.state, found.priority) == ("17", "incident", "closed", "critical")
    assert (found.opened_at, found.resolved_at, found.closed_at) == (moment("08:15"), moment("12:00"), moment("18:00"))
    assert (found.promised_at, found.sla_met) == (moment("16:00"), True)
    assert (found.reopens, found.reassignments) == (1, 1)
    assert (found.service, found.category, found.group, found.channel) == ("Mail", "software", "Network", "phone")
    assert found.requester is not None
    assert (found.requester.email, found.requester.language) == ("p17@example.org", "de")
    assert (found.requester.timezone, found.requester.place) == ("Europe/Berlin", "Berlin")
    assert found.requester.organisation == "Sales"
    assert [
        (one.answer.question, one.answer.value, one.answer.high, one.answer.text) for one in natives_of(source, pages)
    ] == [
        ("satisfaction", 4, 5, None),
        ("comment", None, None, "Quick"),
    ]
    assert log.warnings == []


def test_its_touchpoints_are_those_of_its_life(serve: Serve, connect: Connect) -> None:
    source = into(connect, serve(LIVED))
    found = sorted(touchpoints_of(source, fetched(source)), key=lambda one: (one.at, one.key))
    told: list[tuple[str, str, str]] = [(one.at.strftime("%H:%M"), one.what, one.side) for one in found]
    assert told == [
        ("08:15", "contact", "requester"),
        ("08:16", "update", "machine"),
        ("08:30", "response", "desk"),
        ("08:40", "contact", "requester"),
        ("09:00", "handoff", "desk"),
        ("09:05", "response", "desk"),
        ("09:06", "update", "desk"),
        ("09:10", "promise", "machine"),
        ("10:00", "resolved", "desk"),
        ("11:00", "reopened", "requester"),
        ("12:00", "resolved", "desk"),
    ]
    assert len({one.key for one in found}) == len(found)


def test_cancelled_and_deleted_tickets(serve: Serve, connect: Connect) -> None:
    source = into(connect, serve(CANCELLED_LATE, DELETED))
    pages = fetched(source)
    (found,) = tickets_of(source, pages)
    assert (found.kind, found.state, found.resolved_at, found.closed_at) == (
        "request",
        "cancelled",
        None,
        moment("11:00"),
    )
    assert (found.promised_at, found.sla_met) == (moment("09:00"), False)
    assert [key for page in pages for key in page.deleted] == ["19"]


@pytest.mark.parametrize("touchpoints", [True, False])
def test_a_merged_ticket_was_cancelled_and_never_resolved(serve: Serve, connect: Connect, touchpoints: bool) -> None:
    merged = line(22, event("08:00", "opened"), event("11:00", "merged"))
    source = into(connect, serve(merged), touchpoints=touchpoints)
    pages = fetched(source)
    (found,) = tickets_of(source, pages)
    assert (found.state, found.vendor_state, found.resolved_at) == ("cancelled", "closed", None)
    assert found.closed_at == moment("11:00")
    assert [one.what for one in touchpoints_of(source, pages)] == ["contact"]


def test_a_breach_comes_without_a_change_of_its_ticket(serve: Serve, connect: Connect) -> None:
    waiting = line(21, event("08:00", "opened"), promised="10:00")
    url = serve(waiting, at="2026-02-02T09:00:00")
    source = into(connect, url)
    first = fetched(source)
    assert [one.sla_met for one in tickets_of(source, first)] == [None]
    put(url, "clock", {"now": "2026-02-02T11:00:00Z"})
    second = fetched(source, first[-1].cursor)
    assert [(one.sla_met, one.state) for one in tickets_of(source, second)] == [(False, "new")]
    third = fetched(source, second[-1].cursor)
    assert all(one.sla_met is False for one in tickets_of(source, third))
    assert third[-1].cursor["news"] == []


def test_every_generated_ticket_is_read_and_understood(serve: Serve, connect: Connect, log: Told) -> None:
    source = into(connect, serve(at="2026-02-28T12:00:00", generate=300), page_size=40)
    pages = fetched(source)
    found = {one.key: one for one in tickets_of(source, pages)}
    deleted = {key for page in pages for key in page.deleted}
    assert len(found) > 150
    assert not found.keys() & deleted
    assert {one.state for one in found.values()} <= {
        "new",
        "in_progress",
        "waiting",
        "on_hold",
        "resolved",
        "closed",
        "cancelled",
    }
    assert log.warnings == []
    assert all(level.level in ("ok", "warning") for level in source.check())


@pytest.mark.parametrize("page", [0, 2, 5])
def test_a_fetch_that_was_killed_tells_the_same_as_one_that_was_not(serve: Serve, connect: Connect, page: int) -> None:
    source = into(connect, serve(at="2026-02-20T12:00:00", generate=60), page_size=10)
    whole = fetched(source)
    before = whole[: page + 1]
    after = fetched(source, before[-1].cursor)

    def told(pages: Any) -> set[Ticket | Touchpoint]:
        return {repr(one) for row in rows_of(pages) for one in source.parse(row)}  # type: ignore[misc]

    assert told([*before, *after]) == told(whole)


def test_a_question_is_written_once_and_never_becomes_an_event(serve: Serve, connect: Connect) -> None:
    url = serve(RESOLVED, at="2026-02-02T12:00:00")
    source = into(connect, url)
    (found,) = tickets_of(source, fetched(source))
    assert source.find(found, MARKER) is None
    receipt = source.comment(found, message())
    assert source.find(found, MARKER) == receipt
    put(url, "clock", {"now": "2026-02-02T12:05:00Z"})
    again = fetched(source)
    assert tickets_of(source, again)[0].changed_at == moment("12:00")
    assert [one.what for one in touchpoints_of(source, again)] == ["contact", "resolved"]


def test_a_closed_ticket_takes_no_question(serve: Serve, connect: Connect) -> None:
    source = into(connect, serve(LIVED))
    (found,) = tickets_of(source, fetched(source))
    with pytest.raises(Immutable, match="closed"):
        source.comment(found, message())


def test_a_question_whose_answer_was_lost_is_found(serve: Serve, connect: Connect) -> None:
    url = serve(RESOLVED, at="2026-02-02T12:00:00")
    source = into(connect, url)
    (found,) = tickets_of(source, fetched(source))
    put(url, "faults", {"late": 1.0})
    with pytest.raises(Unavailable):
        source.comment(found, message())
    put(url, "faults", {})
    assert source.find(found, MARKER) is not None


def test_three_collisions_are_a_conflict(serve: Serve, connect: Connect) -> None:
    url = serve(RESOLVED, at="2026-02-02T12:00:00")
    source = into(connect, url)
    (found,) = tickets_of(source, fetched(source))
    put(url, "faults", {"409": 1.0})
    with pytest.raises(Conflict):
        source.comment(found, message())
    put(url, "faults", {})
    assert source.find(found, MARKER) is None


@pytest.mark.parametrize("fault", ["503", "52x", "429", "cut", "drop"])
def test_faults_of_the_way_do_not_lose_a_ticket(serve: Serve, connect: Connect, fault: str) -> None:
    url = serve(at="2026-02-20T12:00:00", generate=60, seed=3)
    source = into(connect, url, page_size=10)
    whole = by_key(source)
    put(url, "faults", {fault: 0.2})
    assert by_key(source) == whole


def test_rows_that_nobody_can_parse_are_refused_and_the_others_read(serve: Serve, connect: Connect) -> None:
    url = serve(at="2026-02-20T12:00:00", generate=60)
    put(url, "faults", {"unparsable": 0.3, "nameless": 0.3})
    source = into(connect, url, page_size=20)
    good, bad = 0, []
    for row in rows_of(fetched(source)):
        try:
            good += len(list(source.parse(row)))
        except BadRecord as error:
            bad.append(error)
    assert good > 0
    assert bad
    assert all(error.field for error in bad)


def test_an_archived_ticket_which_no_list_shows_is_fetched_by_itself_and_a_deleted_one_is_not(
    serve: Serve, connect: Connect
) -> None:
    source = into(connect, serve(LIVED, DELETED, at="2026-09-01T00:00:00"))
    (found,) = tickets_of(source, [Page(rows=source.fetch_some(["17", "19", "99"]), cursor=None)])
    assert (found.number, found.state, found.reopens) == ("17", "closed", 1)
