"""The whole real history, replayed: what is in the store at the end is what is in the file."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import Connection, select

from tests.line.support import EXCERPT, WHOLE, Xmo, log_of, minute, reading, vendor
from xmo_core.store import tables as t
from xmo_servicenow.sandbox import SANDBOX

QUIET = timedelta(days=14)
SINCE = datetime(2016, 3, 10, 0, 0, 30, tzinfo=UTC)
STATES = {"Resolved": "resolved", "Closed": "closed"}


def _ends(rows: list[dict[str, str]]) -> list[tuple[int, datetime, datetime | None]]:
    """Count an incident's ends from the file: n, when it entered Resolved (or Closed without it), when it was left."""
    ends: list[tuple[int, datetime, datetime | None]] = []
    before, latest = "", datetime.min.replace(tzinfo=UTC)
    for row in rows:
        at = minute(row["sys_updated_at"])
        assert at is not None
        latest = max(latest, at)  # one row of the file goes back in time
        state, n = row["incident_state"], int(row["reopen_count"]) + 1
        if state in STATES and before not in STATES and n not in [end[0] for end in ends]:
            ends.append((n, latest, None))
        elif state not in STATES and before in STATES:
            ends[-1] = (*ends[-1][:2], latest)
        before = state
    return ends


def _moments(until: datetime, count: int) -> list[datetime]:
    """Choose the instants of the runs, all half a minute past: no row of the file is stamped there."""
    dice, span = Random(7), (until - SINCE) / timedelta(minutes=1)
    # most of the work lies in the first months: squares put the runs close together there
    steps = sorted({SINCE + timedelta(minutes=int(span * dice.random() ** 3)) for _ in range(count)})
    return [SINCE, *(step for step in steps if step > SINCE), until + timedelta(days=1)]


@pytest.mark.slow
def test_the_whole_file_replayed_in_over_fifty_runs_ends_as_the_file_does(
    make_xmo: Callable[..., Xmo], store_url: str, need: Callable[[bool, str], None]
) -> None:
    if not WHOLE.exists():
        pytest.skip("the whole UCI file is not beside this checkout (shared/data)")
    _replay(make_xmo, store_url, WHOLE, 54)


def test_the_excerpt_replayed_in_a_dozen_runs_ends_as_the_excerpt_does(
    make_xmo: Callable[..., Xmo], store_url: str
) -> None:
    _replay(make_xmo, store_url, EXCERPT, 12)


def _replay(make_xmo: Callable[..., Xmo], store_url: str, file: Path, runs: int) -> None:
    history = log_of(file)
    last = max(at for rows in history.values() for row in rows if (at := minute(row["sys_updated_at"])))
    moments = _moments(last, runs)
    with vendor(SANDBOX, data=file, at=SINCE) as sandbox:
        xmo = make_xmo(store_url, SANDBOX.config(sandbox.url))
        for now in moments:
            sandbox.move(now)
            xmo(now, "run")
        journal = sandbox.journal()
    with reading(store_url) as connection:
        _tickets_are_those_of_the_file(connection, history)
        decisions = _decisions_are_the_ends_since_asking_began(connection, history, moments)
        _nobody_is_asked_twice_in_the_quiet_period(connection)
        _each_question_stands_once_at_the_vendor(connection, journal)
    rules = Counter(decisions.values())
    assert rules["surveys.resolution"] > len(history) / 4
    if file is WHOLE:  # the excerpt has nobody with two incidents, and too few that were reopened
        assert rules["core.over"]
        assert rules["surveys.quiet"] > 100


def _tickets_are_those_of_the_file(connection: Connection, history: dict[str, list[dict[str, str]]]) -> None:
    stored = {row.number: row for row in connection.execute(select(t.ticket))}
    assert stored.keys() == history.keys()
    for number, rows in history.items():
        last, row = rows[-1], stored[number]
        expected = (STATES[last["incident_state"]], int(last["reopen_count"]), int(last["reassignment_count"]))
        assert (row.state, row.reopens, row.reassignments) == expected, number
        assert row.sla_met == (last["made_sla"] == "true"), number
        assert row.opened_at == minute(last["opened_at"]), number


def _decisions_are_the_ends_since_asking_began(
    connection: Connection, history: dict[str, list[dict[str, str]]], moments: list[datetime]
) -> dict[tuple[str, int], str]:
    query = select(t.ticket.c.number, t.decision).join_from(
        t.decision, t.ticket, (t.ticket.c.source == t.decision.c.source) & (t.ticket.c.key == t.decision.c.key)
    )
    decided = {(row.number, row.n): row.rule for row in connection.execute(query)}
    ends = {(number, n): (at, left) for number, rows in history.items() for n, at, left in _ends(rows)}
    since = {key for key, (at, _) in ends.items() if at >= SINCE}
    assert decided.keys() == since
    over = {key for key in since if not any(_visible(*ends[key], now) for now in moments)}
    assert {key for key, rule in decided.items() if rule == "core.over"} == over
    return decided


def _visible(at: datetime, left: datetime | None, now: datetime) -> bool:
    return at <= now and (left is None or now < left)


def _nobody_is_asked_twice_in_the_quiet_period(connection: Connection) -> None:
    asked: dict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(select(t.invitation).where(t.invitation.c.sent_at.is_not(None))):
        asked[row.person].append(row.sent_at)
    assert asked
    for times in asked.values():
        assert all(later - earlier >= QUIET for earlier, later in pairwise(sorted(times)))


def _each_question_stands_once_at_the_vendor(connection: Connection, journal: list[dict[str, str]]) -> None:
    markers = [
        row.marker for row in connection.execute(select(t.invitation).where(t.invitation.c.sent_at.is_not(None)))
    ]
    assert len(journal) == len(markers)
    assert len({(entry["number"], entry["reopen_count"]) for entry in journal}) == len(journal)
    for marker in markers:
        assert sum(marker in entry["text"] for entry in journal) == 1
