"""What stands before every request to the API: the log-in, and the faults that keep a request from being executed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from flask import Response, request

from xmo_jira.sandbox import answers
from xmo_jira.sandbox.answers import Failure
from xmo_jira.sandbox.faults import Faults
from xmo_jira.sandbox.login import Login

GATEWAY = "/ex/jira/"
_REASONS = ("jira-burst-based", "jira-quota-global-based", "jira-quota-tenant-based", "")
_WRITE_REASONS = ("jira-per-issue-on-write", "jira-burst-based", "jira-quota-tenant-based", "")
_BLOCKED = str(2**63 - 1)
_SEARCH = re.compile(r"/rest/api/\d/search(/jql)?")
_ONE_ISSUE = re.compile(r"/rest/(api/\d/issue|servicedeskapi/request)/(?!bulkfetch)[^/]+")
_OPEN = re.compile(r"/rest/api/\d/serverInfo")
_FOREIGN = "Failed to parse Connect Session Auth Token"


class Guard:
    """Decides what may pass. `wall` gives the real time in UNIX seconds, by which a client understands a reset."""

    def __init__(
        self,
        faults: Faults,
        login: Login,
        wall: Callable[[], float],
        sleep: Callable[[float], None],
        *,
        cloud: bool,
    ) -> None:
        self._faults = faults
        self._login = login
        self._wall = wall
        self._sleep = sleep
        self._cloud = cloud

    def check(self) -> Response | None:
        """Return the answer in place of what was asked for, or None. Called before each request."""
        request.get_data()  # also of a request that is refused: what stays unread would be taken for the next request
        if not request.path.startswith("/rest/"):
            return None
        if delay := self._faults.rates.get("slow"):
            self._sleep(delay)
        number = self._faults.request()
        return self._broken(number) or self._stranger(number) or self._limited(number) or self._forbidden(number)

    def finish(self, answer: Response) -> Response:
        """Put the vendor's own headers on an answer, or break it off. Called after each request."""
        if not request.path.startswith("/rest/"):
            return answer
        number = self._faults.request()
        if is_write() and answer.status_code < 300 and self._faults.hits("late", number):
            return answers.dropped()
        if not is_write() and answer.status_code == 200 and self._faults.hits("cut", number):
            return answers.cut(answer)
        for name, value in self._always().items():
            answer.headers.setdefault(name, value)
        return answer

    def _always(self) -> Mapping[str, str]:
        budget = {"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "99"}
        if self._cloud:
            return budget
        bucket = {"X-RateLimit-FillRate": "100", "X-RateLimit-Interval-Seconds": "1", "Retry-After": "0"}
        return {**budget, **bucket, "X-AUSERNAME": "xmo" if self._knows() else "anonymous"}

    def _knows(self) -> bool:
        return self._login.lets_in(request.headers.get("Authorization", ""), gateway=is_gateway())

    def _broken(self, number: int) -> Response | None:
        if self._faults.hits("drop", number):
            return answers.dropped()
        if self._faults.hits("503", number):
            return answers.unavailable(self._faults.turn("503", of=3))
        return None

    def _stranger(self, number: int) -> Response | None:
        if self._faults.hits("captcha", number):
            return answers.captcha()
        if self._faults.hits("401", number):
            return self._unknown()
        if self._knows() and not self._faults.hits("anonymous", number):
            return None
        if self._cloud and request.headers.get("Authorization") and not self._knows():
            return self._unknown()
        answer = self._as_nobody()
        if answer is not None and request.headers.get("Authorization") and not self._cloud:
            answer.headers["X-Seraph-LoginReason"] = "AUTHENTICATED_FAILED"
        if answer is not None and not self._cloud:
            answer.headers["X-AUSERNAME"] = "anonymous"
        return answer

    def _unknown(self) -> Response:
        if is_gateway():
            return answers.gateway(401, "Unauthorized")
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if self._cloud and scheme.lower() == "bearer" and self._login.knows(token.strip()):
            return answers.json({"error": _FOREIGN}, 403)
        refusal = answers.envelope(Failure(401, answers.NOT_LOGGED_IN))
        refusal.headers["WWW-Authenticate"] = 'OAuth realm="Jira"'
        return refusal

    def _as_nobody(self) -> Response | None:
        if _OPEN.fullmatch(request.path):
            return None
        if found := _SEARCH.fullmatch(request.path):
            if self._cloud != bool(found[1]):
                return None  # the search that was removed, or is not there, says so to everybody
            rows: dict[str, object] = {"issues": []}
            page = {"startAt": 0, "maxResults": 50, "total": 0}
            return answers.json({**rows, "isLast": True} if self._cloud else {**page, **rows})
        if request.method == "GET" and _ONE_ISSUE.match(request.path):
            return answers.envelope(Failure(404, answers.NO_ISSUE))
        return answers.envelope(Failure(401, answers.NOT_LOGGED_IN))

    def _limited(self, number: int) -> Response | None:
        if self._faults.hits("blocked", number):
            return answers.rate_limited({"Retry-After": _BLOCKED, "X-RateLimit-Remaining": "0"})
        if not self._faults.hits("429", number):
            return None
        if not self._cloud:
            return answers.rate_limited({"Retry-After": "1", "X-RateLimit-Remaining": "0"})
        reasons = _WRITE_REASONS if is_write() else _REASONS
        reason = reasons[self._faults.turn("429", of=len(reasons))]
        if not reason:
            return answers.rate_limited({})  # the edge before the site gives neither a reason nor a time
        reset = datetime.fromtimestamp(int(self._wall()) + 1, UTC).strftime("%Y-%m-%dT%H:%MZ")
        headers = {"Retry-After": "1", "X-RateLimit-Reset": reset, "X-RateLimit-Remaining": "0"}
        return answers.rate_limited({**headers, "RateLimit-Reason": reason, "X-RateLimit-NearLimit": "true"})

    def _forbidden(self, number: int) -> Response | None:
        if _ONE_ISSUE.match(request.path) and self._faults.hits("404", number):
            return answers.envelope(Failure(404, answers.NO_ISSUE))
        if is_write() and self._faults.hits("403", number):
            return answers.envelope(Failure(403, "You do not have the permission to do this."))
        if is_write() and self._faults.hits("409", number):
            return answers.envelope(Failure(409, "The issue is being changed by somebody else."))
        return None


def is_gateway() -> bool:
    """Tell whether a request came by the gateway of the Cloud rather than to the site."""
    return request.script_root.startswith(GATEWAY)


def is_write() -> bool:
    """Tell whether a request changes something: a search by POST does not."""
    return request.method in {"PUT", "DELETE"} or (
        request.method == "POST" and request.path.endswith(("/comment", "/feedback"))
    )
