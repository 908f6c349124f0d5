"""Rows that hold all they need: what the sideloads of an answer tell about a ticket is put into its row.

So that a row can be parsed alone, at any time, a row takes along the requester, the organization, the group's name and
the metric set, of each only what parsing reads. Texts that nothing reads, such as descriptions, are left out: rows that
cannot be understood are kept, and should hold no more of people than they must.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from xmo_zendesk.options import Options, Place

Row = dict[str, Any]
Lookup = Callable[[str], Mapping[str, str]]  # "brand", "form" or "field" to names: see `names`
STREAM = "_stream"
LABEL = "_label"
REQUESTER, ORGANIZATION, GROUP, BRAND, FORM = "_requester", "_organization", "_group", "_brand", "_form"
SIDELOADS = "users,groups,organizations,metric_sets"

_TICKET = (
    *("id", "status", "custom_status_id", "type", "subject", "priority", "created_at", "updated_at"),
    *("generated_timestamp", "requester_id", "organization_id", "group_id", "problem_id", "brand_id"),
    *("ticket_form_id", "due_at", "custom_fields", "satisfaction_rating", "metric_set"),
)
# `time_zone` is not among them: it is a name of the vendor's own, such as Alaska
_USER = ("id", "name", "email", "locale", "iana_time_zone")
_METRICS = ("reopens", "group_stations", "solved_at", "status_updated_at")


class Join:
    """Joins tickets with their sideloads, by what the options read."""

    def __init__(self, options: Options, names: Lookup) -> None:
        self._names = names
        self._named = tuple(
            (key, place, column)
            for key, place, column in ((BRAND, "brand", "brand_id"), (FORM, "form", "ticket_form_id"))
            if place in options.places
        )
        self._user_fields = _keys(options.places, "user_fields.")
        self._organization_fields = _keys(options.places, "organization_fields.")
        self._custom = {place for place in options.places if type(place) is int}
        self._merged = options.merged_tags

    def rows(self, body: Mapping[str, Any], tickets: Sequence[Row]) -> Iterator[Row]:
        """Yield the rows of the tickets of one answer."""
        users, groups, organizations = (_by(body, name, "id") for name in ("users", "groups", "organizations"))
        metrics = _by(body, "metric_sets", "ticket_id")
        for ticket in tickets:
            row = {name: ticket[name] for name in _TICKET if name in ticket} | how(ticket)
            row[STREAM] = "tickets"
            if merged := [tag for tag in ticket.get("tags") or () if tag in self._merged]:
                row["tags"] = merged
            if isinstance(row.get("custom_fields"), list):
                # written out: a ticket has dozens of fields, of which one or two are read
                read = [one for one in row["custom_fields"] if isinstance(one, dict) and one.get("id") in self._custom]
                row["custom_fields"] = [self._labelled(one) for one in read]
            if metric_set := row.get("metric_set") or metrics.get(_key(row.get("id"))):
                row["metric_set"] = _some(metric_set, _METRICS)
            if user := users.get(_key(row.get("requester_id"))):
                row[REQUESTER] = self._user(user)
            if organization := organizations.get(_key(row.get("organization_id"))):
                row[ORGANIZATION] = self._organization(organization)
            if group := groups.get(_key(row.get("group_id"))):
                row[GROUP] = group.get("name")
            for key, place, column in self._named:
                row[key] = self._names(place).get(_key(row.get(column)))
            yield row

    def _labelled(self, entry: Row) -> Row:
        """Put the words of a dropdown's options beside their values, which are tags."""
        names, key, value = self._names("field"), entry.get("id"), entry.get("value")
        if isinstance(value, list):
            return entry | {LABEL: [names.get(f"{key}:{one}", one) for one in value]}
        name = names.get(f"{key}:{value}")
        return entry | {LABEL: name} if name else entry

    def _user(self, user: Row) -> Row:
        return _some(user, _USER) | _extra(user, "user_fields", self._user_fields)

    def _organization(self, organization: Row) -> Row:
        return _some(organization, ("name",)) | _extra(organization, "organization_fields", self._organization_fields)


def how(record: Mapping[str, Any]) -> Row:
    """Return `via` with the channel and the kind of its source alone: mail's has the requester's name and address."""
    via = record.get("via")
    if not isinstance(via, dict):
        return {"via": via} if via else {}
    source = via.get("source")
    return {"via": _some(via, ("channel",)) | ({"source": _some(source, ("rel",))} if isinstance(source, dict) else {})}


def _keys(places: Sequence[Place], start: str) -> tuple[str, ...]:
    return tuple(str(place).removeprefix(start) for place in places if str(place).startswith(start))


def _some(record: Any, names: Sequence[str]) -> Row:
    return {name: record[name] for name in names if name in record} if isinstance(record, dict) else record


def _extra(record: Row, name: str, wanted: Sequence[str]) -> Row:
    return {name: _some(record.get(name) or {}, wanted)} if wanted else {}


def _key(value: Any) -> str:
    return str(value)


def _by(body: Mapping[str, Any], name: str, column: str) -> dict[str, Row]:
    sideloaded = body.get(name) or ()
    return {_key(one.get(column)): one for one in sideloaded if isinstance(one, dict)}
