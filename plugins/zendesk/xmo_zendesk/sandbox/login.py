"""Who may come in: an API token by basic log-in, and access tokens from `/oauth/tokens`.

A refresh gives a new pair and deletes the old one: whoever loses the answer is locked out until an admin helps.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping
from hashlib import blake2b
from threading import Lock
from typing import Any, NamedTuple

from xmo_zendesk.sandbox.answers import INVALID_TOKEN, NOT_AUTHENTICATED, Failure, Json
from xmo_zendesk.sandbox.directory import EMAIL

API_TOKEN = CLIENT_SECRET = "sandbox"  # noqa: S105 - the documented log-in of a stand-in
CLIENT = "xmo"
REFRESH_TOKEN = "sandbox-refresh"  # noqa: S105 - the same
_BASIC = (f"{EMAIL}/token", API_TOKEN)
_EVERYTHING = "read write"
_SHORTEST, _LONGEST = 300, 172_800
_KEPT = 2_592_000


class Access(NamedTuple):
    """One access token: what it is for, and until when it is good (None: for ever)."""

    scope: str
    until: float | None


class Login:
    """The log-in of the admin `xmo@example.org`. Tokens age by the seconds of `monotonic`."""

    def __init__(self, seed: int, monotonic: Callable[[], float]) -> None:
        self._seed = seed
        self._monotonic = monotonic
        self._lock = Lock()
        self._issued = 0
        self._access: dict[str, Access] = {}
        self._refresh: dict[str, tuple[str, str]] = {REFRESH_TOKEN: ("", _EVERYTHING)}  # its access token, its scope

    def check(self, authorization: str, method: str) -> None:
        """Raise the failure of who may not come in, or not for this."""
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() == "basic" and basic(value) == _BASIC:
            return
        if scheme.lower() != "bearer":
            raise Failure(401, NOT_AUTHENTICATED)
        access = self._access.get(value.strip())
        if access is None or (access.until is not None and self._monotonic() >= access.until):
            raise Failure(401, INVALID_TOKEN)
        needed = "read" if method in {"GET", "HEAD"} else "write"
        if needed not in {word.rpartition(":")[2] for word in access.scope.split()}:
            missing = f"You are missing the following required scopes: {needed}"
            raise Failure(403, {"error": "Forbidden", "description": missing})

    def expire(self) -> None:
        """Let all access tokens end now; refresh tokens stay."""
        with self._lock:
            self._access = {word: access._replace(until=float("-inf")) for word, access in self._access.items()}

    def token(self, sent: Mapping[str, Any]) -> Json:
        """Answer a token request, or raise the failure of one that is refused."""
        if (sent.get("client_id"), sent.get("client_secret")) != (CLIENT, CLIENT_SECRET):
            raise _refused(401, "invalid_client", "Client authentication failed")
        with self._lock:
            match sent.get("grant_type"):
                case "refresh_token":
                    return self._refreshed(sent)
                case "client_credentials":
                    if not sent.get("scope"):
                        raise _refused(400, "invalid_scope", "The requested scope is missing")
                    return self._issue(str(sent["scope"]), _seconds(sent), refreshable=False)
                case _:
                    raise _refused(400, "unsupported_grant_type", "This grant type is not supported")

    def _refreshed(self, sent: Mapping[str, Any]) -> Json:
        seconds, old = _seconds(sent), str(sent.get("refresh_token"))
        if old not in self._refresh:
            raise _refused(400, "invalid_grant", "The refresh token is invalid, expired or already used")
        access, scope = self._refresh.pop(old)
        self._access.pop(access, None)
        return self._issue(str(sent.get("scope") or scope), seconds, refreshable=True)

    def _issue(self, scope: str, seconds: int | None, *, refreshable: bool) -> Json:
        self._issued += 1
        access, refresh = (self._word(f"{kind}:{self._issued}") for kind in ("access", "refresh"))
        self._access[access] = Access(scope, None if seconds is None else self._monotonic() + seconds)
        answer: Json = {"access_token": access, "token_type": "bearer", "scope": scope}
        if seconds is not None:
            answer["expires_in"] = seconds
        if refreshable:
            self._refresh[refresh] = (access, scope)
            answer |= {"refresh_token": refresh, "refresh_token_expires_in": _KEPT}
        return answer

    def _word(self, what: str) -> str:
        return blake2b(f"{self._seed}:{what}".encode(), digest_size=32).hexdigest()


def basic(value: str) -> tuple[str, str] | None:
    """Return user and password of a basic log-in, or None where it is none."""
    try:
        user, colon, password = b64decode(value, validate=True).decode().partition(":")
    except ValueError:  # not base64, or not text
        return None
    return (user, password) if colon else None


def _seconds(sent: Mapping[str, Any]) -> int | None:
    seconds = sent.get("expires_in")
    if seconds is None:
        return None
    if not isinstance(seconds, int | str) or not str(seconds).isdecimal() or not _SHORTEST <= int(seconds) <= _LONGEST:
        why = f"expires_in must lie between {_SHORTEST} and {_LONGEST} seconds"
        raise _refused(400, "invalid_request", why)
    return int(seconds)


def _refused(status: int, error: str, description: str) -> Failure:
    return Failure(status, {"error": error, "error_description": description})
