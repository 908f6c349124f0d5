"""What can go wrong between us and a vendor, sorted by what is done next and said in plain words.

Messages name host, method and path: never a query, a header or a body, for these hold secrets and personal data.
"""

import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import orjson
import requests
from requests import exceptions
from urllib3.exceptions import LocationParseError, NameResolutionError, NewConnectionError, ReadTimeoutError

from xmo_core.secrets import redact
from xmo_hooks import AuthError, ConfigError, Conflict, Forbidden, NotFound, RateLimited, Unavailable, XmoError

TRANSIENT = frozenset({429, 500, 502, 503, 504, 520, 522, 524})
LONGEST_DELAY = 86_400.0  # a vendor that asks for 300 million years means "blocked": come back tomorrow
DEFAULT_DELAY = 60.0
Kinds = type[BaseException] | tuple[type[BaseException], ...]
_WORDS = ("error", "errors", "errorMessage", "errorMessages", "title", "message", "detail", "description")
_UNSENDABLE = (exceptions.InvalidHeader, exceptions.InvalidJSONError, UnicodeError)
_NO_ADDRESS = (exceptions.InvalidURL, exceptions.MissingSchema, exceptions.InvalidSchema, LocationParseError)
# Where no connection was made, nothing was sent: whatever was to be written was not.
_NOT_CONNECTED = (NewConnectionError, exceptions.ConnectTimeout)
_FAILED = (Unavailable, "{host} failed to answer {what}")
_NOT_UNDERSTOOD = (XmoError, "{host} did not understand {what}")
_REFUSALS: Mapping[int, tuple[type[XmoError], str]] = {
    401: (AuthError, "{host} refused the log-in: {what}"),
    403: (Forbidden, "{host} does not allow {what}"),
    404: (NotFound, "{host} has nothing at {what}"),
    407: (AuthError, "The proxy before {host} asks for a log-in: {what}"),
    409: (Conflict, "{host} refused, because the record has changed meanwhile: {what}"),
    410: (NotFound, "{host} has nothing at {what}"),
    412: (Conflict, "{host} refused, because the record has changed meanwhile: {what}"),
}
_HINTS: Mapping[type[XmoError] | int, str] = {
    AuthError: "Check user name, password or token of [{section}]: wrong log-ins may lock the account.",
    407: "Check proxy in [http].",
    Forbidden: "Give the account of [{section}] the right to do this.",
    NotFound: "It may be deleted, or hidden from the account of [{section}].",
}


class Trouble(Exception):
    """A failure that may pass: a read is repeated after it. `error` is what to raise when no repeat helps, `reason`
    the word for the wait, `after` the seconds for which the vendor asked."""

    def __init__(self, error: XmoError, reason: str, after: float | None = None) -> None:
        super().__init__(str(error))
        self.error, self.reason, self.after = error, reason, after


def vendor_error(response: requests.Response, section: str, now: datetime) -> Trouble | XmoError:
    """Turn an answer of 400 or above into its error. `__cause__` of the error holds the answer."""
    status, (host, path) = response.status_code, _place(response.url)
    said = f"({status}). {_said(response)}".rstrip()
    after = retry_after(response, now)
    limited = status == 429 or (status == 503 and after is not None)
    if limited:
        until = now + timedelta(seconds=after or DEFAULT_DELAY)
        error: XmoError = RateLimited(f"{host} asks to wait until {until:%Y-%m-%d %H:%M} UTC {said}", until=until)
    else:
        error = _refusal(status, host, f"{response.request.method} {path} {said}", section)
    error.__cause__ = exceptions.HTTPError(f"HTTP {status}", response=response)
    if status in TRANSIENT:
        return Trouble(error, "rate limited" if limited else "unavailable", after if limited else None)
    return error


def network_error(error: Exception, method: str, url: str, timeout: tuple[float, float]) -> Trouble | XmoError:
    """Turn an error from below HTTP (name, connection, TLS, time-out, broken body) into ours, without its text: that
    may quote the whole URL."""
    host, path = _place(url)
    where = f"{host} ({method} {path})"
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
        return Unavailable(f"{where}: its certificate is not trusted: {why}.", hint=hint, reached=False)
    if type(error) is OSError:  # what requests raises, without a class of its own, for a certificate file
        hint = "Check ca_bundle and client_certificate."
        return ConfigError(f"{where}: certificate files cannot be used.", hint=hint)
    hint = "If it stays so, look at the url of the source and at proxy in [http]: can this machine reach that address?"
    reached = _within(error, _NOT_CONNECTED) is None
    said = f"{where} cannot be reached: {_plainly(error, timeout)}."
    return Trouble(Unavailable(said, hint=hint, reached=reached), "network")


def not_json(response: requests.Response) -> tuple[str, str]:
    """Say what came where JSON was expected, and what that usually means."""
    kind = response.headers.get("Content-Type", "no content type").partition(";")[0]
    host, path = _place(response.url)
    what, hint = "which is not valid JSON", "The answer may have been cut off: ask for less at a time."
    if "html" in kind:
        what, hint = "where JSON was expected", "A log-in page or a sleeping instance answers so: open it in a browser."
    return redact(f"{host} answered {path} with {kind}, {len(response.content)} bytes, {what}."), hint


def retry_after(response: requests.Response, now: datetime) -> float | None:
    """Return the seconds after which the vendor wants to be asked again, at most a day, or None where it does not
    say. A date is measured from the answer's own date, so that a wrong clock does no harm (RFC 9110, 10.2.3)."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), LONGEST_DELAY)
    if (at := http_date(value)) is None:
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


def _refusal(status: int, host: str, what: str, section: str) -> XmoError:
    kind, text = _REFUSALS.get(status, _FAILED if status >= 500 else _NOT_UNDERSTOOD)
    hint = _HINTS.get(status, _HINTS.get(kind, ""))
    return kind(text.format(host=host, what=what), hint=hint.format(section=section))


def _plainly(error: Exception, timeout: tuple[float, float]) -> str:
    words = (  # the first that is found in the error or in what it wraps
        (exceptions.ProxyError, "the proxy could not be used"),
        (exceptions.ConnectTimeout, f"no connection within {timeout[0]:g} s"),
        ((exceptions.ReadTimeout, ReadTimeoutError), f"no answer within {timeout[1]:g} s"),
        (NameResolutionError, "its name is not known (DNS)"),
        (ConnectionRefusedError, "the connection was refused"),
        (exceptions.SSLError, "the TLS handshake failed"),
        (exceptions.ContentDecodingError, "its answer could not be unpacked"),
    )
    return next((plain for kind, plain in words if _within(error, kind)), "the connection broke off")


def _within(error: BaseException, kind: Kinds) -> BaseException | None:
    """Find an error of this kind among those that `error` wraps; requests and urllib3 each have their own way."""
    if isinstance(error, kind):
        return error
    inner = [error.__cause__, getattr(error, "reason", None), *error.args]
    found = (_within(e, kind) for e in inner if isinstance(e, BaseException))
    return next((e for e in found if e is not None), None)


def _said(response: requests.Response) -> str:
    """Return the vendor's own words in one line of at most 200 characters; web pages say nothing."""
    try:
        words = " ".join(dict.fromkeys(_texts(orjson.loads(response.content))))
    except orjson.JSONDecodeError:
        words = response.text if "text/plain" in response.headers.get("Content-Type", "") else ""
    line = redact(" ".join("".join(c if c.isprintable() else " " for c in words).split()))
    return line if len(line) <= 200 else f"{line[:199]}…"


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, dict):
        for word in _WORDS:
            yield from _texts(value.get(word))


def _place(url: str) -> tuple[str, str]:
    """Split a URL to host and path, leaving out all that may hold a secret."""
    try:
        parts = urlsplit(url)
        return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname), redact(parts.path)
    except ValueError:
        return "The url", ""
