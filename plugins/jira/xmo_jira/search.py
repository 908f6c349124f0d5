"""Searching one site, page by page: by tokens on Cloud, by offsets on Data Center."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from xmo_hooks import ConfigError, NotFound, Unavailable, XmoError
from xmo_jira import jql
from xmo_jira.client import Client, mapping, mappings, status_of
from xmo_jira.fields import CHANNEL
from xmo_jira.site import Site

Rows = list[dict[str, Any]]
Pages = Iterator[tuple[Rows, bool]]  # the rows of a page, and whether another follows
IDS = 100  # of one look-up by id: Cloud's limit
_SLIPS = 50
_CIRCLES = 3


class Search(Protocol):
    """What both kinds of Jira can be asked."""

    def pages(self, conditions: Sequence[str], fields: Sequence[str]) -> Pages:
        """Yield the pages of all tickets that match, oldest change first. A row may come twice, also after it has
        changed; none is left out."""

    def newest(self, conditions: Sequence[str]) -> Rows:
        """Return the ticket that changed last, if there is one."""

    def count(self, conditions: Sequence[str]) -> int | None:
        """Count what matches, or None where the site cannot."""

    def some(self, keys: Sequence[str], fields: Sequence[str], conditions: Sequence[str]) -> Rows:
        """Return the tickets with these ids, at most `IDS`; what is gone, hidden or does not match is left out."""

    def lost(self, keys: Sequence[str]) -> list[str]:
        """Return which of these ids, at most `IDS`, the site no longer shows."""

    def since(self, ms: int | None) -> list[str]:
        """Return the condition for what changed at this time or later."""


def search(client: Client, site: Site, page_size: int, *, changes: bool) -> Search:
    """Make the search of a site. `changes`: rows bring their history with them, where the site does that whole."""
    if site.cloud:
        return CloudSearch(client, site, page_size)
    return ServerSearch(client, site, page_size, changes=changes)


class CloudSearch:
    """Jira Cloud. A token leads from page to page, and is left out on the last one."""

    def __init__(self, client: Client, site: Site, page_size: int) -> None:
        self._client, self._api, self._size = client, site.api, page_size

    def pages(self, conditions: Sequence[str], fields: Sequence[str]) -> Pages:
        """Follow the tokens. One that comes again is tried again; raises `Unavailable` where that leads in a
        circle."""
        token, known, circles = None, set[str](), 0
        while True:
            answer = self._page(conditions, fields, self._size, token)
            rows, token = _issues(answer), answer.get("nextPageToken")
            more = bool(rows) and bool(token) and answer.get("isLast") is not True
            yield rows, more
            if not more:
                return
            circles += token in known
            if circles > _CIRCLES:
                raise Unavailable(
                    "Jira's pages lead in a circle: it gave the same page token again and again.",
                    hint="Try again; a proxy that caches answers to POST does this as well.",
                )
            known.add(str(token))

    def newest(self, conditions: Sequence[str]) -> Rows:
        """Return the ticket that changed last."""
        return _issues(self._page(conditions or self.since(None), ["updated"], 1, order="updated DESC"))

    def count(self, conditions: Sequence[str]) -> int | None:
        """Count, nearly exactly, by the call for that."""
        try:
            answer = self._client.query(f"{self._api}/search/approximate-count", {"jql": " AND ".join(conditions)})
        except NotFound:
            return None
        count = mapping(answer, "a count").get("count")
        return count if isinstance(count, int) else None

    def some(self, keys: Sequence[str], fields: Sequence[str], conditions: Sequence[str]) -> Rows:
        """Fetch by id: a condition with one id that does not exist would be refused as a whole. What is found is as it
        is now; which of it matches the search tells, whose index may not know a new ticket yet."""
        rows = mappings(self._fetch(keys, fields).get("issues"), "some tickets")
        if not rows or not conditions:
            return rows
        where = [jql.by_id([str(row.get("id")) for row in rows]), *conditions]
        matching = {row.get("id") for page, _ in self.pages(where, ["updated"]) for row in page}
        return [row for row in rows if row.get("id") in matching]

    def lost(self, keys: Sequence[str]) -> list[str]:
        """Return the ids that are neither shown nor named as failed. The vendor does not tell apart what is deleted
        and what the account may not see."""
        answer = self._fetch(keys, ["updated"])
        failed = [one for one in answer.get("issueErrors") or () if isinstance(one, Mapping)]
        there = {str(one.get("id")) for one in [*mappings(answer.get("issues"), "some tickets"), *failed]}
        return [key for key in keys if key not in there]

    def since(self, ms: int | None) -> list[str]:
        """Return the condition; there always is one, for Cloud refuses a search without bounds."""
        return [f"updated >= {jql.epoch(ms or 0)}"]

    def _fetch(self, keys: Sequence[str], fields: Sequence[str]) -> dict[str, Any]:
        body = {"issueIdsOrKeys": list(keys), "fields": list(fields), "properties": [CHANNEL]}
        return mapping(self._client.query(f"{self._api}/issue/bulkfetch", body), "some tickets")

    def _page(
        self,
        conditions: Sequence[str],
        fields: Sequence[str],
        size: int,
        token: str | None = None,
        order: str = "updated ASC, id ASC",
    ) -> dict[str, Any]:
        body = {
            "jql": f"{' AND '.join(conditions)} ORDER BY {order}",
            "fields": list(fields),
            "maxResults": size,
            "properties": [CHANNEL],
            **({"nextPageToken": token} if token else {}),
        }
        hint = 'Jira Data Center has no such search: set deployment = "server".'
        return _asked(self._client, f"{self._api}/search/jql", body, hint)


class ServerSearch:
    """Jira Data Center. Pages are counted off from the beginning, so whatever changes meanwhile moves those behind it:
    each page begins with a row of the one before, and where it does not, the search goes back."""

    def __init__(self, client: Client, site: Site, page_size: int, *, changes: bool) -> None:
        self._client, self._api, self._size, self._zone = client, site.api, page_size, site.zone
        self._expand = ["changelog"] if changes else []

    def pages(self, conditions: Sequence[str], fields: Sequence[str]) -> Pages:
        """Follow the offsets. A ticket that changes leaves its place for the end, and all behind it move up; what was
        read and stands before the first row of a page is therefore all that can have moved."""
        offset, step, known, slips = 0, 0, set[str](), 0
        while True:
            answer = self._page(conditions, fields, self._size, offset, expand=self._expand)
            rows = _issues(answer)
            if step and not (rows and mark(rows[0]) in known):
                slips, step = slips + 1, step * 2
                _refuse_haste(slips)
                offset = max(0, offset - step)
                step = step if offset else 0
                continue
            end = offset + len(rows)
            more = end < _total(answer) and bool(rows)
            yield rows, more
            if not more:
                return
            known.update(mark(row) for row in rows)
            step = min(len(rows) - 1, max(1, len(rows) // 20))
            offset = end - step

    def newest(self, conditions: Sequence[str]) -> Rows:
        """Return the ticket that changed last."""
        return _issues(self._page(conditions, ["updated"], 1, order="updated DESC"))

    def count(self, conditions: Sequence[str]) -> int | None:
        """Count by a search that asks for nothing."""
        return _total(self._page(conditions, ["updated"], 0))

    def some(self, keys: Sequence[str], fields: Sequence[str], conditions: Sequence[str]) -> Rows:
        """Search by id, with the history where it is asked for."""
        return self._by_id(keys, fields, self._expand, conditions)

    def lost(self, keys: Sequence[str]) -> list[str]:
        """Return the ids that a search does not find: deleted, or hidden from the account."""
        there = {str(row.get("id")) for row in self._by_id(keys, ["updated"], [])}
        return [key for key in keys if key not in there]

    def since(self, ms: int | None) -> list[str]:
        """Return the condition, in the account's own time zone."""
        return [f"updated >= {jql.local_minute(ms, self._zone)}"] if ms else []

    def _by_id(
        self, keys: Sequence[str], fields: Sequence[str], expand: Sequence[str], conditions: Sequence[str] = ()
    ) -> Rows:
        # Without validation an id that does not exist is passed over; with it, the whole search is refused.
        rows, where = Rows(), [jql.by_id(keys), *conditions]
        while True:
            answer = self._page(where, fields, len(keys), len(rows), expand=expand, validateQuery=False)
            page = _issues(answer)
            rows += page
            if not page or len(rows) >= _total(answer):
                return rows

    def _page(
        self,
        conditions: Sequence[str],
        fields: Sequence[str],
        size: int,
        offset: int = 0,
        *,
        order: str = "updated ASC, key ASC",
        **more: Any,
    ) -> dict[str, Any]:
        where = f"{' AND '.join(conditions)} ORDER BY {order}".lstrip()
        body = {"jql": where, "fields": list(fields), "maxResults": size, "startAt": offset, **more}
        hint = 'Jira Cloud has removed this search: set deployment = "cloud".'
        return _asked(self._client, f"{self._api}/search", body, hint)


def mark(row: Mapping[str, Any]) -> str:
    """Return what tells one version of a ticket from all others: its id and when it changed."""
    fields = row.get("fields")
    return f"{row.get('id')} {fields.get('updated') if isinstance(fields, Mapping) else None}"


def _asked(client: Client, path: str, body: Mapping[str, Any], other: str) -> dict[str, Any]:
    """Search; `other` is the hint for a site that is of the other kind."""
    try:
        return mapping(client.query(path, body), "a search")
    except NotFound as error:
        raise ConfigError(f"This Jira does not know the search at {path}.", hint=other) from error
    except XmoError as error:
        if status_of(error) == 400:
            raise ConfigError(str(error), hint="Check `projects` and `jql` of the source.") from error.__cause__
        raise


def _issues(answer: Mapping[str, Any]) -> Rows:
    return mappings(answer.get("issues"), "a search")


def _total(answer: Mapping[str, Any]) -> int:
    total = answer.get("total")
    if not isinstance(total, int):
        raise Unavailable("Jira's answer does not say how many tickets there are.")
    return total


def _refuse_haste(slips: int) -> None:
    if slips > _SLIPS:
        raise Unavailable("Tickets change faster than they can be read.", hint="Try again when fewer are edited.")
