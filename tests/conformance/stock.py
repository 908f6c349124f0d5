"""The stock vendors' sandboxes as desks of the kit: eight tickets of a work file, some of them answered and deleted
later."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
import requests

from tests.hear.signing import Signer, call
from xmo_core.testing import SourceTests
from xmo_hooks import Call, Sandbox, SandboxOptions

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

START = datetime(2026, 3, 2, 7, tzinfo=UTC)
NOW = START + timedelta(days=20)
REOPENED, DELETED = NOW + timedelta(days=1), NOW + timedelta(days=2)
SETTLED = timedelta(minutes=5)  # Zendesk exports nothing of the last minute
TICKETS, PAGE, CLOSED = 8, 3, 4
REQUESTER = {
    "name": "Ash Elm",
    "language": "de",
    "timezone": "Europe/Berlin",
    "organisation": "Sales",
    "place": "Berlin",
}


class StockTests(SourceTests, ABC):
    """A stock plugin at its sandbox."""

    sandbox: ClassVar[Sandbox]
    signer: ClassVar[Signer]
    now = NOW
    tickets = TICKETS
    tied_tickets = TICKETS
    page_size = PAGE

    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path) -> None:
        self.where = tmp_path

    def desk(self) -> WSGIApplication:
        return self._play(spread(), NOW)

    def nothing(self) -> WSGIApplication:
        return self._play(spread(), START - timedelta(days=1))

    def tied(self) -> WSGIApplication:
        return self._play(tied(), NOW)

    def change(self, url: str, key: str) -> bool:
        return _moved(url, REOPENED)

    def change_at(self, url: str, key: str, at: datetime) -> bool:
        _set(url, at)
        self.reply(url, key).raise_for_status()
        return True

    def call(self, url: str, key: str) -> Call:
        return call(*self.signer.headers(key, NOW))

    @abstractmethod
    def reply(self, url: str, key: str) -> requests.Response:
        """Write a comment, as the desk's staff would."""

    def remove(self, url: str, key: str) -> bool:
        return _moved(url, DELETED)

    def seen(self, url: str, key: str) -> list[str]:
        return [entry["text"] for entry in requests.get(f"{url}/sandbox/journal", timeout=10).json()]

    def _play(self, tickets: Iterator[dict[str, Any]], at: datetime) -> WSGIApplication:
        file = self.where / "work.jsonl"
        file.write_text("".join(f"{json.dumps(ticket)}\n" for ticket in tickets))
        return self.sandbox.make(SandboxOptions(data=file, at=at))


def spread() -> Iterator[dict[str, Any]]:
    """Tickets of one day after another; the first one is reopened when all is read, and deleted later."""
    for n in range(TICKETS):
        day = START + timedelta(days=n)
        later: list[tuple[datetime, str, dict[str, str]]] = (
            [(REOPENED, "reopened", {}), (DELETED, "deleted", {})] if n == 0 else []
        )
        closed: list[tuple[datetime, str, dict[str, str]]] = (
            [(day + timedelta(hours=4), "closed", {})] if n == CLOSED else []
        )
        yield _ticket(n, day, [(day + timedelta(hours=3), "resolved", {}), *closed, *later])


def tied() -> Iterator[dict[str, Any]]:
    """Tickets that were all resolved in the same second, as by an import."""
    for n in range(TICKETS):
        yield _ticket(n, START + timedelta(minutes=n), [(START + timedelta(hours=5), "resolved", {})])


def _ticket(n: int, at: datetime, then: list[tuple[datetime, str, dict[str, str]]]) -> dict[str, Any]:
    served = {"group": "Service Desk", "agent": "a3"}
    events = [(at, "opened", {}), (at + timedelta(hours=1), "assigned", served)]
    events += [(at + timedelta(hours=2), "replied", {}), *then]
    return {
        "number": n + 1,
        "kind": "incident",
        "title": "No mail",
        "priority": "high",
        "service": "Mail",
        "category": "software",
        "channel": "portal",
        "group": "Service Desk",
        "requester": {**REQUESTER, "email": f"person{n}@example.org"},
        "promised": None,
        "events": [{"at": when.isoformat(), "what": what, **more} for when, what, more in events],
    }


def _moved(url: str, to: datetime) -> bool:
    _set(url, to + SETTLED)
    return True


def _set(url: str, to: datetime) -> None:
    requests.put(f"{url}/sandbox/clock", json={"now": to.isoformat()}, timeout=10).raise_for_status()
