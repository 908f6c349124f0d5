"""The sandbox's own switches under `/sandbox/`; no vendor has these, and they ask for no log-in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from zoneinfo import ZoneInfoNotFoundError

import orjson
from flask import Response, request

from xmo_hooks import ConfigError, Refused
from xmo_jira.sandbox import answers
from xmo_jira.sandbox.clock import parse_time
from xmo_jira.sandbox.instance import Instance

_Answer = Callable[[], Response]


class Control:
    """The switches. A mistake is answered with 400 and `{"error": what to send}`."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self.switches: Sequence[tuple[str, _Answer, _Answer | None]] = (
            ("clock", self.clock, self.put_clock),
            ("faults", self.faults, self.put_faults),
            ("user", self.user, self.put_user),
            ("journal", self.journal, None),
            ("questions", self.questions, None),
        )

    def clock(self) -> Response:
        """Answer with the sandbox's time and its speed."""
        clock = self._instance.clock
        return answers.json({"now": clock.now().isoformat().replace("+00:00", "Z"), "speed": clock.speed})

    def put_clock(self) -> Response:
        """Set the time from `{"now": TIME}`: forward only."""
        try:
            self._instance.clock.put(parse_time(str(_sent().get("now"))))
        except ValueError:
            return _mistake('Send {"now": TIME} with an ISO time such as 2026-03-01T12:00:00Z')
        except Refused as refused:
            return _mistake(str(refused))
        return self.clock()

    def faults(self) -> Response:
        """Answer with the rates of the faults that are on."""
        return answers.json(self._instance.faults.rates)

    def put_faults(self) -> Response:
        """Replace all faults by those of `{NAME: RATE}`; `{}` switches them off."""
        try:
            self._instance.faults.rates = self._instance.faults.checked(_sent())
        except ConfigError as error:
            return _mistake(f"{error}. {error.hint}")
        except ValueError:
            return _mistake('Send {NAME: RATE}, such as {"429": 0.1}; {} switches all faults off')
        return self.faults()

    def user(self) -> Response:
        """Answer with the time zone in our user's profile."""
        return answers.json({"time_zone": self._instance.people.zone})

    def put_user(self) -> Response:
        """Set the time zone from `{"time_zone": NAME}`: dates in JQL are read in it from now on."""
        try:
            self._instance.put_zone(str(_sent().get("time_zone")))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return _mistake('Send {"time_zone": NAME} with a name such as America/Los_Angeles')
        return self.user()

    def journal(self) -> Response:
        """Answer with all comments that were written, oldest first, and what the issue was like then."""
        with self._instance.lock:
            return answers.json(self._instance.journal)

    def questions(self) -> Response:
        """Answer with the number of comments with a marker, for each issue that has any."""
        with self._instance.lock:
            return answers.json(self._instance.questions())


def _sent() -> dict[str, Any]:
    sent = orjson.loads(request.get_data())
    if not isinstance(sent, dict):
        raise ValueError("not a JSON object")
    return sent


def _mistake(text: str) -> Response:
    return answers.json({"error": text}, 400)
