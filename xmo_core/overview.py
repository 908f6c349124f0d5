"""What operators look at: rows, states and dates, never answers."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from xmo_core.asking import uncertain as unknown
from xmo_core.office import Office
from xmo_core.store import tables as t


def quarantined(office: Office, only: Sequence[str] = ()) -> list[Mapping[str, Any]]:
    """Return the rows in quarantine, oldest first."""
    q = t.quarantine.c
    query = select(t.quarantine).order_by(q.source, q.seen_at, q.key)
    return office.store.read(query.where(q.source.in_(only)) if only else query)


def invitations(office: Office, limit: int) -> list[Mapping[str, Any]]:
    """Return the newest invitations without their answers."""
    i = t.invitation.c
    query = select(i.run, i.state, i.claimed_at, i.sent_at, i.expires_at, i.reason, t.ticket.c.number, i.source, i.n)
    same = (t.ticket.c.source == i.source) & (t.ticket.c.key == i.key)
    newest = query.join_from(t.invitation, t.ticket, same).order_by(i.claimed_at.desc(), i.id).limit(limit)
    return office.store.read(newest)


def overview(office: Office) -> Mapping[str, int]:
    """Count what waits for somebody."""
    i = t.invitation
    tried = select(t.attempt.c.id).where((t.attempt.c.invitation == i.c.id) & unknown()).exists()
    claimed = i.c.state == "claimed"
    queries = {
        "tickets": select(func.count()).select_from(t.ticket),
        "quarantined": select(func.count()).select_from(t.quarantine),
        "to_be_sent": select(func.count()).select_from(i).where(claimed & ~tried),
        "to_be_answered": select(func.count()).select_from(i).where(i.c.state == "sent"),
        "uncertain": select(func.count()).select_from(i).where((i.c.state == "uncertain") | (claimed & tried)),
    }
    (counts,) = office.store.read(select(*[query.label(name) for name, query in queries.items()]))
    return counts
