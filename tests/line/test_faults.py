"""A vendor on its worst day: everything arrives all the same, and what cannot be understood waits with its reason."""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.line.desks import Desk, number
from tests.line.support import Xmo, reading, vendor
from xmo_core import http
from xmo_core.store import tables as t

END = timedelta(days=120)  # then all that is to come has come


@pytest.fixture
def hurried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sessions that note in a file how long they would wait, in whichever process, and do not."""
    waits = tmp_path / "waits.txt"

    def note(seconds: float) -> None:
        with waits.open("a", encoding="utf-8") as file:
            file.write(f"{seconds}\n")

    monkeypatch.setattr(http, "Session", functools.partial(http.Session, sleep=note))
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
    make_xmo: Callable[..., Xmo], desk: Desk, store_url: str, hurried: Path
) -> None:
    history, end = desk.history(), desk.moments[-1] + END

    def unsent() -> int:
        with reading(store_url) as connection:
            query = select(func.count()).select_from(t.invitation).where(t.invitation.c.state == "claimed")
            return connection.execute(query).scalar_one()

    with vendor(desk.sandbox, data=desk.data, at=desk.moments[0], faults=desk.faults, seed=3) as sandbox:
        source, http = f"{desk.config(sandbox.url)}{desk.small}", 'timeout = "1s"\nmax_wait = "5s"'
        xmo = make_xmo(store_url, source, http=http)
        for now in (*desk.moments[::2], end):
            sandbox.move(now)
            _until_done(xmo, now, unsent)
        with reading(store_url) as connection:
            stored = set(map(number, connection.execute(select(t.ticket.c.number)).scalars()))
            bad = list(connection.execute(select(t.quarantine)))
        assert bad
        assert all(row.reason and row.field in row.reason for row in bad)
        assert len(history.keys() - stored) <= len(bad)
        listed = json.loads(xmo(end, "quarantine", "list", "--json"))
        assert {row["reason"] for row in listed} == {row.reason for row in bad}

        sandbox.put("faults", {})
        xmo(end, "quarantine", "replay")
        assert json.loads(xmo(end, "quarantine", "list", "--json")) == []
        journal = sandbox.journal()
    with reading(store_url) as connection:
        still = select(t.ticket).where(t.ticket.c.deleted_at.is_(None))
        tickets = {number(row.number): row for row in connection.execute(still)}
        assert tickets.keys() == history.keys()
        for one, counts in history.items():
            assert (tickets[one].reopens, tickets[one].reassignments) == (counts.reopens, counts.reassignments)
        sent = connection.execute(select(t.invitation.c.marker).where(t.invitation.c.sent_at.is_not(None))).scalars()
        markers = sorted(sent)
        waited = connection.execute(select(t.run.c.waited)).scalars().all()
    assert sorted(next(m for m in markers if m in entry["text"]) for entry in journal) == markers
    assert len(markers) > 50
    assert any("corp: rate limited" in run for run in waited)
    assert max(map(float, hurried.read_text(encoding="utf-8").split())) < 120
