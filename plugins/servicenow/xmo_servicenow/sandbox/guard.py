"""What stands before every request to the API: the log-in, and the faults that keep a request from being executed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from flask import Response, request
from werkzeug.http import http_date

from xmo_servicenow.sandbox import answers
from xmo_servicenow.sandbox.faults import Faults
from xmo_servicenow.sandbox.login import Login


class Guard:
    """Decides what may pass. `wall` gives the real time in UNIX seconds, by which a client understands a date in
    Retry-After."""

    def __init__(self, faults: Faults, login: Login, wall: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._faults = faults
        self._login = login
        self._wall = wall
        self._sleep = sleep

    def check(self) -> Response | None:
        """Return the answer in place of what was asked for, or None. Called before each request."""
        request.get_data()  # also of a request that is refused: what stays unread would be taken for the next request
        if not request.path.startswith("/api/"):
            return None
        if delay := self._faults.rates.get("slow"):
            self._sleep(delay)
        number = self._faults.request()
        return self._broken(number) or self._refused(number)

    def _broken(self, number: int) -> Response | None:
        if self._faults.hits("drop", number):
            return answers.dropped()
        if self._faults.hits("503", number):
            return answers.unavailable(self._faults.turn("503", of=2))
        return answers.hibernating() if self._faults.hits("html", number) else None

    def _refused(self, number: int) -> Response | None:
        api_key = request.headers.get("x-sn-apikey") or request.args.get("x-sn-apikey", "")
        known = self._login.lets_in(request.headers.get("Authorization", "")) or self._login.knows_key(api_key)
        if not known or self._faults.hits("401", number):
            return answers.envelope(*answers.NOT_AUTHENTICATED, {"WWW-Authenticate": 'Basic realm="Service-now"'})
        if not self._faults.hits("429", number):
            return None
        soon = datetime.fromtimestamp(self._wall(), UTC) + timedelta(seconds=1)
        return answers.rate_limited(self._wall(), ("1", http_date(soon))[self._faults.turn("429", of=2)])
