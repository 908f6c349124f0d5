"""Whose turn it is: a run over what webhooks named is short and comes again and again, so whoever else works waits for
its end, and not for that of any other run."""

import time
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_fixed

from xmo_core.store import tables as t
from xmo_core.store.engine import Store
from xmo_core.store.lease import Lease, LeaseHeldError, claim

HEARD = "heard"  # the lease of a run over what webhooks named: taken before all its others, let go with them
LOOKS = 240  # a minute
_PAUSE = 0.25  # seconds: shorter than the bell waits between two such runs


def claim_in_turn(store: Store, name: str, wall: Callable[[], datetime]) -> Lease:
    """Claim a lease as `claim` does; for one that a run over what webhooks named holds, wait up to a minute."""

    def passes(error: BaseException) -> bool:
        return isinstance(error, LeaseHeldError) and name != HEARD and _passes(store, name)

    patient = Retrying(
        retry=retry_if_exception(passes),
        stop=stop_after_attempt(LOOKS),
        wait=wait_fixed(_PAUSE),
        sleep=time.sleep,
        reraise=True,
    )
    return patient(claim, store, name, wall)


def _passes(store: Store, name: str) -> bool:
    """Say whether a lease that could not be claimed is held by whoever holds `HEARD`, or was let go this moment."""
    lease = t.lease.c
    with store.reading() as connection:
        query = select(lease.name, lease.holder).where(lease.name.in_([name, HEARD]))
        holders = {row.name: row.holder for row in connection.execute(query)}
    return holders[name] in ("", holders.get(HEARD))
