"""Single values as Jira writes them: times, names, texts. Strict for what Jira sets itself, tolerant for what people
type or what its documentation leaves open."""

import re
from datetime import UTC, datetime, time
from typing import Any

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_END_OF_DAY = time(23, 59, 59, tzinfo=UTC)
_LONGEST = 255
_HOLDING = ("value", "name", "languageCode", "requestType")  # where an object holds its text


def moment(text: str) -> datetime:
    """Read a time like `2026-01-31T10:15:30.123+0000` as UTC; raises `ValueError` for one without an offset."""
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise ValueError
        return at.astimezone(UTC)
    except (OverflowError, ValueError):
        raise ValueError("is not a time like 2026-01-31T10:15:30.123+0000") from None


def milliseconds(at: datetime) -> int:
    """Return a UTC time as whole milliseconds since 1970."""
    return int(at.timestamp()) * 1000 + at.microsecond // 1000


def at_milliseconds(ms: int) -> datetime:
    """Return the UTC time of whole milliseconds since 1970; raises `ValueError` for one out of range."""
    try:
        seconds, rest = divmod(ms, 1000)
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1000)
    except (OverflowError, OSError):
        raise ValueError("is out of range") from None


def event_time(value: Any) -> datetime:
    """Read when something in a ticket's history happened: text, or milliseconds since 1970; raises `ValueError`."""
    if isinstance(value, str):
        return at_milliseconds(int(value)) if value.isascii() and value.isdigit() else moment(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("is not a time")
    return at_milliseconds(value)


def some_time(value: Any) -> datetime | None:
    """Read a time from a field that people fill, or None. A day alone lasts to its end, in UTC: Jira keeps no zone
    with it. An object is a date of Service Management, which says its milliseconds."""
    if isinstance(value, dict):
        value = value.get("epochMillis", value.get("iso8601"))
    if value is None:
        return None
    try:
        # a changelog writes days as `2026-03-04 00:00:00.0`
        if isinstance(value, str) and value[10:11] != "T" and _DATE.match(value):
            return datetime.combine(datetime.fromisoformat(value[:10]), _END_OF_DAY)
        return event_time(value)
    except ValueError:
        return None


def name(value: Any) -> str | None:
    """Return the `name` of an object, None for none; raises `ValueError` for anything else."""
    if value is None:
        return None
    found = value.get("name") if isinstance(value, dict) else None
    if not isinstance(found, str):
        raise ValueError("is not an object with a name")
    return found


def plain(value: Any) -> str | None:
    """Return what a field of any kind holds as one text, or None. An option gives its value, a list all of its own,
    a person nothing: who somebody is, is no cut."""
    if isinstance(value, str):
        return value.strip()[:_LONGEST] or None
    if isinstance(value, dict):
        return _of_object(value)
    if isinstance(value, list):
        return ", ".join(text for one in value if (text := plain(one)))[:_LONGEST] or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(int(value) if float(value).is_integer() else value)
    return None


def is_person(value: Any) -> bool:
    """Tell whether a field holds somebody's account; a language has a name to be shown as well."""
    return isinstance(value, dict) and ("displayName" in value or "accountId" in value) and "languageCode" not in value


def _of_object(value: dict[str, Any]) -> str | None:
    if is_person(value):
        return None
    text = None
    for key in _HOLDING:
        if key in value:
            text = plain(value[key])
            break
    if "child" in value and (lower := plain(value["child"])):
        text = f"{text} / {lower}"[:_LONGEST] if text else lower
    return text


def user_key(user: Any) -> str | None:
    """Return what identifies a user: accountId on Cloud; key, else name, on Data Center."""
    if not isinstance(user, dict):
        return None
    found = user.get("accountId") or user.get("key") or user.get("name")
    return found if isinstance(found, str) else None


def text_or_none(value: Any) -> str | None:
    """Return a text that is not empty, else None."""
    return value if isinstance(value, str) and value else None
