"""A served sandbox, a hand-driven clock, and small logs in the shape of the UCI file."""

import csv
import gzip
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import requests

Rows = list[dict[str, Any]]
ROOT = Path(__file__).parents[2]
FULL_FILE = ROOT.parent / "shared/data/uci-servicenow-incidents/incident_event_log.part_a.csv.gz"
EXCERPT = ROOT / "plugins/servicenow/xmo_servicenow/data/incidents.csv.gz"
with gzip.open(EXCERPT, "rt") as _file:
    COLUMNS = next(csv.reader(_file))
USUAL = {
    "active": "true",
    "reassignment_count": "0",
    "reopen_count": "0",
    "made_sla": "true",
    "caller_id": "Caller 7",
    "opened_by": "Opened by  8",
    "opened_at": "1/3/2016 07:00",
    "contact_type": "Phone",
    "location": "Location 93",
    "category": "Category 20",
    "subcategory": "Subcategory 125",
    "u_symptom": "Symptom 471",
    "impact": "2 - Medium",
    "urgency": "2 - Medium",
    "priority": "3 - Moderate",
    "assignment_group": "Group 70",
    "closed_code": "code 7",
    "resolved_by": "Resolved by 62",
    "resolved_at": "9/9/2016 09:09",
    "closed_at": "9/9/2016 09:09",
}


class Hand:
    """A monotonic clock that only the test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Served:
    """One sandbox on a real socket, and a session that is logged in."""

    def __init__(self, url: str, hand: Hand, slept: list[float]) -> None:
        self.url = url
        self.hand = hand
        self.slept = slept
        self.session = requests.Session()
        self.session.auth = ("xmo", "sandbox")
        self.session.headers["Accept"] = "application/json"

    def get(self, path: str, **params: str | int) -> requests.Response:
        return self.session.get(f"{self.url}{path}", params={name: str(value) for name, value in params.items()})

    def page(self, query: str = "", table: str = "incident", **params: str | int) -> requests.Response:
        return self.get(f"/api/now/table/{table}", sysparm_query=query, **params)

    def rows(self, query: str = "", table: str = "incident", **params: str | int) -> Rows:
        response = self.page(query, table, **params)
        assert response.status_code == 200, response.text
        rows: Rows = response.json()["result"]
        return rows

    def numbers(self, query: str = "", **params: Any) -> list[str]:
        return [row["number"] for row in self.rows(query, **params)]

    def incident(self, number: str) -> dict[str, Any]:
        (row,) = self.rows(f"number={number}")
        return row

    def patch(self, number: str, body: object, **more: Any) -> requests.Response:
        (row,) = self.rows(f"number={number}", table="task")
        url = f"{self.url}/api/now/table/{row['sys_class_name']}/{row['sys_id']}"
        return self.session.patch(url, json=body, **more)

    def put(self, switch: str, body: object) -> requests.Response:
        return requests.put(f"{self.url}/sandbox/{switch}", json=body, timeout=10)

    def clock(self, now: str) -> None:
        response = self.put("clock", {"now": now})
        assert response.status_code == 200, response.text

    def faults(self, **rates: float) -> None:
        response = self.put("faults", {name.removeprefix("_"): rate for name, rate in rates.items()})
        assert response.status_code == 200, response.text

    def journal(self) -> Rows:
        journal: Rows = requests.get(f"{self.url}/sandbox/journal", timeout=10).json()
        return journal


def log(path: Path, rows: Sequence[Mapping[str, str]]) -> Path:
    """Write rows as a log in the shape of the UCI file; what a row does not name is usual, else missing."""
    with gzip.open(path, "wt", newline="") if path.suffix == ".gz" else path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="?")
        writer.writeheader()
        writer.writerows({**USUAL, **row} for row in rows)
    return path


def life(number: str, *steps: tuple[str, str], **columns: str) -> list[dict[str, str]]:
    """Return the rows of one incident from its states and their stamps."""
    return [{"number": number, "incident_state": state, "sys_updated_at": at, **columns} for state, at in steps]
