"""Who may come in: basic log-in, and tokens from `/oauth_token.do`."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping
from hashlib import blake2b
from threading import Lock

from xmo_servicenow.sandbox.instance import PASSWORD, USER

LIFETIME = 1799
API_KEY = "sandbox-key"
_CREDENTIALS = (USER, PASSWORD)


class Login:
    """The log-in of the user `xmo`. Tokens live `LIFETIME` real seconds; a refresh token is good for ever."""

    def __init__(self, seed: int, monotonic: Callable[[], float]) -> None:
        self._seed = seed
        self._monotonic = monotonic
        self._lock = Lock()
        self._issued = 0
        self._until: dict[str, float] = {}
        self._refresh: set[str] = set()

    def lets_in(self, authorization: str) -> bool:
        """Tell whether an Authorization header is right."""
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() == "bearer":
            return self._monotonic() < self._until.get(value.strip(), float("-inf"))
        return scheme.lower() == "basic" and basic(value) == _CREDENTIALS

    def knows_key(self, api_key: str) -> bool:
        """Tell whether an API key is right: from header or parameter `x-sn-apikey`."""
        return api_key == API_KEY

    def token(self, form: Mapping[str, str], authorization: str) -> dict[str, object] | None:
        """Answer a token request, or return None where it is refused. The client may name itself in the form or by
        basic log-in; unknown form fields are ignored."""
        named = basic(authorization.partition(" ")[2])
        client = named or (form.get("client_id", ""), form.get("client_secret", ""))
        if client != _CREDENTIALS or not self._grants(form):
            return None
        return self._issue(refreshable=form["grant_type"] != "client_credentials")

    def _grants(self, form: Mapping[str, str]) -> bool:
        match form.get("grant_type"):
            case "password":
                return (form.get("username"), form.get("password")) == _CREDENTIALS
            case "refresh_token":
                return form.get("refresh_token") in self._refresh
            case grant:
                return grant == "client_credentials"

    def _issue(self, *, refreshable: bool) -> dict[str, object]:
        with self._lock:
            self._issued += 1
            access, refresh = (self._word(f"{kind}:{self._issued}") for kind in ("access", "refresh"))
            self._until[access] = self._monotonic() + LIFETIME
            answer = {"access_token": access, "scope": "useraccount", "token_type": "Bearer", "expires_in": LIFETIME}
            if refreshable:
                self._refresh.add(refresh)
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
