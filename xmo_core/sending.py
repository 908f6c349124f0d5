"""The outbox: every question goes out at most once.

The intent stands in the store (an invitation in state `claimed`) before anything happens. For each: ask the triggers
again, write the attempt, look for our marker at the vendor, write the comment, settle. A crash between two of these
leaves a row from which the next run can tell what to do; where it cannot tell, it does nothing and shows the row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from xmo_core.asking import ledgers, occasion_of, read_switch, uncertain, vote
from xmo_core.border import contract_kept
from xmo_core.checkpoints import reach
from xmo_core.logs import get as get_log
from xmo_core.office import Office
from xmo_core.store import tables as t
from xmo_core.store.lease import Lease
from xmo_core.store.runs import Run
from xmo_core.store.tickets import read_persons, read_tickets
from xmo_hooks import (
    Ask,
    AuthError,
    ConfigError,
    Conflict,
    Invitation,
    Message,
    RateLimited,
    Receipt,
    Skip,
    Source,
    Unavailable,
    Wait,
    XmoError,
)

log = get_log("xmo.sending")

_i = t.invitation.c
# What leaves a question until the next run; any other refusal concerns this one ticket (closed, gone, not allowed).
_LATER = (AuthError, ConfigError, Conflict, RateLimited, Unavailable)
_PATIENCE = 3


def tidy(office: Office, lease: Lease, run: Run) -> None:
    """Withdraw questions about problems that are open again, and let those expire that nobody answered in time."""
    now = office.now()
    with office.store.writing() as connection:
        lease.renew(connection)
        stands = (t.problem.c.ends == _i.n) & t.problem.c.ended_at.is_not(None)
        problem_stands = select(t.problem.c.id).where((t.problem.c.id == _i.problem) & stands).exists()
        unanswered = _i.state.in_(("claimed", "sent"))
        withdrawn = _close(connection, unanswered & ~problem_stands, "withdrawn", "The problem is open again.", now)
        expired = _close(connection, (_i.state == "sent") & (_i.expires_at <= now), "expired", None, now)
    run.count("asking", **{k: v for k, v in (("withdrawn", withdrawn), ("expired", expired)) if v})


def _close(connection: Connection, which: Any, state: str, reason: str | None, now: Any) -> int:
    done = connection.execute(update(t.invitation).where(which).values(state=state, reason=reason, ended_at=now))
    return done.rowcount


def send(office: Office, run: Run, lease: Lease, sources: Mapping[str, Source]) -> None:
    """Send every claimed invitation whose source is at hand. A question that broke off is left until next time, and
    with it all of a source that refuses, or that breaks off again and again."""
    closed: set[str] = set()
    broken_off: Counter[str] = Counter()
    for row in _claimed(office):
        source, became = sources.get(row.source), "left"
        if source is not None and row.source not in closed:
            try:
                became = _Sending(office, run, lease, row, source).run()
                broken_off[row.source] = 0
            except _LATER as error:
                log.warning("question left", source=row.source, reason=str(error))
                broken_off[row.source] += 1
                if broken_off[row.source] == _PATIENCE or not isinstance(error, Conflict | Unavailable):
                    closed.add(row.source)
                    run.fail(row.source, str(error))
        run.count("asking", **{became: 1})


def _claimed(office: Office) -> list[Row[Any]]:
    with office.store.reading() as connection:
        query = select(t.invitation).where(_i.state == "claimed").order_by(_i.claimed_at, _i.id)
        return list(connection.execute(query))


class _Sending:
    """One invitation on its way out."""

    def __init__(self, office: Office, run: Run, lease: Lease, row: Row[Any], source: Source) -> None:
        self._office, self._run, self._lease, self._row, self._source = office, run, lease, row, source

    def run(self) -> str:
        """Take the invitation as far as it can go; returns what became of it, in a word for the counts."""
        with self._office.store.writing() as connection:
            self._lease.renew(connection)
            # A pause or a withdrawal that came meanwhile counts, and holds while we write the attempt.
            query = select(t.invitation).where(_i.id == self._row.id).with_for_update()
            if connection.execute(query).one().state != "claimed":
                return "withdrawn"
            if read_switch(connection).paused:
                return "left"
            invitation = self._load(connection)
            in_flight = self._in_flight(connection)
            if not in_flight:
                if refusal := self._refused(connection, invitation):
                    return refusal
                message = self._compose(invitation)
                attempt = self._attempt(connection)
        if in_flight:
            return self._look(invitation)
        reach("attempt.stored")
        return self._act(attempt, invitation, message)

    def _attempt(self, connection: Connection) -> int:
        row = insert(t.attempt).values(invitation=self._row.id, run=self._run.id, at=self._office.wall())
        attempt: int = connection.execute(row.returning(t.attempt.c.id)).scalar_one()
        return attempt

    def _look(self, invitation: Invitation) -> str:
        """Only look for our marker: an earlier attempt may still be on its way."""
        try:
            with contract_kept():
                receipt = self._source.find(invitation.occasion.ticket, invitation.marker)
        except _LATER:
            raise
        except XmoError:  # the ticket is gone, say: what that means is settled once nothing can be on its way
            return "left"
        if receipt is None:
            return "left"
        self._sent(receipt)
        return "sent"

    def _in_flight(self, connection: Connection) -> bool:
        """Say whether an attempt may still be at work at the vendor: its process died or its answer never came, and a
        request could take that long."""
        a = t.attempt.c
        unknown = select(a.at).where((a.invitation == self._row.id) & uncertain())
        last = connection.execute(unknown.order_by(a.id.desc()).limit(1)).scalar()
        grace = self._office.config.http.timeout * 1.2
        return last is not None and self._office.wall() < last + grace

    def _load(self, connection: Connection) -> Invitation:
        row = self._row
        ticket = read_tickets(connection, [(row.source, row.key)])[row.source, row.key]
        person = read_persons(connection, [row.person])[row.person]
        ended_at = connection.execute(select(t.problem.c.ended_at).where(t.problem.c.id == row.problem)).scalar_one()
        return Invitation(
            id=row.id,
            occasion=occasion_of(row.problem, row.n, ended_at, row.source, person, ticket),
            state=row.state,
            marker=row.marker,
            link=link(self._office, row.id),
            expires_at=row.expires_at,
        )

    def _refused(self, connection: Connection, invitation: Invitation) -> str | None:
        """Ask the triggers again: the world may have changed since the decision."""
        person = invitation.occasion.person.pseudonym
        ledger = ledgers(connection, [person], without=invitation.id)[person]
        verdict = vote(self._office, invitation.occasion, ledger)
        if isinstance(verdict, Ask):
            return None
        if isinstance(verdict, Wait):
            return "left"
        self._withdraw(connection, verdict)
        return "withdrawn"

    def _withdraw(self, connection: Connection, why: Skip) -> None:
        _close(connection, _i.id == self._row.id, "withdrawn", f"{why.rule}: {why.reason}", self._office.now())

    def _compose(self, invitation: Invitation) -> Message:
        settings = self._office.config.settings
        for _, message in self._office.registry.each("xmo_compose", invitation=invitation, settings=settings):
            if isinstance(message, Message) and invitation.marker in message.text:
                return message
        raise ConfigError(
            "No plugin wrote the words of the question with its marker.",
            hint="`xmo plugins` lists the plugins; one of them must implement xmo_compose.",
        )

    def _act(self, attempt: int, invitation: Invitation, message: Message) -> str:
        ticket, writing = invitation.occasion.ticket, False
        try:
            with contract_kept():
                receipt = self._source.find(ticket, message.marker)
                if receipt is None:
                    writing = True
                    receipt = self._source.comment(ticket, message)
            if writing:
                reach("question.sent")
        except _LATER as error:
            # Whether a write that broke off was taken only the marker can tell, and not before it must be over.
            lost = writing and isinstance(error, Unavailable)
            self._settle(attempt, "unknown" if lost else "not sent", str(error))
            raise
        except XmoError as error:
            self._settle(attempt, "refused", str(error))
            return "withdrawn"
        self._sent(receipt, attempt)
        return "sent"

    def _sent(self, receipt: Receipt, attempt: int | None = None) -> None:
        now = self._office.now()
        with self._office.store.writing() as connection:
            self._lease.renew(connection)
            if attempt is not None:
                self._outcome(connection, attempt, "sent", receipt.reference)
            connection.execute(
                update(t.invitation)
                # whoever answered meanwhile has a state of their own
                .where((_i.id == self._row.id) & (_i.state == "claimed"))
                .values(
                    state="sent",
                    sent_at=now,
                    expires_at=now + self._office.config.site.answer_within,
                    reference=receipt.reference,
                )
            )
        reach("invitation.settled")

    def _outcome(self, connection: Connection, attempt: int, outcome: str, detail: str) -> None:
        which = t.attempt.c.id == attempt
        connection.execute(update(t.attempt).where(which).values(outcome=outcome, detail=detail))

    def _settle(self, attempt: int, outcome: str, detail: str) -> None:
        with self._office.store.writing() as connection:
            self._lease.renew(connection)
            self._outcome(connection, attempt, outcome, detail)
            if outcome == "refused":
                self._withdraw(connection, Skip(rule="core.refused", reason=detail))
        reach("invitation.settled")


def link(office: Office, invitation: str) -> str:
    """Return the address of the page that answers this invitation."""
    return f"{office.config.site.url}/a/{office.keys.token(invitation)}"


def withdraw_run(office: Office, run_id: int) -> tuple[int, int]:
    """Withdraw what one run invited and nobody has answered; returns how many had gone out, and how many had not."""
    with office.store.writing() as connection:
        mine = (_i.run == run_id) & _i.state.in_(("claimed", "sent"))
        sent = connection.execute(select(_i.id).where(mine & (_i.state == "sent"))).all()
        total = _close(connection, mine, "withdrawn", "Withdrawn by hand.", office.now())
    log.info("invitations withdrawn", run=run_id, sent=len(sent), unsent=total - len(sent))
    return len(sent), total - len(sent)
