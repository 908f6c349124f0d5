"""A real `xmo serve` beside a vendor's sandbox: a webhook comes, and the question stands at the ticket."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import select

from tests.hear.signing import SECRET, SIGNERS, Signer
from tests.line.support import Vendor, Xmo, reading
from tests.vendors import desks, month
from xmo_core.office import wall
from xmo_core.store import open_store
from xmo_core.store import tables as t
from xmo_core.store.lease import ASKING, claim

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def at(event: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(event["at"]).astimezone(UTC)


def resolution(works: list[month.Work]) -> tuple[int, datetime]:
    """A ticket that stands still for ten minutes and is then resolved, and for ten minutes more; and when."""
    for work in works:
        events = work["events"]
        for before, event, after in zip(events, events[1:], [*events[2:], None], strict=False):
            still = at(event) - at(before) > 10 * MINUTE and (after is None or at(after) - at(event) > 10 * MINUTE)
            if event["what"] == "resolved" and still and work["kind"] == "incident" and work["requester"].get("email"):
                return work["number"], at(event)
    raise AssertionError("no such ticket in the month")


class Serve:
    """`xmo serve` as a process of its own."""

    def __init__(self, config: Path, now: datetime) -> None:
        words = ["--config", str(config), "--now", now.isoformat(), "--log-format", "json", "serve", "--port", "0"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "xmo_core", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        assert self.process.stdout is not None
        told = self.process.stdout.readline()
        found = re.search(r"http://\S+", told)
        assert found, told
        self.url = found[0]

    def post(self, source: str, headers: dict[str, str], body: bytes) -> int:
        return requests.post(f"{self.url}/hear/{source}", headers=headers, data=body, timeout=60).status_code

    def until(self, event: str) -> list[dict[str, Any]]:
        """Read the log, that of the run that was started, too, up to this event."""
        told: list[dict[str, Any]] = []
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if line.startswith("{"):
                told.append(json.loads(line))
                if told[-1]["event"] == event:
                    return told
        raise AssertionError(f"never said {event!r}: {told}")

    def kill(self) -> None:
        self.process.kill()
        self.close()

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()


@contextmanager
def serving(config: Path, now: datetime) -> Iterator[Serve]:
    serve = Serve(config, now)
    try:
        yield serve
    finally:
        serve.close()


@dataclass
class Place:
    """A vendor whose ticket was resolved a second ago, and a site that knew it before."""

    signer: Signer
    sandbox: Vendor
    xmo: Xmo
    store_url: str
    key: str
    now: datetime

    def headers(self) -> tuple[dict[str, str], bytes]:
        return self.signer.headers(self.key, self.now)

    def questions(self) -> list[dict[str, str]]:
        return [entry for entry in self.sandbox.journal() if "xmo:" in json.dumps(entry)]

    def states(self) -> list[tuple[str, str]]:
        with reading(self.store_url) as connection:
            rows = connection.execute(select(t.invitation.c.key, t.invitation.c.state)).all()
            return [(row.key, row.state) for row in rows]

    def queue(self) -> list[str]:
        with reading(self.store_url) as connection:
            return list(connection.execute(select(t.ring.c.key)).scalars())


@pytest.fixture
def place(signer: Signer, tmp_path: Path) -> Iterator[Place]:
    number, resolved = resolution(month.whole())
    store_url = f"sqlite:///{tmp_path / 'xmo.db'}"
    with desks.served(signer.name, tmp_path, resolved - 5 * MINUTE) as sandbox:
        options = f'{desks.source(signer.name, sandbox.url)}webhook_secret = "{SECRET}"\n'
        xmo = desks.xmo(tmp_path, store_url, {signer.name: options})
        config = xmo.config.read_text().replace('level = "error"', 'level = "info"')
        xmo.config.write_text(config)
        xmo(resolved - 5 * MINUTE, "run")
        with reading(store_url) as connection:
            query = select(t.ticket.c.key, t.ticket.c.number).where(t.ticket.c.state.not_in(("closed", "cancelled")))
            keys = {row.number: row.key for row in connection.execute(query)}
        key = next(key for name, key in keys.items() if int(re.sub(r"\D", "", name)) == number)
        sandbox.move(resolved + SECOND)
        yield Place(signer, sandbox, xmo, store_url, key, resolved + SECOND)


def test_a_question_stands_at_the_ticket_without_any_run_of_ours(place: Place) -> None:
    before = place.questions()
    with serving(place.xmo.config, place.now) as serve:
        assert serve.post(place.signer.name, *place.headers()) == 202
        told = serve.until("run done")
        assert serve.post(place.signer.name, *place.headers()) == 200
        assert serve.post(place.signer.name, {}, place.headers()[1]) == 401
    assert len(place.questions()) == len(before) + 1
    assert (place.key, "sent") in place.states()
    assert place.queue() == []
    assert SECRET not in json.dumps(told)
    place.xmo(place.now, "run")
    assert len(place.questions()) == len(before) + 1


def test_a_kill_between_the_answer_and_the_fetch_loses_no_question(place: Place) -> None:
    before = place.questions()
    store = open_store(place.store_url)
    lease = claim(store, ASKING, wall)  # as if a run was at work: nothing can be fetched meanwhile
    serve = Serve(place.xmo.config, place.now)
    assert serve.post(place.signer.name, *place.headers()) == 202
    serve.kill()
    with store.writing() as connection:
        lease.release(connection)
    store.close()
    assert (place.queue(), place.questions()) == ([place.key], before)
    with serving(place.xmo.config, place.now) as serve:
        serve.until("run done")
    assert len(place.questions()) == len(before) + 1
    assert place.queue() == []


def test_pages_are_served_where_a_source_is_not_rightly_configured(tmp_path: Path) -> None:
    options = 'kind = "zendesk"\nurl = "https://acme.zendesk.com"\ntoken = { env = "NOBODY_SET_THIS" }\n'
    xmo = desks.xmo(tmp_path, f"sqlite:///{tmp_path / 'xmo.db'}", {"desk": options})
    xmo.config.write_text(xmo.config.read_text().replace('level = "error"', 'level = "info"'))
    with serving(xmo.config, datetime(2026, 3, 1, tzinfo=UTC)) as serve:
        (told,) = serve.until("webhooks are not heard")
        assert "NOBODY_SET_THIS" in told["reason"]
        assert requests.get(f"{serve.url}/a/no-token", timeout=60).status_code in (404, 410)
        assert serve.post("desk", *SIGNERS["zendesk"].headers("1", datetime.now(UTC))) == 404


def test_a_body_that_is_too_long_is_refused_by_the_server_itself(place: Place) -> None:
    with serving(place.xmo.config, place.now) as serve:
        assert serve.post(place.signer.name, place.headers()[0], b"x" * ((1 << 20) + 1)) == 413
