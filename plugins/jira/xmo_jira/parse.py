"""Turning a raw issue into records: its ticket, the events of its life, and its rating."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from xmo_hooks import ENDED, Contact, Native, Row, Ticket, Touchpoint
from xmo_jira import values
from xmo_jira.fields import CHANNEL, Columns, pick
from xmo_jira.history import SITE, Story, Teller
from xmo_jira.issue import Issue, Values, bad
from xmo_jira.metrics import sla_met
from xmo_jira.natives import natives
from xmo_jira.options import Options
from xmo_jira.sides import Sides
from xmo_jira.states import Status, Vocabulary, priority_of
from xmo_jira.touchpoints import Events


class Parser:
    """Parses the rows of one source."""

    def __init__(self, options: Options) -> None:
        self._options, self._words = options, Vocabulary(options)
        self._teller, self._events, self._sides = Teller(options, self._words), Events(options), Sides(options)
        self._service, self._category, self._group = (
            pick(column) for column in (options.service, options.category, options.group)
        )
        self._component = pick("components") if options.category == "request_type" else None
        self._language, self._organisation = pick("language"), pick("organisation")
        self._attributes = [(name, pick(column)) for name, column in options.fields.items()]
        self._sla = options.sla.casefold()
        self._issue = Issue()

    def records(self, row: Row) -> list[Ticket | Touchpoint | Native]:
        """Turn a row into its ticket, touchpoints and rating, or raise `BadRecord` with the field at fault."""
        site = row.get(SITE)
        facts: Mapping[str, Any] = site if isinstance(site, dict) else {}
        columns: Columns = facts.get("columns") or {}
        read = self._issue.read(row)
        raw: Mapping[str, Any] = row["fields"]
        story = self._part("changelog", row, lambda: self._teller.story(row, read["updated"]))
        ticket = self._ticket(read, raw, story, row, facts)
        resolved_at = story.resolved_at if story else None
        records: list[Ticket | Touchpoint | Native] = [ticket, *natives(ticket, raw, columns, resolved_at)]
        if self._options.touchpoints:
            records += self._part("comment", row, lambda: list(self._events.touchpoints(ticket, raw, story)))
        return records

    def _part(self, field: str, row: Row, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except ValueError as error:
            raise bad(f"{field}: {error}", field, row) from None
        except (AttributeError, KeyError, TypeError):
            raise bad(f"{field}: is not what a fetch makes of it", field, row) from None

    def _ticket(
        self, read: Values, raw: Mapping[str, Any], story: Story | None, row: Row, facts: Mapping[str, Any]
    ) -> Ticket:
        columns: Columns = facts.get("columns") or {}
        status, vendor_type = self._status(read["status"], facts), read["issuetype"] or ""
        state = self._words.state(status, read["resolution"])
        ended_at = _ended_at(read, story) if state in ENDED else None
        parent = read["parent"]
        return Ticket(
            key=read["id"],
            number=read["key"],
            kind=self._words.kind(vendor_type),
            vendor_type=vendor_type,
            state=state,
            vendor_state=status[1] or "",
            opened_at=read["created"],
            changed_at=read["updated"],
            resolved_at=None if state == "cancelled" else ended_at,
            closed_at=_closed_at(state, story, ended_at),
            promised_at=values.some_time(raw.get(self._options.promised)),
            title=read["summary"],
            url=f"{facts.get('url') or self._options.site_url or self._options.url}/browse/{read['key']}",
            requester=self._contact(read, raw, columns),
            reopens=story.reopens if story else 0,
            reassignments=story.handoffs if story else 0,
            sla_met=sla_met(raw, columns.get("sla", ()), self._sla),
            service=self._service(raw, columns),
            group=self._group(raw, columns),
            priority=priority_of(read["priority"]),
            category=self._category(raw, columns) or (self._component and self._component(raw, columns)),
            channel=_channel(row),
            parent=values.text_or_none(parent.get("id")) if parent else None,
            attributes={name: text for name, read_it in self._attributes if (text := read_it(raw, columns))},
        )

    def _status(self, status: Status, facts: Mapping[str, Any]) -> Status:
        """Add the category where an old Data Center leaves it out of the issue."""
        number, name, category = status
        return (number, name, category or (facts.get("categories") or {}).get(number))

    def _contact(self, read: Values, raw: Mapping[str, Any], columns: Columns) -> Contact | None:
        """Return who asked for help; None for an automaton, whom nobody can ask how it went."""
        reporter = read["reporter"]
        key = values.user_key(reporter)
        if key is None or self._sides.is_machine(reporter):
            return None
        return Contact(
            key=key,
            email=values.text_or_none(reporter.get("emailAddress")),
            name=values.text_or_none(reporter.get("displayName")),
            kind=self._options.requester_kind,
            language=self._language(raw, columns),
            timezone=values.text_or_none(reporter.get("timeZone")),
            organisation=self._organisation(raw, columns),
        )


def _ended_at(read: Values, story: Story | None) -> datetime | None:
    """Return when a ticket ended last. Some workflows keep the date of the first end when a ticket ends again, and
    projects that a team manages may have none at all."""
    at: datetime | None = read["resolutiondate"]
    if story and at and story.reopened_at and at < story.reopened_at:
        at = None
    return at or (story.resolved_at if story else None) or read["statuscategorychangedate"]


def _closed_at(state: str, story: Story | None, ended_at: datetime | None) -> datetime | None:
    """Return when a ticket was closed, or cancelled, which is its end also where no history tells when."""
    told = story.closed_at if story and state in ("closed", "cancelled") else None
    return told or (ended_at if state == "cancelled" else None)


def _channel(row: Row) -> str | None:
    properties = row.get("properties")
    found = properties.get(CHANNEL) if isinstance(properties, dict) else None
    value = found.get("value") if isinstance(found, dict) else found
    return value.lower() if isinstance(value, str) and value else None
