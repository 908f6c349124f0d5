"""Access tokens (RFC 6749), renewed by one process for all that share the store.

Some vendors give a new refresh token with each renewal and forget the old pair at once: two processes that renew side
by side lock each other out. So a renewal is done under a lease, and what it brought is stored before it is used.
"""

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

import requests
from requests.auth import AuthBase
from sqlalchemy import delete, select
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random

from xmo_core.http import Session
from xmo_core.secrets import learn
from xmo_core.store import tables as t
from xmo_core.store.engine import Store
from xmo_core.store.lease import Lease, LeaseHeldError, claim
from xmo_hooks import AuthError, Grant, Unavailable, XmoError

_EARLY = timedelta(minutes=1)  # a token that ends within this time is renewed before it is used
_PATIENCE = 60  # seconds to wait for another process that renews
_REFUSED = frozenset({400, 401, 403})


@dataclass(frozen=True, slots=True)
class _Token:
    """What logs in, what renews it (None: the grant itself does), and until when it is good (None: nobody said)."""

    access: str = field(default="", repr=False)
    refresh: str | None = field(default=None, repr=False)
    until: str | None = None

    def __post_init__(self) -> None:
        learn(self.access)
        learn(self.refresh or "")

    def good(self, now: datetime, refused: str) -> bool:
        """Tell whether it may be used."""
        ended = self.until is not None and datetime.fromisoformat(self.until) <= now + _EARLY
        return bool(self.access) and self.access != refused and not ended


class OAuth(AuthBase):
    """Logs the session of one source in. Made by `Tools.oauth`; asks for a token with the first request."""

    def __init__(
        self,
        grant: Grant,
        session: Session,
        store: Store,
        source: str,
        wall: Callable[[], datetime],
        lock: AbstractContextManager[Any] | None = None,
    ) -> None:
        self._grant, self._session, self._store, self._source, self._wall = grant, session, store, source, wall
        # another log-in in the config is another token; a new secret or scope is the same log-in
        who = (grant.fields.get(name, "") for name in ("client_id", "username"))
        about = chr(0).join((grant.token_url, grant.refresh_token or "", *who))
        self._key = f"oauth:{source}:{hashlib.sha256(about.encode()).hexdigest()[:16]}"
        self._token = _Token()
        self._lock: AbstractContextManager[Any] = (
            lock or Lock()
        )  # pages are fetched and questions written in several threads

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign a request with a token that is good."""
        with self._lock:
            if not self._token.good(self._wall(), ""):
                self._renew("")
        request.headers["Authorization"] = f"Bearer {self._token.access}"
        request.hooks["response"].append(self._again)
        return request

    def _again(self, response: requests.Response, **sent: Any) -> requests.Response:
        """Repeat what was refused because the token had ended, once: a refused request did nothing, so writes too."""
        if response.status_code != requests.codes.unauthorized:
            return response
        _ = response.content  # frees the connection
        with self._lock:
            if response.request.headers["Authorization"] == f"Bearer {self._token.access}":
                self._renew(self._token.access)
        again = response.request.copy()
        again.headers["Authorization"] = f"Bearer {self._token.access}"
        adapter: Any = response.connection
        answer: requests.Response = adapter.send(again, **sent)
        return answer

    def _renew(self, refused: str) -> None:
        """Take the token that another process has got meanwhile, or get a new one."""
        held, patience = retry_if_exception_type(LeaseHeldError), stop_after_delay(_PATIENCE)
        try:
            for attempt in Retrying(retry=held, wait=wait_random(0, 0.5), stop=patience, reraise=True):
                with attempt:
                    self._token = self._renewed(refused)
        except LeaseHeldError:
            raise Unavailable(f"Another process is renewing the token of '{self._source}', for too long.") from None

    def _renewed(self, refused: str) -> _Token:
        if (stored := self._stored()).good(self._wall(), refused):
            return stored
        lease = claim(self._store, f"oauth:{self._source}", self._wall)
        try:
            if not (stored := self._stored()).good(self._wall(), refused):
                stored = self._ask(stored)
                # the vendor has forgotten the old one by now: a store that is busy is tried again
                busy, patience = retry_if_exception_type(Unavailable), stop_after_delay(_PATIENCE)
                patient = Retrying(retry=busy, wait=wait_random(0, 1), stop=patience, reraise=True)
                patient(self._keep, stored, lease)
        finally:
            with self._store.writing() as connection:
                lease.release(connection)
        return stored

    def _keep(self, token: _Token, lease: Lease) -> None:
        """Store a token, and forget those of other log-ins of this source."""
        s = t.state.c
        with lease.writing() as connection:
            row = {"plugin": "core", "key": self._key, "document": asdict(token)}
            connection.execute(self._store.overwrite(t.state), row)
            others = (s.plugin == "core") & s.key.startswith(f"oauth:{self._source}:", autoescape=True)
            connection.execute(delete(t.state).where(others & (s.key != self._key)))

    def _stored(self) -> _Token:
        ours = (t.state.c.plugin == "core") & (t.state.c.key == self._key)
        with self._store.reading() as connection:
            document = connection.execute(select(t.state.c.document).where(ours)).scalar()
        return _Token(**document) if document else _Token(refresh=self._grant.refresh_token)

    def _ask(self, stored: _Token) -> _Token:
        fields = {**self._grant.fields, **({"refresh_token": stored.refresh} if stored.refresh else {})}
        body: dict[str, Any] = {"json" if self._grant.as_json else "data": fields}
        try:
            # without an `auth` of its own, the session would log in with us
            said = self._session.post(self._grant.token_url, auth=lambda request: request, **body).json()
        except XmoError as error:
            if getattr(getattr(error.__cause__, "response", None), "status_code", None) not in _REFUSED:
                raise
            what = "Log in anew, and put what you get into" if stored.refresh else "Look at client and secret in"
            hint = f"{what} [{self._session.section}]."
            raise AuthError(f"The token of '{self._source}' is not renewed: {error}", hint=hint) from None
        if not isinstance(said, dict) or not isinstance(said.get("access_token"), str):
            raise AuthError(f"The answer to the log-in of '{self._source}' holds no access token.")
        seconds = said.get("expires_in")
        until = (self._wall() + timedelta(seconds=seconds)).isoformat() if isinstance(seconds, int | float) else None
        # where the grant itself renews, a refresh token beside it is of no use
        refresh = (said.get("refresh_token") or stored.refresh) if self._grant.refresh_token else None
        return _Token(said["access_token"], refresh, until)
