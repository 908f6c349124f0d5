"""Scoring: each answered invitation is scored by the plugins' rules, again when it or the rules have changed."""

import hashlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, tuple_, update

from xmo_core.asking import occasion_of
from xmo_core.checkpoints import reach
from xmo_core.desk import answers_of
from xmo_core.office import Office
from xmo_core.registry import Broken
from xmo_core.store import tables as t
from xmo_core.store.lease import Lease
from xmo_core.store.runs import Run
from xmo_core.store.tickets import read_persons, read_tickets
from xmo_hooks import Experience

_BATCH = 200


def definition(office: Office) -> str:
    """Name the rules in force: the plugins with their versions, and the config that they read."""
    plugins = ",".join(f"{plugin.name} {plugin.version}" for plugin in office.registry.plugins() if not plugin.broken)
    text = f"{plugins}|{office.config.settings!r}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def score(office: Office, run: Run, lease: Lease) -> None:
    """Score what has answers and no score by the rules in force. Where a rule fails, the scores stay as they were."""
    if office.broken_rules:
        return
    current, after = definition(office), ""
    while True:
        with lease.writing() as connection:
            rows = _unscored(connection, current, after)
            if not rows:
                return
            scored, broken = _score(office, connection, rows, current)
            reach("scores.written")
        reach("scores.stored")
        after = rows[-1].id
        if broken:
            run.fail("scoring", f"{broken[0].name} failed: {broken[0].reason}")
        run.count("scoring", scored=scored)


def _unscored(connection: Connection, current: str, after: str) -> Sequence[Row[Any]]:
    i = t.invitation.c
    stale = i.answered_at.is_not(None) & (i.scored.is_(None) | (i.scored != current))
    query = select(t.invitation, t.decision.c.ended_at.label("problem_ended_at")).join_from(
        t.invitation, t.decision, (t.decision.c.problem == i.problem) & (t.decision.c.n == i.n)
    )
    # locked, so that no answer comes in between reading the answers and noting that they are scored
    locked = query.where(stale & (i.id > after)).with_for_update(of=t.invitation)
    return connection.execute(locked.order_by(i.id).limit(_BATCH)).all()


def _score(office: Office, connection: Connection, rows: Sequence[Row[Any]], current: str) -> tuple[int, list[Broken]]:
    tickets = read_tickets(connection, [(row.source, row.key) for row in rows])
    persons = read_persons(connection, sorted({row.person for row in rows}))
    answers = answers_of(connection, [row.id for row in rows])
    broken: list[Broken] = []
    scores, done = [], []
    for row in rows:
        failed, ticket = len(broken), tickets[row.source, row.key]
        occasion = occasion_of(row.problem, row.n, row.problem_ended_at, row.source, persons[row.person], ticket)
        experience, settings = Experience(occasion=occasion, answers=answers[row.id]), office.config.settings
        called = office.registry.call("xmo_score", broken.append, experience=experience, settings=settings)
        if len(broken) > failed:
            continue
        done.append(row)
        named = {name: value for _, result in called for name, value in result.items() if value is not None}
        scores += [{"problem": row.problem, "n": row.n, "name": name, "value": value} for name, value in named.items()]
    keys = [(row.problem, row.n) for row in done]
    connection.execute(delete(t.score).where(tuple_(t.score.c.problem, t.score.c.n).in_(keys)))
    if scores:
        connection.execute(insert(t.score), scores)
    ids = [row.id for row in done]
    connection.execute(update(t.invitation).where(t.invitation.c.id.in_(ids)).values(scored=current))
    return len(done), broken
