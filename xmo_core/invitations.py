"""Invitations: what may still happen to each, whatever it goes out by."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select, update

from xmo_core.asking import occasion_of
from xmo_core.logs import get as get_log
from xmo_core.office import Office
from xmo_core.store import tables as t
from xmo_core.store.lease import Lease
from xmo_core.store.runs import Run
from xmo_core.store.tickets import read_persons, read_tickets
from xmo_hooks import Answer, ConfigError, Invitation

log = get_log("xmo.invitations")

CHANGED = "The problem is open again or deleted, or has another requester."
_i = t.invitation.c
# What somebody may still answer, and what somebody may have got.
OPEN = ("claimed", "sent", "uncertain")
_OUT = ("sent", "uncertain")


def tidy(office: Office, lease: Lease, run: Run) -> None:
    """Withdraw questions about problems that changed, and let those expire that nobody answered in time."""
    now = office.now()
    with lease.writing() as connection:
        changed = _i.state.in_(OPEN) & ~stands()
        withdrawn = close(connection, changed, "withdrawn", CHANGED, now)
        expired = close(connection, _i.state.in_(_OUT) & (_i.expires_at <= now), "expired", None, now)
    run.count("asking", **{k: v for k, v in (("withdrawn", withdrawn), ("expired", expired)) if v})


def stands() -> ColumnElement[bool]:
    """Tell whether an invitation is still about the last end of its problem, and to the person whose problem it is."""
    p = t.problem.c
    same = (p.id == _i.problem) & (p.ends == _i.n) & (p.person == _i.person) & p.ended_at.is_not(None)
    return select(p.id).where(same).exists()


def close(connection: Connection, which: Any, state: str, reason: str | None, now: Any) -> int:
    """Close invitations in this state, and keep a reason that they have; returns how many there were."""
    why = {} if reason is None else {"reason": reason}
    done = connection.execute(update(t.invitation).where(which).values(state=state, ended_at=now, **why))
    return done.rowcount


def link(office: Office, invitation: str) -> str:
    """Return the address of the page that answers this invitation."""
    return f"{office.config.site.url}/a/{office.keys.token(invitation)}"


def invitation_of(
    office: Office, connection: Connection, row: Row[Any], ended_at: datetime, answers: Sequence[Answer] = ()
) -> Invitation:
    """Build an invitation from its row, with the ticket and the person as they are now."""
    ticket = read_tickets(connection, [(row.source, row.key)])[row.source, row.key]
    person = read_persons(connection, [row.person])[row.person]
    occasion = occasion_of(row.problem, row.n, ended_at, row.source, person, ticket)
    kept = {name: getattr(row, name) for name in ("id", "state", "marker", "expires_at")}
    return Invitation(**kept, occasion=occasion, link=link(office, row.id), answers=answers)


def withdraw_run(office: Office, run_id: int) -> tuple[int, int]:
    """Withdraw what one run invited and nobody has answered; returns how many had gone out, and how many had not."""
    with office.store.writing() as connection:
        if connection.execute(select(t.run.c.id).where(t.run.c.id == run_id)).first() is None:
            raise ConfigError(f"There is no run {run_id}.", hint="`xmo status` lists the last ones.")
        mine = (_i.run == run_id) & _i.state.in_(OPEN)
        sent = connection.execute(select(_i.id).where(mine & _i.state.in_(_OUT))).all()
        total = close(connection, mine, "withdrawn", "Withdrawn by hand.", office.now())
    log.info("invitations withdrawn", run=run_id, sent=len(sent), unsent=total - len(sent))
    return len(sent), total - len(sent)
