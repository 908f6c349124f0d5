"""What `xmo serve` does with a webhook: it proves who sent it, and rings. Nothing is fetched or asked here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from xmo_core.bell import Bell
from xmo_core.connected import Here
from xmo_core.draining import hearing
from xmo_core.logs import get as get_log
from xmo_core.office import Office
from xmo_core.registry import contract_kept
from xmo_core.store import rings
from xmo_hooks import BadRecord, Call, Refused, XmoError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = get_log("xmo.hearing")
LIMIT = 1 << 20  # bytes of a body; the longest that a vendor sends is a tenth of it


class Hearing:
    """The WSGI app below `/hear`: POST to `/SOURCE`. It answers by its status alone: 202 rung, 200 nothing to do, 401
    not proven to be the vendor's and of now, 400 not understood, 503 not now. Each 202 rings the `bell`; `start` is
    what it starts."""

    def __init__(self, office: Office, start: Callable[[], int]) -> None:
        self._office, names = office, hearing(office, office.config.sources)
        self.bell = Bell(lambda: rings.next_due(office.store, names), start, office.wall)
        self._sources = {name: Here(office, name, lambda _: None) for name in names}

    def look(self) -> None:
        """Say of which sources no webhook can be believed, as they have no secret. Called once, by `xmo serve`."""
        for name, source in self._sources.items():
            try:
                with contract_kept():
                    source.hear(Call(headers={}, body=b""))
            except XmoError as error:
                if isinstance(error, Refused) and error.reason == "unset":
                    log.warning("webhooks are refused", where=f"[sources.{name}]", reason=str(error))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        request.max_content_length = LIMIT
        try:
            status = self._status(request)
        except HTTPException as error:  # a body that is too long, or that broke off
            status = error.code or 400
        allowed = {"Allow": "POST"} if status == 405 else None
        return Response(status=status, headers=allowed)(environ, start_response)

    def _status(self, request: Request) -> int:
        name = request.path.removeprefix("/")
        if (source := self._sources.get(name)) is None:
            return 404
        if request.method != "POST":
            return 405
        headers = {header.lower(): value for header, value in request.headers.items()}
        body = request.get_data()
        if len(body) >= LIMIT:  # one whose length nobody told is cut off there
            return 413
        return self._hear(name, source, Call(headers=headers, body=body))

    def _hear(self, name: str, source: Here, call: Call) -> int:
        try:
            with contract_kept():
                heard = source.hear(call)
            if heard.at is not None and heard.at < self._office.now() - rings.REMEMBERED:
                raise Refused("It is older than a day.", reason="expired")
            taken = bool(heard.keys) and rings.ring(self._office.store, name, call, heard, self._office.wall())
        except Refused as error:
            log.info("webhook refused", source=name, reason=error.reason)
            return 401
        except BadRecord as error:
            log.warning("webhook not understood", source=name, reason=str(error))
            return 400
        except XmoError as error:
            log.warning("webhook not heard", source=name, reason=str(error))
            return 503
        log.info("webhook heard", source=name, tickets=len(heard.keys), ignored=heard.reason or not taken)
        if taken:
            self.bell.ring()
        return 202 if taken else 200
