"""The floor of Zendesk: the least that a loop written by hand must do.

It reads the exports that the plugin reads, metric events first, and writes the columns that the store's ticket has, as
raw text. It checks, normalises, retries and resumes nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import orjson
import requests

from benchmarks.floors.store import Store

PAGE = 500
_SIDELOADS = "users,groups,organizations,metric_sets"
Json = dict[str, Any]


class Account:
    """The account at an address."""

    def __init__(self, url: str) -> None:
        self._url, self._session = f"{url}/api/v2", requests.Session()

    def get(self, path: str, **params: Any) -> Any:
        """Ask, and return the JSON."""
        return orjson.loads(self._session.get(f"{self._url}/{path}", params=params, timeout=60).content)

    def targets(self) -> dict[int, tuple[bool, str]]:
        """Return whether each ticket kept its target, and when that was set."""
        found: dict[int, tuple[bool, str]] = {}
        start, more = 0, True
        while more:
            answer = self.get("incremental/ticket_metric_events.json", start_time=start)
            for event in answer["ticket_metric_events"]:
                if event["type"] in ("apply_sla", "breach"):
                    found[event["ticket_id"]] = event["type"] == "apply_sla", event["time"]
            start, more = answer["end_time"], not answer["end_of_stream"]
        return found

    def pages(self) -> Iterator[Json]:
        """Yield the pages of tickets."""
        at: Json = {"start_time": 0}
        while at:
            answer = self.get("incremental/tickets/cursor.json", per_page=PAGE, include=_SIDELOADS, **at)
            yield answer
            at = {} if answer["end_of_stream"] else {"cursor": answer["after_cursor"]}


def ticket(row: Json, group: Json, target: tuple[bool, str] | None) -> list[Any]:
    """Return the columns of a ticket."""
    measured = row["metric_set"]
    return [
        *("corp", row["id"], None, row["requester_id"], row["id"], None, row["type"], row["status"]),
        *(row["custom_status_id"], row["created_at"], row["generated_timestamp"], measured["solved_at"]),
        *(measured["status_updated_at"], target and target[1], row["subject"], row["url"]),
        *(measured["reopens"], measured["group_stations"], target and target[0], None, group["name"]),
        *(row["priority"], None, row["via"]["channel"], row["problem_id"], None),
    ]


def main() -> None:
    """Load all tickets of the server at `URL` into the file `STORE`."""
    url, file = sys.argv[1:]
    account, store = Account(url), Store(file)
    targets = account.targets()
    for page in account.pages():
        groups = {group["id"]: group for group in page["groups"]}
        rows = page["tickets"]
        tickets = [ticket(row, groups[row["group_id"]], targets.get(row["id"])) for row in rows]
        store.page(str(page["after_cursor"]), tickets)
    account.get("guide/survey_responses", **{"page[size]": 100})


if __name__ == "__main__":
    main()
