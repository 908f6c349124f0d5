"""Persons as the vendor shows them: an account id on the Cloud, a name and a key on a server."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from xmo_jira.sandbox.faults import Faults
from xmo_jira.sandbox.life import DESK, MACHINE, OURS, Issue
from xmo_jira.sandbox.site import EMAIL, USER
from xmo_jira.sandbox.work import Person

_OTHERS = {
    OURS: Person(EMAIL, "XMO"),
    MACHINE: Person("automation@example.org", "Automation"),
    DESK: Person("desk@example.org", "Service desk"),
}
_SIZES = ("16x16", "24x24", "32x32", "48x48")


class People:
    """Who is who. `zone` is the time zone in the profile of our own user: dates in JQL are read in it, and dates in
    answers are written in it."""

    def __init__(self, faults: Faults, *, cloud: bool) -> None:
        self._cloud = cloud
        self._faults = faults
        self.zone = "UTC"
        self._known: dict[tuple[str, str, str, bool], dict[str, Any]] = {}

    def reporter(self, root: str, issue: Issue) -> dict[str, Any]:
        """Return the requester of an issue."""
        return self._shown(root, issue.work.requester, "customer")

    def actor(self, root: str, who: str, issue: Issue) -> dict[str, Any]:
        """Return whoever acted in an issue: its requester, a machine, our own user or an agent."""
        if who == "requester":
            return self.reporter(root, issue)
        return self._shown(root, _person(who), "app" if who == MACHINE else "atlassian")

    def ourselves(self, root: str) -> dict[str, Any]:
        """Return our own user."""
        return {**self._shown(root, _OTHERS[OURS], "atlassian"), "timeZone": self.zone, "locale": "en_US"}

    def key(self, who: str, issue: Issue) -> str:
        """Return what stands for a person in the changelog: the account id on the Cloud, the user key on a server."""
        person = issue.work.requester if who == "requester" else _person(who)
        return (_account if self._cloud else _key)(person, customer=who == "requester")

    def desk(self, user: dict[str, Any]) -> dict[str, Any]:
        """Return a user in the shape of the Service Management API."""
        kept = ("accountId", "name", "key", "emailAddress", "displayName", "active", "timeZone")
        links = {"jiraRest": user["self"], "avatarUrls": user["avatarUrls"], "self": user["self"]}
        return {**{name: user[name] for name in kept if user.get(name) is not None}, "_links": links}

    def _shown(self, root: str, person: Person, kind: str) -> dict[str, Any]:
        private = self._cloud and kind == "customer" and self._faults.marks("no_email", person.email)
        place = (root, person.email, kind, private)
        if place not in self._known:
            self._known[place] = self._described(root, person, kind, private=private)
        return self._known[place]

    def _described(self, root: str, person: Person, kind: str, *, private: bool) -> dict[str, Any]:
        shown = {
            "avatarUrls": {size: f"{root}secure/useravatar?size={size}" for size in _SIZES},
            "displayName": person.name,
            "active": True,
            "timeZone": person.timezone,
        }
        if not self._cloud:
            name = _name(person)
            link, key = f"{root}rest/api/2/user?username={name}", _key(person, customer=kind == "customer")
            return {"self": link, "name": name, "key": key, "emailAddress": person.email, **shown}
        account = _account(person, customer=kind == "customer")
        link = f"{root}rest/api/3/user?accountId={account}"
        found = {"self": link, "accountId": account, "accountType": kind, **shown}
        return found if private else {**found, "emailAddress": person.email}


def name(who: str, issue: Issue) -> str:
    """Return what people see of whoever acted in an issue."""
    return issue.work.requester.name if who == "requester" else _person(who).name


def _person(who: str) -> Person:
    return _OTHERS.get(who) or Person(f"{who}@example.org", f"Agent {who}")


def _account(person: Person, *, customer: bool) -> str:
    word = blake2b(person.email.encode(), digest_size=12).hexdigest()
    return f"qm:5a17c0de:{word}" if customer else word


def _name(person: Person) -> str:
    return USER if person.email == EMAIL else person.email.partition("@")[0]


def _key(person: Person, *, customer: bool) -> str:
    if not customer:
        return _name(person)  # accounts from before keys and names went apart
    return f"JIRAUSER{int.from_bytes(blake2b(person.email.encode(), digest_size=4).digest())}"
