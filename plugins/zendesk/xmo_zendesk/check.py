"""What `xmo check` asks an account: who are we, may we export, which streams and fields are there?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from xmo_hooks import Finding, Forbidden, NotFound, XmoError
from xmo_zendesk.client import MANY, Client, record
from xmo_zendesk.options import Options
from xmo_zendesk.parse import STATES
from xmo_zendesk.surveys import PATH
from xmo_zendesk.walk import METRICS, TICKETS, UPDATES

_TOKENS_END = (
    "Log-in by API token: Zendesk ends these. Since 2026-07-28 tokens that are unused for 30 days are switched off; "
    "from 2026-10-27 nobody can make one; on 2027-04-30 all stop."
)
_BEGINNING = {"start_time": 0}  # the oldest page shows as well as any other whether a stream may be read


@dataclass(frozen=True, slots=True)
class _Check:
    client: Client
    options: Options

    def who(self) -> Iterator[Finding]:
        """Say as whom we are logged in, and whether that role may export."""
        user = record(self.client.get("users/me"), "user")
        role = str(user.get("role") or "anonymous")
        if not user.get("id"):
            yield Finding(
                level="error",
                text="Zendesk answers without a log-in: nothing can be exported.",
                fix="Check the log-in, and that API access of its kind is switched on in the Admin Center.",
            )
        elif role == "admin":
            yield Finding(level="ok", text="Logged in as an admin, who may export.")
        else:
            yield Finding(
                level="error",
                text=f"Logged in with the role {role}: only admins may use the incremental export.",
                fix="Give the account the role of an admin.",
            )

    def export(self) -> Iterator[Finding]:
        """Try the export, and look at the statuses of a few tickets."""
        tickets = self.client.rows(TICKETS, "tickets", {**_BEGINNING, "per_page": MANY})
        yield Finding(level="ok", text=f"Tickets can be exported: a first page holds {len(tickets)}.")
        statuses = sorted({str(ticket.get("status")) for ticket in tickets} - STATES.keys() - {"deleted"})
        if unknown := [status for status in statuses if status not in self.options.states]:
            yield Finding(
                level="warning",
                text=f"Statuses that mean nothing to XMO: {', '.join(unknown)}.",
                fix=f'Say what they mean in `states`, as in states = {{ "{unknown[0]}" = "on_hold" }}.',
            )

    def streams(self) -> Iterator[Finding]:
        """Try the streams that plan or role may not have."""
        wanted = (
            (self.options.sla, METRICS, _BEGINNING, "Metric events", "whether targets were kept stays unknown", "sla"),
            (self.options.touchpoints, UPDATES, _BEGINNING, "Ticket events", "no touchpoints are read", "touchpoints"),
            (self.options.surveys, PATH, {"page[size]": 1}, "CSAT surveys", "their answers are not read", "surveys"),
        )
        for on, path, params, name, loss, option in wanted:
            if on:
                try:
                    self.client.get(path, params)
                except (Forbidden, NotFound):
                    fix = f"This may be the plan's limit: {option} = false leaves the stream out."
                    yield Finding(level="note", text=f"{name} are not open to this account: {loss}.", fix=fix)
                else:
                    yield Finding(level="ok", text=f"{name} can be read.")

    def fields(self) -> Iterator[Finding]:
        """Look whether the custom fields that the options name are there."""
        wanted = [place for place in self.options.places if isinstance(place, int)]
        if not wanted:
            return
        titles = {
            row.get("id"): str(row.get("title")) for row in self.client.optional("ticket_fields", "ticket_fields")
        }
        found = [f"{one} is {titles[one]}" for one in wanted if one in titles]
        missing = [str(one) for one in wanted if one not in titles]
        if found:
            yield Finding(level="ok", text=f"Custom fields: {', '.join(found)}.")
        if missing:
            yield Finding(
                level="warning",
                text=f"Custom fields that are not there: {', '.join(missing)}.",
                fix="Take their ids from the Admin Center, under Objects and rules, Tickets, Fields.",
            )

    def statuses(self) -> Iterator[Finding]:
        """Name the custom statuses and how each is understood."""
        states = {**STATES, **self.options.states}
        rows = self.client.optional("custom_statuses", "custom_statuses")
        known = {str(row.get("id")): row for row in rows if row.get("active", True)}
        told = []
        for key, row in known.items():
            name, category = (
                row.get("agent_label") or row.get("raw_agent_label") or key,
                str(row.get("status_category")),
            )
            told.append(f"{name} ({key}) is {self.options.states.get(key) or states.get(category, 'unknown')}")
        if told:
            yield Finding(level="ok", text=f"Statuses: {', '.join(told)}.")
        if strange := sorted(key for key in self.options.states if key.isdigit() and key not in known):
            yield Finding(
                level="warning",
                text=f"`states` names custom statuses that are not there: {', '.join(strange)}.",
                fix="Take their ids from the list above.",
            )


def findings(client: Client, options: Options) -> Iterator[Finding]:
    """Yield what was found, one sentence each. Reads only."""
    yield from _unencrypted(options.url)
    if options.way == "api token":
        yield Finding(level="warning", text=_TOKENS_END, fix="Make an OAuth client; set client_id and client_secret.")
    check = _Check(client, options)
    for look in (check.who, check.export, check.streams, check.fields, check.statuses):
        try:
            yield from look()
        except XmoError as error:
            yield Finding(level="error", text=str(error), fix=error.hint)
            if not isinstance(error, Forbidden | NotFound):
                return


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
