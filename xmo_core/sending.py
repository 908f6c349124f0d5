"""The outbox: every question goes out at most once.

The intent stands in the store (an invitation in state `claimed`) before anything happens. For each: look for our
marker at the vendor, ask the triggers again, write the attempt, write the comment, settle. A crash between two of these
leaves a row from which the next run can tell what to do; where it cannot tell yet, it waits until it can.
"""

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, literal, select, update

from xmo_core.asking import ledgers, occasion_of, read_switch, uncertain, vote
from xmo_core.checkpoints import reach
from xmo_core.connected import Connected
from xmo_core.logs import get as get_log
from xmo_core.office import Office
from xmo_core.registry import ContractBrokenError, contract_kept
from xmo_core.store import tables as t
from xmo_core.store.lease import Lease
from xmo_core.store.runs import Run
from xmo_core.store.tickets import read_persons, read_tickets
from xmo_hooks import (
    Answer,
    AuthError,
    ConfigError,
    Conflict,
    Forbidden,
    Invitation,
    Message,
    RateLimited,
    Receipt,
    Skip,
    Unavailable,
    Wait,
    XmoError,
)

log = get_log("xmo.sending")

_i = t.invitation.c
# What leaves a question until the next run; any other refusal concerns this one ticket (closed, gone, not allowed).
_LATER = (AuthError, ConfigError, Conflict, RateLimited, Unavailable)
_PATIENCE = 3
_CHANGED = "The problem is open again or deleted, or has another requester."


def tidy(office: Office, lease: Lease, run: Run) -> None:
    """Withdraw questions about problems that changed, and let those expire that nobody answered in time."""
    now = office.now()
    with lease.writing() as connection:
        changed = _i.state.in_(("claimed", "sent")) & ~_stands()
        withdrawn = _close(connection, changed, "withdrawn", _CHANGED, now)
        expired = _close(connection, (_i.state == "sent") & (_i.expires_at <= now), "expired", None, now)
    run.count("asking", **{k: v for k, v in (("withdrawn", withdrawn), ("expired", expired)) if v})


def _stands() -> ColumnElement[bool]:
    """Tell whether an invitation is still about the last end of its problem, and to the person whose problem it is."""
    p = t.problem.c
    same = (p.id == _i.problem) & (p.ends == _i.n) & (p.person == _i.person) & p.ended_at.is_not(None)
    return select(p.id).where(same).exists()


def _close(connection: Connection, which: Any, state: str, reason: str | None, now: Any) -> int:
    done = connection.execute(update(t.invitation).where(which).values(state=state, reason=reason, ended_at=now))
    return done.rowcount


def send(
    office: Office, run: Run, lease: Lease, sources: Mapping[str, Connected], only: Container[str] | None = None
) -> None:
    """Send every claimed invitation whose source is at hand, or those about `only` these problems. A question that
    broke off is left until next time, and with it all of a source that refuses, or that breaks off again and again."""
    closed: set[str] = set()
    broken_off: Counter[str] = Counter()
    with office.store.reading() as connection:
        query = select(t.invitation).where(_i.state == "claimed").order_by(_i.claimed_at, _i.id)
        claimed = connection.execute(query).all()
    for row in (one for one in claimed if only is None or one.problem in only):
        source, became = sources.get(row.source), "left"
        if source is not None and row.source not in closed:
            try:
                became = _Sending(office, run, lease, row, source).run()
                broken_off[row.source] = 0
            except (*_LATER, Forbidden) as error:
                log.warning("question left", source=row.source, reason=str(error))
                broken_off[row.source] += 1
                if broken_off[row.source] == _PATIENCE or not isinstance(error, Conflict | Unavailable):
                    closed.add(row.source)
                if row.source in closed or isinstance(error, ContractBrokenError):
                    run.fail(row.source, str(error))
        run.count("asking", **{became: 1})


class _Sending:
    """One invitation on its way out."""

    def __init__(self, office: Office, run: Run, lease: Lease, row: Row[Any], source: Connected) -> None:
        self._office, self._run, self._lease, self._row, self._source = office, run, lease, row, source

    def run(self) -> str:
        """Take the invitation as far as it can go; returns what became of it, in a word for the counts."""
        with self._office.store.reading() as connection:
            invitation = self._load(connection)
        # First of all, whatever changed meanwhile: an earlier attempt may have reached the vendor.
        receipt, gone = self._find(invitation)
        if receipt is not None:
            self._sent(receipt)
            return "sent"
        with self._lease.writing() as connection:
            # A pause or a withdrawal that came meanwhile counts, and holds while we write the attempt.
            query = select(_i.state, _stands().label("stands")).where(_i.id == self._row.id).with_for_update()
            now = connection.execute(query).one()
            if now.state != "claimed":
                return "withdrawn"
            if read_switch(connection).paused or self._in_flight(connection):
                return "left"
            if refusal := self._refused(connection, invitation, gone, stands=now.stands):
                return refusal
            message, began = self._compose(invitation), self._office.wall()
            row = insert(t.attempt).values(invitation=self._row.id, run=self._run.id, at=began)
            attempt: int = connection.execute(row.returning(t.attempt.c.id)).scalar_one()
        reach("attempt.stored")
        return self._write(attempt, began, invitation, message)

    def _find(self, invitation: Invitation) -> tuple[Receipt | None, str]:
        """Look for our marker; returns also why the ticket can no longer carry it, if so."""
        try:
            with contract_kept():
                return self._source.find(invitation.occasion.ticket, invitation.marker), ""
        except (*_LATER, Forbidden):
            raise
        except XmoError as error:
            return None, str(error)

    def _in_flight(self, connection: Connection) -> bool:
        """Say whether an attempt may still be at work at the vendor: its process died or its answer never came, and a
        request could take that long."""
        a = t.attempt.c
        unknown = select(a.at).where((a.invitation == self._row.id) & uncertain())
        last = connection.execute(unknown.order_by(a.id.desc()).limit(1)).scalar()
        return last is not None and self._office.wall() < last + self._grace

    @property
    def _grace(self) -> timedelta:
        # as long as a source may take to read what it needs, and then to write
        return self._office.config.http.max_wait + self._office.config.http.timeout * 1.2

    def _load(self, connection: Connection) -> Invitation:
        ended_at = select(t.problem.c.ended_at).where(t.problem.c.id == self._row.problem)
        return invitation_of(self._office, connection, self._row, connection.execute(ended_at).scalar_one())

    def _refused(self, connection: Connection, invitation: Invitation, gone: str, *, stands: bool) -> str | None:
        """Ask the triggers again: the world may have changed since the decision."""
        if gone or not stands:
            reason = Skip(rule="core.refused", reason=gone) if gone else Skip(rule="core.changed", reason=_CHANGED)
            self._withdraw(connection, reason)
            return "withdrawn"
        person = invitation.occasion.person.pseudonym
        ledger = ledgers(connection, [person], without=invitation.id)[person]
        verdict = vote(self._office, invitation.occasion, ledger)
        if isinstance(verdict, Skip):
            self._withdraw(connection, verdict)
            return "withdrawn"
        return "left" if isinstance(verdict, Wait) else None

    def _withdraw(self, connection: Connection, why: Skip) -> None:
        _close(connection, _i.id == self._row.id, "withdrawn", f"{why.rule}: {why.reason}", self._office.now())

    def _compose(self, invitation: Invitation) -> Message:
        settings = self._office.config.settings
        message: Message
        for _, message in self._office.registry.each("xmo_compose", invitation=invitation, settings=settings):
            if invitation.marker in message.text:
                return message
        hint = "`xmo plugins` lists the plugins; one of them must implement xmo_compose."
        raise ConfigError("No plugin wrote the words of the question with its marker.", hint=hint)

    def _write(self, attempt: int, began: datetime, invitation: Invitation, message: Message) -> str:
        try:
            if self._office.wall() >= began + self._grace:
                raise Unavailable("This run was held up, and another may have taken over.")
            with contract_kept():
                receipt = self._source.comment(invitation.occasion.ticket, message)
            reach("question.sent")
        except _LATER as error:
            # Whether a write that broke off was taken only the marker can tell, and not before it must be over.
            self._settle(attempt, "unknown" if isinstance(error, Unavailable) else "not sent", str(error))
            raise
        except XmoError as error:
            self._settle(attempt, "refused", str(error))
            return "withdrawn"
        self._sent(receipt, attempt)
        return "sent"

    def _sent(self, receipt: Receipt, attempt: int | None = None) -> None:
        now = self._office.now()
        with self._lease.writing() as connection:
            if attempt is not None:
                self._outcome(connection, attempt, "sent", receipt.reference)
            sent = {"sent_at": func.coalesce(_i.sent_at, literal(now, _i.sent_at.type)), "reference": receipt.reference}
            connection.execute(update(t.invitation).where(_i.id == self._row.id).values(sent))
            # whoever answered meanwhile has a state of their own, and so has what was withdrawn on its way
            waiting = {"state": "sent", "expires_at": now + self._office.config.site.answer_within}
            claimed = (_i.id == self._row.id) & (_i.state == "claimed")
            connection.execute(update(t.invitation).where(claimed).values(waiting))
        reach("invitation.settled")

    def _outcome(self, connection: Connection, attempt: int, outcome: str, detail: str) -> None:
        which = t.attempt.c.id == attempt
        connection.execute(update(t.attempt).where(which).values(outcome=outcome, detail=detail))

    def _settle(self, attempt: int, outcome: str, detail: str) -> None:
        with self._lease.writing() as connection:
            self._outcome(connection, attempt, outcome, detail)
            if outcome == "refused":
                self._withdraw(connection, Skip(rule="core.refused", reason=detail))
        reach("invitation.settled")


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
        mine = (_i.run == run_id) & _i.state.in_(("claimed", "sent"))
        sent = connection.execute(select(_i.id).where(mine & (_i.state == "sent"))).all()
        total = _close(connection, mine, "withdrawn", "Withdrawn by hand.", office.now())
    log.info("invitations withdrawn", run=run_id, sent=len(sent), unsent=total - len(sent))
    return len(sent), total - len(sent)
