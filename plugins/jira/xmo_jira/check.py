"""What `xmo check` asks a site: may we log in, what do we see, and how is it understood?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from xmo_hooks import AuthError, Finding, NotFound, RateLimited, Unavailable, XmoError
from xmo_jira import jql
from xmo_jira.changelog import HISTORIES, attach
from xmo_jira.client import Client, mappings, status_of
from xmo_jira.fields import Columns, changes_of, columns_of, named_in
from xmo_jira.options import Options
from xmo_jira.search import Search, search
from xmo_jira.site import Site, category_of, look
from xmo_jira.states import Vocabulary
from xmo_jira.values import text_or_none
from xmo_jira.walk import stamp

_MEANINGS = {
    "request_type": "request types",
    "sla": "service levels",
    "rating": "satisfaction",
    "organisation": "organisations",
    "language": "languages",
}
_SHOWN = 12
_FIX_ZONE = "Look at the time zone in the profile of the account."


@dataclass(frozen=True, slots=True)
class _Check:
    client: Client
    options: Options
    site: Site
    search: Search

    def who(self) -> Iterator[Finding]:
        """Say which Jira this is, and who we are there."""
        kind = "Jira Cloud" if self.site.cloud else "Jira Data Center"
        yield Finding(level="ok", text=f"{kind} at {self.site.url}; the log-in was accepted.")
        if not self.site.cloud:
            yield self._zone()

    def _zone(self) -> Finding:
        if self.site.zone_name:
            return Finding(level="ok", text=f"Dates of queries are written in {self.site.zone_name}.")
        text = "The account's time zone is not shown: each run reads a day more than it needs."
        return Finding(level="warning", text=text, fix=_FIX_ZONE)

    def fields(self) -> Iterator[Finding]:
        """Name the fields of Service Management, and those of the options that the site does not have."""
        found = mappings(self.client.get(f"{self.site.api}/field"), "fields")
        columns: Columns = columns_of(found)
        there = [words for meaning, words in _MEANINGS.items() if meaning in columns]
        absent = [words for meaning, words in _MEANINGS.items() if meaning not in columns]
        if there:
            yield Finding(level="ok", text=f"Fields of Service Management: {', '.join(there)}.")
        if absent:
            yield Finding(level="note", text=f"No field of Service Management for: {', '.join(absent)}.")
        known = {one.get("id") for one in found} | {one.get("key") for one in found}
        for what, column in named_in(self.options).items():
            if column not in known:
                text = f"The field {column}, named for {what}, is not there or not shown."
                fix = f"Look up the id of the field at {self.site.api}/field, as in customfield_10050."
                yield Finding(level="error", text=text, fix=fix)
        names = {one.get("id"): str(one.get("name")) for one in found}
        yield from self._service_level({column: str(names[column]) for column in columns.get("sla", ())})

    def _service_level(self, there: Mapping[str, str]) -> Iterator[Finding]:
        """Look for the service level that the options name, by its field or by its name."""
        wanted = self.options.sla
        if wanted and wanted.casefold() not in {*there, *(name.casefold() for name in there.values())}:
            text = f'There is no service level "{wanted}": `sla_met` would always be unknown.'
            yield Finding(level="error", text=text, fix=f"There are: {_some(sorted(there.values())) or 'none'}.")

    def states(self) -> Iterator[Finding]:
        """Name the statuses, and how each is understood."""
        words, meant, there = Vocabulary(self.options), dict[str, list[str]](), set[str]()
        for one in mappings(self.client.get(f"{self.site.api}/status"), "statuses"):
            number, name = str(one.get("id")), text_or_none(one.get("name"))
            there |= {number, (name or number).casefold()}
            state = words.state((number, name, category_of(one)))
            meant.setdefault(state, []).append(name or number)
        unknown = sorted(set(meant.pop("unknown", [])))
        if meant:
            said = (f"{_some(names)}: {state}" for state, names in sorted(meant.items()))
            yield Finding(level="ok", text=f"Statuses: {'; '.join(said)}.")
        if unknown:
            yield Finding(
                level="warning",
                text=f"Statuses that mean nothing to XMO: {_some(unknown)}.",
                fix=f'Say what they mean in `states`, as in states = {{ "{unknown[0]}" = "resolved" }}.',
            )
        if strange := sorted(name for name in self.options.states if name.casefold() not in there):
            text = f"`states` names what is no status here: {_some(strange)}."
            yield Finding(level="warning", text=text, fix="Write the names as the site shows them.")

    def tickets(self) -> Iterator[Finding]:
        """Count the tickets of each project, and try whether their history is shown."""
        for project in self.options.projects or ("",):
            where = [*jql.restriction(self._only(project)), *self.search.since(None)]
            place, count = f"Project {project}" if project else "The site", None
            try:
                count = self.search.count(where)
            except XmoError as error:
                if status_of(error) != 400:
                    raise
                fix = "Look at `projects` and `jql` of the source, and whether the account may browse the project."
                yield Finding(level="error", text=f"{place} cannot be searched: {error}", fix=fix)
            if count:
                yield Finding(level="ok", text=f"{place} shows {count} tickets.")
            elif count == 0:
                fix = "Look whether the account may browse the project."
                yield Finding(level="warning", text=f"{place} shows no ticket.", fix=fix)
        rows = self.search.newest(jql.restriction(self.options))
        if rows and self.options.history and self.site.cloud:
            attach(self.client, rows, changes_of(self.options))
            seen = len(rows[0][HISTORIES])
            yield Finding(level="ok", text=f"The history of tickets can be read: {seen} changes of the newest.")
        if rows and not self.site.cloud:
            yield from self._dates(rows[0])

    def _dates(self, row: Mapping[str, Any]) -> Iterator[Finding]:
        """Ask for the newest ticket by its own time: it must be found."""
        if dates_are_read_as_written(self.search, jql.restriction(self.options), row):
            yield Finding(level="ok", text="A ticket is found by the time of its change.")
        else:
            text = "The newest ticket is not found by the time of its change: changes would be missed."
            yield Finding(level="error", text=text, fix=_FIX_ZONE)

    def desk(self) -> Iterator[Finding]:
        """Look whether Service Management is there: questions are written as comments on its requests."""
        if self.options.service_desk is False:
            return
        try:
            self.client.get("/rest/servicedeskapi/info")
        except NotFound:
            if self.options.service_desk:
                yield Finding(level="error", text="There is no Service Management.", fix="Set service_desk = false.")
            else:
                yield Finding(level="note", text="No Service Management: questions are written as comments on issues.")
        except XmoError as error:
            yield Finding(level="warning", text=f"Service Management does not answer: {error}", fix=error.hint)
        else:
            yield Finding(level="ok", text="Service Management is there: questions are written on its requests.")

    def _only(self, project: str) -> Options:
        return Options(url=self.options.url, projects=(project,) if project else (), jql=self.options.jql)


def findings(client: Client, options: Options) -> Iterator[Finding]:
    """Yield what was found, one sentence each. Reads only."""
    yield from _unencrypted(options.url)
    try:
        site = look(client, options)
    except XmoError as error:
        yield Finding(level="error", text=str(error), fix=error.hint)
        return
    check = _Check(client, options, site, search(client, site, options.page_size, changes=False))
    for part in (check.who, check.fields, check.states, check.tickets, check.desk):
        try:
            yield from part()
        except XmoError as error:
            yield Finding(level="error", text=str(error), fix=error.hint)
            if isinstance(error, AuthError | RateLimited | Unavailable):
                return


def dates_are_read_as_written(asked: Search, restriction: list[str], row: Mapping[str, Any]) -> bool:
    """Tell whether Data Center finds this ticket, or a later one, by the time of its change: it does not where it
    reads dates in another time zone than the one that it names."""
    at = stamp(row)
    return at is None or bool(asked.count([*restriction, *asked.since(at)]))


def _some(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _unencrypted(url: str) -> Iterator[Finding]:
    parts = urlsplit(url)
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        text = "The log-in travels unencrypted."
        yield Finding(level="warning", text=text, fix="Write the url with https://.")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
