"""Who and what an account knows beside its tickets: users, groups, organizations, and the options of two dropdowns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

SERVICE, CATEGORY = 360_000_000_101, 360_000_000_102
STATUS_FIELD = 360_000_000_008
BRAND, FORM = 360_000_000_201, 360_000_000_301
SYSTEM = -1  # the author of what a business rule does
EMAIL = "xmo@example.org"
_AGENTS, _REQUESTERS, _GROUPS, _ORGANIZATIONS = 10_000_000_000, 20_000_000_000, 30_000_000_000, 40_000_000_000
_TAGS = {SERVICE: "service", CATEGORY: "category"}


class User(NamedTuple):
    """An end user, an agent, or the admin whose credentials XMO has."""

    id: int
    name: str
    email: str
    role: str
    locale: str = "en-US"
    zone: str = "Etc/UTC"
    organization: int | None = None
    place: str | None = None


class Directory:
    """Gives an id to whoever and whatever is named, always the same for the same order of naming."""

    def __init__(self) -> None:
        self.users: dict[int, User] = {}
        self.groups: dict[int, str] = {}
        self.organizations: dict[int, str] = {}
        self.options: dict[int, dict[str, str]] = {SERVICE: {}, CATEGORY: {}}
        self._ids: dict[tuple[int, str], int] = {}
        self._values: dict[tuple[int, str], str] = {}
        self.me = self._new(_AGENTS, EMAIL)
        self.users[self.me] = User(self.me, "XMO", EMAIL, "admin")
        self.desk = self.agent("desk")

    def requester(self, person: Mapping[str, Any], organization: int | None) -> int:
        """Return the id of an end user, known by their address."""
        key = self._new(_REQUESTERS, person["email"])
        if key not in self.users:
            language, zone = person.get("language", "en-US"), person.get("timezone", "Etc/UTC")
            user = User(key, person["name"], person["email"], "end-user", language, zone, organization)
            self.users[key] = user._replace(place=person.get("place"))
        return key

    def agent(self, label: str) -> int:
        """Return the id of an agent, known by a label."""
        key = self._new(_AGENTS, label)
        self.users.setdefault(key, User(key, f"Agent {label}", f"agent-{_plain(label)}@example.org", "agent"))
        return key

    def group(self, name: str) -> int:
        """Return the id of a group."""
        key = self._new(_GROUPS, name)
        self.groups[key] = name
        return key

    def organization(self, name: str) -> int:
        """Return the id of an organization."""
        key = self._new(_ORGANIZATIONS, name)
        self.organizations[key] = name
        return key

    def option(self, field: int, name: str) -> str:
        """Return the value of a dropdown's option: it is a tag as well, so no two options share one."""
        if (field, name) not in self._values:
            wanted = value = f"{_TAGS[field]}_{_plain(name)}"
            others = self.options[field]
            while value in others:
                value = f"{wanted}_{len(others)}"
            others[value], self._values[field, name] = name, value
        return self._values[field, name]

    def is_end_user(self, key: int) -> bool:
        """Tell whether an id is that of an end user."""
        return key in self.users and self.users[key].role == "end-user"

    def _new(self, kind: int, name: str) -> int:
        return self._ids.setdefault((kind, name), kind + len(self._ids) + 1)


def _plain(name: str) -> str:
    return re.sub(r"\W+", "_", name.lower()).strip("_")
