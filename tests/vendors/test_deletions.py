"""What a vendor has deleted is known to be, and nobody is asked about it: each tells it in a way of its own."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from tests.line.desks import number
from tests.line.support import reading
from tests.vendors import desks, month
from tests.vendors.conftest import sight
from tests.vendors.month import Work
from xmo_core.store import tables as t

_MOMENT = timedelta(minutes=3)  # Zendesk exports nothing younger


def test_deleted_tickets_are_noted_and_nobody_is_asked_about_them(
    vendor: str, works: list[Work], unhurried: None, tmp_path: Path, sqlite_store: str
) -> None:
    deleted, last = month.deleted(works), month.end(works)
    with desks.served(vendor, tmp_path, month.begin(works)) as sandbox:
        xmo = desks.xmo(tmp_path, sqlite_store, {vendor: desks.source(vendor, sandbox.url)})
        xmo(month.begin(works), "run")  # from here on people are asked
        for at, one in sorted((at, one) for one, at in deleted.items()):
            sandbox.move(at - _MOMENT)
            xmo(at - _MOMENT, "sync")
            assert one in _ended(sqlite_store)
        sandbox.move(last)
        xmo(last, "run")
        asked = {number(entry["number"]) for entry in sandbox.journal()}
    told = {one: ticket["deleted_at"] for one, ticket in sight(sqlite_store, vendor, works, last).tickets.items()}
    assert {one for one, at in told.items() if at is not None} == deleted.keys()
    assert all(at is None or deleted[one] < at <= last for one, at in told.items())
    rules = _rules(sqlite_store)
    assert {one for one, rule in rules.items() if rule == "core.deleted"} == deleted.keys()
    assert len(asked) > 20
    assert not asked & deleted.keys()


def _ended(store_url: str) -> set[int]:
    """Return the tickets that somebody could be asked about."""
    with reading(store_url) as connection:
        keys = select(t.ticket.c.number).join(t.problem, t.problem.c.key == t.ticket.c.key)
        return set(map(number, connection.execute(keys.where(t.problem.c.ended_at.is_not(None))).scalars()))


def _rules(store_url: str) -> dict[int, str]:
    """Return the rule by which it was decided last about each ticket."""
    with reading(store_url) as connection:
        query = select(t.ticket.c.number, t.decision.c.rule).join(t.decision, t.decision.c.key == t.ticket.c.key)
        return {number(row.number): row.rule for row in connection.execute(query.order_by(t.decision.c.n))}
