"""Who acted, as one of three: of who served, nothing else is kept."""

from __future__ import annotations

from typing import Any

from xmo_hooks import Side
from xmo_jira.options import Options
from xmo_jira.values import user_key


class Sides:
    """Tells the requester and automata from the desk, by accounts."""

    def __init__(self, options: Options) -> None:
        self._machines = options.machines

    def is_machine(self, user: Any) -> bool:
        """Tell whether an account is an automaton: an app, or one that the options name."""
        return isinstance(user, dict) and (user.get("accountType") == "app" or user_key(user) in self._machines)

    def of(self, user: Any, requester: str | None) -> Side:
        """Tell on which side an account is; `requester` is the key of the ticket's reporter. An account of the portal
        alone is no agent, whoever reported the ticket."""
        if not isinstance(user, dict):
            return "desk"
        key, kind = user.get("accountId") or user_key(user), user.get("accountType")
        if kind == "app" or key in self._machines:
            return "machine"
        return "requester" if kind == "customer" or (key is not None and key == requester) else "desk"
