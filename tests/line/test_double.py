"""Two runs at once, and a run that is repeated: one leaves with exit code 75, and nobody is asked twice."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import func, select

from tests.line.desks import Desk
from tests.line.support import Xmo, reading, vendor
from xmo_core.store import tables as t

HELD = 0.5  # seconds that each request takes at the vendor while two runs meet
PATIENCE = 60


def _run(xmo: Xmo, now: datetime) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "xmo_core", "--config", str(xmo.config), "--now", now.isoformat(), "run"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _until_at_work(store_url: str, runs: int) -> None:
    """Wait until that many runs have begun; what each does first is to take the leases of its sources."""
    deadline = time.monotonic() + PATIENCE
    with reading(store_url) as connection:
        while connection.execute(select(func.count()).select_from(t.run)).scalar_one() < runs:
            connection.rollback()
            assert time.monotonic() < deadline, "the first run never began"
            time.sleep(0.01)


def test_of_two_runs_at_once_one_leaves_and_a_repeated_one_asks_nobody_again(
    make_xmo: Callable[..., Xmo], desk: Desk, store_url: str
) -> None:
    now = desk.moments[1]
    with vendor(desk.sandbox, data=desk.data, at=desk.moments[0]) as sandbox:
        xmo = make_xmo(store_url, desk.config(sandbox.url))
        xmo(desk.moments[0], "run")
        sandbox.move(now)
        sandbox.put("faults", {"slow": HELD})
        first = _run(xmo, now)
        _until_at_work(store_url, runs=2)
        second = _run(xmo, now)
        _, said = second.communicate(timeout=PATIENCE)
        sandbox.put("faults", {})
        _, told = first.communicate(timeout=PATIENCE)
        asked = len(sandbox.journal())
        assert (second.returncode, first.returncode) == (75, 0), (said, told)
        assert said.startswith(f"Another run is at work on 'sync corp' (process {first.pid}")
        xmo(now, "run")  # as a timer that fires twice
        xmo(now + timedelta(minutes=10), "run")
        journal = sandbox.journal()
    with reading(store_url) as connection:
        sent = connection.execute(
            select(t.invitation.c.problem, t.invitation.c.n).where(t.invitation.c.sent_at.is_not(None))
        )
        ends = Counter(sent.all())
    assert len(journal) == asked == ends.total() > 5
    assert max(ends.values()) == 1
