"""What stands around every request to the API: log-in, limits, and the faults before and after it is executed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from flask import Response, g, request

from xmo_zendesk.sandbox import answers
from xmo_zendesk.sandbox.answers import Failure
from xmo_zendesk.sandbox.faults import Faults
from xmo_zendesk.sandbox.limits import DOCUMENTED, WORDS, Limits, Use
from xmo_zendesk.sandbox.login import Login

_ROOT = "/api/v2/"
_UPDATE = re.compile(r"/api/v2/tickets/(\d+)(?:\.json)?")
_READS = frozenset({"GET", "HEAD"})


class Guard:
    """Decides what may pass, and what becomes of the answer."""

    def __init__(self, faults: Faults, login: Login, limits: Limits, sleep: Callable[[float], None]) -> None:
        self._faults = faults
        self._login = login
        self._limits = limits
        self._sleep = sleep

    def check(self) -> Response | None:
        """Return the answer in place of what was asked for, or None. Called before each request."""
        request.get_data()  # also of a request that is refused: what stays unread would be taken for the next request
        if not request.path.startswith(_ROOT):
            return None
        if delay := self._faults.rates.get("slow"):
            self._sleep(delay)
        g.number = self._faults.request()
        broken = self._broken(g.number)
        if broken is None:
            self._login.check(request.headers.get("Authorization", ""), request.method)
            broken = self._refused(g.number) or self._limited()
        g.was_broken = broken is not None
        return broken

    def finish(self, answer: Response) -> Response:
        """Return the answer as it goes out. Called after each request."""
        if not request.path.startswith(_ROOT) or g.get("was_broken", True):
            return answer
        answer.headers.update(self._limits.headers(self._uses(), self._standing()))
        if request.method not in _READS and answer.status_code < 300 and self._faults.hits("late", g.number):
            return answers.dropped()
        return answers.cut(answer) if self._faults.hits("cut", g.number) else answer

    def _broken(self, number: int) -> Response | None:
        if self._faults.hits("drop", number):
            return answers.dropped()
        if self._faults.hits("503", number):
            return answers.html(503, ("1", None)[self._faults.turn("503", of=2)])
        if self._faults.hits("52x", number):
            return answers.html((520, 524)[self._faults.turn("52x", of=2)])
        return answers.html(200) if self._faults.hits("html", number) else None

    def _refused(self, number: int) -> Response | None:
        if self._faults.hits("401", number):
            raise Failure(401, answers.NOT_AUTHENTICATED)
        if self._faults.hits("403", number):
            raise Failure(403, answers.FORBIDDEN)
        if request.method not in _READS and self._faults.hits("409", number):
            raise Failure(409, answers.COLLISION)
        if self._faults.hits("429", number):
            return answers.rate_limited(self._faults.turn("429", of=3), 1)
        return None

    def _limited(self) -> Response | None:
        uses, standing = self._uses(), self._standing()
        refusal = self._limits.take(uses, standing)
        if refusal is None:
            return None
        answer = answers.rate_limited(0, refusal[1], WORDS[refusal[0]])
        answer.headers.update(self._limits.headers(uses, standing))
        return answer

    def _standing(self) -> Mapping[str, int]:
        return DOCUMENTED if self._faults.rates.get("limits") else self._limits.set

    def _uses(self) -> list[Use]:
        uses = [("account", "")]
        if request.path.startswith(f"{_ROOT}incremental/"):
            uses.append(("exports", ""))
        if request.method == "PUT" and (update := _UPDATE.fullmatch(request.path)):
            uses += [("updates", ""), ("ticket_updates", update[1])]
        return uses
