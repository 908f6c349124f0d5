"""Access tokens over real sockets: renewed in time, by one process for all, and stored before they are used."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from threading import Lock
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from sqlalchemy import Table, select
from werkzeug import Request, Response

from tests.core.support import Clock
from xmo_core.http import Session
from xmo_core.oauth import OAuth
from xmo_core.options import HttpOptions
from xmo_core.secrets import redact
from xmo_core.store import Store
from xmo_core.store import tables as t
from xmo_core.store.lease import claim
from xmo_hooks import AuthError, Grant, Unavailable

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Issuer:
    """A vendor that gives a new pair of tokens with each renewal and forgets the old pair at once."""

    def __init__(self, server: HTTPServer, expires_in: int | None = 3600) -> None:
        self.renewals, self.served, self.refused, self.expires_in = 0, 0, 0, expires_in
        self.fields: list[dict[str, str]] = []
        self.down = False
        self._lock = Lock()
        server.expect_request("/token", method="POST").respond_with_handler(self._renew)
        server.expect_request("/data").respond_with_handler(self._data)
        self.url = server.url_for("")

    def grant(self, refresh_token: str | None = "refresh-0-of-the-config", **fields: str) -> Grant:
        usual = {"grant_type": "refresh_token", "client_id": "xmo", "client_secret": "hush-hush"}
        return Grant(token_url=f"{self.url}/token", fields=usual | fields, refresh_token=refresh_token)

    def _renew(self, request: Request) -> Response:
        with self._lock:
            self.fields.append(dict(request.form))
            assert "Authorization" not in request.headers
            if self.down:
                return Response("later", 503)
            suffix = "-of-the-config" if self.renewals == 0 else "-of-the-store"
            if request.form.get("refresh_token", f"refresh-0{suffix}") != f"refresh-{self.renewals}{suffix}":
                return Response('{"error": "invalid_grant"}', 400)
            self.renewals += 1
            pair = f'"access_token": "access-{self.renewals}", "refresh_token": "refresh-{self.renewals}-of-the-store"'
            ends = f', "expires_in": {self.expires_in}' if self.expires_in else ""
            return Response(f"{{{pair}{ends}}}")

    def _data(self, request: Request) -> Response:
        with self._lock:
            good = request.headers.get("Authorization") == f"Bearer access-{self.renewals}"
            self.served, self.refused = self.served + good, self.refused + (not good)
            return Response("{}", 200 if good else 401)


@pytest.fixture
def wall() -> Clock:
    return Clock(NOW)


@pytest.fixture
def sessions(store: Store, wall: Clock) -> Iterator[Callable[[Grant], Session]]:
    """Makes a session that is logged in by the grant, as another process would have it."""
    made: list[Session] = []

    def make(grant: Grant) -> Session:
        session = Session(
            name="corp",
            options=HttpOptions(),
            requests_per_minute=None,
            now=wall,
            log=_Quiet(),
            on_wait=lambda _: None,
            sleep=lambda _: None,
            random=Random(1),
        )
        session.auth = OAuth(grant, session, store, "corp", wall)
        made.append(session)
        return session

    yield make
    for session in made:
        session.close()


class _Quiet:
    def info(self, event: str, **facts: object) -> None: ...

    def warning(self, event: str, **facts: object) -> None: ...


Sessions = Callable[[Grant], Session]


def test_a_token_is_got_once_and_renewed_before_it_ends(
    httpserver: HTTPServer, sessions: Sessions, wall: Clock
) -> None:
    issuer = Issuer(httpserver)
    session = sessions(issuer.grant())
    for passes in (timedelta(0), timedelta(minutes=30), timedelta(minutes=29), timedelta(minutes=30)):
        wall.tick(passes)
        session.get(f"{issuer.url}/data")
    assert (issuer.renewals, issuer.served, issuer.refused) == (2, 4, 0)
    assert [fields["refresh_token"] for fields in issuer.fields] == [
        "refresh-0-of-the-config",
        "refresh-1-of-the-store",
    ]


def test_a_second_process_uses_the_token_of_the_first(httpserver: HTTPServer, sessions: Sessions) -> None:
    issuer = Issuer(httpserver)
    for _ in range(3):
        sessions(issuer.grant()).get(f"{issuer.url}/data")
    assert (issuer.renewals, issuer.served, issuer.refused) == (1, 3, 0)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_token_that_ended_unannounced_is_renewed_and_the_request_made_again(
    httpserver: HTTPServer, sessions: Sessions, method: str
) -> None:
    issuer = Issuer(httpserver, expires_in=None)
    first, second = sessions(issuer.grant()), sessions(issuer.grant())
    first.get(f"{issuer.url}/data")
    second.get(f"{issuer.url}/data")
    issuer.renewals += 1  # the vendor has forgotten the pair
    with pytest.raises(AuthError, match="is not renewed"):
        first.request(method, f"{issuer.url}/data")
    issuer.renewals -= 1
    issuer.served = issuer.refused = 0
    first.auth._token = first.auth._token.__class__("ended", first.auth._token.refresh)  # type: ignore[union-attr]
    first.request(method, f"{issuer.url}/data")
    assert (issuer.renewals, issuer.served, issuer.refused) == (1, 1, 1)


def test_a_log_in_that_was_changed_in_the_config_is_used(httpserver: HTTPServer, sessions: Sessions) -> None:
    issuer = Issuer(httpserver)
    sessions(issuer.grant()).get(f"{issuer.url}/data")
    issuer.renewals = 0
    sessions(issuer.grant(client_id="another")).get(f"{issuer.url}/data")
    assert [fields["client_id"] for fields in issuer.fields] == ["xmo", "another"]


def test_a_grant_without_a_refresh_token_asks_with_its_own_fields_each_time(
    httpserver: HTTPServer, sessions: Sessions, wall: Clock
) -> None:
    told = {"access_token": "access-of-client", "expires_in": 600, "refresh_token": "nobody-asked-for-it"}
    httpserver.expect_request("/token").respond_with_json(told)
    httpserver.expect_request("/data").respond_with_json({})
    fields = {"grant_type": "client_credentials", "client_id": "xmo", "client_secret": "hush-hush"}
    session = sessions(Grant(token_url=httpserver.url_for("/token"), fields=fields, as_json=True))
    for _ in range(2):
        session.get(httpserver.url_for("/data"))
        wall.tick(timedelta(hours=1))
    asked = [request.get_json() for request, _ in httpserver.log if request.path == "/token"]
    assert asked == [fields, fields]


def test_a_refused_renewal_says_what_to_do_and_keeps_every_secret(httpserver: HTTPServer, sessions: Sessions) -> None:
    issuer = Issuer(httpserver)
    with pytest.raises(AuthError, match="The token of 'corp' is not renewed") as caught:
        sessions(issuer.grant("refresh-that-is-old")).get(f"{issuer.url}/data")
    assert caught.value.hint == "Log in anew, and put what you get into [sources.corp]."
    said = f"{caught.value} {caught.value.hint} {issuer.grant('refresh-that-is-old')!r}"
    assert not [secret for secret in ("refresh-that-is-old", "hush-hush") if secret in said]
    assert redact("refresh-that-is-old") == "***"


def test_a_new_client_secret_or_scope_goes_on_with_the_token_that_was_renewed(
    httpserver: HTTPServer, sessions: Sessions, wall: Clock
) -> None:
    issuer = Issuer(httpserver)
    sessions(issuer.grant()).get(f"{issuer.url}/data")
    wall.tick(timedelta(hours=2))
    sessions(issuer.grant(client_secret="fresh", scope="read")).get(f"{issuer.url}/data")
    assert [fields["refresh_token"] for fields in issuer.fields][1:] == ["refresh-1-of-the-store"]


def test_a_token_is_kept_though_the_store_does_not_answer_at_first(
    httpserver: HTTPServer, sessions: Sessions, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer, busy, overwrite = Issuer(httpserver), [True, True], store.overwrite

    def moody(table: Table, **instead: Any) -> Any:
        if table is t.state and busy:
            busy.pop()
            raise Unavailable("The store does not answer.")
        return overwrite(table, **instead)

    monkeypatch.setattr(store, "overwrite", moody)
    sessions(issuer.grant()).get(f"{issuer.url}/data")
    sessions(issuer.grant()).get(f"{issuer.url}/data")
    assert (issuer.renewals, issuer.served, busy) == (1, 2, [])


def test_the_tokens_of_an_earlier_log_in_are_forgotten(
    httpserver: HTTPServer, sessions: Sessions, store: Store
) -> None:
    issuer = Issuer(httpserver)
    for client in ("xmo", "another"):
        issuer.renewals = 0
        sessions(issuer.grant(client_id=client)).get(f"{issuer.url}/data")
    with store.reading() as connection:
        kept = connection.execute(select(t.state.c.document).where(t.state.c.key.startswith("oauth:"))).all()
    assert len(kept) == 1


def test_a_vendor_that_is_down_is_not_taken_for_a_refusal(httpserver: HTTPServer, sessions: Sessions) -> None:
    issuer = Issuer(httpserver)
    issuer.down = True
    with pytest.raises(Unavailable):
        sessions(issuer.grant()).get(f"{issuer.url}/data")
    issuer.down = False
    sessions(issuer.grant()).get(f"{issuer.url}/data")
    assert issuer.served == 1


def test_whoever_finds_another_process_renewing_waits_for_its_token(
    httpserver: HTTPServer, sessions: Sessions, store: Store, wall: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer = Issuer(httpserver)
    lease = claim(store, "oauth:corp", wall)
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        with store.writing() as connection:
            lease.release(connection)

    monkeypatch.setattr("tenacity.nap.time.sleep", sleep)
    sessions(issuer.grant()).get(f"{issuer.url}/data")
    assert len(waited) == 1
    assert issuer.renewals == 1


TWO = """
import sys
from datetime import UTC, datetime
from random import Random
from xmo_core.http import Session
from xmo_core.oauth import OAuth
from xmo_core.options import HttpOptions
from xmo_core.store import open_store
from xmo_hooks import Grant
store, url = open_store(sys.argv[1]), sys.argv[2]
class Log:
    info = warning = lambda self, event, **facts: None
now = lambda: datetime.now(UTC)
session = Session(name="corp", options=HttpOptions(), requests_per_minute=None, now=now, log=Log(), random=Random(1),
                  on_wait=lambda _: None)
fields = {"grant_type": "refresh_token", "client_id": "xmo", "client_secret": "hush-hush"}
session.auth = OAuth(Grant(token_url=url + "/token", fields=fields, refresh_token="refresh-0-of-the-config"), session,
                     store, "corp", now)
sys.stdin.readline()
for _ in range(20):
    session.get(url + "/data")
store.close()
"""


def test_two_processes_that_find_the_token_ended_renew_it_once(
    httpserver: HTTPServer, store: Store, tmp_path: Path
) -> None:
    issuer = Issuer(httpserver)
    url = store.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", TWO, url, issuer.url]
    both = [subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for process in both:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    errors = [process.communicate()[1] for process in both]
    assert ([process.returncode for process in both], errors) == ([0, 0], ["", ""])
    assert (issuer.renewals, issuer.served, issuer.refused) == (1, 40, 0)
