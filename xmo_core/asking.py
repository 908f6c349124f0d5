"""Deciding: one decision for each end of a problem, found by a query over state, never by an event."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import prod
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, case, func, insert, select, tuple_, update

from xmo_core.checkpoints import reach
from xmo_core.office import Office
from xmo_core.registry import Broken
from xmo_core.store import tables as t
from xmo_core.store.lease import Lease
from xmo_core.store.runs import Run
from xmo_core.store.tickets import read_persons, read_tickets
from xmo_hooks import Ask, Ledger, Occasion, Person, Skip, Ticket, Wait

_BATCH = 200
_SWITCH = (t.state.c.plugin == "core") & (t.state.c.key == "asking")
_OVER = Skip(rule="core.over", reason="It was over before a run could see it.")
_DELETED = Skip(rule="core.deleted", reason="The ticket was deleted.")
_NOBODY = Skip(rule="core.nobody", reason="The ticket names no requester.")
_FINAL = Skip(rule="core.final", reason="It was closed before a run could see it, and takes no more comments.")
_PAUSED = Skip(rule="core.paused", reason="Asking was paused when it ended.")
_OPTED_OUT = Skip(rule="core.opted_out", reason="The person never wants to be asked.")
_NO_CHANNEL = Skip(rule="core.no_channel", reason="Neither the source nor a channel can carry a question.")
_NO_VOTE = Skip(rule="core.no_vote", reason="No trigger voted.")


@dataclass(frozen=True, slots=True)
class Switch:
    """Since when people are asked, and the pauses of the asking, each from and until (None: it lasts)."""

    since: datetime | None = None
    pauses: Sequence[tuple[datetime, datetime | None]] = ()

    @property
    def paused(self) -> bool:
        """Tell whether asking is paused now."""
        return bool(self.pauses) and self.pauses[-1][1] is None

    def paused_at(self, at: datetime) -> bool:
        """Tell whether asking was paused at a time."""
        return any(begin <= at and (end is None or at < end) for begin, end in self.pauses)


def read_switch(connection: Connection, *, lock: bool = False) -> Switch:
    """Return how the asking stands; `lock` keeps others from changing it until the transaction ends."""
    query = select(t.state.c.document).where(_SWITCH)
    document = connection.execute(query.with_for_update() if lock else query).scalar() or {"since": None, "pauses": []}
    times = [[at and datetime.fromisoformat(at) for at in pause] for pause in document["pauses"]]
    since = document["since"]
    return Switch(since and datetime.fromisoformat(since), [(begin, end) for begin, end in times])


def _set_switch(office: Office, connection: Connection, switch: Switch) -> None:
    pauses = [[at and at.isoformat() for at in pause] for pause in switch.pauses]
    document = {"since": switch.since and switch.since.isoformat(), "pauses": pauses}
    row = {"plugin": "core", "key": "asking", "document": document}
    connection.execute(office.store.overwrite(t.state), row)


def switch_on(office: Office) -> bool:
    """Note since when people are asked: the first run that may ask, which is told so. What ended before is history for
    ever. Vendors tell whole seconds, and so does this: else what ended a moment later would have ended before."""
    with office.store.reading() as connection:
        if read_switch(connection).since:
            return False
    with office.store.writing() as connection:
        switch = read_switch(connection, lock=True)
        _set_switch(office, connection, replace(switch, since=switch.since or office.now().replace(microsecond=0)))
    return True


def ended_before(office: Office) -> int:
    """Count the ends of problems that nobody is asked about, because they lie before the asking."""
    (found,) = office.store.read(select(func.coalesce(func.sum(t.problem.c.decided), 0).label("ends")))
    ends: int = found["ends"]
    return ends


def pause(office: Office, paused: bool) -> None:
    """Stop asking at once, or go on. What ends meanwhile gets its decision: skipped, because asking was paused."""
    with office.store.writing() as connection:
        switch, now = read_switch(connection, lock=True), office.now()
        if paused and not switch.paused:
            _set_switch(office, connection, replace(switch, pauses=[*switch.pauses, (now, None)]))
        elif switch.paused and not paused:
            begin, _ = switch.pauses[-1]
            _set_switch(office, connection, replace(switch, pauses=[*switch.pauses[:-1], (begin, now)]))


def decide(
    office: Office,
    run: Run,
    lease: Lease,
    fresh: Sequence[str],
    only: Collection[str] | None = None,
) -> None:
    """Decide on every end of a problem that has no decision yet, in order of time, then key: for the sources whose
    tickets are known as they are now (`fresh`), or for `only` these problems of theirs."""
    for rules in office.broken_rules:
        run.fail(rules.name, f"{rules.reason}. {rules.hint}")
    after: tuple[Any, str] | None = None
    while True:
        with lease.writing() as connection:
            problems = _undecided(connection, fresh, only, after)
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


def _undecided(
    connection: Connection, fresh: Sequence[str], only: Collection[str] | None, after: tuple[Any, str] | None
) -> Sequence[Row[Any]]:
    at = func.coalesce(t.problem.c.ended_at, t.problem.c.changed_at, type_=t.problem.c.changed_at.type)
    undecided = (t.problem.c.ends > t.problem.c.decided) & t.problem.c.source.in_(fresh)
    same = (t.ticket.c.source == t.problem.c.source) & (t.ticket.c.key == t.problem.c.key)
    query = select(t.problem, at.label("at"), t.ticket.c.deleted_at).join(t.ticket, same).where(undecided)
    if only is not None:
        query = query.where(t.problem.c.id.in_(only))
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
    now, settings = office.now(), office.config.settings
    broken: list[Broken] = []
    facts = {"occasion": occasion, "ledger": ledger, "now": now, "settings": settings}
    votes = [one for _, one in office.registry.each("xmo_decide", broken.append, **facts)]
    if refusals := [one for kind in (Skip, Wait) for one in votes if isinstance(one, kind)]:
        return refusals[0]
    if broken or office.broken_rules:
        return Wait(rule="core.broken", reason="A trigger failed.", until=now)
    asks = [one for one in votes if isinstance(one, Ask)]
    if not asks:
        return _NO_VOTE
    if not all(isinstance(ask.probability, float | int) and 0 <= ask.probability <= 1 for ask in asks):
        return Wait(rule="core.broken", reason="A trigger voted with what is no probability.", until=now)
    return Ask(rule="+".join(ask.rule for ask in asks), probability=prod(ask.probability for ask in asks))


class _Batch:
    """Some decisions that are written together; each sees the asks before it."""

    def __init__(self, office: Office, connection: Connection, problems: Sequence[Row[Any]], run: Run) -> None:
        self._office, self._connection, self._run = office, connection, run
        people = sorted({row.person for row in problems if row.person})
        self._tickets = read_tickets(connection, [(row.source, row.key) for row in problems])
        self._persons = read_persons(connection, people)
        self._ledgers = ledgers(connection, people)
        self._switch = read_switch(connection)
        self._decisions: list[dict[str, Any]] = []
        self._invitations: list[dict[str, Any]] = []
        self._settled: dict[str, int] = {}
        self.counts: Counter[str] = Counter()

    def decide(self, row: Row[Any]) -> None:
        """Decide on all open ends of one problem: those that a later one has overtaken, then the one that stands."""
        standing = row.ends if row.ended_at is not None else row.ends + 1
        for n in range(row.decided + 1, row.ends + 1):
            if n < standing:
                self._decided(row, n, _DELETED if row.deleted_at else _OVER)
            else:
                self._decide_standing(row, n)

    def _decide_standing(self, row: Row[Any], n: int) -> None:
        ticket = self._tickets[row.source, row.key]
        if skip := self._unaskable(row, ticket):
            return self._decided(row, n, skip)
        occasion = occasion_of(row.id, n, row.ended_at, row.source, self._persons[row.person], ticket)
        verdict = vote(self._office, occasion, self._ledgers[row.person])
        if isinstance(verdict, Wait) or (self._switch.paused and isinstance(verdict, Ask)):
            self.counts["waiting"] += 1
            return None
        if isinstance(verdict, Skip):
            return self._decided(row, n, verdict)
        draw = self._office.keys.draw(occasion.key)
        if draw >= verdict.probability:
            skip = Skip(rule="core.sampled_out", reason=f"Drawn out of the sample ({verdict.rule}).")
            return self._decided(row, n, skip, draw, verdict.probability)
        self._decided(row, n, verdict, draw, verdict.probability)
        return self._invite(occasion)

    def _unaskable(self, row: Row[Any], ticket: Ticket) -> Skip | None:
        """Say why no trigger need be asked."""
        config = self._office.config
        if row.person is None or not config.asks(row.source):
            return _NO_CHANNEL if row.person else _NOBODY
        if self._switch.paused_at(row.ended_at):
            return _PAUSED
        final = ticket.state in config.sources[row.source].kind.final
        return _FINAL if final and not config.channels_of(row.source) else None

    def _decided(self, row: Row[Any], n: int, verdict: Ask | Skip, draw: Any = None, probability: float = 0.0) -> None:
        word, reason = ("ask", "") if isinstance(verdict, Ask) else ("skip", verdict.reason)
        self.counts[word] += 1
        self._settled[row.id] = n
        ended_at = None if verdict in (_OVER, _DELETED) else row.ended_at
        month = f"{ended_at or row.changed_at:%Y-%m}"
        what = {"problem": row.id, "n": n, "source": row.source, "key": row.key, "person": row.person}
        when = {"ended_at": ended_at, "month": month, "decided_at": self._office.now()}
        why = {"rule": verdict.rule, "reason": reason, "probability": probability, "draw": draw}
        self._decisions.append({**what, **when, **why, "verdict": word, "run": self._run.id})

    def _invite(self, occasion: Occasion) -> None:
        now, who = self._office.now(), occasion.person.pseudonym
        before = self._ledgers[who]
        self._ledgers[who] = replace(before, asked_at=(*before.asked_at, now))
        id_, until = self._office.keys.invitation(occasion.key), now + self._office.config.site.answer_within
        what = {"problem": occasion.problem, "n": occasion.n, "source": occasion.source, "key": occasion.ticket.key}
        how = {"state": "claimed", "marker": f"xmo:{id_}", "claimed_at": now, "expires_at": until}
        self._invitations.append({"id": id_, **what, "person": who, **how, "run": self._run.id})

    def write(self) -> None:
        """Write the decisions, the intents to ask, and how far each problem is settled."""
        if not self._decisions:
            return
        self._connection.execute(insert(t.decision), self._decisions)
        if self._invitations:
            self._connection.execute(insert(t.invitation), self._invitations)
        settled = case(self._settled, value=t.problem.c.id)
        decided = update(t.problem).where(t.problem.c.id.in_(list(self._settled)))
        self._connection.execute(decided.values(decided=settled))


def occasion_of(problem: str, n: int, at: datetime, source: str, person: Person, ticket: Ticket) -> Occasion:
    """Build the occasion of the n-th end of a problem."""
    return Occasion(key=f"{problem}#{n}", problem=problem, n=n, at=at, person=person, source=source, ticket=ticket)
