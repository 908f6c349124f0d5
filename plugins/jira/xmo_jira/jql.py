"""Conditions in JQL, and how a time is written in them."""

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo

from xmo_jira.options import Options

MINUTE = 60_000


def restriction(options: Options) -> list[str]:
    """Return the conditions that the options name: projects, and one of the admin's own."""
    conditions = []
    if options.projects:
        conditions.append(f"project in ({', '.join(_quoted(project) for project in options.projects)})")
    if options.jql:
        conditions.append(f"({options.jql})")
    return conditions


def by_id(keys: Sequence[str]) -> str:
    """Return the condition for the tickets with these ids."""
    return f"id in ({', '.join(keys)})"


def epoch(ms: int) -> str:
    """Write a time for Jira Cloud, which takes milliseconds: no time zone can be mistaken. Floored to the minute, for
    the search may keep its stamps coarser than it shows them."""
    return str(max(0, ms // MINUTE * MINUTE))


def local_minute(ms: int, zone: tzinfo) -> str:
    """Write a time for Data Center, which reads minutes in the time zone of the user who asks. The result never means
    a later time than `ms`: in the first of the two equal hours of autumn it goes back by the hour that is repeated."""
    at = datetime.fromtimestamp(ms // MINUTE * 60, UTC)
    local = at.astimezone(zone)
    again = local.replace(fold=1)
    repeated = (local.utcoffset() or _NONE) - (again.utcoffset() or _NONE)
    return f'"{(at - repeated).astimezone(zone):%Y-%m-%d %H:%M}"'


def _quoted(text: str) -> str:
    return f'"{text}"'


_NONE = datetime.resolution * 0
