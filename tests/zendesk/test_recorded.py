"""Traffic that was recorded against the vendor in 2015: everything is understood, and goldens were read by eye."""

import gzip
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Need
from tests.zendesk.support import Raw, options
from xmo_hooks import Ticket, Touchpoint
from xmo_zendesk.join import Join
from xmo_zendesk.parse import Parser, read
from xmo_zendesk.touchpoints import touchpoints
from xmo_zendesk.updates import People, Updates

FILE = Path(__file__).parents[2].parent / "shared/data/zendesk-recorded-2015/exchanges.jsonl.gz"


@pytest.fixture(scope="module")
def exchanges(need: Need) -> list[Raw]:
    need(FILE.exists(), "the recorded traffic of 2015 is not on this machine")
    with gzip.open(FILE, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def bodies(exchanges: list[Raw], path: str) -> Iterator[Raw]:
    for one in exchanges:
        body = one["response"]["body"]
        if one["request"]["method"] == "GET" and one["request"]["path"] == f"/api/v2/{path}" and isinstance(body, dict):
            yield body


def listed(exchanges: list[Raw], path: str) -> list[Raw]:
    name = path.rpartition("/")[2]
    return [one for body in bodies(exchanges, path) for one in body[name]]


def tickets_in(found: Any) -> Iterator[Raw]:
    """Every ticket anywhere in an answer."""
    if isinstance(found, dict):
        if {"id", "status", "requester_id", "created_at"} <= found.keys():
            yield found
        for inside in found.values():
            yield from tickets_in(inside)
    elif isinstance(found, list):
        for inside in found:
            yield from tickets_in(inside)


def rows(sideloads: Raw, tickets: Sequence[Raw]) -> list[Raw]:
    return list(Join(options(service=20015156, category="brand"), lambda _: {}).rows(sideloads, tickets))


def test_every_recorded_ticket_is_understood(exchanges: list[Raw]) -> None:
    found = [raw for one in exchanges for raw in tickets_in(one["response"]["body"])]
    parser = Parser(options(category="brand"))
    parsed = [next(parser.records(row)) for row in rows({}, found)]
    tickets = [one for one in parsed if isinstance(one, Ticket)]
    assert len(tickets) == len(found) == 738
    assert Counter(one.state for one in tickets) == {"new": 642, "closed": 81, "waiting": 14, "resolved": 1}
    assert Counter(one.kind for one in tickets) == {"request": 723, "incident": 15}
    assert Counter(one.priority for one in tickets) == {None: 259, "medium": 462, "high": 15, "critical": 2}
    assert Counter(one.channel for one in tickets) == {"api": 722, "portal": 16}
    assert {one.category for one in tickets} >= {"5446"}


def test_every_recorded_ticket_takes_the_fast_path(exchanges: list[Raw]) -> None:
    found = [raw for one in exchanges for raw in tickets_in(one["response"]["body"])]
    assert all(read(row) for row in rows({}, found))


def test_a_recorded_ticket_with_its_sideloads(exchanges: list[Raw]) -> None:
    sideloads: Raw = {name: listed(exchanges, name) for name in ("users", "groups", "organizations")}
    sideloads["metric_sets"] = [body["ticket_metric"] for body in bodies(exchanges, "tickets/1/metrics")]
    (one,) = [row for body in bodies(exchanges, "tickets/recent") for row in body["tickets"] if row["id"] == 1]
    ticket, opened = Parser(options()).records(rows(sideloads, [one])[0])
    assert isinstance(ticket, Ticket)
    assert isinstance(opened, Touchpoint)
    assert (ticket.key, ticket.state, ticket.kind, ticket.priority) == ("1", "waiting", "incident", "high")
    assert ticket.opened_at == opened.at == datetime(2012, 9, 6, 20, 15, 9, tzinfo=UTC)
    assert ticket.changed_at == datetime(2015, 9, 3, 0, 37, 57, tzinfo=UTC)
    assert (ticket.resolved_at, ticket.closed_at, ticket.reopens, ticket.reassignments) == (None, None, 0, 0)
    assert (ticket.group, ticket.channel) == ("Support", "portal")
    assert ticket.requester is not None
    assert (ticket.requester.key, ticket.requester.email) == ("20014182", "u12a735ebac@example.test")
    assert (ticket.requester.language, ticket.requester.timezone) == ("en-US", None)
    assert ticket.requester.organisation == "Smersh"


def test_recorded_metrics_are_understood(exchanges: list[Raw]) -> None:
    metrics = listed(exchanges, "ticket_metrics")
    tickets: list[Raw] = [
        {"id": one["ticket_id"], "status": "closed", "created_at": one["created_at"], "updated_at": one["updated_at"]}
        for one in metrics
    ]
    parser = Parser(options())
    parsed = [next(parser.records(row)) for row in rows({"metric_sets": metrics}, tickets)]
    assert len(parsed) == len(metrics) > 50
    for one, raw in zip(parsed, metrics, strict=True):
        assert isinstance(one, Ticket)
        assert (one.resolved_at is None) == (raw["solved_at"] is None)
        assert one.closed_at is not None


class Recorded:
    """The two lists that are asked for people, as far as they were recorded."""

    def __init__(self, tickets: list[Raw], users: list[Raw]) -> None:
        self._lists = {"tickets": tickets, "users": users}

    def many(self, path: str, name: str, ids: Sequence[str], include: str = "") -> Iterator[Raw]:
        yield {name: [one for one in self._lists[name] if str(one["id"]) in ids]}


def as_update(audit: Raw) -> Raw:
    """An audit in the place of an update of the export: its events are shaped alike."""
    return {**audit, "updater_id": audit["author_id"], "child_events": audit["events"]}


def test_recorded_audits_tell_contacts_and_responses(exchanges: list[Raw]) -> None:
    audits = next(bodies(exchanges, "tickets/1/audits"))["audits"]
    asker, agent = 20014182, 20014187
    said = [
        (event["author_id"], event["id"])
        for audit in audits[1:]
        for event in audit["events"]
        if event["type"] == "Comment" and event["public"]
    ]
    people = Recorded([{"id": 1, "requester_id": asker}], [{"id": agent, "role": "agent"}])
    told = Updates(People(people), options()).rows([as_update(audit) for audit in audits])  # type: ignore[arg-type]
    found = [one for row in told for one in touchpoints(row, frozenset())]
    assert [(one.key, one.side) for one in found] == [
        (str(key), "requester" if who == asker else "desk") for who, key in said
    ]
    # The requester adds a word a second after opening, then the agent writes nothing but further news.
    whats = [one.what for one in found]
    assert whats[:3] == ["contact", "response", "update"]
    assert all(before == "contact" for before, after in pairwise(whats) if after == "response")
