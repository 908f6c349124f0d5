"""Clocks change while the source reads: whatever the time zone of its account, no ticket is left out in silence."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from tests.servicenow.conftest import Connect
from tests.servicenow.support import ticket_of
from tests.servicenow.test_against_sandbox import put, serving
from tests.servicenow.test_month import text, ticket
from xmo_hooks import Json, SandboxOptions, Ticket, Unavailable
from xmo_servicenow.source import ServiceNow

SPRING, AUTUMN = datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)
AMERICAN = datetime(2026, 3, 8, 10, tzinfo=UTC)
EVERY, RUNS, PAUSE = timedelta(minutes=3), 10, timedelta(minutes=40)


class Reading:
    """Runs of one source, each from the cursor of the one before; the clock goes on after each first page."""

    def __init__(self, source: ServiceNow, url: str) -> None:
        self._source, self._url = source, url
        self._cursor: Json = None
        self.known: dict[datetime, Ticket] = {}
        self.refused = 0

    def run(self, now: datetime) -> None:
        put(self._url, "clock", {"now": now.isoformat()})
        try:
            for number, page in enumerate(self._source.fetch(self._cursor, None)):
                if number == 0:
                    put(self._url, "clock", {"now": (now + PAUSE / 2).isoformat()})
                tickets = [ticket_of(self._source, row) for row in page.rows]
                self.known |= {one.opened_at: one for one in tickets}
                self._cursor = page.cursor
        except Unavailable as error:
            assert "time zone of the API user" in str(error)  # noqa: PT017 - others run to their end
            self.refused += 1


def opened(change: datetime) -> list[datetime]:
    """When tickets are opened: some hours before the clocks change and some after."""
    return [change - timedelta(hours=4) + EVERY * n for n in range(200)]


@pytest.fixture
def reading(
    connect: Connect, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[tuple[Reading, datetime, bool]]:
    zone, change, refused = request.param
    events = [[{"at": text(at), "what": "opened"}] for at in opened(change)]
    work = [
        {**ticket(number, Random(number)), "kind": "incident", "events": mine} for number, mine in enumerate(events, 1)
    ]
    file = tmp_path / "month.jsonl"
    file.write_text("".join(f"{json.dumps(one)}\n" for one in work))
    with serving(SandboxOptions(data=file, at=change - timedelta(hours=4))) as url:
        put(url, "user", {"time_zone": zone})
        source = connect(url=url, username="xmo", password="sandbox", page_size=15)
        yield Reading(source, url), change, refused


@pytest.mark.parametrize(
    "reading",
    [
        pytest.param(("GMT", SPRING, False), id="GMT"),
        pytest.param(("Europe/London", SPRING, True), id="London, UTC until spring"),
        pytest.param(("Atlantic/Azores", AUTUMN, True), id="Azores, UTC until autumn"),
        pytest.param(("America/Los_Angeles", AMERICAN, True), id="Los Angeles"),
        pytest.param(("Asia/Kolkata", SPRING, True), id="Kolkata, which knows no summer time"),
    ],
    indirect=True,
)
def test_a_run_that_comes_to_its_end_knows_every_ticket(reading: tuple[Reading, datetime, bool]) -> None:
    runs, change, refused = reading
    now = change - timedelta(hours=3)
    for _ in range(RUNS):
        before = runs.refused
        runs.run(now)
        if runs.refused == before:
            assert [at for at in opened(change) if at <= now and at not in runs.known] == []
        now += PAUSE
    assert bool(runs.refused) == refused
    assert all(at == one.changed_at for at, one in runs.known.items())
