"""How a month of work looks at this vendor: fields, statuses, comments, history and service levels."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.jira_sandbox.conftest import Play, Serve
from tests.jira_sandbox.support import Json, Line, Served, at, ms, ticket, work_file
from xmo_hooks import ConfigError, SandboxOptions

STORY = ticket(
    17,
    *[("08:00:00", "opened"), ("08:00:02", "acknowledged"), ("08:05", "promised", "16:00"), ("08:10", "noted")],
    *[("08:15", "assigned", "a1", "Service Desk"), ("08:20", "replied"), ("08:30", "waiting"), ("08:40", "asked")],
    *[("08:41", "resumed"), ("09:00", "assigned", "a3", "Network"), ("09:30", "on_hold"), ("10:00", "resumed")],
    *[("10:30", "promised", "03-03T12:00:00"), ("11:00", "resolved"), ("12:00", "reopened"), ("13:00", "replied")],
    *[("14:00", "resolved"), ("15:00", "rated", "5", "All good"), ("03-05T14:00:00", "closed")],
    promised=at("03-03T12:00:00"),
)


@pytest.fixture
def desk(play: Play) -> Served:
    return play(STORY)


@pytest.fixture
def past(serve: Serve, tmp_path: Path) -> Served:
    """The same, but the clock shows when it was opened."""
    from datetime import UTC, datetime

    data = work_file(tmp_path / "past.jsonl.gz", [STORY])
    return serve(SandboxOptions(data=data, at=datetime(2026, 3, 2, 8, tzinfo=UTC)))


def items(desk: Served, key: str = "SUP-17") -> Iterator[tuple[str, Json]]:
    for history in desk.told(f"/issue/{key}/changelog")["values"]:
        yield from ((history["created"][11:16], item) for item in history["items"])


def moves(desk: Served, field: str) -> list[tuple[str, str | None, str | None]]:
    found = [(time, item) for time, item in items(desk) if item["fieldId"] == field]
    return [(time, item.get("fromString"), item.get("toString")) for time, item in found]


def test_the_fields_hold_what_the_ticket_says(desk: Served) -> None:
    fields = desk.fields("SUP-17")
    assert fields["summary"] == "Ticket 17"
    assert fields["issuetype"]["name"] == "[System] Incident"
    assert (fields["priority"]["name"], fields["priority"]["id"]) == ("High", "2")
    assert (fields["project"]["key"], fields["project"]["projectTypeKey"]) == ("SUP", "service_desk")
    assert [each["name"] for each in fields["components"]] == ["Mail"]
    assert (fields["created"], fields["updated"]) == ("2026-03-02T08:00:00.000+0000", "2026-03-05T14:00:00.000+0000")
    assert fields["resolutiondate"] == "2026-03-02T14:00:00.000+0000"
    assert (fields["resolution"]["name"], fields["status"]["name"]) == ("Done", "Closed")
    assert fields["duedate"] == "2026-03-03"
    assert desk.told("/issue/10017/properties/request.channel.type")["value"] == {"value": "portal"}


def test_the_requester_has_an_account_and_an_address(desk: Served) -> None:
    reporter = desk.fields("SUP-17")["reporter"]
    assert (reporter["emailAddress"], reporter["displayName"]) == ("p7@example.org", "Person 7")
    assert (reporter["accountType"], reporter["timeZone"]) == ("customer", "Europe/Berlin")
    assert reporter["accountId"] not in {"", desk.told("/myself")["accountId"]}
    assert not {"name", "key"} & set(reporter)


def test_custom_fields_are_found_by_their_type_and_not_by_their_name(desk: Served) -> None:
    fields = desk.fields("SUP-17")
    (request_type,), (organisations,) = desk.custom(":vp-origin"), desk.custom(":sd-customer-organizations")
    (language,), (due,), (team,) = (
        desk.custom(":sd-request-language"),
        desk.custom("customfieldtypes:datetime"),
        desk.custom("customfieldtypes:select"),
    )
    assert fields[request_type]["requestType"]["name"] == "software"
    assert fields[request_type]["currentStatus"]["statusCategory"] == "DONE"
    assert [each["name"] for each in fields[organisations]] == ["Sales"]
    assert fields[language] == {"languageCode": "de", "displayName": "Deutsch"}
    assert fields[due] == "2026-03-03T12:00:00.000+0000"
    assert fields[team]["value"] == "Network"
    names = {each["id"]: each["name"] for each in desk.told("/field")}
    assert (names[request_type], names[team]) == ("Anfragetyp", "Zuständiges Team")


def test_the_rating_is_a_field_of_its_own_and_moves_nothing_else(past: Served) -> None:
    (stars,), (date,) = past.custom(":sd-request-feedback"), past.custom(":sd-request-feedback-date")
    past.clock("14:30")
    before = past.fields("SUP-17")
    assert (before[stars], before[date]) == (None, None)
    assert past.keys(f"cf[{date[12:]}] is not EMPTY") == []
    past.clock("15:00")
    after = past.fields("SUP-17")
    assert (after[stars], after[date]) == ({"rating": 5}, "2026-03-02T15:00:00.000+0000")
    assert after["updated"] == before["updated"]
    assert past.keys(f"cf[{date[12:]}] >= -1h") == ["SUP-17"]


@pytest.mark.parametrize(
    ("time", "status", "category", "resolved"),
    [
        ("08:00", "Open", "new", None),
        ("08:15", "Work in progress", "indeterminate", None),
        ("08:30", "Waiting for customer", "indeterminate", None),
        ("08:41", "Work in progress", "indeterminate", None),
        ("09:30", "Pending", "indeterminate", None),
        ("11:00", "Resolved", "done", "11:00"),
        ("12:00", "Work in progress", "indeterminate", None),
        ("14:00", "Resolved", "done", "14:00"),
        ("03-05T14:00:00", "Closed", "done", "14:00"),
    ],
)
def test_an_issue_stands_as_it_did_at_the_time(
    past: Served, time: str, status: str, category: str, resolved: str | None
) -> None:
    past.clock(time)
    for fields in (past.fields("SUP-17"), past.found(fields=["*all"])[0]["fields"]):
        assert (fields["status"]["name"], fields["status"]["statusCategory"]["key"]) == (status, category)
        assert fields["resolutiondate"] == (f"2026-03-02T{resolved}:00.000+0000" if resolved else None)
        assert bool(fields["resolution"]) == bool(resolved)


def test_the_history_tells_each_change_with_both_sides(desk: Served) -> None:
    assert moves(desk, "assignee") == [("08:15", None, "Agent a1"), ("09:00", "Agent a1", "Agent a3")]
    assert moves(desk, "customfield_10040") == [("08:15", None, "Service Desk"), ("09:00", "Service Desk", "Network")]
    assert moves(desk, "resolution") == [("11:00", None, "Done"), ("12:00", "Done", None), ("14:00", None, "Done")]
    assert moves(desk, "duedate") == [
        ("08:05", None, "2026-03-02 00:00:00.0"),
        ("10:30", "2026-03-02 00:00:00.0", "2026-03-03 00:00:00.0"),
    ]
    assert [to for _, _, to in moves(desk, "customfield_10042")] == [
        "2026-03-02T16:00:00.000+0000",
        "2026-03-03T12:00:00.000+0000",
    ]
    statuses = [(before, after) for _, before, after in moves(desk, "status")]
    assert statuses[0] == ("Open", "Work in progress")
    assert statuses[-1] == ("Resolved", "Closed")
    assert len(statuses) == 9


def test_what_is_empty_is_left_out_of_an_item_and_custom_fields_are_named_in_it(desk: Served) -> None:
    first = next(item for _, item in items(desk) if item["fieldId"] == "assignee")
    assert set(first) == {"field", "fieldtype", "fieldId", "to", "toString"}
    team = next(item for _, item in items(desk) if item["fieldId"] == "customfield_10040")
    assert (team["field"], team["fieldtype"]) == ("Zuständiges Team", "custom")


def test_the_first_group_is_no_change_of_groups(play: Play) -> None:
    desk = play(ticket(17, ("08:00", "opened"), ("09:00", "assigned", "a1", "Network"), ("10:00", "noted")))
    assert moves(desk, "customfield_10040") == [("09:00", None, "Network")]


def test_what_changes_nothing_leaves_no_history(play: Play) -> None:
    desk = play(ticket(17, ("08:00", "opened"), ("09:00", "waiting"), ("10:00", "waiting"), ("11:00", "replied")))
    assert [time for time, _ in items(desk)] == ["09:00"]


def test_comments_are_public_or_internal_and_say_who_wrote_them(desk: Served) -> None:
    comments = desk.told("/issue/SUP-17/comment", expand="properties")["comments"]
    told = [(c["created"][11:16], c["author"]["accountType"], c["jsdPublic"]) for c in comments]
    assert told == [
        ("08:00", "app", True),
        ("08:10", "atlassian", False),
        ("08:20", "atlassian", True),
        ("08:40", "customer", True),
        ("13:00", "atlassian", True),
    ]
    internal = [c["properties"][0]["value"]["internal"] for c in comments]
    assert internal == [not c["jsdPublic"] for c in comments]
    assert comments[0]["body"]["type"] == "doc"


def test_ids_of_comments_and_histories_are_unique_and_stay(past: Served, desk: Served) -> None:
    past.clock("09:00")
    early = [h["id"] for h in past.told("/issue/SUP-17/changelog")["values"]]
    late = [h["id"] for h in desk.told("/issue/SUP-17/changelog")["values"]]
    assert late[: len(early)] == early
    assert len(set(late)) == len(late)


def test_ends_without_a_resolution_before_them_carry_one(play: Play) -> None:
    desk = play(
        ticket(1, ("08:00", "opened"), ("09:00", "closed")), ticket(2, ("08:00", "opened"), ("09:00", "cancelled"))
    )
    closed, cancelled = desk.fields("SUP-1"), desk.fields("SUP-2")
    assert (closed["status"]["name"], closed["resolution"]["name"]) == ("Closed", "Done")
    assert (cancelled["status"]["name"], cancelled["resolution"]["name"]) == ("Canceled", "Won't Do")
    assert closed["resolutiondate"] == cancelled["resolutiondate"] == "2026-03-02T09:00:00.000+0000"


def test_a_deleted_issue_is_nowhere(play: Play) -> None:
    desk = play(
        ticket(1, ("08:00", "opened"), ("09:00", "deleted")), ticket(2, ("08:00", "opened"), ("10:00", "noted"))
    )
    assert desk.keys() == ["SUP-2"]
    assert desk.get("/rest/api/3/issue/SUP-1").status_code == 404
    body = {"issueIdsOrKeys": ["SUP-1", "SUP-2"]}
    assert len(desk.post("/rest/api/3/issue/bulkfetch", body).json()["issues"]) == 1
    assert "does not exist" in desk.refused("key = SUP-1")


def test_requests_and_tasks_go_their_own_ways(play: Play) -> None:
    desk = play(ticket(1, ("08:00", "opened"), kind="request"), ticket(2, ("08:00", "opened"), kind="task"))
    request, task = desk.fields("SUP-1"), desk.fields("OPS-1")
    assert (request["issuetype"]["name"], request["status"]["name"]) == (
        "[System] Service request",
        "Waiting for support",
    )
    assert (task["project"]["projectTypeKey"], task["customfield_10010"]) == ("software", None)
    assert desk.get("/rest/servicedeskapi/request/OPS-1").status_code == 404


@pytest.mark.parametrize(
    ("time", "first", "last"),
    [
        ("08:01", ([], None), ([], None)),
        ("08:10", ([], False), ([], False)),
        ("08:30", ([False], None), ([], False)),
        ("11:30", ([False], None), ([False], None)),
        ("12:30", ([False], None), ([False], False)),
        ("14:30", ([False], None), ([False, False], None)),
    ],
)
def test_service_levels_have_cycles_that_are_over_and_one_that_runs(
    past: Served, time: str, first: tuple[list[bool], bool | None], last: tuple[list[bool], bool | None]
) -> None:
    past.clock(time)
    fields = past.fields("SUP-17")
    ids = past.custom(":sd-sla-field")
    for field, (over, runs) in zip(ids, (first, last), strict=True):
        assert [cycle["breached"] for cycle in fields[field]["completedCycles"]] == over
        assert (fields[field].get("ongoingCycle") or {}).get("breached") == runs


def test_a_promise_that_was_not_kept_is_a_breach_with_less_than_no_time_left(play: Play) -> None:
    desk = play(ticket(1, ("08:00", "opened"), ("12:00", "resolved"), promised=at("10:00")))
    (cycle,) = desk.fields("SUP-1")["customfield_10032"]["completedCycles"]
    assert cycle["breached"] is True
    hour = 3_600_000
    lengths = [cycle[name]["millis"] for name in ("goalDuration", "elapsedTime", "remainingTime")]
    assert lengths == [2 * hour, 4 * hour, -2 * hour]
    assert cycle["stopTime"]["epochMillis"] == ms("12:00")
    assert cycle["stopTime"]["jira"] == "2026-03-02T12:00:00.000+0000"
    assert cycle["stopTime"]["iso8601"] == "2026-03-02T12:00:00+0000"


def test_without_a_promise_there_is_no_cycle(play: Play) -> None:
    desk = play(ticket(1, ("08:00", "opened"), ("12:00", "resolved")))
    for field in desk.custom(":sd-sla-field"):
        assert desk.fields("SUP-1")[field]["completedCycles"] == []
        assert "ongoingCycle" not in desk.fields("SUP-1")[field]


@pytest.fixture
def long(play: Play) -> Served:
    """A ticket with fifty histories, and twenty-five comments."""
    steps = [(f"{8 + n // 60:02}:{n % 60:02}", ("waiting", "resumed")[n % 2]) for n in range(1, 51)]
    replies = [(f"09:{n:02}", "replied") for n in range(1, 26)]
    return play(ticket(1, ("08:00", "opened"), *steps, *replies), ticket(2, ("08:30", "opened"), ("08:45", "resolved")))


def test_a_search_carries_the_forty_newest_histories_newest_first(long: Served) -> None:
    (issue,) = long.found("key = SUP-1", expand="changelog")
    log = issue["changelog"]
    assert (log["total"], log["maxResults"], len(log["histories"])) == (50, 40, 40)
    created = [history["created"] for history in log["histories"]]
    assert created == sorted(created, reverse=True)
    assert created[0] == "2026-03-02T08:50:00.000+0000"


def test_a_search_carries_the_twenty_newest_comments_and_their_number(long: Served) -> None:
    (issue,) = long.found("key = SUP-1", fields=["comment"])
    page = issue["fields"]["comment"]
    assert (page["total"], page["startAt"], len(page["comments"])) == (25, 5, 20)
    assert len(long.fields("SUP-1")["comment"]["comments"]) == 25


def test_comments_come_in_pages_and_in_both_orders(long: Served) -> None:
    path = "/issue/SUP-1/comment"
    page = long.told(path, startAt=20, maxResults=10)
    assert (page["startAt"], page["total"], len(page["comments"])) == (20, 25, 5)
    newest = long.told(path, orderBy="-created", maxResults=1)["comments"]
    assert newest[0]["created"] == "2026-03-02T09:25:00.000+0000"
    assert long.get(f"/rest/api/3{path}", orderBy="body").status_code == 400


def test_the_changelog_of_one_issue_comes_in_pages_oldest_first(long: Served) -> None:
    first, second = (long.told("/issue/SUP-1/changelog", startAt=n, maxResults=30) for n in (0, 30))
    assert [page["isLast"] for page in (first, second)] == [False, True]
    created = [h["created"] for page in (first, second) for h in page["values"]]
    assert len(created) == first["total"] == 50
    assert created == sorted(created)


def test_bulk_changelogs_are_one_row_by_date_over_all_issues(long: Served) -> None:
    body: Json = {"issueIdsOrKeys": ["SUP-2", "10001", "SUP-99"], "fieldIds": ["status"], "maxResults": 20}
    pages = [long.post("/rest/api/3/changelog/bulkfetch", body).json()]
    while token := pages[-1].get("nextPageToken"):
        pages.append(long.post("/rest/api/3/changelog/bulkfetch", {**body, "nextPageToken": token}).json())
    dates = [[h["created"] for log in page["issueChangeLogs"] for h in log["changeHistories"]] for page in pages]
    assert [len(page) for page in dates] == [20, 20, 11]
    assert max(dates[0]) <= min(dates[1])
    assert max(dates[1]) <= min(dates[2])
    issues = [[log["issueId"] for log in page["issueChangeLogs"]] for page in pages]
    assert issues == [["10001"], ["10001"], ["10001", "10002"]]


def test_bulk_changelogs_hold_the_fields_that_were_asked_for_alone(desk: Served) -> None:
    body = {"issueIdsOrKeys": ["SUP-17"], "fieldIds": ["resolution"]}
    (log,) = desk.post("/rest/api/3/changelog/bulkfetch", body).json()["issueChangeLogs"]
    assert [[item["fieldId"] for item in h["items"]] for h in log["changeHistories"]] == [["resolution"]] * 3


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"issueIdsOrKeys": []},
        {"issueIdsOrKeys": [str(n) for n in range(1001)]},
        {"issueIdsOrKeys": ["SUP-17"], "fieldIds": [f"customfield_{n}" for n in range(11)]},
        {"issueIdsOrKeys": ["SUP-17"], "nextPageToken": "nonsense"},
    ],
)
def test_bulk_changelogs_refuse_too_much_and_too_little(desk: Served, body: Json) -> None:
    assert desk.post("/rest/api/3/changelog/bulkfetch", body).status_code == 400


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (ticket(1), "first event"),
        (ticket(1, ("08:00", "assigned")), "first event"),
        (ticket(1, ("08:00", "opened"), ("07:00", "resolved")), "order of time"),
        (ticket(1, ("08:00", "opened"), ("09:00", "vanished")), "vanished"),
        (ticket(1, ("08:00", "opened"), kind="wish"), "wish"),
        ({"number": 1}, "events"),
    ],
)
def test_a_line_that_is_no_ticket_is_named(serve: Serve, tmp_path: Path, line: Line, said: str) -> None:
    data = work_file(tmp_path / "work.jsonl", [ticket(9, ("08:00", "opened")), line])
    with pytest.raises(ConfigError, match=r"Line 2 of work\.jsonl is no ticket") as caught:
        serve(SandboxOptions(data=data))
    assert said in str(caught.value)


def test_a_file_that_is_not_there_or_names_a_ticket_twice_is_refused(serve: Serve, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"Cannot read none\.jsonl"):
        serve(SandboxOptions(data=tmp_path / "none.jsonl"))
    data = work_file(tmp_path / "twice.jsonl", [ticket(1, ("08:00", "opened"))] * 2)
    with pytest.raises(ConfigError, match="twice"):
        serve(SandboxOptions(data=data))
