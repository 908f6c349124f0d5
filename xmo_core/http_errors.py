"""What can go wrong between us and a vendor, sorted by what is done next and said in plain words.

Messages name host, method and path: never a query, a header or a body, for these hold secrets and personal data.
"""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import orjson
import requests
from requests import exceptions
from urllib3.exceptions import HTTPError, LocationParseError, NameResolutionError, ReadTimeoutError

from xmo_core.secrets import redact
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

TRANSIENT = frozenset({429, 500, 502, 503, 504, 520, 522, 524})
LONGEST_DELAY = 86_400.0  # a vendor that asks for 300 million years means "blocked": come back tomorrow
DEFAULT_DELAY = 60.0
_WORDS = ("error", "errors", "errorMessage", "errorMessages", "title", "message", "detail", "description")
_UNSENDABLE = (exceptions.InvalidHeader, exceptions.InvalidJSONError, UnicodeError)
_NO_ADDRESS = (exceptions.InvalidURL, exceptions.MissingSchema, exceptions.InvalidSchema, LocationParseError)


class Trouble(Exception):
    """A failure that may pass: a read is repeated after it. `error` is what to raise when no repeat helps, `reason`
    the word for the wait, `after` the seconds for which the vendor asked, `cause` holds the vendor's answer."""

    def __init__(
        self, error: XmoError, reason: str, after: float | None = None, cause: BaseException | None = None
    ) -> None:
        super().__init__(str(error))
        self.error, self.reason, self.after, self.cause = error, reason, after, cause


def vendor_error(response: requests.Response, source: str, now: datetime) -> Trouble | XmoError:
    """Turn an answer of 400 or above into its error. `__cause__` of the error holds the answer."""
    status, host = response.status_code, _host(response.url)
    what = f"{response.request.method} {urlsplit(response.url).path}"
    said = redact(f" {_said(response)}".rstrip())
    cause = exceptions.HTTPError(f"HTTP {status}", response=response)
    after = retry_after(response, now)
    if status == 429 or (status == 503 and after is not None):
        until = now + timedelta(seconds=after or DEFAULT_DELAY)
        limited = RateLimited(f"{host} asks to wait until {until:%Y-%m-%d %H:%M} UTC ({status}).{said}", until=until)
        return Trouble(limited, "rate limited", after, cause)
    if status >= 500:
        gone = Unavailable(f"{host} failed to answer {what} ({status}).{said}")
        return Trouble(gone, "unavailable", None, cause) if status in TRANSIENT else _caused(gone, cause)
    return _caused(_refusal(status, f"{host}", f"{what} ({status}).{said}", source), cause)


def network_error(error: Exception, method: str, url: str, timeout: tuple[float, float]) -> Trouble | XmoError:
    """Turn an error from below HTTP (name, connection, TLS, time-out, broken body) into ours, without its text: that
    may quote the whole URL."""
    where = f"{_host(url)} ({method} {_path(url)})"
    if isinstance(error, _NO_ADDRESS):
        return ConfigError(f"{where} is not an address that can be asked.", hint="Check the url of the source.")
    if isinstance(error, _UNSENDABLE):
        hint = "Look for line breaks and unusual signs in user name, password and token."
        return ConfigError(f"A header or body for {where} holds what HTTP cannot carry.", hint=hint)
    if isinstance(error, exceptions.TooManyRedirects):
        return Unavailable(f"{where} redirects in a circle.", hint="Check the url of the source.")
    if (refused := _within(error, ssl.SSLCertVerificationError)) is not None:
        why = getattr(refused, "verify_message", "")
        hint = "A proxy that opens TLS, or a private authority: name its certificate as ca_bundle in [http]."
        return Unavailable(f"{where}: its certificate is not trusted: {why}.", hint=hint)
    if not isinstance(error, exceptions.RequestException | HTTPError):
        return ConfigError(
            f"{where}: certificate files cannot be used.", hint="Check ca_bundle and client_certificate."
        )
    return Trouble(Unavailable(f"{where} cannot be reached: {_plainly(error, timeout)}."), "network")


def not_json(response: requests.Response) -> tuple[str, str]:
    """Say what came where JSON was expected, and what that usually means."""
    kind = response.headers.get("Content-Type", "no content type").partition(";")[0]
    message = f"{_host(response.url)} answered {_path(response.url)} with {kind}, {len(response.content)} bytes, "
    if "html" in kind:
        hint = "A log-in page or a sleeping instance answers so: open the address in a browser."
        return redact(message + "where JSON was expected."), hint
    return redact(message + "which is not valid JSON."), "The answer may have been cut off: ask for less at a time."


def retry_after(response: requests.Response, now: datetime) -> float | None:
    """Return the seconds after which the vendor wants to be asked again, at most a day, or None where it does not
    say. A date is measured from the answer's own date, so that a wrong clock does no harm (RFC 9110, 10.2.3)."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), LONGEST_DELAY)
    at = http_date(value)
    if at is None:
        return None
    sent = http_date(response.headers.get("Date")) or now
    return min(max(0.0, (at - sent).total_seconds()), LONGEST_DELAY)


def http_date(value: str | None) -> datetime | None:
    """Parse an HTTP date to UTC, or return None for anything else."""
    try:
        at = parsedate_to_datetime(value or "")
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _refusal(status: int, host: str, what: str, source: str) -> XmoError:
    account = f"the account of [sources.{source}]"
    match status:
        case 401:
            hint = f"Check user name, password or token of [sources.{source}]: wrong log-ins may lock the account."
            return AuthError(f"{host} refused the log-in: {what}", hint=hint)
        case 407:
            return AuthError(f"The proxy before {host} asks for a log-in: {what}", hint="Check proxy in [http].")
        case 403:
            return Forbidden(f"{host} does not allow {what}", hint=f"Give {account} the right to do this.")
        case 404 | 410:
            hint = f"It may be deleted, or hidden from {account}."
            return NotFound(f"{host} has nothing at {what}", hint=hint)
        case 409:
            return Conflict(f"{host} refused, because the record has changed meanwhile: {what}")
    return XmoError(f"{host} did not understand {what}")


def _caused(error: XmoError, cause: Exception) -> XmoError:
    error.__cause__ = cause
    return error


def _plainly(error: Exception, timeout: tuple[float, float]) -> str:
    words = (  # the first that is found in the error or in what it wraps
        (exceptions.ProxyError, "the proxy could not be used"),
        (exceptions.ConnectTimeout, f"no connection within {timeout[0]:g} s"),
        (exceptions.ReadTimeout, f"no answer within {timeout[1]:g} s"),
        (ReadTimeoutError, f"no answer within {timeout[1]:g} s"),
        (NameResolutionError, "its name is not known (DNS)"),
        (ConnectionRefusedError, "the connection was refused"),
        (exceptions.SSLError, "the TLS handshake failed"),
        (exceptions.ContentDecodingError, "its answer could not be unpacked"),
    )
    return next((plain for kind, plain in words if _within(error, kind)), "the connection broke off")


def _within(error: BaseException, kind: type[BaseException]) -> BaseException | None:
    """Find an error of this kind among those that `error` wraps; requests and urllib3 each have their own way."""
    if isinstance(error, kind):
        return error
    inner = [error.__cause__, error.__context__, getattr(error, "reason", None), *error.args]
    found = (_within(e, kind) for e in inner if isinstance(e, BaseException))
    return next((e for e in found if e is not None), None)


def _said(response: requests.Response) -> str:
    """Return the vendor's own words in one line of at most 200 characters; web pages say nothing."""
    kind = response.headers.get("Content-Type", "")
    if "html" in kind or not response.content:
        return ""
    try:
        words = " ".join(dict.fromkeys(_texts(orjson.loads(response.content))))
    except orjson.JSONDecodeError:
        words = response.text if "text/plain" in kind else ""
    line = redact(" ".join("".join(c if c.isprintable() else " " for c in words).split()))
    return line if len(line) <= 200 else f"{line[:199]}…"


def _texts(value: object, known: tuple[str, ...] = _WORDS) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, dict):
        for word in known:
            yield from _texts(value.get(word))


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
        return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
    except ValueError:
        return "the address"


def _path(url: str) -> str:
    try:
        return redact(urlsplit(url).path)
    except ValueError:
        return ""
