"""SIGKILL at any instant, then again: the end is that of a run that nobody disturbed, and nobody was asked twice."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.line.support import EXCERPT, Vendor, Xmo, vendor
from xmo_core.checkpoints import POINTS
from xmo_core.store import Store, open_store
from xmo_core.store import tables as t

KILLS = 100
MOMENTS = [datetime(2016, 3, 20, 0, 0, 30, tzinfo=UTC) + timedelta(days=7 * week) for week in range(9)]
AFTER = MOMENTS[-1] + timedelta(minutes=1)  # what our last questions changed at the vendor is fetched, too
# Run history, attempts and leases tell what happened on the way; these columns are our own stamps, and say which run.
APART = {t.run, t.attempt, t.lease}
OURS = {
    "run",
    "decided_at",
    "claimed_at",
    "sent_at",
    "answered_at",
    "expires_at",
    "at",
    "seen_at",
    "known_since",
    "complete_at",
}


class Cycles:
    """The process that forks a cycle for each order."""

    def __init__(self, process: subprocess.Popen[str], xmo: Xmo, sandbox: Vendor, store: Store) -> None:
        self._process, self._xmo, self._sandbox, self._store = process, xmo, sandbox, store

    def __call__(self, now: datetime, **kill: Any) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        order = {"config": str(self._xmo.config), "now": now.isoformat(), "vendor": self._sandbox.url} | kill
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        ended: dict[str, Any] = json.loads(self._process.stdout.readline())
        return ended

    def to_the_end(self, now: datetime) -> float:
        """Run undisturbed until nothing is left to be sent: a question whose attempt was killed waits its time."""
        deadline = time.monotonic() + 60
        while True:
            ended = self(now)
            assert ended["code"] == 0, ended
            if not self._claimed():
                return float(ended["seconds"])
            assert time.monotonic() < deadline, "questions stay unsent"

    def _claimed(self) -> int:
        with self._store.reading() as connection:
            query = select(func.count()).select_from(t.invitation).where(t.invitation.c.state == "claimed")
            return connection.execute(query).scalar_one()


@contextmanager
def _scene(make_xmo: Callable[..., Xmo], store_url: str) -> Iterator[tuple[Cycles, Vendor, Store]]:
    with vendor(data=EXCERPT, at=MOMENTS[0]) as sandbox:
        xmo = make_xmo(store_url, sandbox.url, pages="http://pages.test", http='timeout = "1s"\nmax_wait = "1s"')
        store = open_store(store_url)
        script = Path(__file__).with_name("cycle.py")
        process = subprocess.Popen(
            [sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        try:
            yield Cycles(process, xmo, sandbox, store), sandbox, store
        finally:
            store.close()
            process.communicate()


def _end_state(store: Store, sandbox: Vendor) -> dict[str, list[str]]:
    state = {}
    with store.reading() as connection:
        for table in t.metadata.sorted_tables:
            if table not in APART:
                columns = [column for column in table.c if column.name not in OURS]
                state[table.name] = [
                    repr(tuple(row)).replace(sandbox.url, "http://vendor")
                    for row in connection.execute(select(*columns))
                ]
    return state


@pytest.mark.slow
def test_a_hundred_kills_change_nothing(make_xmo: Callable[..., Xmo], store_url: str, tmp_path: Path) -> None:
    with _scene(make_xmo, f"sqlite:///{tmp_path / 'undisturbed.db'}") as (cycles, sandbox, store):
        lengths = []
        for now in MOMENTS:
            sandbox.move(now)
            lengths.append(cycles.to_the_end(now))
        cycles.to_the_end(AFTER)
        undisturbed, asked = _end_state(store, sandbox), len(sandbox.journal())
    with _scene(make_xmo, store_url) as (cycles, sandbox, store):
        died = _run_with_kills(cycles, sandbox, lengths)
        cycles.to_the_end(AFTER)
        state, journal = _end_state(store, sandbox), sandbox.journal()
    assert died.total() >= KILLS
    assert {point for point in POINTS if died[point]} == set(POINTS)
    differing = {name: sorted(set(state[name]) ^ set(undisturbed[name])) for name in state}
    assert not any(differing.values()), {name: rows[:4] for name, rows in differing.items() if rows}
    assert len(journal) == asked > 50
    assert len(state["answer"]) > 20
    assert max(Counter((entry["number"], entry["reopen_count"]) for entry in journal).values()) == 1


def _run_with_kills(cycles: Cycles, sandbox: Vendor, lengths: Sequence[float]) -> Counter[str]:
    """Kill the cycle of each moment at named instants, which is sure to pass them, then at random ones."""
    dice, died = Random(20160320), Counter[str]()
    for number, (now, whole) in enumerate(zip(MOMENTS, lengths, strict=True)):
        length = whole
        sandbox.move(now)
        # nobody is asked at the first moment, when asking is switched on
        for point in POINTS[number - 1 :: len(MOMENTS) - 1] if number else ():
            died[point] += cycles(now, point=point, passes=1)["killed"]
        while died.total() * len(MOMENTS) < KILLS * (number + 1):
            ended = cycles(now, after=dice.uniform(0, length))
            died["random"] += ended["killed"]
            if not ended["killed"]:  # what is left to do at this moment takes less time by now
                length = min(length, ended["seconds"])
        cycles.to_the_end(now)
    return died
