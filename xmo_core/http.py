"""The way to a vendor: one session for each source, which waits, repeats and speaks in the errors of the contract."""

import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from threading import Lock
from typing import Any, cast

import orjson
import requests
from requests.adapters import HTTPAdapter
from requests.models import CONTENT_CHUNK_SIZE
from requests.utils import get_environ_proxies
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_exponential
from urllib3.exceptions import HTTPError
from urllib3.util import parse_url

from xmo_core.http_errors import Trouble, http_date, network_error, not_json, vendor_error
from xmo_core.options import HttpOptions, is_loopback
from xmo_hooks import AuthError, Log, Unavailable, XmoError

READS = frozenset({"GET", "HEAD", "OPTIONS"})
# Sent empty it says, as to Go's net/http, that a request may be repeated, and is not sent on.
REPEATABLE = "Idempotency-Key"
TRIES = 6
CONNECT_TIMEOUT = 10.0
_POOL = 4
_exponential = wait_exponential(multiplier=1, max=60)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait:
    """A sleep that is about to begin: how long, until when, and why (`paced`, `rate limited`, `unavailable` or
    `network`)."""

    source: str
    seconds: float
    until: datetime
    reason: str


class NotJson(Unavailable, requests.exceptions.JSONDecodeError):
    """A vendor's answer is not the JSON it should be; libraries that expect requests' own error catch it too."""

    def __init__(self, message: str, hint: str = "") -> None:
        requests.exceptions.JSONDecodeError.__init__(self, message, "", 0)
        self.args, self.hint, self.reached = (message,), hint, True


class Response(requests.Response):
    """An answer whose JSON is parsed once, by orjson."""

    _parsed: Any = None

    def iter_content(self, chunk_size: int | None = 1, decode_unicode: bool = False) -> Iterator[Any]:
        """Read the body at once for `content`: megabytes in pieces of 10 kB cost half as much as parsing them."""
        return super().iter_content(None if chunk_size == CONTENT_CHUNK_SIZE else chunk_size, decode_unicode)

    def json(self, **kwargs: Any) -> Any:
        """Return the body as parsed JSON, the same object on every call, or raise `NotJson`."""
        if kwargs:
            return super().json(**kwargs)
        if self._parsed is None:
            body = self.content
            try:
                self._parsed = orjson.loads(_NUL.sub(rb"\1", body) if b"\\" in body and rb"\u0000" in body else body)
            except orjson.JSONDecodeError:
                self._parsed = self._mended()
        return self._parsed

    def _mended(self) -> Any:
        try:  # half of a surrogate pair, where a vendor cut a text in the middle of a sign, must not lose the page
            whole = json.dumps(super().json(), ensure_ascii=False, allow_nan=False)
            return orjson.loads(whole.encode("utf-8", "replace"))
        except ValueError:
            raise NotJson(*not_json(self)) from None


# NUL inside a text, which PostgreSQL refuses to keep; the signs before it are escaped backslashes
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


class _Adapter(HTTPAdapter):
    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        plain = super().build_response(req, resp)
        response = Response()
        response.__dict__.update(plain.__dict__)
        return response


class Limiter:
    """Grants at most `per_minute` requests in any minute, a few of them at once, from any number of threads.

    A vendor counts in minutes of its own choosing, so the burst is taken out of the steady rate: whichever minute is
    looked at, burst and steady requests together stay within the limit.
    """

    def __init__(self, per_minute: int, monotonic: Callable[[], float]) -> None:
        burst = max(1, min(10, per_minute // 20))
        self._interval = 60.0 / max(1, per_minute - burst)
        self._slack = self._interval * (burst - 1)
        self._monotonic = monotonic
        self._due = float("-inf")  # when the next request would be due at the steady rate
        self._lock = Lock()

    def reserve(self) -> float:
        """Take the next place in line and return the seconds until its turn, 0 when it has come."""
        with self._lock:
            now = self._monotonic()
            due = max(self._due, now)
            self._due = due + self._interval
            return max(0.0, due - self._slack - now)


class Session(requests.Session):
    """A `requests.Session` that raises the contract's errors, repeats reads, never writes, and keeps the vendor's pace.

    `skew` holds the seconds by which the vendor's clock is ahead of ours, None before the first answer.
    """

    def __init__(
        self,
        *,
        name: str,
        section: str = "",
        options: HttpOptions,
        requests_per_minute: int | None,
        limits: Mapping[str, int] | None = None,
        now: Callable[[], datetime],
        log: Log,
        on_wait: Callable[[Wait], None],
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        random: Random,
    ) -> None:
        super().__init__()
        self.trust_env = False  # ~/.netrc must not replace the log-in of the config; proxies: see below
        self.verify = str(options.ca_bundle or os.environ.get("REQUESTS_CA_BUNDLE") or "") or True
        self.cert = str(options.client_certificate or "") or None
        self.proxies = {"http": options.proxy, "https": options.proxy} if options.proxy else {}
        for scheme in ("http://", "https://"):
            self.mount(scheme, _Adapter(pool_connections=_POOL, pool_maxsize=_POOL))
        self.skew: float | None = None
        self._name, self.section, self._log, self._on_wait = name, section or f"sources.{name}", log, on_wait
        granted = {**({"": requests_per_minute} if requests_per_minute else {}), **(limits or {})}
        self._limiters = {path: Limiter(per_minute, monotonic) for path, per_minute in granted.items()}
        self._timeout = (CONNECT_TIMEOUT, options.timeout.total_seconds())
        self._max_wait = options.max_wait.total_seconds()
        self._now, self._sleep, self._monotonic, self._random = now, sleep, monotonic, random

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """Build the request; an address or a header that cannot be sent is a `ConfigError` without its value."""
        try:
            return super().prepare_request(request)
        except (OSError, HTTPError, UnicodeError) as error:
            raise network_error(error, str(request.method), str(request.url), self._timeout) from None

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """Take proxies from the config, else from the environment; never for this machine's own sandboxes."""
        settings = super().merge_environment_settings(url, proxies, stream, verify, cert)
        if is_loopback(url):
            settings["proxies"] = {}
        elif not self.proxies:
            settings["proxies"] = get_environ_proxies(url)
        return settings

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Follow a redirect on the same host only, and never out of TLS: elsewhere is a log-in page, or a move."""
        target = super().get_redirect_target(resp)
        here, there = parse_url(resp.url), parse_url(target or "")
        if there.host is not None and (there.host != here.host or (here.scheme, there.scheme) == ("https", "http")):
            resp.close()
            what = f"{here.host} sent the request on to {there.host}: this looks like a log-in page for people."
            account = f"Use an account of [{self.section}] that may log in to the API"
            raise AuthError(what, hint=f"{account}; if the system has moved, set its new address as url.")
        return target

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a request, with all its waits and repeats, and return an answer below 400. Raises errors of the
        contract; where the vendor answered, `__cause__.response` holds what it said."""
        kwargs["timeout"] = self._timeout  # pysnow brings 60 s of its own, just too short for ServiceNow's quota
        marked = request.headers.get(REPEATABLE) == ""
        if marked:
            del request.headers[REPEATABLE]
        try:
            if not marked and request.method not in READS:
                return self._once(request, kwargs)
            return self._retrying()(self._once, request, kwargs)
        except Trouble as trouble:
            raise trouble.error from trouble.error.__cause__

    def _retrying(self) -> Retrying:
        started = self._monotonic()

        def enough(state: RetryCallState) -> bool:
            spent = self._monotonic() - started + state.upcoming_sleep
            return state.attempt_number >= TRIES or spent > self._max_wait

        return Retrying(
            retry=retry_if_exception_type(Trouble),
            wait=self._delay,
            stop=enough,
            before_sleep=self._announce_repeat,
            sleep=self._sleep,
            reraise=True,
        )

    def _once(self, request: requests.PreparedRequest, kwargs: dict[str, Any]) -> requests.Response:
        limiters = [limiter for path, limiter in self._limiters.items() if request.path_url.startswith(path)]
        if seconds := max((limiter.reserve() for limiter in limiters), default=0.0):
            self._announce(seconds, "paced")
            self._sleep(seconds)
        try:
            response = super().send(request, **kwargs)
            if (theirs := http_date(response.headers.get("Date"))) is not None:
                self.skew = (theirs - self._now()).total_seconds()
            if response.ok:
                return response
            refusal = vendor_error(response, self.section, self._now())  # reads the body, which may break off
        except XmoError:
            raise
        except (OSError, HTTPError, UnicodeError) as error:
            refusal = network_error(error, str(request.method), str(request.url), self._timeout)
        raise refusal from refusal.__cause__

    def _delay(self, state: RetryCallState) -> float:
        # The jitter keeps the sources of a run, and many sites after one outage, from coming back in step.
        return (_trouble(state).after or _exponential(state)) + self._random.uniform(0, 1)

    def _announce_repeat(self, state: RetryCallState) -> None:
        trouble = _trouble(state)
        facts = {"source": self._name, "attempt": state.attempt_number, "seconds": round(state.upcoming_sleep, 1)}
        self._log.info("request is repeated", why=str(trouble.error), **facts)
        self._announce(state.upcoming_sleep, trouble.reason)

    def _announce(self, seconds: float, reason: str) -> None:
        until = self._now() + timedelta(seconds=seconds)
        self._on_wait(Wait(source=self._name, seconds=seconds, until=until, reason=reason))


def _trouble(state: RetryCallState) -> Trouble:
    return cast("Trouble", state.outcome and state.outcome.exception())  # nothing else is retried
