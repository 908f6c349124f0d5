"""Calls to one site's REST API, each answer checked to be one, and to be for us and not for nobody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from requests import PreparedRequest, Response
from requests.auth import AuthBase, HTTPBasicAuth

from xmo_hooks import AuthError, Forbidden, Grant, Tools, Unavailable, XmoError
from xmo_jira.options import Options, reveal

_TRIES = 3
_ONLY_READS = {"Idempotency-Key": ""}  # how the contract has a POST that may be repeated
_REFUSED = ("AUTHENTICATED_FAILED", "AUTHENTICATION_DENIED")
_HINT = "Check username, token or password of the source. An API token ends after a year at most: it may have expired."


class Garbled(Unavailable):
    """A 200 that is no JSON: cut short, or a page for people in its place."""


class Client:
    """A connection to one site. All its methods return parsed JSON and raise the errors of the contract."""

    def __init__(self, options: Options, tools: Tools) -> None:
        self._url, self._session, self._log = options.url, tools.session, tools.log
        self._session.auth = _auth(options, tools)
        self._session.headers["Accept"] = "application/json"

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """Read; the session repeats what fails in passing."""
        return self._read("GET", path, params=params)

    def query(self, path: str, body: Mapping[str, Any]) -> Any:
        """Read by a POST, which the session repeats like a GET."""
        return self._read("POST", path, json=body, allow_redirects=False, headers=_ONLY_READS)

    def write(self, path: str, body: Mapping[str, Any]) -> Any:
        """Send a POST once. A redirect would turn it into a GET, whose 200 looks like success: none is followed."""
        return self._ask("POST", path, json=body, allow_redirects=False)

    def _read(self, method: str, path: str, **sent: Any) -> Any:
        """Ask again for an answer that came whole and is broken all the same, which the session does not look at."""
        for _ in range(1, _TRIES):
            try:
                return self._ask(method, path, **sent)
            except Garbled as error:
                self._log.info("request is repeated", path=path, why=str(error))
        return self._ask(method, path, **sent)

    def _ask(self, method: str, path: str, **sent: Any) -> Any:
        try:
            response = self._session.request(method, self._url + path, **sent)
        except (AuthError, Forbidden) as error:
            raise _plainer(error) from error.__cause__
        return _parsed(response)


def status_of(error: XmoError) -> int | None:
    """Return the HTTP status behind an error of the session, or None where the vendor did not answer."""
    status: int | None = getattr(getattr(error.__cause__, "response", None), "status_code", None)
    return status


def said_of(error: XmoError) -> str:
    """Return the body of the answer behind an error of the session, "" where there is none."""
    return str(getattr(getattr(error.__cause__, "response", None), "text", ""))


def mapping(answer: Any, what: str) -> dict[str, Any]:
    """Return the answer if it is a JSON object; raises `Unavailable` for anything else."""
    if not isinstance(answer, dict):
        raise Unavailable(f"Jira's answer about {what} is not an object.")
    return answer


def mappings(answer: Any, what: str) -> list[dict[str, Any]]:
    """Return the answer if it is a list of JSON objects; raises `Unavailable` for anything else."""
    if not isinstance(answer, list) or not all(isinstance(one, dict) for one in answer):
        raise Unavailable(f"Jira's answer about {what} is not a list of objects.")
    return answer


class _Bearer(AuthBase):
    """Log-in by a token."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _auth(options: Options, tools: Tools) -> AuthBase:
    if options.client_id:
        kind = "refresh_token" if options.refresh_token else "client_credentials"
        known = {"client_id": options.client_id, "client_secret": reveal(options.client_secret)}
        first = reveal(options.refresh_token) if options.refresh_token else None
        grant = Grant(
            token_url=options.token_url, fields={"grant_type": kind, **known}, refresh_token=first, as_json=True
        )
        return tools.oauth(grant)
    if options.username:
        # As bytes, for requests would write text as Latin-1.
        return HTTPBasicAuth(options.username.encode(), reveal(options.token or options.password).encode())
    return _Bearer(reveal(options.token))


def _plainer(error: AuthError | Forbidden) -> XmoError:
    """Tell a locked account (403 with a header of its own) from a missing right, and what ends a log-in."""
    response = getattr(error.__cause__, "response", None)
    denied = response.headers.get("X-Authentication-Denied-Reason", "") if response is not None else ""
    if "CAPTCHA" in denied.upper():
        hint = "Log in to Jira as this account in a browser, and solve the CAPTCHA there; then check the password."
        return AuthError("Jira asks for a CAPTCHA, after failed log-ins of the account.", hint=hint)
    refused = isinstance(error, AuthError) and response is not None  # else it says itself what to do
    return AuthError(str(error), hint=_HINT) if refused else error


def _parsed(response: Response) -> Any:
    """Return the JSON of an answer. A status of 200 is no proof: Data Center answers a wrong log-in as nobody, who
    sees public projects only, and a single sign-on page may stand before it."""
    if response.status_code >= 300:
        raise Unavailable(
            f"Jira redirects to another address ({response.status_code}).",
            hint="Set `url` to the address that the site itself uses, with its context path.",
        )
    reason = response.headers.get("X-Seraph-LoginReason", "")
    if response.headers.get("X-AUSERNAME") == "anonymous" or any(word in reason for word in _REFUSED):
        raise AuthError("Jira did not accept the log-in, and answered as it answers nobody.", hint=_HINT)
    try:
        return response.json()
    except Unavailable as error:
        raise Garbled(str(error), hint=error.hint) from None
