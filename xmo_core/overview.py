"""What operators look at: rows, states and dates, never answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from xmo_core.office import Office
from xmo_core.store import tables as t


def quarantined(office: Office, only: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return the rows in quarantine, oldest first."""
    query = select(t.quarantine).order_by(t.quarantine.c.source, t.quarantine.c.seen_at, t.quarantine.c.key)
    if only:
        query = query.where(t.quarantine.c.source.in_(only))
    with office.store.reading() as connection:
        return [dict(row._mapping) for row in connection.execute(query)]


def invitations(office: Office, limit: int) -> list[dict[str, Any]]:
    """Return the newest invitations without their answers."""
    i = t.invitation.c
    query = (
        select(i.run, i.state, i.claimed_at, i.sent_at, i.expires_at, i.reason, t.ticket.c.number, i.source, i.n)
        .join_from(t.invitation, t.ticket, (t.ticket.c.source == i.source) & (t.ticket.c.key == i.key))
        .order_by(i.claimed_at.desc(), i.id)
        .limit(limit)
    )
    with office.store.reading() as connection:
        return [dict(row._mapping) for row in connection.execute(query)]


def overview(office: Office) -> dict[str, int]:
    """Count what waits for somebody."""
    i = t.invitation
    queries = {
        "tickets": select(func.count()).select_from(t.ticket),
        "quarantined": select(func.count()).select_from(t.quarantine),
        "to_be_sent": select(func.count()).select_from(i).where(i.c.state == "claimed"),
        "to_be_answered": select(func.count()).select_from(i).where(i.c.state == "sent"),
    }
    with office.store.reading() as connection:
        return {name: connection.execute(query).scalar_one() for name, query in queries.items()}
