"""A vendor on its worst day: everything arrives all the same, and what cannot be understood waits with its reason."""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from tests.line.support import EXCERPT, Xmo, log_of, reading, vendor
from xmo_core import http
from xmo_core.store import tables as t

SINCE = datetime(2016, 3, 1, 0, 0, 30, tzinfo=UTC)
MOMENTS = [SINCE, *(datetime(2016, month, day, 0, 0, 30, tzinfo=UTC) for month in (4, 5) for day in (1, 15))]
END = datetime(2016, 9, 1, tzinfo=UTC)
FAULTS = {"429": 0.10, "503": 0.10, "drop": 0.05, "cancelled": 0.02, "unparsable": 0.01}


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Sessions that note how long they would wait, and do not."""
    waits: list[float] = []
    monkeypatch.setattr(http, "Session", functools.partial(http.Session, sleep=waits.append))
    return waits


def _until_done(xmo: Xmo, now: datetime, unsent: Callable[[], int]) -> None:
    """Run as a timer would, until a run is undisturbed and nothing is left to be sent."""
    deadline = time.monotonic() + 300
    while True:
        code, said = xmo.attempt(now, "run")
        assert code in (0, 1), said
        if code == 0 and not unsent():
            return
        assert time.monotonic() < deadline


def test_on_its_worst_day_all_arrives_and_bad_rows_come_in_by_replay(
    make_xmo: Callable[..., Xmo], store_url: str, hurried: list[float]
) -> None:
    history = log_of(EXCERPT)

    def unsent() -> int:
        with reading(store_url) as connection:
            query = select(func.count()).select_from(t.invitation).where(t.invitation.c.state == "claimed")
            return connection.execute(query).scalar_one()

    with vendor(data=EXCERPT, at=SINCE, faults=FAULTS, seed=3) as sandbox:
        xmo = make_xmo(store_url, sandbox.url, http='timeout = "1s"\nmax_wait = "5s"', page_size="20")
        for now in (*MOMENTS, END):
            sandbox.move(now)
            _until_done(xmo, now, unsent)
        with reading(store_url) as connection:
            stored = set(connection.execute(select(t.ticket.c.number)).scalars())
            bad = list(connection.execute(select(t.quarantine)))
        assert bad
        assert all(row.reason and row.field in row.reason and row.raw["number"] for row in bad)
        assert {row.raw["number"] for row in bad} | stored == set(history)
        listed = json.loads(xmo(END, "quarantine", "list", "--json"))
        assert {row["reason"] for row in listed} == {row.reason for row in bad}

        sandbox.put("faults", {})
        xmo(END, "quarantine", "replay")
        assert json.loads(xmo(END, "quarantine", "list", "--json")) == []
        journal = sandbox.journal()
    with reading(store_url) as connection:
        tickets = {row.number: row for row in connection.execute(select(t.ticket))}
        assert tickets.keys() == history.keys()
        for number, rows in history.items():
            last, row = rows[-1], tickets[number]
            assert (row.reopens, row.reassignments) == (int(last["reopen_count"]), int(last["reassignment_count"]))
        sent = connection.execute(select(t.invitation.c.marker).where(t.invitation.c.sent_at.is_not(None))).scalars()
        markers = sorted(sent)
        waited = connection.execute(select(t.run.c.waited)).scalars().all()
    assert sorted(next(m for m in markers if m in entry["text"]) for entry in journal) == markers
    assert len(markers) > 50
    assert any("corp: rate limited" in run for run in waited)
    assert max(hurried) < 120
