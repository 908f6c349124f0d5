"""The sandbox's own switches under `/sandbox/`; no vendor has these, and they ask for no log-in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import orjson
from flask import Response, request

from xmo_hooks import ConfigError, Refused
from xmo_zendesk.sandbox import answers
from xmo_zendesk.sandbox.account import Account
from xmo_zendesk.sandbox.answers import Failure
from xmo_zendesk.sandbox.clock import parse_time
from xmo_zendesk.sandbox.faults import Faults, checked
from xmo_zendesk.sandbox.limits import DOCUMENTED, Limits
from xmo_zendesk.sandbox.login import Login
from xmo_zendesk.sandbox.surveys import MODES

_Answer = Callable[[], Response]
_ROLES = ("admin", "agent")


class Control:
    """The switches. A mistake is answered with 400 and `{"error": what to send}`."""

    def __init__(self, account: Account, faults: Faults, limits: Limits, login: Login) -> None:
        self._account = account
        self._faults = faults
        self._limits = limits
        self._login = login
        self.switches: Sequence[tuple[str, _Answer | None, _Answer | None]] = (
            ("clock", self.clock, self.put_clock),
            ("faults", self.faults, self.put_faults),
            ("limits", self.limits, self.put_limits),
            ("survey", self.survey, self.put_survey),
            ("user", self.user, self.put_user),
            ("tokens", None, self.put_tokens),
            ("system", None, self.put_system),
            ("journal", self.journal, None),
        )

    def clock(self) -> Response:
        """Answer with the sandbox's time and its speed."""
        clock = self._account.clock
        return answers.json({"now": clock.now().isoformat().replace("+00:00", "Z"), "speed": clock.speed})

    def put_clock(self) -> Response:
        """Set the time from `{"now": TIME}`: forward only."""
        try:
            self._account.clock.put(parse_time(str(_sent().get("now"))))
        except ValueError:
            return _mistake('Send {"now": TIME} with an ISO time such as 2026-03-01T12:00:00Z')
        except Refused as refused:
            return _mistake(str(refused))
        return self.clock()

    def faults(self) -> Response:
        """Answer with the rates of the faults that are on."""
        return answers.json(self._faults.rates)

    def put_faults(self) -> Response:
        """Replace all faults by those of `{NAME: RATE}`; `{}` switches them off."""
        try:
            self._faults.rates = checked(_sent())
        except ConfigError as error:
            return _mistake(f"{error}. {error.hint}")
        except ValueError:
            return _mistake('Send {NAME: RATE}, such as {"429": 0.1}; {} switches all faults off')
        return self.faults()

    def limits(self) -> Response:
        """Answer with the limits that stand."""
        return answers.json(self._limits.set)

    def put_limits(self) -> Response:
        """Replace all limits by those of `{NAME: REQUESTS}`, over the vendor's windows; `{}` switches them off."""
        sent = _sent_or_none()
        if sent is None or not all(name in DOCUMENTED and isinstance(most, int) for name, most in sent.items()):
            return _mistake(f'Send {{NAME: REQUESTS}}, such as {{"exports": 10}}; names: {", ".join(DOCUMENTED)}')
        self._limits.set = sent
        return self.limits()

    def survey(self) -> Response:
        """Answer with the survey that the account has."""
        return answers.json({"mode": self._account.survey})

    def put_survey(self) -> Response:
        """Set the survey from `{"mode": MODE}`."""
        mode = (_sent_or_none() or {}).get("mode")
        if mode not in MODES:
            return _mistake(f'Send {{"mode": MODE}} with one of {", ".join(MODES)}')
        self._account.survey = mode
        return self.survey()

    def user(self) -> Response:
        """Answer with the role of the user who logs in."""
        return answers.json({"role": self._account.role})

    def put_user(self) -> Response:
        """Set the role from `{"role": ROLE}`: an agent may not export."""
        role = (_sent_or_none() or {}).get("role")
        if role not in _ROLES:
            return _mistake(f'Send {{"role": ROLE}} with one of {", ".join(_ROLES)}')
        self._account.role = role
        return self.user()

    def put_tokens(self) -> Response:
        """Let all access tokens end now."""
        self._login.expire()
        return answers.json({})

    def put_system(self) -> Response:
        """Let the system update the ticket of `{"ticket": ID}`: only its change stamp moves."""
        with self._account.lock:
            self._account.catch_up()
            try:
                ticket, _ = self._account.ticket(int((_sent_or_none() or {}).get("ticket", 0)))
            except (Failure, ValueError, TypeError):
                return _mistake('Send {"ticket": ID} of a ticket that is there')
            self._account.touch(ticket)
        return answers.json({"generated_timestamp": ticket.stamp})

    def journal(self) -> Response:
        """Answer with all that was written, oldest first, and what the ticket was like then."""
        with self._account.lock:
            return answers.json(self._account.journal)


def _sent() -> dict[str, Any]:
    sent = orjson.loads(request.get_data())
    if not isinstance(sent, dict):
        raise ValueError("not a JSON object")
    return sent


def _sent_or_none() -> dict[str, Any] | None:
    try:
        return _sent()
    except ValueError:
        return None


def _mistake(text: str) -> Response:
    return answers.json({"error": text}, 400)
