"""Leases: one holder at a time, found out when it died, and fenced off when it slept."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from tests.core.support import HOUR, Clock
from xmo_core.store import Store
from xmo_core.store import tables as t
from xmo_core.store.lease import TERM, Lease, LeaseHeldError, LeaseLostError, claim

HOLD = """
import sys
from datetime import UTC, datetime
from xmo_core.store import open_store
from xmo_core.store.lease import claim
store = open_store(sys.argv[1])
claim(store, "asking", lambda: datetime.fromisoformat(sys.argv[2]))
print("held", flush=True)
sys.stdin.read()
store.close()
"""


@pytest.fixture
def wall() -> Clock:
    return Clock()


@pytest.fixture
def held(store: Store, wall: Clock) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lease."""
    url = store.engine.url.render_as_string(hide_password=False)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, url, wall().isoformat()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process


def renew(store: Store, lease: Lease) -> None:
    with store.writing() as connection:
        lease.renew(connection)


def release(store: Store, lease: Lease) -> None:
    with store.writing() as connection:
        lease.release(connection)


@contextmanager
def refused() -> Iterator[pytest.ExceptionInfo[LeaseHeldError]]:
    with pytest.raises(LeaseHeldError) as error:
        yield error


def test_a_second_claim_is_refused_and_says_who_holds_it(store: Store, wall: Clock) -> None:
    claim(store, "asking", wall)
    with refused() as error:
        claim(store, "asking", wall)
    assert "Another run is at work on 'asking' (process " in str(error.value)
    assert "12:10:00 UTC" in str(error.value)


def test_leases_of_other_names_are_free(store: Store, wall: Clock) -> None:
    claim(store, "sync corp", wall)
    claim(store, "sync branch", wall)


def test_what_is_released_is_free_at_once(store: Store, wall: Clock) -> None:
    first = claim(store, "asking", wall)
    release(store, first)
    assert claim(store, "asking", wall).token == first.token + 1


def test_a_lease_is_held_to_the_end_of_its_term(store: Store, wall: Clock) -> None:
    claim(store, "asking", wall)
    wall.tick(TERM - HOUR / 3600)
    with refused():
        claim(store, "asking", wall)
    wall.tick(HOUR / 3600)
    claim(store, "asking", wall)


def test_renewing_holds_it_for_another_term(store: Store, wall: Clock) -> None:
    lease = claim(store, "asking", wall)
    wall.tick(TERM / 2)
    renew(store, lease)
    wall.tick(TERM * 0.9)
    with refused():
        claim(store, "asking", wall)


def test_who_slept_past_its_term_finds_out_before_it_writes(store: Store, wall: Clock) -> None:
    old = claim(store, "asking", wall)
    wall.tick(TERM)
    new = claim(store, "asking", wall)
    with pytest.raises(LeaseLostError, match="Another run took over 'asking'"):
        renew(store, old)
    renew(store, new)
    release(store, old)
    with refused():
        claim(store, "asking", wall)


def test_who_slept_while_nobody_came_goes_on(store: Store, wall: Clock) -> None:
    lease = claim(store, "asking", wall)
    wall.tick(9 * TERM)
    renew(store, lease)


def test_the_fencing_token_grows_with_each_claim(store: Store, wall: Clock) -> None:
    tokens = []
    for _ in range(4):
        tokens.append(claim(store, "asking", wall).token)
        wall.tick(TERM)
    assert tokens == [1, 2, 3, 4]


def test_a_live_holder_in_another_process_is_left_alone(store: Store, wall: Clock, held: subprocess.Popen[str]) -> None:
    with refused() as error:
        claim(store, "asking", wall)
    assert f"(process {held.pid}," in str(error.value)
    held.communicate("")


def test_a_holder_that_was_killed_is_taken_over_at_once(store: Store, wall: Clock, held: subprocess.Popen[str]) -> None:
    held.kill()
    held.wait()
    assert claim(store, "asking", wall).token == 2


@pytest.mark.parametrize(
    "elsewhere",
    [
        lambda holder: f"another-{holder}",  # another machine
        lambda holder: holder.replace(":", ":another-boot", 1),  # this machine before it was started anew
    ],
)
def test_a_process_number_means_nothing_elsewhere(
    store: Store, wall: Clock, held: subprocess.Popen[str], elsewhere: Callable[[str], str]
) -> None:
    held.kill()
    held.wait()
    with store.writing() as connection:
        holder = connection.execute(sa.select(t.lease.c.holder)).scalar_one()
        connection.execute(sa.update(t.lease).values(holder=elsewhere(holder)))
    with refused():
        claim(store, "asking", wall)
    wall.tick(TERM)
    assert claim(store, "asking", wall).token == 2


@pytest.mark.parametrize("state", ["new", "over"])
def test_of_many_that_claim_at_once_exactly_one_wins(store: Store, wall: Clock, state: str) -> None:
    if state == "over":
        claim(store, "asking", wall)
        wall.tick(TERM)
    start = threading.Barrier(8)
    won: list[int] = []
    lost: list[LeaseHeldError] = []

    def race() -> None:
        start.wait()
        try:
            won.append(claim(store, "asking", wall).token)
        except LeaseHeldError as error:
            lost.append(error)

    threads = [threading.Thread(target=race) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(lost)) == (1, 7)
