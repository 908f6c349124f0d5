"""`/hear/SOURCE` as `xmo serve` answers it: what it takes into the queue, and that nothing else does anything."""

from __future__ import annotations

import gc
import io
import tracemalloc
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from structlog.testing import capture_logs
from werkzeug.test import Client, EnvironBuilder

from tests.hear.conftest import NOW, Site, write_site
from tests.hear.signing import SECRET, SIGNERS, Signer, of_jira
from xmo_core.hearing import LIMIT
from xmo_core.office import open_office
from xmo_core.store import rings
from xmo_core.store.lease import claim
from xmo_hooks import Heard, Unavailable

CALLS, WARM = 10_000, 1_000


def post(site: Site, signer: Signer, headers: Mapping[str, str], body: bytes) -> int:
    return Client(site.app).post(f"/{signer.name}", headers=dict(headers), data=body).status_code


def test_what_the_vendor_signed_rings_for_its_ticket(site: Site, signer: Signer) -> None:
    headers, body = signer.headers(signer.key, NOW)
    answer = Client(site.app).post(f"/{signer.name}", headers=headers, data=body)
    assert (answer.status_code, answer.data) == (202, b"")
    assert site.queue() == [(signer.name, signer.key, 1)]


def test_a_doubled_call_rings_once(site: Site, signer: Signer) -> None:
    headers, body = signer.headers(signer.key, NOW)
    assert [post(site, signer, headers, body) for _ in range(3)] == [202, 200, 200]
    more = {"X-Atlassian-Webhook-Retry": "1", "X-Zendesk-Webhook-Invocation-Id": "another"}
    assert post(site, signer, {**headers, **more}, body) == 200
    assert site.queue() == [(signer.name, signer.key, 1)]


def test_a_call_that_was_heard_rings_not_again_after_its_ticket_was_fetched(site: Site, signer: Signer) -> None:
    headers, body = signer.headers(signer.key, NOW)
    assert post(site, signer, headers, body) == 202
    with site.office.store.writing() as connection:
        rings.settle(connection, signer.name, {signer.key: 1})
    assert post(site, signer, headers, body) == 200
    assert site.queue() == []


def test_two_changes_of_one_ticket_stand_in_the_queue_once_in_any_order(site: Site, signer: Signer) -> None:
    for seconds in (20, 10):
        assert post(site, signer, *signer.headers(signer.key, NOW - timedelta(seconds=seconds))) == 202
    assert site.queue() == [(signer.name, signer.key, 2)]


def test_all_that_is_refused_gets_the_same_answer(site: Site, signer: Signer) -> None:
    headers, body = signer.headers(signer.key, NOW)
    late, late_body = signer.headers(signer.key, NOW - signer.window - timedelta(seconds=1))
    wrong, _ = signer.headers(signer.key, NOW, "another secret")
    tries = [({}, body), (wrong, body), (headers, body + b" "), (late, late_body), ({}, b"")]
    answers = [Client(site.app).post(f"/{signer.name}", headers=sent, data=raw) for sent, raw in tries]
    assert {(answer.status_code, answer.data, str(answer.headers)) for answer in answers} == {
        (401, b"", str(answers[0].headers))
    }
    assert site.queue() == []


def test_a_source_without_a_secret_is_named_once_and_answers_as_to_a_forgery(tmp_path: Path, signer: Signer) -> None:
    config = write_site(tmp_path)
    text = config.read_text(encoding="utf-8")
    before, table, after = text.partition(f"[sources.{signer.name}]")
    config.write_text(before + table + after.replace("webhook_secret", "# webhook_secret", 1), encoding="utf-8")
    office = open_office(config, NOW)
    site = Site(office)
    with capture_logs() as told:
        site.app.look()
        assert post(site, signer, *signer.headers(signer.key, NOW)) == 401
    office.close()
    assert [(entry["log_level"], entry.get("where"), entry["reason"]) for entry in told] == [
        ("warning", f"[sources.{signer.name}]", "There is no webhook_secret, so no webhook is believed."),
        ("info", None, "unset"),
    ]


def test_only_a_post_to_a_source_is_heard(site: Site, signer: Signer) -> None:
    headers, body = signer.headers(signer.key, NOW)
    client = Client(site.app)
    for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"):
        answer = client.open(f"/{signer.name}", method=method, headers=headers, data=body)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    for path in ("/", "/nobody", f"/{signer.name}/", f"/{signer.name}/x", f"//{signer.name}", "/%ff", "/%00"):
        assert client.post(path, headers=headers, data=body).status_code == 404
    assert site.queue() == []


def test_the_signature_of_one_source_opens_no_other(site: Site) -> None:
    for signer in SIGNERS.values():
        for other in SIGNERS.values():
            if other is not signer:
                assert post(site, other, *signer.headers(signer.key, NOW)) == 401
    assert site.queue() == []


def test_a_signed_body_that_says_nothing_is_not_understood(site: Site, signer: Signer) -> None:
    assert post(site, signer, signer.sign(b"{}", NOW), b"{}") == 400


def test_an_event_about_no_ticket_is_answered_and_changes_nothing(site: Site) -> None:
    body = SIGNERS["jira"].body("1", NOW).replace(b"jira:issue_updated", b"sprint_started")
    assert post(site, SIGNERS["jira"], of_jira(body, NOW), body) == 200
    assert site.queue() == []


class Endless(io.RawIOBase):
    """A body that has no end, and counts what was read of it."""

    def __init__(self) -> None:
        super().__init__()
        self.given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self.given += len(buffer)
        return len(buffer)


def _environ(signer: Signer, **more: Any) -> dict[str, Any]:
    headers, body = signer.headers(signer.key, NOW)
    made = EnvironBuilder(path=f"/{signer.name}", method="POST", headers=[*headers.items()], data=body).get_environ()
    return {**made, **more}


def _status(site: Site, environ: dict[str, Any]) -> int:
    told: list[str] = []

    def start(status: str, _headers: Any, _error: Any = None) -> Any:
        told.append(status)

    list(site.app(environ, start))
    return int(told[0].partition(" ")[0])


def test_a_body_that_says_it_is_too_long_is_not_read(site: Site, signer: Signer) -> None:
    body = Endless()
    assert _status(site, _environ(signer, **{"CONTENT_LENGTH": str(LIMIT + 1), "wsgi.input": body})) == 413
    assert body.given == 0


def test_a_body_without_a_length_is_read_up_to_the_limit(site: Site, signer: Signer) -> None:
    body = Endless()
    environ = _environ(signer, **{"wsgi.input": body, "wsgi.input_terminated": True})
    del environ["CONTENT_LENGTH"]
    assert _status(site, environ) == 413
    assert body.given <= 2 * LIMIT


def test_a_body_that_breaks_off_is_refused(site: Site, signer: Signer) -> None:
    environ = _environ(signer, **{"CONTENT_LENGTH": "1000", "wsgi.input": io.BytesIO(b"x")})
    assert _status(site, environ) == 400


def test_a_plugin_that_raises_is_no_crash(site: Site, signer: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Heard:
        raise KeyError("a secret")

    monkeypatch.setitem(site.app._sources, signer.name, type("Broken", (), {"hear": broken})())
    assert post(site, signer, *signer.headers(signer.key, NOW)) == 503


def test_a_store_that_does_not_answer_lets_the_vendor_try_again(
    site: Site, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> bool:
        raise Unavailable("The store does not answer.")

    monkeypatch.setattr(rings, "ring", busy)
    assert post(site, signer, *signer.headers(signer.key, NOW)) == 503


def test_a_plugin_without_a_window_believes_nothing_that_is_older_than_a_day(
    site: Site, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(*_: object) -> Heard:
        return Heard(keys=("1",), at=NOW - timedelta(days=1, seconds=1))

    monkeypatch.setitem(site.app._sources, signer.name, type("Careless", (), {"hear": careless})())
    assert post(site, signer, {}, b"") == 401


def test_a_call_is_heard_while_a_run_is_at_work(site: Site, signer: Signer) -> None:
    lease = claim(site.office.store, f"sync {signer.name}", site.office.wall)
    assert post(site, signer, *signer.headers(signer.key, NOW)) == 202
    with site.office.store.writing() as connection:
        lease.release(connection)


class Mutator:
    """Calls that differ from what the vendor signed, drawn by a seed."""

    def __init__(self, signer: Signer, seed: int) -> None:
        self._signer, self._random = signer, Random(seed)

    def calls(self, number: int) -> Iterator[tuple[dict[str, str], bytes]]:
        kinds = (self._body, self._header, self._header, self._old, self._other_secret, self._nothing)
        for _ in range(number):
            headers, body = self._signer.headers(self._signer.key, NOW)
            yield self._random.choice(kinds)(headers, body)

    def _old(self, _headers: dict[str, str], _body: bytes) -> tuple[dict[str, str], bytes]:
        """Signed rightly, at any time but now."""
        away = self._signer.window + timedelta(seconds=self._random.randint(1, 10**8))
        sign = self._random.choice((-1, 1))
        return self._signer.headers(self._signer.key, NOW + sign * away)

    def _other_secret(self, _headers: dict[str, str], _body: bytes) -> tuple[dict[str, str], bytes]:
        secret = SECRET[: self._random.randint(1, len(SECRET) - 1)]
        return self._signer.headers(str(self._random.randint(1, 10**6)), NOW, secret)

    def _nothing(self, _headers: dict[str, str], body: bytes) -> tuple[dict[str, str], bytes]:
        return {}, self._random.choice((body, b"", self._random.randbytes(self._random.randint(0, 5000))))

    def _body(self, headers: dict[str, str], body: bytes) -> tuple[dict[str, str], bytes]:
        return headers, self._changed(body, self._random.randbytes)

    def _header(self, headers: dict[str, str], body: bytes) -> tuple[dict[str, str], bytes]:
        name = self._random.choice(list(headers))
        changed = self._changed(headers[name].encode("latin-1"), self._letters)
        return {**headers, name: changed.decode("latin-1")}, body

    def _letters(self, number: int) -> bytes:
        return bytes(self._random.choice(b"0123456789abcdefABCDEF+/=,-:.TZtv \xe9\xff") for _ in range(number))

    def _changed(self, text: bytes, drawn: Any) -> bytes:
        """Put other bytes in place of some, anywhere; never the same text again."""
        at = self._random.randrange(len(text))
        cut, put = self._random.choice(((1, 1), (0, 1), (1, 0), (0, 40), (len(text), 8), (len(text), 0), (2, 2)))
        changed: bytes = text[:at] + drawn(put) + text[at + cut :]
        return changed if changed != text else text + b"0"


@pytest.mark.parametrize("name", list(SIGNERS))
def test_ten_thousand_mutated_calls_do_nothing_and_leave_nothing_behind(site: Site, name: str) -> None:
    signer = SIGNERS[name]
    base = EnvironBuilder(path=f"/{name}", method="POST").get_environ()
    seen: dict[int, int] = {}

    def send(seed: int, number: int) -> None:
        for headers, body in Mutator(signer, seed).calls(number):
            given = {f"HTTP_{header.upper().replace('-', '_')}": value for header, value in headers.items()}
            status = _status(site, {**base, **given, "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)})
            seen[status] = seen.get(status, 0) + 1

    send(1, WARM)
    seen.clear()
    gc.collect()
    tracemalloc.start()
    try:
        send(2, WARM)
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        send(3, CALLS - WARM)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert seen == {401: CALLS}
    assert after - before < 100_000, "memory grows with what is refused"
    assert (site.queue(), site.rung) == ([], 0)
    assert post(site, signer, *signer.headers(signer.key, NOW)) == 202  # and still hears what is right
