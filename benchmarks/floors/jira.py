"""The floor of Jira Cloud: the least that a loop written by hand must do.

It asks for the fields and the changes that the plugin asks for, page by page, and writes the columns that the store's
ticket has, and one row of events for each comment and each change, as raw text. It checks, normalises, retries and
resumes nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
import requests

from benchmarks.floors.store import Store

SIZE = 100
Json = dict[str, Any]
Page = tuple[list[Json], Mapping[str, list[Json]], str]


class Site:
    """The site at an address."""

    def __init__(self, url: str) -> None:
        self._url, self._session = f"{url}/rest/api/3", requests.Session()

    def post(self, path: str, body: Json) -> Any:
        """Ask, and return the JSON."""
        return orjson.loads(self._session.post(f"{self._url}/{path}", json=body, timeout=60).content)

    def pages(self, fields: list[str], changes: list[str]) -> Iterator[Page]:
        """Yield the issues of each page, their histories by id, and the token that leads on."""
        asked: Json = {"jql": "updated >= 0 ORDER BY updated ASC, id ASC", "fields": fields, "maxResults": SIZE}
        asked["properties"] = ["request.channel.type"]
        while "nextPageToken" not in asked or asked["nextPageToken"]:
            answer = self.post("search/jql", asked)
            ids = [issue["id"] for issue in answer["issues"]]
            body = {"issueIdsOrKeys": ids, "fieldIds": changes, "maxResults": 10_000}
            logs = self.post("changelog/bulkfetch", body)["issueChangeLogs"]
            asked["nextPageToken"] = answer.get("nextPageToken")
            histories = {log["issueId"]: log["changeHistories"] for log in logs}
            yield answer["issues"], histories, str(asked["nextPageToken"])


def ticket(issue: Json, histories: list[Json], slas: list[str], request_type: str) -> list[Any]:
    """Return the columns of a ticket."""
    fields = issue["fields"]
    reporter, parent = fields["reporter"] or {}, fields.get("parent") or {}
    items = [item["fieldId"] for history in histories for item in history["items"]]
    breached = [cycle["breached"] for sla in slas for cycle in (fields[sla] or {}).get("completedCycles", ())]
    return [
        *("corp", issue["id"], None, reporter.get("accountId"), issue["key"], None, fields["issuetype"]["name"]),
        *(fields["status"]["statusCategory"]["key"], fields["status"]["name"], fields["created"], fields["updated"]),
        *(fields["resolutiondate"], None, fields["duedate"], fields["summary"], issue["self"]),
        *(items.count("resolution"), items.count("assignee"), not any(breached)),
        *(fields["components"][0]["name"] if fields["components"] else None, None, fields["priority"]["name"]),
        *(fields[request_type]["requestType"]["name"], issue["properties"]["request.channel.type"]["value"]),
        *(parent.get("id"), None),
    ]


def events(issue: Json, histories: list[Json]) -> Iterator[list[Any]]:
    """Yield a row for each comment that the requester sees, and for each change."""
    key = issue["id"]
    for one in issue["fields"]["comment"]["comments"]:
        if one["jsdPublic"]:
            yield ["corp", key, one["id"], "comment", one["author"]["accountId"], None, one["created"], None]
    for history in histories:
        for item in history["items"]:
            name, author = item["fieldId"], history["author"]["accountId"]
            yield ["corp", key, f"{history['id']}-{name}", name, author, None, history["created"], item.get("to")]


def main() -> None:
    """Load all tickets of the server at `URL` into the file `STORE`: `FIELDS` of them, and how `CHANGES` changed."""
    url, file, fields, changes, slas, request_type = sys.argv[1:]
    store = Store(file)
    for issues, histories, cursor in Site(url).pages(fields.split(","), changes.split(",")):
        pairs = [(issue, histories.get(issue["id"], [])) for issue in issues]
        tickets = [ticket(*pair, slas.split(","), request_type) for pair in pairs]
        store.page(cursor, tickets, [event for pair in pairs for event in events(*pair)])


if __name__ == "__main__":
    main()
