"""SIGKILL at any instant, then again: the end is that of a run that nobody disturbed, and nobody was asked twice."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import func, select

from tests.line.desks import Desk, number
from tests.line.support import Vendor, Xmo, vendor
from xmo_core.checkpoints import POINTS
from xmo_core.store import Store, open_store
from xmo_core.store import tables as t

KILLS = 100
AFTER = timedelta(minutes=5)  # then what our last questions changed at the vendor is fetched, too
# Run history, attempts and leases tell what happened on the way; these columns are our own stamps, and say which run;
# `reference` is what the vendor calls our comment, and some vendors number comments in the order of their writing.
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
    "swept_at",
    "reference",
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
def _scene(make_xmo: Callable[..., Xmo], desk: Desk, store_url: str) -> Iterator[tuple[Cycles, Vendor, Store]]:
    with vendor(desk.sandbox, data=desk.data, at=desk.moments[0]) as sandbox:
        source, http = desk.config(sandbox.url), 'timeout = "1s"\nmax_wait = "1s"'
        xmo = make_xmo(store_url, source, pages="http://pages.test", http=http)
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
    state, where = {}, urlsplit(sandbox.url).netloc
    with store.reading() as connection:
        for table in t.metadata.sorted_tables:
            if table not in APART:
                columns = [column for column in table.c if column.name not in OURS]
                state[table.name] = [
                    repr(tuple(row)).replace(where, "vendor") for row in connection.execute(select(*columns))
                ]
    return state


@pytest.mark.slow
def test_a_hundred_kills_change_nothing(
    make_xmo: Callable[..., Xmo], desk: Desk, store_url: str, tmp_path: Path
) -> None:
    after = desk.moments[-1] + AFTER
    with _scene(make_xmo, desk, f"sqlite:///{tmp_path / 'undisturbed.db'}") as (cycles, sandbox, store):
        lengths = []
        for now in desk.moments:
            sandbox.move(now)
            lengths.append(cycles.to_the_end(now))
        sandbox.move(after)
        cycles.to_the_end(after)
        undisturbed, asked = _end_state(store, sandbox), len(sandbox.journal())
    with _scene(make_xmo, desk, store_url) as (cycles, sandbox, store):
        died = _run_with_kills(cycles, sandbox, desk.moments, lengths)
        sandbox.move(after)
        cycles.to_the_end(after)
        state, journal = _end_state(store, sandbox), sandbox.journal()
    assert died.total() >= KILLS
    assert {point for point in POINTS if died[point]} == set(POINTS)
    differing = {name: sorted(set(state[name]) ^ set(undisturbed[name])) for name in state}
    assert not any(differing.values()), {name: rows[:4] for name, rows in differing.items() if rows}
    assert len(journal) == asked > 50
    assert len(state["answer"]) > 20
    assert max(Counter((number(entry["number"]), entry["reopen_count"]) for entry in journal).values()) == 1


def _run_with_kills(
    cycles: Cycles, sandbox: Vendor, moments: Sequence[datetime], lengths: Sequence[float]
) -> Counter[str]:
    """Kill the cycle of each moment at named instants, which is sure to pass them, then at random ones."""
    dice, died, missed = Random(20160320), Counter[str](), list[str]()
    for turn, (now, whole) in enumerate(zip(moments, lengths, strict=True)):
        length = whole
        sandbox.move(now)
        # nobody is asked at the first moment, when asking is switched on
        due = [*missed, *POINTS[turn - 1 :: len(moments) - 1]] if turn else []
        died.update(point for point in due if cycles(now, point=point, passes=1)["killed"])
        missed = [point for point in due if not died[point]]  # what came before left nothing to pass it with
        while died.total() * len(moments) < KILLS * (turn + 1):
            ended = cycles(now, after=dice.uniform(0, length))
            died["random"] += ended["killed"]
            if not ended["killed"]:  # what is left to do at this moment takes less time by now
                length = min(length, ended["seconds"])
        cycles.to_the_end(now)
    return died
