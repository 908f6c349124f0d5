"""The session of a source, on real sockets: it waits as told, repeats reads only, and speaks in our errors."""

import json
import socket
import zlib
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from threading import Thread
from typing import Any

import pysnow
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer
from urllib3.exceptions import LocationParseError
from werkzeug import Request, Response

import xmo_hooks
from xmo_core import secrets
from xmo_core.http import NotJson, Session, Wait
from xmo_core.options import HttpOptions
from xmo_core.secrets import Secret
from xmo_hooks import (
    AuthError,
    ConfigError,
    Conflict,
    Forbidden,
    NotFound,
    RateLimited,
    Unavailable,
    XmoError,
)

NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
SECRET = "correct-horse-battery"
DROP = b""


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return 50.0 + self.passed

    def sleep(self, seconds: float) -> None:
        self.passed += seconds


class Told:
    """A log that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def info(self, event: str, **facts: Any) -> None:
        self.lines.append(f"{event} {facts}")

    warning = info


class Bench:
    """A session with its clock, its log and the waits that it announced."""

    def __init__(self, per_minute: int | None = None, limits: Mapping[str, int] | None = None, **options: Any) -> None:
        self.clock, self.log = Clock(), Told()
        self.waits: list[Wait] = []
        self.session = Session(
            name="corp",
            options=HttpOptions(**options),
            requests_per_minute=per_minute,
            limits=limits,
            now=self.clock.now,
            log=self.log,
            on_wait=self.waits.append,
            sleep=self.clock.sleep,
            monotonic=self.clock.monotonic,
            random=Random(7),
        )

    def seconds(self) -> list[int]:
        return [int(wait.seconds) for wait in self.waits]


class Wire:
    """A server that answers the n-th connection with the n-th bytes, then hangs up; None: says nothing at all."""

    def __init__(self, *answers: bytes | None) -> None:
        self._answers = answers
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.asked: list[bytes] = []
        self._thread = Thread(target=self._serve)

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # wakes a thread that waits for a connection that is not to come
            self._socket.shutdown(socket.SHUT_RDWR)
        for connection in self._open:
            connection.close()
        self._thread.join(timeout=10)
        self._socket.close()

    def _serve(self) -> None:
        for answer in self._answers:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.asked.append(connection.recv(65_536))
            if answer is None:
                self._open.append(connection)
                continue
            connection.sendall(answer)
            connection.close()


def raw(body: bytes, *headers: str, length: int | None = None) -> bytes:
    # it hangs up after its answer, and says so: the connection must not be used again
    lines = [
        "HTTP/1.1 200 OK",
        "Connection: close",
        f"Content-Length: {len(body) if length is None else length}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


@pytest.fixture(autouse=True)
def _nothing_known_and_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_known", {})
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    with bench.session:
        yield bench


def answers(server: HTTPServer, *responses: Response) -> str:
    """Answer the n-th request with the n-th response, the last one for ever."""
    queue = list(responses)
    server.expect_request("/api").respond_with_handler(lambda _: queue.pop(0) if len(queue) > 1 else queue[0])
    return server.url_for("/api")


def told(status: int, body: Any = None, **headers: str) -> Response:
    kind = headers.pop("content_type", "application/json")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(body if isinstance(body, str) else json.dumps(body), status, named, content_type=kind)


OK = told(200, {"result": []})


# Repeats


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 520, 524])
def test_a_read_is_repeated_after_trouble_that_passes(bench: Bench, httpserver: HTTPServer, status: int) -> None:
    url = answers(httpserver, told(status), told(status), OK)
    assert bench.session.get(url).json() == {"result": []}
    assert len(httpserver.log) == 3
    assert bench.seconds() == [1, 2]


def test_the_wait_doubles_up_to_a_minute_and_ends_after_six_tries(httpserver: HTTPServer) -> None:
    bench = Bench(max_wait=timedelta(hours=1))
    with bench.session, pytest.raises(Unavailable):
        bench.session.get(answers(httpserver, told(502)))
    assert len(httpserver.log) == 6
    assert bench.seconds() == [1, 2, 4, 8, 16]


def test_two_sources_do_not_come_back_in_step(bench: Bench, httpserver: HTTPServer) -> None:
    url = answers(httpserver, told(502), told(502), OK)
    bench.session.get(url)
    assert [wait.seconds for wait in bench.waits] != [1.0, 2.0]


def test_retry_after_in_seconds_is_obeyed(bench: Bench, httpserver: HTTPServer) -> None:
    bench.session.get(answers(httpserver, told(429, Retry_After="42"), OK))
    assert bench.seconds() == [42]


def test_retry_after_as_a_date_is_measured_from_the_vendors_own_clock(bench: Bench) -> None:
    date, later = "Sat, 01 Jan 2000 00:00:00 GMT", "Sat, 01 Jan 2000 00:01:30 GMT"
    head = f"HTTP/1.1 503 Busy\r\nDate: {date}\r\nRetry-After: {later}\r\nConnection: close"
    refusal = f"{head}\r\nContent-Length: 0\r\n\r\n".encode()
    with Wire(refusal, raw(b"{}")) as url:
        assert bench.session.get(url).json() == {}
    assert bench.seconds() == [90]


def test_retry_after_as_a_date_is_measured_from_our_clock_where_the_vendor_has_none(bench: Bench) -> None:
    later = "Sun, 29 Mar 2026 01:30:20 GMT"
    refusal = f"HTTP/1.1 429 Slow\r\nRetry-After: {later}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".encode()
    with Wire(refusal, raw(b"{}")) as url:
        bench.session.get(url)
    assert bench.seconds() == [20]


@pytest.mark.parametrize("value", ["soon", "-5", "0", "1.5", "Sat, 99 Foo 2000", "²"])
def test_a_retry_after_that_says_nothing_falls_back_to_doubling(
    bench: Bench, httpserver: HTTPServer, value: str
) -> None:
    httpserver.expect_ordered_request("/api").respond_with_handler(
        lambda _: Response(status=429, headers={"Retry-After": value})
    )
    httpserver.expect_ordered_request("/api").respond_with_json({})
    bench.session.get(httpserver.url_for("/api"))
    assert bench.seconds() == [1]


@pytest.mark.parametrize("status", [429, 503])
def test_a_vendor_that_asks_for_longer_than_a_run_may_wait_is_left_at_once(
    bench: Bench, httpserver: HTTPServer, status: int
) -> None:
    url = answers(httpserver, told(status, Retry_After="3600"))
    with pytest.raises(RateLimited) as caught:
        bench.session.get(url)
    assert caught.value.until == NOW + timedelta(hours=1)
    assert bench.clock.passed == 0
    assert len(httpserver.log) == 1


def test_what_was_waited_already_counts_against_what_may_be_waited(bench: Bench, httpserver: HTTPServer) -> None:
    url = answers(httpserver, told(429, Retry_After="200"))
    with pytest.raises(RateLimited) as caught:
        bench.session.get(url)
    assert bench.seconds() == [200]
    assert caught.value.until == bench.clock.now() + timedelta(seconds=200)


def test_a_vendor_that_says_never_means_tomorrow(bench: Bench, httpserver: HTTPServer) -> None:
    with pytest.raises(RateLimited) as caught:
        bench.session.get(answers(httpserver, told(429, Retry_After="9223372036854775807")))
    assert caught.value.until == NOW + timedelta(days=1)


def test_a_dropped_connection_a_cut_body_and_silence_are_repeated() -> None:
    bench = Bench(timeout=timedelta(seconds=2))
    cut = raw(b'{"result": [', length=900)
    garbled = raw(b"not gzip", "Content-Encoding: gzip")
    with bench.session, Wire(DROP, cut, garbled, None, raw(b'{"result": [1]}')) as url:
        assert bench.session.get(url).json() == {"result": [1]}
    assert [wait.reason for wait in bench.waits] == ["network"] * 4


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_write_is_never_repeated(bench: Bench, method: str) -> None:
    for answer in (DROP, raw(b"{}", length=900), b"HTTP/1.1 503 Busy\r\nRetry-After: 1\r\n\r\n"):
        wire = Wire(answer)
        with wire as url, pytest.raises(XmoError):
            bench.session.request(method, url, json={"text": "hello"})
        assert len(wire.asked) == 1
    assert bench.waits == []


def test_a_post_that_says_it_only_reads_is_repeated_and_the_vendor_does_not_hear_of_it(
    bench: Bench, httpserver: HTTPServer
) -> None:
    url = answers(httpserver, told(503), told(429, Retry_After="7"), OK)
    reads = {"Idempotency-Key": ""}
    assert bench.session.post(url, json={"jql": "x"}, headers=reads).status_code == 200
    assert bench.seconds() == [1, 7]
    assert ["Idempotency-Key" in request.headers for request, _ in httpserver.log] == [False] * 3
    assert [request.get_json() for request, _ in httpserver.log] == [{"jql": "x"}] * 3


def test_a_key_of_its_own_is_sent_and_makes_no_read_of_a_write(bench: Bench, httpserver: HTTPServer) -> None:
    with pytest.raises(Unavailable):
        bench.session.post(answers(httpserver, told(503)), headers={"Idempotency-Key": "k1"})
    [(request, _)] = httpserver.log
    assert request.headers["Idempotency-Key"] == "k1"


def test_a_write_that_is_refused_for_its_pace_says_when_to_come_back(bench: Bench, httpserver: HTTPServer) -> None:
    with pytest.raises(RateLimited) as caught:
        bench.session.post(answers(httpserver, told(429, Retry_After="7")))
    assert caught.value.until == NOW + timedelta(seconds=7)
    assert len(httpserver.log) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 422, 501])
def test_what_will_not_pass_is_not_repeated(bench: Bench, httpserver: HTTPServer, status: int) -> None:
    with pytest.raises(XmoError):
        bench.session.get(answers(httpserver, told(status)))
    assert len(httpserver.log) == 1


# Waits


def test_every_wait_is_announced_before_it_with_its_reason(bench: Bench, httpserver: HTTPServer) -> None:
    begun: list[float] = []
    heard: list[tuple[str, int]] = []

    def on_wait(wait: Wait) -> None:
        begun.append(bench.clock.passed)
        heard.append((wait.reason, int(wait.seconds)))
        bench.waits.append(wait)

    bench.session._on_wait = on_wait
    bench.session.get(answers(httpserver, told(429, Retry_After="10"), told(502), OK))
    assert begun[0] == 0
    assert 10 <= begun[1] < 11
    assert heard == [("rate limited", 10), ("unavailable", 2)]
    assert sum(wait.seconds for wait in bench.waits) == pytest.approx(bench.clock.passed)


def test_a_wait_says_who_how_long_until_when_and_why(bench: Bench, httpserver: HTTPServer) -> None:
    bench.session.get(answers(httpserver, told(429, Retry_After="10"), OK))
    [wait] = bench.waits
    assert (wait.source, wait.reason) == ("corp", "rate limited")
    assert wait.until == NOW + timedelta(seconds=wait.seconds)
    assert "429" in bench.log.lines[0]


def test_the_pace_is_kept_and_every_wait_is_told(httpserver: HTTPServer) -> None:
    url = answers(httpserver, OK)
    quick, slow = Bench(per_minute=600), Bench(per_minute=10)
    for bench in (quick, slow):
        with bench.session:
            for _ in range(12):
                bench.session.get(url)
    assert sum(wait.seconds for wait in quick.waits) == pytest.approx(quick.clock.passed)
    assert quick.clock.passed == pytest.approx(2 * 60 / 590)
    assert [wait.reason for wait in slow.waits] == ["paced"] * 11
    assert slow.clock.passed == pytest.approx(11 * 60 / 9)


def test_the_vendors_clock_is_compared_with_ours(bench: Bench) -> None:
    assert bench.session.skew is None
    with Wire(raw(b"{}", "Date: Sun, 29 Mar 2026 01:30:07 GMT")) as url:
        bench.session.get(url)
    assert bench.session.skew == 7


# Errors


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, XmoError),
        (401, AuthError),
        (403, Forbidden),
        (404, NotFound),
        (405, XmoError),
        (406, XmoError),
        (407, AuthError),
        (409, Conflict),
        (410, NotFound),
        (412, Conflict),
        (415, XmoError),
        (422, XmoError),
        (429, RateLimited),
        (500, Unavailable),
        (501, Unavailable),
        (503, Unavailable),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_every_status_has_its_error_with_host_path_and_the_vendors_words(
    bench: Bench, httpserver: HTTPServer, status: int, error: type[XmoError], method: str
) -> None:
    said = {
        "error": {"message": "Operation Failed", "detail": f"ACL\x1b[31m says\nno to {SECRET}"},
        "status": "failure",
    }
    Secret(SECRET)
    url = answers(httpserver, told(status, said))
    with pytest.raises(XmoError) as caught:
        bench.session.request(
            method, url, params={"query": "caller=Ann"}, headers={"Authorization": f"Bearer {SECRET}"}
        )
    text = str(caught.value)
    assert type(caught.value) is error
    assert f"localhost:{httpserver.port}" in text
    assert str(status) in text
    assert "Operation Failed ACL [31m says no to ***" in text
    assert "Ann" not in text + caught.value.hint


def test_the_vendors_answer_stays_at_hand_for_the_plugin(bench: Bench, httpserver: HTTPServer) -> None:
    with pytest.raises(XmoError) as caught:
        bench.session.put(answers(httpserver, told(422, {"details": {"status": "closed"}})))
    cause = caught.value.__cause__
    assert isinstance(cause, requests.HTTPError)
    assert cause.response.json() == {"details": {"status": "closed"}}
    assert str(cause) == "HTTP 422"


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        ({"errorMessages": ["Bad JQL."], "errors": {"x": "y"}}, "application/json", "Bad JQL."),
        ({"error": "RecordInvalid", "description": "Not found"}, "application/json", "RecordInvalid Not found"),
        ({"error": {"message": "No", "detail": None}}, "application/json", "No"),
        ({"result": [{"name": "Ann"}]}, "application/json", ""),
        ("<html>Ann</html>", "text/html; charset=utf-8", ""),
        ("Pagination limit reached", "text/plain", "Pagination limit reached"),
        ("{broken", "application/json", ""),
        ("x" * 900, "text/plain", "x" * 199 + "…"),
    ],
)
def test_the_vendors_words_are_found_in_any_of_their_envelopes(
    bench: Bench, httpserver: HTTPServer, body: Any, kind: str, words: str
) -> None:
    with pytest.raises(XmoError) as caught:
        bench.session.get(answers(httpserver, told(400, body, content_type=kind)))
    assert str(caught.value).partition("(400).")[2].strip() == words


def _closed_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


NETWORK: dict[str, tuple[bytes | None, str]] = {
    "dropped": (DROP, "the connection broke off"),
    "cut": (raw(b"{", length=900), "the connection broke off"),
    "garbage": (b"SSH-2.0-OpenSSH\r\n", "the connection broke off"),
    "garbled": (raw(b"not gzip", "Content-Encoding: gzip"), "could not be unpacked"),
    "silent": (None, "no answer within 0.2 s"),
}


@pytest.mark.parametrize("fault", NETWORK)
def test_a_network_fault_is_said_in_plain_words_and_without_the_query(fault: str) -> None:
    answer, words = NETWORK[fault]
    bench = Bench(timeout=timedelta(milliseconds=200), max_wait=timedelta(0))
    with bench.session, Wire(answer) as url, pytest.raises(Unavailable) as caught:
        bench.session.get(f"{url}/api/now", params={"token": "nobody-announced"}, auth=("xmo", SECRET))
    assert words in str(caught.value)
    assert "/api/now" in str(caught.value)
    assert "nobody-announced" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_refused_connection_and_a_wrong_protocol_are_told_apart(httpserver: HTTPServer) -> None:
    bench = Bench(max_wait=timedelta(0))
    with bench.session:
        with pytest.raises(Unavailable, match="the connection was refused"):
            bench.session.get(f"http://{_closed_port()}/")
        with pytest.raises(Unavailable, match="the TLS handshake failed"):
            bench.session.get(httpserver.url_for("/").replace("http:", "https:"))


def test_a_name_that_nobody_knows_is_said_to_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    bench = Bench(max_wait=timedelta(0))
    with bench.session, pytest.raises(Unavailable, match=r"acme\.invalid .*DNS") as caught:
        bench.session.get("https://xmo:pa55word@acme.invalid/")
    assert "pa55word" not in str(caught.value)


def test_a_proxy_that_is_not_there_is_named_as_the_fault() -> None:
    bench = Bench(proxy=f"http://{_closed_port()}", max_wait=timedelta(0))
    with bench.session, pytest.raises(Unavailable, match=r"acme\.invalid .*the proxy could not be used"):
        bench.session.get("http://acme.invalid/")


def test_a_certificate_file_that_has_gone_is_a_mistake_of_the_config(tmp_path: Path) -> None:
    bench = Bench(ca_bundle=tmp_path / "ca.pem")
    with bench.session, pytest.raises(ConfigError, match="certificate files cannot be used"):
        bench.session.get(f"https://{_closed_port()}/")


def test_an_older_trouble_is_not_taken_for_the_new_one() -> None:
    bench = Bench(max_wait=timedelta(0))
    with bench.session, Wire(DROP) as url:
        try:
            bench.session.get(f"http://{_closed_port()}/")
        except Unavailable:
            with pytest.raises(Unavailable, match="the connection broke off"):
                bench.session.get(url)


@pytest.mark.parametrize("url", ["acme.example", "nope://acme.example", "http://", "http://[::1", "http://a..b/"])
def test_an_address_that_is_none_is_a_mistake_of_the_config(bench: Bench, url: str) -> None:
    with pytest.raises(ConfigError, match="not an address"):
        bench.session.get(url)


@pytest.mark.parametrize("secret", ["line\nbreak-in-token", "spät-und-€"])
def test_a_secret_that_http_cannot_carry_is_not_shown(bench: Bench, httpserver: HTTPServer, secret: str) -> None:
    for how in ({"headers": {"Authorization": secret}}, {"auth": ("xmo", secret + "€")}):
        with pytest.raises(ConfigError) as caught:
            bench.session.get(httpserver.url_for("/"), **how)
        assert "break-in-token" not in f"{caught.value!r}{caught.value.__cause__!r}"
        assert "spät" not in f"{caught.value!r}{caught.value.__cause__!r}"


FAULTS = ["401", "404", "422", "429", "500", "cut", "dropped", "garbled", "not json", "silent"]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_fault_shows_a_secret_or_lets_another_librarys_error_out(fault: str, method: str) -> None:
    bench = Bench(timeout=timedelta(milliseconds=200), max_wait=timedelta(seconds=2))
    echo = json.dumps({"message": f"you sent Basic {b64encode(b'xmo:' + SECRET.encode()).decode()} and {SECRET}"})
    if fault.isdigit():
        head = f"HTTP/1.1 {fault} No\r\nContent-Type: application/json\r\nContent-Length: {len(echo)}\r\n\r\n"
        answer: bytes | None = head.encode() + echo.encode()
    else:
        answer = NETWORK[fault][0] if fault in NETWORK else raw(echo.encode()[:-9])
    Secret(SECRET)
    with bench.session, Wire(answer, answer) as url, pytest.raises(XmoError) as caught:
        bench.session.request(method, f"{url}/api?key={SECRET}", auth=("xmo", SECRET)).json()
    error = caught.value
    assert type(error).__module__ in {xmo_hooks.errors.__name__, "xmo_core.http"}
    shown = f"{error!r} {error.hint} {error.__cause__!r} {bench.log.lines} {bench.waits}"
    assert SECRET not in shown
    assert "eG1vOm" not in shown


# Redirects, proxies, log-ins


def test_a_redirect_to_another_host_is_a_log_in_page_and_is_not_asked(bench: Bench, httpserver: HTTPServer) -> None:
    url = answers(httpserver, told(302, Location=f"http://127.0.0.1:{httpserver.port}/sso"))
    httpserver.expect_request("/sso").respond_with_data("<html>log in</html>")
    with pytest.raises(AuthError, match=r"localhost sent the request on to 127\.0\.0\.1") as caught:
        bench.session.get(url)
    assert "single" in caught.value.hint or "account" in caught.value.hint
    assert [request.path for request, _ in httpserver.log] == ["/api"]


@pytest.mark.parametrize("location", ["http://acme.example/x", "https://other.example/x", "http://[bad/"])
def test_a_redirect_out_of_tls_or_to_nowhere_is_not_followed(bench: Bench, location: str) -> None:
    moved = requests.Response()
    moved.status_code, moved.url = 302, "https://acme.example/api"
    moved.headers["Location"] = location
    moved._content_consumed = True  # type: ignore[attr-defined]  # there is no connection to give back
    with pytest.raises((AuthError, LocationParseError)):
        bench.session.get_redirect_target(moved)
    answer = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
    with Wire(answer) as url, pytest.raises(XmoError):
        bench.session.get(url)


def test_a_redirect_on_the_same_host_is_followed(bench: Bench, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/there").respond_with_json({"there": True})
    assert bench.session.get(answers(httpserver, told(302, Location="/there"))).json() == {"there": True}


def test_a_redirect_in_a_circle_ends(bench: Bench, httpserver: HTTPServer) -> None:
    with pytest.raises(Unavailable, match="redirects in a circle"):
        bench.session.get(answers(httpserver, told(302, Location="/api")))


def test_a_netrc_of_the_user_does_not_replace_the_log_in(
    bench: Bench, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("machine localhost login other password wrong")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    bench.session.get(answers(httpserver, OK), headers={"Authorization": "Bearer right"})
    assert httpserver.log[0][0].headers["Authorization"] == "Bearer right"


def test_a_proxy_is_asked_for_other_hosts_and_never_for_this_machine(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/api").respond_with_json({"via": "proxy"})
    bench = Bench(proxy=httpserver.url_for("").rstrip("/"))
    with bench.session, Wire(raw(b'{"via": "none"}')) as direct:
        assert bench.session.get("http://acme.invalid/api").json() == {"via": "proxy"}
        assert bench.session.get(direct).json() == {"via": "none"}


def test_the_proxy_of_the_environment_is_used_where_the_config_has_none(
    bench: Bench, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    httpserver.expect_request("/api").respond_with_json({"via": "proxy"})
    monkeypatch.setenv("http_proxy", httpserver.url_for(""))
    assert bench.session.get("http://acme.invalid/api").json() == {"via": "proxy"}


# Bodies


# half signs are mended and NUL is left out: no database keeps them
_KEPT = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(_KEPT),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(_KEPT, max_size=5), inner),
        max_leaves=8,
    )
)
def test_any_json_is_read_as_it_was_written(value: Any) -> None:
    from xmo_core.http import Response as Answer

    answer = Answer()
    answer._content = json.dumps(value).encode()
    assert answer.json() == value


@pytest.mark.parametrize(
    ("body", "text"), [(rb'"a\u0000b"', "ab"), (rb'"a\\u0000"', r"a\u0000"), (rb'"\\\u0000\u0000"', "\\")]
)
def test_nul_is_left_out_of_texts_and_an_escaped_backslash_stays(body: bytes, text: str) -> None:
    from xmo_core.http import Response as Answer

    answer = Answer()
    answer._content = body
    assert answer.json() == text


def test_json_is_parsed_once_and_kept(bench: Bench, httpserver: HTTPServer) -> None:
    answer = bench.session.get(answers(httpserver, told(200, {"result": [1]})))
    assert isinstance(answer, requests.Response)
    assert answer.json() is answer.json()
    assert answer.json(parse_int=str) == {"result": ["1"]}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"result": [}', "application/json"),
        (b"", "application/json"),
        (b'{"n": NaN}', "application/json"),
        (b"<html>asleep</html>", "text/html"),
    ],
)
def test_a_body_that_is_not_json_is_our_error_and_everybody_elses(bench: Bench, body: bytes, kind: str) -> None:
    with Wire(raw(body, f"Content-Type: {kind}")) as url:
        answer = bench.session.get(url)
    with pytest.raises(NotJson) as caught:
        answer.json()
    error = caught.value
    assert isinstance(error, Unavailable)
    assert isinstance(error, requests.exceptions.JSONDecodeError)
    assert isinstance(error, ValueError)
    assert kind in str(error)
    assert error.reached  # a write that was answered so may have been taken
    assert ("log-in page" in error.hint) == ("html" in kind)


def test_what_a_plugins_own_check_of_an_answer_raises_is_not_taken_for_a_network_fault(bench: Bench) -> None:
    def check(answer: requests.Response, **_: Any) -> None:
        answer.json()

    bench.session.hooks["response"].append(check)
    with Wire(raw(b'{"result": [}')) as url, pytest.raises(NotJson):
        bench.session.get(url)
    assert bench.waits == []


def test_half_a_sign_at_the_end_of_a_cut_text_does_not_lose_the_page(bench: Bench) -> None:
    with Wire(raw(b'{"result": [{"title": "caf\\u00e9 \\ud83d", "n": 1}]}')) as url:
        assert bench.session.get(url).json() == {"result": [{"title": "café ?", "n": 1}]}


def test_a_compressed_body_is_unpacked(bench: Bench) -> None:
    with Wire(raw(zlib.compress(b'{"a": 1}'), "Content-Encoding: deflate")) as url:
        assert bench.session.get(url).json() == {"a": 1}


# pysnow


def _pysnow(bench: Bench, server: HTTPServer) -> Any:
    client = pysnow.Client(host=f"localhost:{server.port}", use_ssl=False, session=bench.session)
    return client.resource(api_path="/table/incident")


def test_pysnow_works_on_it_unchanged(bench: Bench, httpserver: HTTPServer) -> None:
    def table(request: Request) -> Response:
        rows: list[dict[str, str]] = [{"number": "INC1"}, {"number": "INC2"}]
        return told(201 if request.method == "POST" else 200, {"result": rows}, X_Total_Count="2")

    httpserver.expect_request("/api/now/table/incident").respond_with_handler(table)
    bench.session.auth = ("xmo", "password")
    found = _pysnow(bench, httpserver).get(query="active=true", limit=2)
    assert [row["number"] for row in found.all()] == ["INC1", "INC2"]
    assert found.headers["X-Total-Count"] == "2"
    assert [row["number"] for row in _pysnow(bench, httpserver).get(query="", stream=True).all()] == ["INC1", "INC2"]
    assert _pysnow(bench, httpserver).create({"short_description": "x"}).all()


def test_pysnow_meets_our_errors_and_repeats(bench: Bench, httpserver: HTTPServer) -> None:
    httpserver.expect_ordered_request("/api/now/table/incident").respond_with_data(status=503)
    httpserver.expect_ordered_request("/api/now/table/incident").respond_with_data("<html>", content_type="text/html")
    httpserver.expect_ordered_request("/api/now/table/incident").respond_with_json({}, status=401)
    with pytest.raises(NotJson):
        _pysnow(bench, httpserver).get(query="").all()
    assert bench.seconds() == [1]
    with pytest.raises(AuthError, match="refused the log-in"):
        _pysnow(bench, httpserver).get(query="")


def test_the_time_outs_are_the_configs_whatever_a_library_asks_for() -> None:
    bench = Bench(timeout=timedelta(milliseconds=200), max_wait=timedelta(0))
    with bench.session, Wire(None) as url, pytest.raises(Unavailable, match=r"no answer within 0\.2 s"):
        bench.session.get(url, timeout=60)


def test_a_path_of_its_own_limit_waits_by_itself_and_the_others_go_on(httpserver: HTTPServer) -> None:
    bench = Bench(limits={"/slow": 10})
    for path in ("/slow", "/fast"):
        httpserver.expect_request(path).respond_with_json({})
    for _ in range(30):
        bench.session.get(httpserver.url_for("/fast"))
    assert bench.clock.passed == 0
    for _ in range(11):
        bench.session.get(httpserver.url_for("/slow"))
    assert 60 <= bench.clock.passed <= 67
    assert {wait.reason for wait in bench.waits} == {"paced"}
