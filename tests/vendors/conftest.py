"""The month as it came into a store from each vendor, step by step."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from tests.line.support import reading
from tests.vendors import desks, month, stored
from tests.vendors.month import Point, Work
from xmo_core import http


@dataclass(frozen=True, slots=True)
class Sight:
    """What stood in the store at a time: fields and touchpoints by the tickets' numbers."""

    at: datetime
    tickets: dict[int, stored.Fields]
    points: dict[int, list[Point]]


@pytest.fixture(scope="session")
def works() -> list[Work]:
    """The canonical month."""
    return month.whole()


@pytest.fixture(scope="session")
def unhurried() -> Iterator[None]:
    """Sessions that keep the vendor's pace, and do not wait for it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http, "Session", functools.partial(http.Session, sleep=lambda _: None))
        yield


@pytest.fixture(scope="session", params=desks.VENDORS)
def vendor(request: pytest.FixtureRequest) -> str:
    """A vendor: every test that asks for it runs on each."""
    return str(request.param)


@pytest.fixture(scope="session")
def sights(vendor: str, works: list[Work], unhurried: None, tmp_path_factory: pytest.TempPathFactory) -> list[Sight]:
    """What the line brings in from a vendor, after each of the month's moments."""
    folder = tmp_path_factory.mktemp(vendor)
    return seen(vendor, works, folder, f"sqlite:///{folder / 'xmo.db'}")


def seen(vendor: str, works: list[Work], folder: Path, store_url: str) -> list[Sight]:
    """Sync at each of the month's moments, and look into the store."""
    found, times = [], month.moments(works)
    with desks.served(vendor, folder, times[0]) as sandbox:
        xmo = desks.xmo(folder, store_url, {vendor: desks.source(vendor, sandbox.url)})
        for now in times:
            sandbox.move(now)
            xmo(now, "sync")
            found.append(sight(store_url, vendor, works, now))
    return found


def sight(store_url: str, source: str, works: list[Work], now: datetime) -> Sight:
    """Look into the store."""
    mails = [work["requester"]["email"] for work in works]
    with reading(store_url) as connection:
        tickets = stored.tickets(connection, desks.KEYS, mails)[source]
        return Sight(now, tickets, stored.points(connection)[source])
