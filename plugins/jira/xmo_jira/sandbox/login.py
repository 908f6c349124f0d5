"""Who may come in: API tokens and access tokens on the Cloud, personal tokens and passwords on a server."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping
from hashlib import blake2b
from threading import Lock
from typing import Any

from xmo_jira.sandbox.site import EMAIL, SECRET, USER

LIFETIME = 3600
SCOPES = (
    *("read:jira-work", "write:jira-work", "read:jira-user", "read:servicedesk-request"),
    *("write:servicedesk-request", "offline_access"),
)
_CLIENT = (USER, SECRET)


class Login:
    """The log-in of our own user. An access token lives `LIFETIME` real seconds, or until its refresh token is used;
    a refresh token is good for one use."""

    def __init__(self, seed: int, monotonic: Callable[[], float], *, cloud: bool) -> None:
        self._seed = seed
        self._monotonic = monotonic
        self._cloud = cloud
        self._lock = Lock()
        self._issued = 0
        self._until: dict[str, float] = {}
        self._pairs = {SECRET: ""}  # refresh token to the access token that came with it

    def lets_in(self, authorization: str, *, gateway: bool) -> bool:
        """Tell whether an Authorization header is right. Access tokens are for the gateway alone."""
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() == "basic":
            return basic(value) == (EMAIL if self._cloud else USER, SECRET)
        if scheme.lower() != "bearer":
            return False
        if not self._cloud:
            return value.strip() == SECRET
        return gateway and self.knows(value.strip())

    def knows(self, token: str) -> bool:
        """Tell whether an access token is one that lives."""
        return self._monotonic() < self._until.get(token, float("-inf"))

    def token(self, form: Mapping[str, Any]) -> dict[str, object] | None:
        """Answer a token request, or return None where it is refused. A refresh token that is used is used up, and the
        access token that came with it is dead."""
        if (form.get("client_id"), form.get("client_secret")) != _CLIENT:
            return None
        with self._lock:
            if form.get("grant_type") == "client_credentials":
                return self._issue(refreshable=False)
            used = str(form.get("refresh_token"))
            if form.get("grant_type") != "refresh_token" or used not in self._pairs:
                return None
            self._until.pop(self._pairs.pop(used), None)
            return self._issue(refreshable=True)

    def _issue(self, *, refreshable: bool) -> dict[str, object]:
        self._issued += 1
        access, refresh = (self._word(f"{kind}:{self._issued}") for kind in ("access", "refresh"))
        self._until[access] = self._monotonic() + LIFETIME
        answer: dict[str, object] = {"access_token": access, "token_type": "Bearer", "expires_in": LIFETIME}
        answer["scope"] = " ".join(SCOPES)
        if refreshable:
            self._pairs[refresh] = access
            answer["refresh_token"] = refresh
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
