"""What is kept of an issue: of who served the side alone, of what was said when and by which side.

A row may be stored as it is, in quarantine, so this is done as soon as it is whole. What is not understood here is
left out, and refused when the row is parsed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xmo_jira.changelog import HISTORIES
from xmo_jira.fields import STANDARD, changes_of, holder_of, named_in
from xmo_jira.natives import rating
from xmo_jira.options import Options
from xmo_jira.sides import Sides
from xmo_jira.touchpoints import is_ours
from xmo_jira.values import is_person, user_key

Raw = dict[str, Any]


class Minimiser:
    """Minimises the rows of one site, in place. `facts` are those of the site: see `site.facts`."""

    def __init__(self, options: Options, facts: Mapping[str, Any]) -> None:
        self._sides = Sides(options)
        columns, names = facts.get("columns") or {}, facts.get("names") or {}
        self._requests, self._ratings = columns.get("request_type", ()), columns.get("rating", ())
        self._own = sorted({*named_in(options).values()}.difference(STANDARD, {options.promised}))
        self._holder = holder_of(options)
        # Data Center calls a custom field by its name in older versions.
        ids = {names[field]: field for field in (self._holder, options.promised) if names.get(field)}
        self._changes = ids | {field: field for field in changes_of(options)}

    def minimise(self, row: Raw) -> None:
        """Replace comments and history by what events are made of, and leave out persons other than the requester and
        the words of others."""
        changelog = row.pop("changelog", None)
        if isinstance(changelog, dict) and "histories" in changelog:
            row[HISTORIES] = changelog["histories"]
        fields = row.get("fields")
        known = fields if isinstance(fields, dict) else {}
        requester = user_key(known.get("reporter"))
        if HISTORIES in row:
            row[HISTORIES] = self._history(row[HISTORIES], requester)
        if isinstance(parent := known.get("parent"), dict):
            known["parent"] = {"id": parent.get("id")}
        for column in self._ratings:
            known[column] = rating(known.get(column))
        for column in self._own:
            known[column] = _without_people(known.get(column))
        if known.get("comment") is not None:
            is_request = any(known.get(column) is not None for column in self._requests)
            known["comment"] = self._comments(known["comment"], requester, is_request)

    def _comments(self, field: Any, requester: str | None, is_request: bool) -> Raw:
        """Return the comments that the requester sees and XMO did not write, and whether the row held all there
        are."""
        try:
            found, total, kept = field["comments"], field.get("total"), []
            for one in found:
                side = self._sides.of(one.get("author"), requester)
                if _is_seen(one, is_request and side != "requester") and not is_ours(one, side):
                    kept.append({"id": one.get("id"), "created": one.get("created"), "side": side})
            return {"comments": kept, "whole": not isinstance(total, int) or total <= len(found)}
        except (AttributeError, KeyError, TypeError):
            return {"comments": None}

    def _history(self, changes: Any, requester: str | None) -> list[Raw] | None:
        """Return the changes that events are made of, None for a history that is none."""
        holders: dict[str, str] = {}
        kept = []
        try:
            for change in changes:
                if items := self._items(change["items"], holders):
                    get, side = change.get, self._sides.of(change.get("author"), requester)
                    kept.append({"id": get("id"), "created": get("created"), "side": side, "items": items})
        except (AttributeError, KeyError, TypeError):
            return None
        return kept

    def _items(self, items: Any, holders: dict[str, str]) -> Raw:
        """Return the items of one change by field. Who held the ticket becomes a number: it tells one holder from
        another in this ticket, and nothing anywhere else."""
        kept: Raw = {}
        for item in items:
            get = item.get
            field = self._changes.get(get("fieldId") or get("field"))
            if field is None:
                continue
            before, after = get("from"), get("to")
            if field == self._holder:
                before, after = before or get("fromString"), after or get("toString")
                kept[field] = {"from": _number(before, holders), "to": _number(after, holders)}
            else:
                was, became = get("fromString"), get("toString")
                kept[field] = {"from": before, "to": after, "fromString": was, "toString": became}
        return kept


def _number(holder: str | None, holders: dict[str, str]) -> str | None:
    return holders.setdefault(holder, str(len(holders) + 1)) if holder else None


def _is_seen(comment: Mapping[str, Any], may_be_internal: bool) -> bool:
    """Tell whether the requester sees a comment: one that is not for a group or role alone, and no internal note.
    Data Center does not say which of the desk's comments on a request are notes: then none of them is taken."""
    public = comment.get("jsdPublic")
    return not comment.get("visibility") and public is not False and (public is True or not may_be_internal)


def _without_people(value: Any) -> Any:
    if isinstance(value, list):
        return [one for one in value if not is_person(one)]
    return None if is_person(value) else value
