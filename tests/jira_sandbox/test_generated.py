"""Made-up tickets: as many as asked for, the same for the same seed, plausible at any time."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.jira_sandbox.conftest import Serve
from tests.jira_sandbox.support import Json, Served, ticket, work_file
from xmo_hooks import SandboxOptions

AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def desk(serve: Serve) -> Served:
    return serve(SandboxOptions(generate=200, seed=3))


def walk(desk: Served, jql: str = "project = SUP ORDER BY key", fields: list[str] | None = None) -> list[Json]:
    rows: list[Json] = []
    token = None
    while True:
        more: Json = {"nextPageToken": token} if token else {}
        page = desk.search(jql, fields=fields or ["*all"], **more).json()
        rows += page["issues"]
        token = page.get("nextPageToken")
        if not token:
            return rows


def test_there_are_as_many_tickets_as_asked_for_and_tasks_of_another_team(desk: Served) -> None:
    path = "/rest/api/3/search/approximate-count"
    counts = [desk.post(path, {"jql": f"project = {key}"}).json()["count"] for key in ("SUP", "OPS")]
    assert counts == [200, 10]


def test_all_of_them_are_plausible_in_the_end(desk: Served) -> None:
    kinds = set()
    for issue in walk(desk):
        fields = issue["fields"]
        kinds.add(fields["issuetype"]["name"])
        assert fields["created"] <= fields["resolutiondate"] <= fields["updated"]
        assert fields["status"]["name"] in {"Closed", "Canceled"}
        assert all(fields[name] for name in ("reporter", "components", "duedate", "customfield_10010"))
    assert {"[System] Incident", "[System] Service request"} <= kinds
    reopened = desk.keys('resolved >= "2026-01-01" AND "Zufriedenheitsdatum" is not EMPTY', maxResults=200)
    assert 20 < len(reopened) < 80


def test_every_kind_of_event_happens_to_some(desk: Served) -> None:
    rows = walk(desk)
    statuses = set()
    for start in range(0, len(rows), 100):
        ids = [row["id"] for row in rows[start : start + 100]]
        told = desk.post("/rest/api/3/changelog/bulkfetch", {"issueIdsOrKeys": ids, "maxResults": 10_000}).json()
        items = [i for log in told["issueChangeLogs"] for h in log["changeHistories"] for i in h["items"]]
        statuses |= {(item.get("fromString"), item.get("toString")) for item in items if item["field"] == "status"}
    assert {("Resolved", "Work in progress"), ("Work in progress", "Pending"), ("Open", "Work in progress")} <= statuses
    assert ("In Progress", "Waiting for customer") in statuses
    assert any(row["fields"]["customfield_10032"]["completedCycles"][0]["breached"] for row in rows)
    assert any(len(row["fields"]["customfield_10032"]["completedCycles"]) == 2 for row in rows)


def test_at_a_time_in_between_some_are_open_and_some_are_still_to_come(serve: Serve) -> None:
    desk = serve(SandboxOptions(generate=200, at=AT))
    rows = walk(desk, fields=["status", "created"])
    categories = {row["fields"]["status"]["statusCategory"]["key"] for row in rows}
    assert categories >= {"indeterminate", "done"}
    assert 0 < len(rows) < 200
    assert all(row["fields"]["created"] <= "2026-03-01T00:00:00.000+0000" for row in rows)


def test_the_same_seed_makes_the_same_tickets(serve: Serve) -> None:
    runs = [serve(SandboxOptions(generate=20, seed=seed)) for seed in (1, 1, 2)]
    wanted = ["summary", "status", "created", "updated", "resolutiondate", "duedate", "priority"]
    first, second, other = ([_plain(row) for row in walk(desk, fields=wanted)] for desk in runs)
    assert first == second != other


def test_generated_tickets_may_stand_beside_those_of_a_file(serve: Serve, tmp_path: Path) -> None:
    data = work_file(tmp_path / "work.jsonl", [ticket(40, ("08:00", "opened"))])
    both = serve(SandboxOptions(generate=5, data=data))
    assert sorted(both.keys()) == ["SUP-40", "SUP-41", "SUP-42", "SUP-43", "SUP-44", "SUP-45"]
    alone = serve(SandboxOptions())
    assert len(alone.search(maxResults=5000).json()["issues"]) == 300


def _plain(row: Json) -> Json:
    fields = {name: value["name"] if isinstance(value, dict) else value for name, value in row["fields"].items()}
    return {"key": row["key"], **fields}
