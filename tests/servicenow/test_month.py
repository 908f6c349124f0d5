"""A month of work through the sandbox and the source: the tickets and touchpoints are those of the work file."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.servicenow.conftest import Connect
from tests.servicenow.support import Told, fetched
from tests.servicenow.test_against_sandbox import put, serving
from xmo_hooks import Message, Page, SandboxOptions, Ticket, Touchpoint
from xmo_servicenow.source import ServiceNow

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
END = START + timedelta(days=40)
GROUPS = ("Service Desk", "Network", "Workplace")
ENDS = {"resolved", "closed", "cancelled"}
Work = dict[str, Any]
Served = Callable[[datetime | None], str]


def text(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def ticket(number: int, draw: Random) -> Work:
    at, events, over = START + timedelta(seconds=draw.randrange(86_400 * 9)), list[Work](), False
    events.append({"at": text(at), "what": "opened"})
    for _ in range(draw.randrange(2, 14)):
        at += timedelta(seconds=draw.randrange(1, 40_000))
        told = ["acknowledged", "assigned", "assigned", "replied", "asked", "noted", "promised", "waiting", "resumed"]
        what = draw.choice(["reopened", "replied", "asked", "closed"] if over else [*told, "resolved", "cancelled"])
        events.append({"at": text(at), "what": what})
        if what == "assigned":
            events[-1] |= {"group": draw.choice(GROUPS), "agent": f"a{draw.randrange(5)}"}
        if what == "promised":
            events[-1]["until"] = text(at + timedelta(hours=draw.choice((1, 8, 48))))
        over = what in ENDS or (over and what != "reopened")
    if draw.random() < 0.1:
        events.append({"at": text(at + timedelta(seconds=5)), "what": "deleted"})
    person = {"email": f"p{number % 7}@example.org", "name": f"Person {number % 7}", "language": "de"}
    person |= {"timezone": "Europe/Berlin", "organisation": "Sales", "place": "Berlin"}
    words = {"title": "No mail", "priority": draw.choice(("critical", "high", "medium", "low")), "service": "Mail"}
    more = {"category": "software", "channel": draw.choice(("portal", "email", "phone", "chat")), "group": GROUPS[0]}
    kind = draw.choice(("incident", "request"))
    return {"number": number, "kind": kind, **words, **more, "requester": person, "promised": None, "events": events}


def expected(work: Work) -> list[tuple[str, str, str, str | None]]:
    """Tell the touchpoints of one ticket from the words of the work file alone."""
    found, waiting, over, group, promised = list[tuple[str, str, str, str | None]](), True, False, "", None
    for one in work["events"]:
        at, what = one["at"], one["what"]
        if what in {"opened", "asked"}:
            found.append((at, "contact", "requester", None))
            waiting = True
        elif what == "acknowledged":
            found.append((at, "update", "machine", None))
        elif what == "replied":
            found.append((at, "response" if waiting else "update", "desk", None))
            waiting = False
        elif what == "assigned":
            if group and one["group"] != group:
                found.append((at, "handoff", "desk", None))
            group = one["group"]
        elif what == "promised" and one["until"] != promised:
            promised = one["until"]
            found.append((at, "promise", "desk", promised))
        elif what in ENDS and not over:
            found.append((at, "resolved", "desk", None))
            over = True
        elif what == "reopened" and over:
            found.append((at, "reopened", "requester", None))
            over = False
    return sorted(found, key=str)


@pytest.fixture(scope="module")
def month() -> list[Work]:
    draw = Random(5)
    return [ticket(number, draw) for number in range(1, 121)]


@pytest.fixture
def served(connect: Connect, month: list[Work], tmp_path: Path) -> Iterator[Served]:
    data = tmp_path / "month.jsonl"
    data.write_text("".join(f"{json.dumps(one)}\n" for one in month))
    with ExitStack() as stack:
        yield lambda at: stack.enter_context(serving(SandboxOptions(data=data, at=at)))


@pytest.fixture
def source(connect: Connect, served: Served) -> ServiceNow:
    return of(connect, served(END))


def of(connect: Connect, url: str) -> ServiceNow:
    way = {"username": "xmo", "password": "sandbox", "tables": ["incident", "sc_req_item"]}
    return connect(**{"url": url, **way, "sla": True, "touchpoints": True, "page_size": 40})


def told(source: ServiceNow, pages: list[Page]) -> tuple[dict[str, Ticket], dict[tuple[str, str], Touchpoint]]:
    records = [one for page in pages for row in page.rows for one in source.parse(row)]
    tickets = {one.key: one for one in records if isinstance(one, Ticket)}
    return tickets, {(one.ticket or "", one.key): one for one in records if isinstance(one, Touchpoint)}


def by_number(tickets: dict[str, Ticket]) -> dict[int, Ticket]:
    return {int(one.number.lstrip("INCRTM")): one for one in tickets.values()}


def plain(one: Touchpoint) -> tuple[str, str, str, str | None]:
    return text(one.at), one.what, one.side, text(one.promised_at) if one.promised_at else None


def living(month: list[Work]) -> dict[int, Work]:
    return {one["number"]: one for one in month if one["events"][-1]["what"] != "deleted"}


def test_every_touchpoint_is_that_of_the_work_file(source: ServiceNow, month: list[Work], log: Told) -> None:
    tickets, found = told(source, fetched(source))
    numbers = by_number(tickets)
    assert numbers.keys() == living(month).keys()
    for number, work in living(month).items():
        key = numbers[number].key
        ours = sorted((plain(one) for (ticket, _), one in found.items() if ticket == key), key=str)
        assert ours == expected(work), work
    assert log.warnings == []


def test_every_ticket_is_that_of_the_work_file(source: ServiceNow, month: list[Work]) -> None:
    numbers = by_number(told(source, fetched(source))[0])
    for number, work in living(month).items():
        one, whats = numbers[number], [event["what"] for event in work["events"]]
        points = [what for _, what, _, _ in expected(work)]
        assert one.requester is not None
        assert (one.kind, one.priority, one.channel) == (work["kind"], work["priority"], work["channel"])
        assert (one.requester.email, one.service, one.category) == (work["requester"]["email"], "Mail", "software")
        assert one.reassignments == points.count("handoff")
        if work["kind"] == "incident":
            assert one.reopens == whats.count("reopened")
            is_open = points.count("resolved") == points.count("reopened")
            assert (one.resolved_at is None) == (is_open or one.state == "cancelled")
        assert (one.sla_met is None) == ("promised" not in whats or one.state == "cancelled")
        due = [event["until"] for event in work["events"] if event["what"] == "promised"]
        assert (text(one.promised_at) if one.promised_at else None) == (due[-1] if due else None)


def test_read_step_by_step_it_is_the_same_and_what_was_deleted_is_told(
    connect: Connect, served: Served, month: list[Work]
) -> None:
    url = served(START)
    source = of(connect, url)
    tickets, found, gone, cursor = dict[str, Ticket](), dict[tuple[str, str], Touchpoint](), set[str](), None
    for step in range(1, 81):
        put(url, "clock", {"now": text(START + (END - START) * step / 80)})
        pages = fetched(source, cursor)
        fresh, points = told(source, pages)
        tickets |= fresh
        found |= points
        gone |= {key for page in pages for key in page.deleted}
        cursor = pages[-1].cursor
    whole, all_points = told(source, fetched(source))
    assert {key: one for key, one in tickets.items() if key not in gone} == whole
    assert {key: one for key, one in found.items() if key[0] not in gone} == all_points
    lost = {one["number"] for one in month} - living(month).keys()
    assert lost
    assert {number for number, one in by_number(tickets).items() if one.key in gone} <= lost
    assert gone >= tickets.keys() - whole.keys()


def test_what_xmo_wrote_is_no_touchpoint(source: ServiceNow) -> None:
    tickets, before = told(source, fetched(source))
    marker = "xmo:0123456789abcdef"
    for one in tickets.values():
        source.comment(one, Message(marker=marker, text=f"How was it?\n[{marker}]"))
    _, after = told(source, fetched(source))
    assert after == before
