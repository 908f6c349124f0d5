"""Runs over what webhooks named come again and again: they keep nobody out for long. Any other run does."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from tests.core.support import Bench
from xmo_core.store import Store
from xmo_core.store import tables as t
from xmo_core.store.lease import ASKING, Lease, LeaseHeldError, claim
from xmo_core.store.turns import HEARD, LOOKS, claim_in_turn


class Turns(Bench):
    """A bench beside which another process holds leases, until it lets go."""

    def held(self, *names: str) -> list[Lease]:
        """Hold these for a process that is alive, and is not this one."""
        leases = [claim(self.store, name, self.wall) for name in names]
        place = sa.select(t.lease.c.holder).where(t.lease.c.name == names[0])
        with self.store.writing() as connection:
            holder = connection.execute(place).scalar_one().replace(f"/{os.getpid()}", f"/{os.getppid()}")
            connection.execute(sa.update(t.lease).where(t.lease.c.name.in_(names)).values(holder=holder))
        return leases

    def release(self, leases: list[Lease]) -> None:
        with self.store.writing() as connection:
            for lease in leases:
                lease.release(connection)


@pytest.fixture
def bench(store: Store) -> Iterator[Turns]:
    made = Turns(store)
    made.started()
    yield made
    made.close()


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were waited, without waiting."""
    seconds: list[float] = []
    monkeypatch.setattr(time, "sleep", seconds.append)
    return seconds


def meanwhile(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    monkeypatch.setattr(time, "sleep", lambda _seconds: happens())


def test_a_run_waits_for_the_end_of_one_over_what_webhooks_named(bench: Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    leases = bench.held(HEARD, ASKING, "sync corp")
    meanwhile(monkeypatch, lambda: bench.release(leases))
    bench.resolve("1")
    bench.run()
    assert bench.states() == {"1#1": "sent"}


def test_a_run_waits_a_minute_and_not_longer(bench: Turns, waited: list[float]) -> None:
    bench.held(HEARD, ASKING, "sync corp")
    with pytest.raises(LeaseHeldError, match="sync corp"):
        bench.run()
    assert waited == [60 / LOOKS] * (LOOKS - 1)


def test_a_run_that_finds_another_of_its_kind_leaves_at_once(bench: Turns, waited: list[float]) -> None:
    bench.held(HEARD)
    claim(bench.store, "sync corp", bench.wall)
    with pytest.raises(LeaseHeldError, match="sync corp"):
        bench.run()
    assert waited == []


def test_of_two_runs_over_what_webhooks_named_one_leaves_at_once(bench: Turns, waited: list[float]) -> None:
    bench.held(HEARD)
    with pytest.raises(LeaseHeldError, match="heard"):
        claim_in_turn(bench.store, HEARD, bench.wall)
    assert waited == []
