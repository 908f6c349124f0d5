"""Two real files, loaded by the configs that the guide shows: counts, and some tickets as one reads them by eye."""

from __future__ import annotations

import csv
import gzip
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from tests.conftest import Need
from tests.line.support import Xmo, reading
from xmo_core.store import tables as t

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("XMO_TEST_DATA", ROOT.parent / "shared/data"))
UCI = "uci-servicenow-incidents/incident_event_log.part_a.csv.gz"
CSAT = "customer-support-tickets-csat/customer_support_tickets.part_a.csv.gz"
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory, need: Need) -> Callable[[str, str], tuple[Xmo, str]]:
    """Load a data set with its example, and return the command and the store."""

    def loaded(example: str, file: str) -> tuple[Xmo, str]:
        need((DATA / file).exists(), f"{file} is not in {DATA}: set XMO_TEST_DATA to the folder that holds it")
        folder = tmp_path_factory.mktemp("history")
        text = (ROOT / "docs" / "examples" / example).read_text(encoding="utf-8")
        (folder / "xmo.toml").write_text(text, encoding="utf-8")
        (folder / "xmo.key").write_text("a key that no one else has, for tests", encoding="utf-8")
        (folder / Path(file).parent).symlink_to((DATA / file).parent)
        return Xmo(folder), f"sqlite:///{folder / 'history.db'}"

    return loaded


def _rows(file: str) -> list[dict[str, str]]:
    with gzip.open(DATA / file, "rt", encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def _count(connection: Connection, *where: Any) -> int:
    return connection.execute(select(func.count()).select_from(t.ticket).where(*where)).scalar_one()


@pytest.fixture(scope="module")
def uci(load: Callable[[str, str], tuple[Xmo, str]]) -> tuple[str, str, str]:
    xmo, store = load("history-uci.toml", UCI)
    checked = xmo(NOW, "check")
    xmo(NOW, "sync")
    return store, checked, xmo(NOW, "sync")


@pytest.fixture
def uci_store(uci: tuple[str, str, str]) -> Iterator[Connection]:
    with reading(uci[0]) as connection:
        yield connection


def test_every_row_is_understood_and_a_second_run_finds_nothing(uci: tuple[str, str, str]) -> None:
    _, checked, again = uci
    assert "36 columns, 16 of them used" in checked
    assert "all of the 1,000 looked at are understood" in checked
    assert "counts={}" in again


def test_one_ticket_is_stored_for_each_incident(uci_store: Connection) -> None:
    assert _count(uci_store) == 7568
    assert _count(uci_store, t.ticket.c.state == "closed") == 7568
    assert _count(uci_store, t.ticket.c.sla_met.is_(True)) == 4854
    assert uci_store.execute(select(func.count()).select_from(t.quarantine)).scalar_one() == 0
    (run,) = uci_store.execute(select(t.run.c.counts).where(t.run.c.id == 1)).scalars()
    assert run["history"]["tickets"] == 42_888


def test_reopenings_are_those_of_the_last_row_of_each_incident(uci_store: Connection) -> None:
    query = select(t.ticket.c.reopens, func.count()).group_by(t.ticket.c.reopens)
    found = _pairs(uci_store.execute(query))
    assert found == {0: 7480, 1: 78, 2: 5, 3: 2, 4: 2, 8: 1}


def test_every_ticket_is_what_its_newest_row_says(uci_store: Connection) -> None:
    newest: dict[str, dict[str, str]] = {}
    for row in _rows(UCI):
        at, known = _minute(row["sys_updated_at"]), newest.get(row["number"])
        assert at is not None
        if known is None or at >= (_minute(known["sys_updated_at"]) or at):
            newest[row["number"]] = row
    for stored in uci_store.execute(select(t.ticket)).mappings():
        row = newest[stored["number"]]
        assert stored["vendor_state"] == row["incident_state"], row["number"]
        assert stored["changed_at"] == _minute(row["sys_updated_at"])
        assert (stored["opened_at"], stored["resolved_at"]) == (
            _minute(row["opened_at"]),
            _minute(row["resolved_at"]),
        )
        assert (stored["reopens"], stored["reassignments"]) == (
            int(row["reopen_count"]),
            int(row["reassignment_count"]),
        )


def test_the_first_incident_is_as_one_reads_it(uci_store: Connection) -> None:
    ticket = uci_store.execute(select(t.ticket).where(t.ticket.c.key == "INC0000063")).mappings().one()
    told = {name: value for name, value in ticket.items() if name not in ("person", "problem", "changed_at")}
    assert told == {
        **dict.fromkeys(("promised_at", "title", "url", "service", "parent", "deleted_at")),
        "source": "history",
        "key": "INC0000063",
        "number": "INC0000063",
        "kind": "incident",
        "vendor_type": "incident",
        "state": "closed",
        "vendor_state": "Closed",
        "opened_at": _at("2016-02-29T07:08"),
        "resolved_at": _at("2016-02-29T16:01"),
        "closed_at": _at("2016-03-05T17:00"),
        "group": "Group 23",
        "priority": "moderate",
        "category": "Subcategory 125",
        "channel": "phone",
        "reopens": 0,
        "reassignments": 1,
        "sla_met": True,
        "attributes": {"impact": "2 - Medium"},
    }


@pytest.fixture(scope="module")
def csat(load: Callable[[str, str], tuple[Xmo, str]]) -> tuple[str, str]:
    xmo, store = load("history-csat.toml", CSAT)
    checked = xmo(NOW, "check")
    xmo(NOW, "sync")
    return store, checked


@pytest.fixture
def csat_store(csat: tuple[str, str]) -> Iterator[Connection]:
    with reading(csat[0]) as connection:
        yield connection


def test_the_check_warns_of_ends_that_lie_before_the_first_response(csat: tuple[str, str]) -> None:
    assert "151 of 1,000 end before they are opened" in csat[1]


def test_every_ticket_comes_with_its_rating(csat_store: Connection) -> None:
    assert _count(csat_store) == 4235
    states = csat_store.execute(select(t.ticket.c.state, func.count()).group_by(t.ticket.c.state))
    assert _pairs(states) == {"new": 1444, "waiting": 1427, "closed": 1364}
    ratings = csat_store.execute(select(t.native.c.value, func.count()).group_by(t.native.c.value))
    assert _pairs(ratings) == {1: 280, 2: 271, 3: 291, 4: 257, 5: 265}
    assert csat_store.execute(select(func.count()).select_from(t.quarantine)).scalar_one() == 0
    assert csat_store.execute(select(func.count()).select_from(t.person)).scalar_one() == 4203


def test_the_ticket_with_the_most_broken_text_is_as_one_reads_it(csat_store: Connection) -> None:
    ticket = csat_store.execute(select(t.ticket).where(t.ticket.c.key == "3")).mappings().one()
    native = csat_store.execute(select(t.native).where(t.native.c.ticket == "3")).mappings().one()
    shown = ("title", "kind", "vendor_type", "state", "service", "priority", "channel", "opened_at", "resolved_at")
    assert [ticket[name] for name in shown] == [
        "Network problem",
        "incident",
        "Technical issue",
        "closed",
        "Dell XPS",
        "Low",
        "Social media",
        _at("2023-06-01T11:14"),
        _at("2023-06-01T18:05"),
    ]
    told = ("question", "value", "low", "high", "best", "at")
    assert [native[name] for name in told] == ["csat", 3, 1, 5, 5, _at("2023-06-01T18:05")]


def test_no_name_and_no_address_is_in_the_store(csat: tuple[str, str]) -> None:
    raw = Path(csat[0].removeprefix("sqlite:///")).read_bytes()
    rows = _rows(CSAT)
    assert b"Network problem" in raw
    assert [row["Ticket ID"] for row in rows if row["Customer Email"].encode() in raw] == []
    assert [row["Ticket ID"] for row in rows if row["Customer Name"].encode() in raw] == []


def _pairs(found: Iterable[Any]) -> dict[Any, int]:
    return dict(map(tuple, found))


def _minute(text: str) -> datetime | None:
    return None if text == "?" else datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=UTC)
