"""What the words of a site mean: its statuses, issue types and priorities.

Each status has a category that cannot be renamed: new, indeterminate or done. Names refine it: the standard ones of
Service Management by default, where they agree with the category; the site's own by the options, which always win.
"""

from collections.abc import Mapping

from xmo_hooks import ENDED, State
from xmo_jira.options import Options

_CATEGORIES: Mapping[str, State] = {"new": "new", "indeterminate": "in_progress", "done": "resolved"}
_NAMES: Mapping[str, State] = {
    "waiting for customer": "waiting",
    "pending": "on_hold",
    "resolved": "resolved",
    "closed": "closed",
    "canceled": "cancelled",
    "cancelled": "cancelled",
    "declined": "cancelled",
}
_NOT_DONE = frozenset({"canceled", "cancelled", "declined", "won't do", "won't fix", "duplicate"})
_KINDS: Mapping[str, str] = {
    "incident": "incident",
    "service request": "request",
    "problem": "problem",
    "change": "change",
}
_PRIORITIES: Mapping[str, str] = {"highest": "critical", "lowest": "low"}
_SYSTEM = "[system] "

Status = tuple[str | None, str | None, str | None]  # id, name, key of its category


class Vocabulary:
    """Maps the words of one site. What it has understood it remembers: a site has few words and many tickets."""

    def __init__(self, options: Options) -> None:
        self._own_states = {name.casefold(): state for name, state in options.states.items()}
        self._own_kinds = {name.casefold(): kind for name, kind in options.kinds.items()}
        self._states: dict[tuple[Status, str | None], State] = {}
        self._kinds: dict[str, str] = {}

    def state(self, status: Status, resolution: str | None = None) -> State:
        """Return the state of a status; a `resolution` that says nothing was done makes an end a "cancelled". A
        category without a meaning is "unknown", unless its name is known."""
        seen = (status, resolution)
        if seen not in self._states:
            self._states[seen] = self._state(*((word or "").casefold() for word in (*status, resolution)))
        return self._states[seen]

    def kind(self, issue_type: str) -> str:
        """Return the kind of ticket of an issue type. What nothing is known of is a task."""
        if issue_type not in self._kinds:
            full = issue_type.casefold()
            bare = full.removeprefix(_SYSTEM)
            own = self._own_kinds
            self._kinds[issue_type] = own.get(full) or own.get(bare) or _KINDS.get(bare, "task")
        return self._kinds[issue_type]

    def _state(self, status: str, name: str, category: str, resolution: str) -> State:
        own = self._own_states.get(status) or self._own_states.get(name)
        if own:
            return own
        named, general = _NAMES.get(name), _CATEGORIES.get(category)
        agree = named and (general is None or (named in ENDED) == (general in ENDED))
        state: State = (named if agree and named else general) or "unknown"
        return "cancelled" if state in ENDED and resolution.replace("’", "'") in _NOT_DONE else state


def priority_of(name: str | None) -> str | None:
    """Return the canonical word for a priority, else the vendor's in small letters."""
    word = name.lower() if name else None
    return _PRIORITIES.get(word, word) if word else None
