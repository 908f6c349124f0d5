"""Logging in: each way in its own header, and tokens that are got, used up and renewed."""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from threading import Thread

import pytest
from pytest_httpserver import HTTPServer
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.servicenow.conftest import Connect
from tests.servicenow.support import NOW, Granted, Told, fetched, incidents, options, row, serve
from xmo_core.http import Session
from xmo_core.oauth import OAuth
from xmo_core.options import HttpOptions
from xmo_core.store import open_store
from xmo_core.store.versions import upgrade
from xmo_hooks import AuthError, Grant, Message, SandboxOptions, Ticket, Tools
from xmo_servicenow.auth import log_in
from xmo_servicenow.sandbox.web import build
from xmo_servicenow.source import ServiceNow

PERSON = {"username": "xmo", "password": "sandbox"}
CLIENT = {"client_id": "xmo", "client_secret": "sandbox"}
URL = "https://acme.service-now.com"


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


@pytest.mark.parametrize(
    ("way", "header", "value"),
    [
        ({"api_key": "k3y"}, "x-sn-apikey", "k3y"),
        ({"token": "t0ken"}, "Authorization", "Bearer t0ken"),
        (PERSON, "Authorization", "Basic eG1vOnNhbmRib3g="),
        (CLIENT, "Authorization", "Bearer client_credentials"),
        (CLIENT | PERSON, "Authorization", "Bearer password"),
        (CLIENT | {"refresh_token": "r"}, "Authorization", "Bearer refresh_token"),
    ],
)
def test_each_way_is_sent_in_its_own_header_and_no_other(
    httpserver: HTTPServer, connect: Connect, way: dict[str, str], header: str, value: str
) -> None:
    serve(httpserver, incidents(row(1)))
    fetched(connect(**way))
    sent = httpserver.log[-1][0].headers
    assert sent[header] == value
    assert ("x-sn-apikey" in sent) != ("Authorization" in sent)


@pytest.mark.parametrize(
    ("way", "fields", "refresh"),
    [
        (CLIENT, {"grant_type": "client_credentials", **CLIENT}, None),
        (CLIENT | PERSON, {"grant_type": "password", **CLIENT, **PERSON}, None),
        (CLIENT | {"refresh_token": "r1"}, {"grant_type": "refresh_token", **CLIENT}, "r1"),
        (CLIENT | {"scope": "itsm"}, {"grant_type": "client_credentials", "scope": "itsm", **CLIENT}, None),
    ],
)
def test_a_grant_says_what_the_vendor_asks_for(
    connect: Connect, log: Told, way: dict[str, str], fields: dict[str, str], refresh: str | None
) -> None:
    asked: list[Grant] = []

    def oauth(grant: Grant) -> Granted:
        asked.append(grant)
        return Granted(grant)

    log_in(options(**way), Tools(session=Session.__new__(Session), now=lambda: NOW, log=log, oauth=oauth))
    assert asked == [Grant(token_url=f"{URL}/oauth_token.do", fields=fields, refresh_token=refresh)]


class Hand:
    """The sandbox's real time, moved by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def desk(hand: Hand) -> Iterator[str]:
    app = build(SandboxOptions(generate=3), monotonic=hand)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def granted(desk: str, log: Told, tmp_path: Path) -> Iterator[Callable[[dict[str, str]], ServiceNow]]:
    """`granted(way)` makes a source whose tokens are those of the core."""
    store = open_store(f"sqlite:///{tmp_path / 'xmo.db'}")
    upgrade(store)
    session = Session(
        name="corp",
        options=HttpOptions(),
        requests_per_minute=None,
        now=lambda: NOW,
        log=log,
        on_wait=lambda _: None,
        sleep=lambda _: None,
        random=Random(1),
    )

    def made(way: dict[str, str]) -> ServiceNow:
        def oauth(grant: Grant) -> OAuth:
            return OAuth(grant, session, store, "corp", lambda: NOW)

        return ServiceNow(options(url=desk, **way), Tools(session=session, now=lambda: NOW, log=log, oauth=oauth))

    yield made
    session.close()
    store.close()


@pytest.mark.parametrize("way", [CLIENT, CLIENT | PERSON])
def test_a_token_is_got_used_and_renewed_when_it_has_run_out(
    granted: Callable[[dict[str, str]], ServiceNow], hand: Hand, way: dict[str, str]
) -> None:
    source = granted(way)
    assert sum(len(page.rows) for page in fetched(source)) == 3
    hand.seconds += 1800  # the vendor's clock alone: the token is refused, and renewed
    pages = fetched(source)
    tickets = [one for page in pages for raw in page.rows for one in source.parse(raw) if isinstance(one, Ticket)]
    assert len(tickets) == 3
    hand.seconds += 1800
    message = Message(marker="xmo:0123456789abcdef", text="How was it? [xmo:0123456789abcdef]")
    assert source.comment(tickets[0], message).reference == tickets[0].key
    assert source.find(tickets[0], message.marker) is not None


def test_a_client_that_is_not_known_is_a_matter_of_the_log_in(
    granted: Callable[[dict[str, str]], ServiceNow],
) -> None:
    with pytest.raises(AuthError):
        fetched(granted({**CLIENT, "client_secret": "wrong"}))


def test_an_api_key_opens_the_sandbox(desk: str, granted: Callable[[dict[str, str]], ServiceNow]) -> None:
    assert sum(len(page.rows) for page in fetched(granted({"api_key": "sandbox-key"}))) == 3
    with pytest.raises(AuthError):
        fetched(granted({"api_key": "another"}))
