"""Fetching the history of many tickets at once: the one that comes with a search is cut off on Cloud."""

from collections.abc import Mapping, Sequence
from typing import Any

from xmo_hooks import Unavailable
from xmo_jira.client import Client, mapping, mappings
from xmo_jira.search import Rows

HISTORIES = "histories"  # the key under which a fetched row holds its history
IDS = 1000  # of one request: the vendor's limit
_SIZE = 10_000  # changes in one answer: the vendor's limit


def attach(client: Client, rows: Rows, fields: Sequence[str]) -> None:
    """Write into each row of Jira Cloud how these fields have changed, oldest first; [] where they never did."""
    found: dict[str, list[Any]] = {str(row["id"]): [] for row in rows if "id" in row}
    keys = list(found)
    for start in range(0, len(keys), IDS):
        _collect(client, keys[start : start + IDS], fields, found)
    for row in rows:
        row[HISTORIES] = found.get(str(row.get("id")), [])


def _collect(client: Client, keys: Sequence[str], fields: Sequence[str], found: Mapping[str, list[Any]]) -> None:
    body: dict[str, Any] = {"issueIdsOrKeys": list(keys), "fieldIds": list(fields), "maxResults": _SIZE}
    known = set[str]()
    while True:
        answer = mapping(client.query("/rest/api/3/changelog/bulkfetch", body), "changes")
        for log in mappings(answer.get("issueChangeLogs"), "changes"):
            found.get(str(log.get("issueId")), []).extend(log.get("changeHistories") or ())
        token = answer.get("nextPageToken")
        if not token:
            return
        if token in known:
            raise Unavailable("Jira's pages of changes lead in a circle: it gave the same page token twice.")
        known.add(token)
        body["nextPageToken"] = token
