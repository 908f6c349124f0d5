"""What `xmo check` asks an instance: may we log in, read what we need, and are dates of queries read as UTC?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from xmo_hooks import Finding, XmoError
from xmo_servicenow.client import Batch, Client, is_general
from xmo_servicenow.fields import Layout, missing
from xmo_servicenow.journal import JOURNAL
from xmo_servicenow.keyset import is_id, newest, newest_stamp, safe, since
from xmo_servicenow.options import Options
from xmo_servicenow.rights import rights

SAMPLE = 50
_GMT = frozenset({"GMT", "UTC", "Etc/UTC", "Etc/GMT", "Zulu"})
_FIX_ZONE = "Set the time zone of the API user to GMT."


@dataclass(frozen=True, slots=True)
class _Check:
    client: Client
    options: Options

    def table(self, one: Layout, batch: Batch) -> Iterator[Finding]:
        """Judge the columns of one table by its newest rows."""
        if not batch.rows:
            yield _empty(one, batch)
            return
        absent = missing((*one.columns, "comments"), batch.rows)
        essential = sorted(one.essential.intersection(absent))
        wanted = [column for column in absent if column in one.columns and column not in essential]
        yield Finding(level="ok", text=f"Table {one.table} can be read: {batch.total} records.")
        if essential:
            yield Finding(
                level="error",
                text=f"Table {one.table} shows no {', '.join(essential)}: no ticket can be read.",
                fix="Give the account the right to read it.",
            )
        if wanted:
            yield Finding(
                level="warning",
                text=f"Table {one.table} shows no {', '.join(wanted)}.",
                fix='Give the account the right to read them, or name other columns in `fields` ("" for none).',
            )
        if "comments" in absent:
            yield Finding(
                level="warning",
                text=f"The field comments of {one.table} is not shown, so questions may not be written there.",
                fix="Give the account the right to read and write comments.",
            )

    def states(self, one: Layout, batch: Batch) -> Iterator[Finding]:
        """Name the states that the vendor uses, and how each is understood."""
        found = self._states_of(one, batch)
        mapped = [f"{state} is {one.states[state]}" for state in found if state in one.states]
        unknown = [state or "(empty)" for state in found if state not in one.states]
        if mapped:
            yield Finding(level="ok", text=f"States of {one.table}: {', '.join(mapped)}.")
        if unknown:
            yield Finding(
                level="warning",
                text=f"States of {one.table} that mean nothing to XMO: {', '.join(unknown)}.",
                fix=f'Say what they mean in `states`, as in states = {{ "{unknown[0]}" = "resolved" }}.',
            )

    def _states_of(self, one: Layout, batch: Batch) -> list[str]:
        column = one.named["state"]
        try:
            return sorted(self.client.groups(one.table, column))
        except XmoError:  # the Aggregate API is often closed to API accounts: the sample tells most
            return sorted({str(row[column]) for row in batch.rows if column in row})

    def zone_of_user(self) -> Iterator[Finding]:
        """Look at the time zone of the account's own user record, where it may be read."""
        me = f"user_name={safe(self.options.username)}" if self.options.username else "sys_id=javascript:gs.getUserID()"
        try:
            rows = self.client.page("sys_user", me, ["sys_id", "time_zone"], limit=2).rows
        except XmoError:
            rows = []
        zone = rows[0].get("time_zone") if len(rows) == 1 else None
        if zone is None:
            text = "The time zone of the API user cannot be read: the look at a query's dates below must do."
            yield Finding(level="note", text=text)
        elif zone in _GMT:
            yield Finding(level="ok", text=f"The time zone of the API user is {zone}.")
        else:
            said = zone or "the instance's own"
            text = f"The time zone of the API user is {said}: dates of queries may be read in it."
            yield Finding(level="warning", text=text, fix=_FIX_ZONE)

    def zone_of_queries(self, table: str, stamp: str) -> Iterator[Finding]:
        """Ask for the newest row by its own UTC stamp: it must be found at its stamp, and not behind it."""
        at = self.client.page(table, since(stamp), ["sys_id", "sys_updated_on"], limit=SAMPLE).rows
        behind = self.client.page(table, f"sys_updated_on>{stamp}", ["sys_id", "sys_updated_on"], limit=SAMPLE).rows
        older = [row for row in at if str(row.get("sys_updated_on")) < stamp]
        early = [row for row in behind if str(row.get("sys_updated_on")) <= stamp]
        if at and not older and not early:
            yield Finding(level="ok", text="Dates of queries are read as UTC.")
        else:
            text = "Dates of queries are read in another time zone than UTC: changes would be missed or read twice."
            yield Finding(level="error", text=text, fix=_FIX_ZONE)

    def journal(self, keys: Sequence[str]) -> Iterator[Finding]:
        """Look whether comments can be found again, by those on a few tickets: the whole table may be huge."""
        where, columns = f"element=comments^element_idIN{','.join(keys)}", ("sys_id", "value")
        fix = f"Give the account read access to {JOURNAL}."
        try:
            batch = self.client.page(JOURNAL, where, columns, limit=SAMPLE, order="ORDERBYsys_created_on")
        except XmoError as error:
            yield Finding(level="warning", text=f"Comments cannot be found again: {error}", fix=fix)
            return
        if any("value" in row for row in batch.rows):
            yield Finding(level="ok", text="Comments can be found again, so none is written twice.")
        elif batch.total:
            text = "Comments are hidden from the account: whether a question has been written cannot be looked up."
            yield Finding(level="warning", text=text, fix=fix)
        else:
            yield Finding(level="note", text=f"{JOURNAL} shows no comment, so reading it could not be tried.")


def findings(client: Client, options: Options, layouts: Sequence[Layout]) -> Iterator[Finding]:
    """Yield what was found, one sentence each. Reads only."""
    yield from _unencrypted(options.url)
    check, keys = _Check(client, options), list[str]()
    dated: tuple[str, str] | None = None
    for one in layouts:
        try:
            batch = client.page(one.table, "", (*one.columns, "comments"), limit=SAMPLE, order=newest())
            yield from check.table(one, batch)
            yield from check.states(one, batch)
        except XmoError as error:
            if is_general(error):
                yield Finding(level="error", text=str(error), fix=error.hint)
                return
            yield Finding(level="error", text=f"Table {one.table} cannot be read: {error}", fix=error.hint)
        else:
            if dated is None and (stamp := newest_stamp(batch.rows)):
                dated = one.table, stamp
            keys += [str(row["sys_id"]) for row in batch.rows if is_id(row.get("sys_id"))]
    yield from check.zone_of_user()
    if dated:
        yield from check.zone_of_queries(*dated)
    yield from rights(client, options, layouts, keys[:SAMPLE])
    if keys:
        yield from check.journal(keys[:SAMPLE])


def _empty(one: Layout, batch: Batch) -> Finding:
    if batch.total:
        return Finding(
            level="warning",
            text=f"Table {one.table} holds {batch.total} records, and the newest are hidden from the account.",
            fix="Give the account the right to read them.",
        )
    return Finding(level="note", text=f"Table {one.table} holds no record that the account may see.")


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
