"""The queue of tickets that webhooks named. It stands in the store: no restart loses one.

A ticket stands in it once, however often it is rung for; it is fetched as it is then, so the order of calls does not
matter.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, func, select, update

from xmo_core.store import tables as t
from xmo_core.store.engine import Store
from xmo_hooks import Call, Heard

# How long a call is remembered, so how old one may be at most: longer than any vendor repeats one.
REMEMBERED = timedelta(days=1)
_SOON, _LATE, _MOST_TRIES = timedelta(seconds=10), timedelta(hours=1), 9
_HELD = timedelta(seconds=30)
_r = t.ring.c


def ring(store: Store, source: str, call: Call, heard: Heard, now: datetime) -> bool:
    """Take the tickets that a webhook named into the queue; returns False where this call was heard before, and
    changes nothing. Only a call that tells its time is known again: two changes may send the same words. `now` is the
    wall clock."""
    with store.writing() as connection:
        if heard.at is not None and not _is_new(store, connection, source, _digest(call.body, heard.at), now):
            return False
        rung = store.upsert(t.ring)
        again = {"times": _r.times + 1, "due_at": now}
        rows = [
            {"source": source, "key": key, "times": 1, "tries": 0, "due_at": now} for key in sorted(set(heard.keys))
        ]
        connection.execute(rung.on_conflict_do_update(index_elements=["source", "key"], set_=again), rows)
    return True


def _is_new(store: Store, connection: Connection, source: str, digest: str, now: datetime) -> bool:
    """Remember a call, and say whether it was not heard before."""
    connection.execute(delete(t.call).where(t.call.c.heard_at < now - REMEMBERED))
    about = {"source": source, "digest": digest, "heard_at": now}
    news = store.upsert(t.call).values(about).on_conflict_do_nothing().returning(t.call.c.digest)
    return connection.execute(news).first() is not None


def _digest(body: bytes, at: datetime) -> str:
    """Return what tells a call from all others: what was signed, and nothing that was not."""
    return hashlib.sha256(at.isoformat().encode() + b" " + body).hexdigest()


def next_due(store: Store, sources: Sequence[str]) -> datetime | None:
    """Return when the next of these sources' rung tickets is due, None where there is none."""
    with store.reading() as connection:
        query = select(func.min(_r.due_at, type_=t.ring.c.due_at.type)).where(_r.source.in_(sources))
        return connection.execute(query).scalar()


def due(store: Store, sources: Sequence[str], now: datetime) -> list[str]:
    """Return those of the sources that have a rung ticket which is due."""
    with store.reading() as connection:
        query = select(_r.source).where(_r.source.in_(sources) & (_r.due_at <= now)).distinct()
        return sorted(connection.execute(query).scalars())


def take(connection: Connection, source: str, limit: int, now: datetime) -> dict[str, int]:
    """Return some rung tickets of a source, each with the times it was rung for, and put them off: they are due again
    later, the more often they were tried the later, unless `settle` takes them out."""
    query = select(_r.key, _r.times, _r.tries).where(_r.source == source).order_by(_r.tries, _r.due_at, _r.key)
    found = connection.execute(query.limit(limit)).all()
    if found:
        which = (_r.source == source) & (_r.key == bindparam("rung"))
        later = update(t.ring).where(which).values(tries=_r.tries + 1, due_at=bindparam("later"))
        rows = [{"rung": row.key, "later": now + _delay(row.tries)} for row in found]
        connection.execute(later, rows)
    return {row.key: row.times for row in found}


def put_off(store: Store, sources: Sequence[str], now: datetime) -> None:
    """Have the rung tickets of sources that another run holds come later: meanwhile nothing is started for them."""
    with store.writing() as connection:
        held = _r.source.in_(sources) & (_r.due_at <= now)
        connection.execute(update(t.ring).where(held).values(due_at=now + _HELD))


def _delay(tries: int) -> timedelta:
    return min(_LATE, _SOON * (1 << min(tries, _MOST_TRIES)))


def settle(connection: Connection, source: str, taken: Mapping[str, int]) -> None:
    """Take tickets out of the queue, inside the transaction that writes them; one that was rung for meanwhile stays."""
    which = (_r.source == source) & (_r.key == bindparam("rung")) & (_r.times == bindparam("heard"))
    rows = [{"rung": key, "heard": times} for key, times in taken.items()]
    connection.execute(delete(t.ring).where(which), rows)
