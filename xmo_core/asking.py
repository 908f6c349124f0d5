"""Deciding: one decision for each end of a problem, found by a query over state, never by an event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, case, func, insert, select, tuple_, update

from xmo_core.checkpoints import reach
from xmo_core.office import Office
from xmo_core.registry import Broken
from xmo_core.store import state
from xmo_core.store import tables as t
from xmo_core.store.lease import Lease
from xmo_core.store.runs import Run
from xmo_core.store.tickets import read_persons, read_tickets
from xmo_hooks import Ask, Ledger, Occasion, Person, Skip, Ticket, Wait

_BATCH = 200
_OVER = Skip(rule="core.over", reason="It was over before a run could see it.")
_NOBODY = Skip(rule="core.nobody", reason="The ticket names no requester.")
_PAUSED = Skip(rule="core.paused", reason="Asking was paused when it ended.")
_OPTED_OUT = Skip(rule="core.opted_out", reason="The person never wants to be asked.")
_NO_VOTE = Skip(rule="core.no_vote", reason="No trigger voted.")


@dataclass(frozen=True, slots=True)
class Switch:
    """Since when people are asked, and whether asking is paused."""

    since: datetime | None
    paused: bool


def read_switch(connection: Connection) -> Switch:
    """Return how the asking stands."""
    document = state.get(connection, "core", "asking") or {}
    since = document.get("since")
    return Switch(datetime.fromisoformat(since) if since else None, document.get("paused", False))


def switch_on(office: Office) -> None:
    """Note since when people are asked: the first run that may ask. What ended before is history for ever."""
    with office.store.reading() as connection:
        if read_switch(connection).since:
            return
    with office.store.writing() as connection:
        switch = read_switch(connection)
        document = {"since": (switch.since or office.now()).isoformat(), "paused": switch.paused}
        state.put(office.store, connection, "core", "asking", document)


def pause(office: Office, paused: bool) -> None:
    """Stop asking at once, or go on. What ends meanwhile gets its decision: skipped, because asking was paused."""
    with office.store.writing() as connection:
        since = read_switch(connection).since
        document = {"since": since.isoformat() if since else None, "paused": paused}
        state.put(office.store, connection, "core", "asking", document)


def decide(office: Office, run: Run, lease: Lease) -> None:
    """Decide on every end of a problem that has no decision yet, in order of time, then key."""
    after: tuple[Any, str] | None = None
    while True:
        with office.store.writing() as connection:
            lease.renew(connection)
            problems = _undecided(connection, after)
            if not problems:
                return
            batch = _Batch(office, connection, problems, run)
            for row in problems:
                batch.decide(row)
            batch.write()
            reach("decisions.written")
        reach("decisions.stored")
        run.count("asking", **batch.counts)
        after = (problems[-1].at, problems[-1].id)


def _undecided(connection: Connection, after: tuple[Any, str] | None) -> Sequence[Row[Any]]:
    at = func.coalesce(t.problem.c.ended_at, t.problem.c.changed_at, type_=t.problem.c.changed_at.type)
    query = select(t.problem, at.label("at")).where(t.problem.c.ends > t.problem.c.decided)
    if after is not None:
        query = query.where(tuple_(at, t.problem.c.id) > after)
    return connection.execute(query.order_by(at, t.problem.c.id).limit(_BATCH)).all()


def uncertain() -> ColumnElement[bool]:
    """Tell the attempts of which nobody knows whether they reached the vendor: the process died, or no answer came."""
    return t.attempt.c.outcome.is_(None) | (t.attempt.c.outcome == "unknown")


def ledgers(connection: Connection, persons: Sequence[str], without: str = "") -> dict[str, Ledger]:
    """Return what each person has been asked, leaving out the invitation `without`. An invitation that was withdrawn
    before it went out never reached anybody; one that may have gone out counts."""
    i = t.invitation
    asked: dict[str, list[datetime]] = {person: [] for person in persons}
    tried = select(t.attempt.c.id).where((t.attempt.c.invitation == i.c.id) & uncertain()).exists()
    reached = (i.c.state != "withdrawn") | i.c.sent_at.is_not(None) | tried
    at = func.coalesce(i.c.sent_at, i.c.claimed_at, type_=i.c.claimed_at.type)
    query = select(i.c.person, at.label("at")).where(i.c.person.in_(persons) & reached & (i.c.id != without))
    for row in connection.execute(query):
        asked[row.person].append(row.at)
    gone = set(connection.execute(select(t.opt_out.c.person).where(t.opt_out.c.person.in_(persons))).scalars())
    return {person: Ledger(asked_at=tuple(sorted(at)), opted_out=person in gone) for person, at in asked.items()}


def vote(office: Office, occasion: Occasion, ledger: Ledger) -> Ask | Skip | Wait:
    """Ask the triggers. Any Skip wins, then any Wait; probabilities multiply; without a vote nobody is asked. While a
    trigger is broken its vote is unknown, so there is no decision."""
    if ledger.opted_out:
        return _OPTED_OUT
    now = office.now()
    broken: list[Broken] = []
    settings = office.config.settings
    called = office.registry.call(
        "xmo_decide", broken.append, occasion=occasion, ledger=ledger, now=now, settings=settings
    )
    votes = [one for _, one in called]
    for kind in (Skip, Wait):
        for one in votes:
            if isinstance(one, kind):
                return one
    if broken:
        return Wait(rule="core.broken", reason="A trigger failed.", until=now)
    asks = [one for one in votes if isinstance(one, Ask)]
    if not asks:
        return _NO_VOTE
    probability = 1.0
    for ask in asks:
        probability *= ask.probability
    return Ask(rule="+".join(ask.rule for ask in asks), probability=probability)


class _Batch:
    """Some decisions that are written together; each sees the asks before it."""

    def __init__(self, office: Office, connection: Connection, problems: Sequence[Row[Any]], run: Run) -> None:
        self._office, self._connection, self._run = office, connection, run
        people = sorted({row.person for row in problems if row.person})
        self._tickets = read_tickets(connection, [(row.source, row.key) for row in problems])
        self._persons = read_persons(connection, people)
        self._ledgers = ledgers(connection, people)
        self._paused = read_switch(connection).paused
        self._decisions: list[dict[str, Any]] = []
        self._invitations: list[dict[str, Any]] = []
        self._settled: dict[str, int] = {}
        self.counts: dict[str, int] = {}

    def decide(self, row: Row[Any]) -> None:
        """Decide on all open ends of one problem: those that a later one has overtaken, then the one that stands."""
        standing = row.ends if row.ended_at is not None else row.ends + 1
        for n in range(row.decided + 1, row.ends + 1):
            if n < standing:
                self._decided(row, n, _OVER, row.changed_at, None)
            else:
                self._decide_standing(row, n)

    def _decide_standing(self, row: Row[Any], n: int) -> None:
        if row.person is None:
            return self._decided(row, n, _NOBODY, row.ended_at, None)
        if self._paused:
            return self._decided(row, n, _PAUSED, row.ended_at, None)
        ticket = self._tickets[row.source, row.key]
        occasion = occasion_of(row.id, n, row.ended_at, row.source, self._persons[row.person], ticket)
        verdict = vote(self._office, occasion, self._ledgers[row.person])
        if isinstance(verdict, Wait):
            return self._count("waiting")
        if isinstance(verdict, Skip):
            return self._decided(row, n, verdict, row.ended_at, None)
        draw = self._office.keys.draw(occasion.key)
        if draw >= verdict.probability:
            skip = Skip(rule="core.sampled_out", reason=f"Drawn out of the sample ({verdict.rule}).")
            return self._decided(row, n, skip, row.ended_at, draw, verdict.probability)
        self._decided(row, n, verdict, row.ended_at, draw, verdict.probability)
        return self._invite(occasion)

    def _decided(
        self, row: Row[Any], n: int, verdict: Ask | Skip, at: datetime, draw: float | None, probability: float = 0.0
    ) -> None:
        asked = isinstance(verdict, Ask)
        self._count("ask" if asked else "skip")
        self._settled[row.id] = n
        self._decisions.append(
            {
                "problem": row.id,
                "n": n,
                "source": row.source,
                "key": row.key,
                "person": row.person,
                "ended_at": None if verdict is _OVER else at,
                "month": f"{at:%Y-%m}",
                "verdict": "ask" if asked else "skip",
                "rule": verdict.rule,
                "reason": verdict.reason if isinstance(verdict, Skip) else "",
                "probability": probability,
                "draw": draw,
                "decided_at": self._office.now(),
                "run": self._run.id,
            }
        )

    def _invite(self, occasion: Occasion) -> None:
        now = self._office.now()
        invitation = self._office.keys.invitation(occasion.key)
        who = occasion.person.pseudonym
        before = self._ledgers[who]
        self._ledgers[who] = Ledger(asked_at=(*before.asked_at, now), opted_out=before.opted_out)
        self._invitations.append(
            {
                "id": invitation,
                "problem": occasion.problem,
                "n": occasion.n,
                "source": occasion.source,
                "key": occasion.ticket.key,
                "person": who,
                "state": "claimed",
                "marker": f"xmo:{invitation}",
                "claimed_at": now,
                "expires_at": now + self._office.config.site.answer_within,
                "run": self._run.id,
            }
        )

    def _count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    def write(self) -> None:
        """Write the decisions, the intents to ask, and how far each problem is settled."""
        if not self._decisions:
            return
        self._connection.execute(insert(t.decision), self._decisions)
        if self._invitations:
            self._connection.execute(insert(t.invitation), self._invitations)
        settled = case(self._settled, value=t.problem.c.id)
        self._connection.execute(
            update(t.problem).where(t.problem.c.id.in_(list(self._settled))).values(decided=settled)
        )


def occasion_of(problem: str, n: int, at: datetime, source: str, person: Person, ticket: Ticket) -> Occasion:
    """Build the occasion of the n-th end of a problem."""
    return Occasion(key=f"{problem}#{n}", problem=problem, n=n, at=at, person=person, source=source, ticket=ticket)
