"""The errors of XMO, sorted by what the engine does next.

    XmoError
    ├── ConfigError    a setting is wrong: say which, stop, exit 2
    ├── AuthError      the log-in is refused: stop this source, name it
    ├── Forbidden      this one thing may not be done: skip it, count it
    ├── RateLimited    the vendor says "later": keep the cursor, come back at `until`
    ├── Unavailable    network or server trouble that outlived the retries: keep the cursor, come back
    ├── Conflict       somebody else wrote meanwhile: read again, decide again
    ├── Immutable      can never be written again (a closed ticket): give up, keep the reason
    ├── NotFound       no such thing, or not for us
    ├── BadRecord      one row cannot be understood: quarantine it, go on
    └── Refused        a request to us that cannot be granted (token used, expired, withdrawn; webhook forged)

Nothing from requests, pysnow, marshmallow or SQLAlchemy reaches a user: what lies below is mapped to one of these.
"""

from datetime import datetime


class XmoError(Exception):
    """Something failed and can be said in plain words: the message is shown as it is, `hint` says what to do next."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class ConfigError(XmoError):
    """A setting is missing, unknown or of the wrong kind."""


class AuthError(XmoError):
    """The vendor refused who we are; retrying would lock the account."""


class Forbidden(XmoError):
    """The account may log in, but not do this."""


class RateLimited(XmoError):
    """The vendor asks to wait longer than a run may wait; `until` (UTC) says when it will listen again."""

    def __init__(self, message: str, *, until: datetime, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.until = until


class Unavailable(XmoError):
    """The vendor could not be reached or answered nonsense, also after retries. `reached` False: what a
    channel was to deliver certainly was not, for no request arrived; else nobody knows."""

    reached = True  # also of a plugin's own kinds, which may make themselves otherwise

    def __init__(self, message: str, *, hint: str = "", reached: bool = True) -> None:
        super().__init__(message, hint=hint)
        self.reached = reached


class Conflict(XmoError):
    """The record changed between our reading and our writing."""


class Immutable(XmoError):
    """The record can no longer be written; asking again will not help."""


class NotFound(XmoError):
    """The record does not exist, or the account may not see it."""


class BadRecord(XmoError):
    """One row cannot be understood; `field` names the column, `key` the record where it is known."""

    def __init__(self, message: str, *, field: str = "", key: str | None = None) -> None:
        super().__init__(message)
        self.field = field
        self.key = key


class Refused(XmoError):
    """A request to us cannot be granted; `reason` is one word: unknown, expired, used, withdrawn, forged or unset."""

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason
