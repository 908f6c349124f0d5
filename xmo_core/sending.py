"""The outbox: every question goes out at most once.

The intent stands in the store (an invitation in state `claimed`) before anything happens. For each: look for our
marker at the vendor, ask the triggers again, write the attempt, deliver, settle. A crash between two of these leaves a
row from which the next run can tell what to do; where it cannot tell yet, it waits until it can. A channel cannot be
asked what it delivered: there, what nobody knows is called uncertain, shown, and never sent again.
"""

from collections import Counter
from collections.abc import Container, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, func, insert, literal, select, update

from xmo_core.asking import ledgers, read_switch, uncertain, vote
from xmo_core.carrying import LATER, Carrier, Carriers
from xmo_core.checkpoints import reach
from xmo_core.invitations import CHANGED, close, invitation_of, stands
from xmo_core.logs import get as get_log
from xmo_core.office import Office
from xmo_core.registry import ContractBrokenError, contract_kept
from xmo_core.store import tables as t
from xmo_core.store.lease import Lease
from xmo_core.store.runs import Run
from xmo_hooks import (
    ConfigError,
    Conflict,
    Contact,
    Forbidden,
    Invitation,
    Message,
    Occasion,
    Receipt,
    Skip,
    Unavailable,
    Wait,
    XmoError,
)

log = get_log("xmo.sending")

_i = t.invitation.c
_MOST = 3  # in a row: what broke off, or was refused
_UNKNOWN = "It may have gone out, and nobody can ask whether it arrived."
_OTHER = Skip(rule="core.changed", reason="The ticket has another requester, or they have another address.")
_UNREACHED = Skip(rule="core.unreached", reason="No channel reaches the person, and the ticket takes no comment.")


def send(office: Office, run: Run, lease: Lease, carriers: Carriers, only: Container[str] | None = None) -> None:
    """Send every claimed invitation whose source is at hand, or those about `only` these problems. A question that
    broke off is left until next time, and with it all of a source or a channel that refuses us, or that breaks off or
    refuses questions again and again: one that took a right from us would else use them all up."""
    patience = _Patience(run)
    with office.store.reading() as connection:
        claimed = [row for row in connection.execute(_claimed()) if only is None or row.problem in only]
    carriers.expect(claimed)
    for row in claimed:
        became = "left"
        if row.source in carriers and row.source not in patience.ended:
            sending = _Sending(office, run, lease, row, carriers, patience)
            try:
                became = sending.run()
            except (*LATER, Forbidden) as error:
                became = sending.became
                log.warning("question left", source=row.source, at=sending.at, reason=str(error))
                patience.broken_off(sending.at, error)
                sending.note(error)
        run.count("asking", **{became: 1})


def _claimed() -> Select[Any]:
    """Select what is to be sent: those first that were not tried yet, or longest ago. Some that break off each time
    would else stand before all others for ever."""
    a = t.attempt.c
    last = select(func.max(a.id)).where(a.invitation == _i.id).scalar_subquery()
    return select(t.invitation).where(_i.state == "claimed").order_by(func.coalesce(last, 0), _i.claimed_at, _i.id)


class _Patience:
    """Which sources and channels are left alone for the rest of a run (`ended`)."""

    def __init__(self, run: Run) -> None:
        self._run, self.ended = run, set[str]()
        self._in_a_row: Counter[str] = Counter()

    def well(self, at: str) -> None:
        """Note that a question went out there."""
        self._in_a_row[at] = 0

    def broken_off(self, at: str, error: XmoError) -> None:
        """Note that a question broke off there."""
        self._in_a_row[at] += 1
        if self._in_a_row[at] == _MOST or not isinstance(error, Conflict | Unavailable):
            self.ended.add(at)
        if at in self.ended or isinstance(error, ContractBrokenError):
            self._run.fail(at, str(error))

    def refused(self, at: str, why: str) -> None:
        """Note that a question was refused there."""
        self._in_a_row[at] += 1
        if self._in_a_row[at] == _MOST:
            self.ended.add(at)
            self._run.fail(at, f"It refused {_MOST} questions in a row, this one so: {why}")


class _Tried(NamedTuple):
    """When an attempt was made, and through which channel (None: in the ticket)."""

    at: datetime
    channel: str | None


class _Sending:
    """One invitation on its way out; `at` names the source or the channel that it is with, `became` what it is when it
    breaks off."""

    def __init__(
        self, office: Office, run: Run, lease: Lease, row: Row[Any], carriers: Carriers, patience: _Patience
    ) -> None:
        self._office, self._run, self._lease, self._row = office, run, lease, row
        self._carriers, self._patience, self.at, self.became = carriers, patience, row.source, "left"
        self._attempted = False

    def run(self) -> str:
        """Take the invitation as far as it can go; returns what became of it, in a word for the counts."""
        with self._office.store.reading() as connection:
            invitation, tried = self._load(connection), self._tried(connection)
            refused = self._refusals(connection)
        if tried is not None and tried.channel is not None:
            return "left" if self._in_flight(tried) else self._doubted()
        carrier = self._carrier(invitation, refused, in_ticket=tried is not None)
        if carrier is None:
            return "left"
        if isinstance(carrier, Skip):
            with self._lease.writing() as connection:
                self._withdraw(connection, carrier)
            return "withdrawn"
        became = self._through(carrier, invitation, tried)
        return self.run() if became == "refused" else became  # there may be another way

    def _carrier(self, invitation: Invitation, refused: Mapping[str, str], *, in_ticket: bool) -> Carrier | Skip | None:
        """Choose what carries the question, by what its vendor says now of who asked for help, but none of the channels
        that `refused` it; say why nothing does, or None where that cannot be told now. `in_ticket`: it may stand there
        already, so it goes nowhere else."""
        try:
            with contract_kept():
                return self._chosen(invitation.occasion, refused, in_ticket)
        except (*LATER, Forbidden):
            raise
        except XmoError as error:  # trouble with choosing is none of the ticket's, so it waits
            raise Unavailable(str(error), hint=error.hint, reached=False) from error

    def _chosen(self, occasion: Occasion, refused: Mapping[str, str], in_ticket: bool) -> Carrier | Skip | None:
        source = self.at = self._row.source
        if in_ticket:
            return self._carriers.in_ticket(source, occasion.ticket)
        to = self._to if self._carriers.channels(source) else None
        if to is not None and self._office.keys.pseudonym(source, to) != self._row.person:
            return _OTHER
        for carrier in self._carriers.ways(source, occasion.ticket, to):
            self.at = carrier.name
            if carrier.channel not in refused and carrier.reaches(occasion):
                return None if carrier.name in self._patience.ended else carrier
        return Skip(rule="core.refused", reason=[*refused.values()][-1]) if refused else _UNREACHED

    @cached_property
    def _to(self) -> Contact | None:
        to = self._carriers.contact(self._row.source, self._row.key)
        self._patience.well(self._row.source)
        return to

    def note(self, error: XmoError) -> None:
        """Note that nothing came of it this time, where nothing else is noted: others come first next time."""
        if not self._attempted:
            row = {"invitation": self._row.id, "run": self._run.id, "at": self._office.wall(), "outcome": "not sent"}
            with self._lease.writing() as connection:
                connection.execute(insert(t.attempt).values(row | {"detail": _storable(error)}))

    def _through(self, carrier: Carrier, invitation: Invitation, tried: _Tried | None) -> str:
        # First of all, whatever changed meanwhile: an earlier attempt may have reached the vendor.
        receipt, gone = self._find(carrier, invitation.marker)
        if receipt is not None:
            self._sent(receipt)
            return "sent"
        with self._lease.writing() as connection:
            # A pause or a withdrawal that came meanwhile counts, and holds while we write the attempt.
            query = select(_i.state, stands().label("stands")).where(_i.id == self._row.id).with_for_update()
            now = connection.execute(query).one()
            if now.state != "claimed":
                return "withdrawn"
            if read_switch(connection).paused or self._in_flight(tried):
                return "left"
            if refusal := self._refused(connection, invitation, gone, stands=now.stands):
                return refusal
            message, began = self._compose(replace(invitation, expires_at=self._until)), self._office.wall()
            row = {"invitation": self._row.id, "run": self._run.id, "at": began, "channel": carrier.channel}
            attempt: int = connection.execute(insert(t.attempt).values(row).returning(t.attempt.c.id)).scalar_one()
            # whoever gets it has all the time to answer, also where no run could settle that yet
            mine = update(t.invitation).where(_i.id == self._row.id)
            connection.execute(mine.values(expires_at=self._until))
            self._attempted = True
        reach("attempt.stored")
        return self._write(attempt, began, carrier, message)

    def _find(self, carrier: Carrier, marker: str) -> tuple[Receipt | None, str]:
        """Look for our marker; returns also why the ticket can no longer carry it, if so."""
        try:
            with contract_kept():
                return carrier.find(marker), ""
        except (*LATER, Forbidden):
            raise
        except XmoError as error:
            return None, str(error)

    def _tried(self, connection: Connection) -> _Tried | None:
        """Return the last attempt of which nobody knows whether it arrived: its process died, or no answer came."""
        a = t.attempt.c
        unknown = select(a.at, a.channel).where((a.invitation == self._row.id) & uncertain())
        last = connection.execute(unknown.order_by(a.id.desc()).limit(1)).first()
        return last and _Tried(last.at, last.channel)

    def _refusals(self, connection: Connection) -> dict[str, str]:
        """Return the channels that refused this question for good, each with its reason."""
        a = t.attempt.c
        mine = (a.invitation == self._row.id) & (a.outcome == "refused") & a.channel.is_not(None)
        found = connection.execute(select(a.channel, a.detail).where(mine).order_by(a.id))
        return {row.channel: row.detail for row in found}

    def _doubted(self) -> str:
        """Leave as uncertain what a channel may have delivered. It counts as asked, or only who answers would."""
        with self._lease.writing() as connection:
            claimed = (_i.id == self._row.id) & (_i.state == "claimed")
            values = {"state": "uncertain", "reason": _UNKNOWN, "sent_at": self._office.now()}
            done = connection.execute(update(t.invitation).where(claimed).values(values))
        return "uncertain" if done.rowcount else "withdrawn"

    def _in_flight(self, tried: _Tried | None) -> bool:
        """Say whether an attempt may still be at work at the vendor: a request could take that long."""
        return tried is not None and self._office.wall() < tried.at + self._grace

    @property
    def _grace(self) -> timedelta:
        # as long as a source may take to read what it needs, and then to write
        return self._office.config.http.max_wait + self._office.config.http.timeout * 1.2

    @property
    def _until(self) -> datetime:
        return self._office.now() + self._office.config.site.answer_within

    def _load(self, connection: Connection) -> Invitation:
        ended_at = select(t.problem.c.ended_at).where(t.problem.c.id == self._row.problem)
        return invitation_of(self._office, connection, self._row, connection.execute(ended_at).scalar_one())

    def _refused(self, connection: Connection, invitation: Invitation, gone: str, *, stands: bool) -> str | None:
        """Ask the triggers again: the world may have changed since the decision."""
        if gone or not stands:
            reason = Skip(rule="core.refused", reason=gone) if gone else Skip(rule="core.changed", reason=CHANGED)
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
        claimed = (_i.id == self._row.id) & (_i.state == "claimed")
        close(connection, claimed, "withdrawn", _storable(f"{why.rule}: {why.reason}"), self._office.now())

    def _compose(self, invitation: Invitation) -> Message:
        settings = self._office.config.settings
        message: Message
        for _, message in self._office.registry.each("xmo_compose", invitation=invitation, settings=settings):
            if invitation.marker in message.text:
                return message
        hint = "`xmo plugins` lists the plugins; one of them must implement xmo_compose."
        raise ConfigError("No plugin wrote the words of the question with its marker.", hint=hint)

    def _write(self, attempt: int, began: datetime, carrier: Carrier, message: Message) -> str:
        try:
            if self._office.wall() >= began + self._grace:
                raise Unavailable("This run was held up, and another may have taken over.", reached=False)
            with contract_kept():
                receipt = carrier.deliver(message)
            reach("question.sent")
        except LATER as error:
            # Whether a write that broke off was taken only the marker can tell, and not before it must be over.
            # A comment may take several requests: of one that was not made, nothing follows for those before it.
            unknown = isinstance(error, Unavailable) and (error.reached or carrier.channel is None)
            self._settle(attempt, "unknown" if unknown else "not sent", str(error))
            if unknown and carrier.channel is not None:
                self.became = self._doubted()  # it is over, and nobody will ever know more
            raise
        except XmoError as error:
            return self._refused_by(carrier, attempt, error)
        self._patience.well(carrier.name)
        self._sent(receipt, attempt)
        return "sent"

    def _refused_by(self, carrier: Carrier, attempt: int, error: XmoError) -> str:
        """Settle what was refused for good: a comment withdraws the question, behind a channel there may be another
        way. What concerns one ticket alone says nothing about the next one; a channel knows no tickets."""
        lost = Skip(rule="core.refused", reason=str(error)) if carrier.channel is None else None
        self._settle(attempt, "refused", str(error), lost)
        if carrier.channel is not None or isinstance(error, Forbidden):
            self._patience.refused(carrier.name, str(error))
        return "withdrawn" if lost else "refused"

    def _sent(self, receipt: Receipt, attempt: int | None = None) -> None:
        now = self._office.now()
        with self._lease.writing() as connection:
            if attempt is not None:
                self._outcome(connection, attempt, "sent", receipt.reference)
            sent = {
                "sent_at": func.coalesce(_i.sent_at, literal(now, _i.sent_at.type)),
                "reference": _storable(receipt.reference),
            }
            connection.execute(update(t.invitation).where(_i.id == self._row.id).values(sent))
            # whoever answered meanwhile has a state of their own, and so has what was withdrawn on its way
            waiting = {"state": "sent", "expires_at": self._until}
            claimed = (_i.id == self._row.id) & (_i.state == "claimed")
            connection.execute(update(t.invitation).where(claimed).values(waiting))
        reach("invitation.settled")

    def _outcome(self, connection: Connection, attempt: int, outcome: str, detail: str) -> None:
        which = t.attempt.c.id == attempt
        connection.execute(update(t.attempt).where(which).values(outcome=outcome, detail=_storable(detail)))

    def _settle(self, attempt: int, outcome: str, detail: str, lost: Skip | None = None) -> None:
        with self._lease.writing() as connection:
            self._outcome(connection, attempt, outcome, detail)
            if lost is not None:
                self._withdraw(connection, lost)
        reach("invitation.settled")


def _storable(said: object) -> str:
    """Return what a plugin or a vendor said as text, without the signs that a database refuses."""
    return str(said).encode("utf-8", "replace").decode("utf-8").replace("\0", "?")
