"""JQL: what it finds, in whose time zone, and what it refuses."""

import pytest

from tests.jira_sandbox.conftest import Play
from tests.jira_sandbox.support import Served, ms, ticket


@pytest.fixture
def days(play: Play) -> Served:
    """One ticket of each state, changed on the hour from 01:00 on."""
    return play(
        ticket(1, ("01:00", "opened")),
        ticket(2, ("01:30", "opened"), ("02:00", "assigned"), kind="request"),
        ticket(3, ("01:30", "opened"), ("02:00", "assigned"), ("03:00", "waiting"), priority="low"),
        ticket(4, ("01:30", "opened"), ("04:00", "resolved"), ("04:30", "rated", "4", "")),
        ticket(5, ("01:30", "opened"), ("05:00", "cancelled"), service="VPN"),
        ticket(6, ("01:30", "opened"), ("06:00", "replied"), kind="task"),
    )


@pytest.mark.parametrize(
    ("jql", "numbers"),
    [
        ("project = SUP", [1, 2, 3, 4, 5]),
        ("project in (SUP, OPS)", [1, 2, 3, 4, 5, 6]),
        ("project = 10000 and issuetype = 'Service Request'", [2]),
        ('type in ("[System] Incident", Task)', [1, 3, 4, 5, 6]),
        ("statusCategory = Done", [4, 5]),
        ('statusCategory != Done AND project = "Support"', [1, 2, 3]),
        ('statusCategory in ("To Do", indeterminate) AND project = SUP', [1, 2, 3]),
        ('status = "Waiting for customer"', [3]),
        ("resolution is EMPTY and project = sup", [1, 2, 3]),
        ("resolution is not empty", [4, 5]),
        ("component = VPN OR priority = Lowest", [5]),
        ("NOT priority = High AND project = SUP", [3]),
        ("project = SUP AND (key = SUP-1 OR (key = SUP-2 AND priority = High))", [1, 2]),
        ("id in (10001, 10003) AND key not in (SUP-3)", [1]),
        (f"updated >= {ms('04:00')} AND project = SUP", [4, 5]),
        (f"updated > {ms('04:00')} AND project = SUP", [5]),
        (f"updated <= {ms('02:00')}", [1, 2]),
        (f"updated > {ms('02:00')} AND updated < {ms('04:00')}", [3]),
        ('updated >= "2026-03-02 04:00" AND project = SUP', [4, 5]),
        ("updated < '2026/03/02 02:00'", [1]),
        ("updated >= '2026-03-02' AND created < '2026-03-02 01:01'", [1]),
        ("resolved >= 2026-03-02 AND project = SUP", [4, 5]),
        ("updated >= -2h", [4, 5, 6]),
        ("updated >= -1d and updated <= now()", [1, 2, 3, 4, 5, 6]),
        ("cf[10034] >= -7d", [4]),
        ("Zufriedenheitsdatum >= -1h", []),
        ("cf[10034] is not empty", [4]),
    ],
)
def test_a_condition_finds(days: Served, jql: str, numbers: list[int]) -> None:
    keys = ["OPS-1" if n == 6 else f"SUP-{n}" for n in numbers]
    assert days.keys(f"{jql} ORDER BY created ASC, updated ASC") == keys


def test_whoever_reported_is_found_by_their_account(days: Served) -> None:
    account = days.fields("SUP-1")["reporter"]["accountId"]
    assert len(days.keys(f"project = SUP AND reporter = '{account}'")) == 5
    assert days.keys("project = SUP AND reporter = somebody") == []
    assert days.keys("project = SUP AND description = nonsense") == []


@pytest.mark.parametrize(
    ("order", "numbers"),
    [
        ("updated DESC", [5, 4, 3, 2, 1]),
        ("created, key DESC", [1, 5, 4, 3, 2]),
        ("priority ASC, created DESC, key", [2, 4, 5, 1, 3]),
        ("id", [1, 2, 3, 4, 5]),
        ("resolutiondate DESC, key", [5, 4, 1, 2, 3]),
        ("resolution, key", [1, 2, 3, 4, 5]),
    ],
)
def test_an_order_is_kept(days: Served, order: str, numbers: list[int]) -> None:
    assert days.keys(f"project = SUP ORDER BY {order}") == [f"SUP-{n}" for n in numbers]


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Kolkata", "Europe/Berlin"])
def test_minutes_are_read_in_the_zone_of_the_user_and_milliseconds_are_not(days: Served, zone: str) -> None:
    days.put("user", {"time_zone": zone})
    assert days.told("/myself")["timeZone"] == zone
    local = {"America/Los_Angeles": "2026-03-01 20:00", "Asia/Kolkata": "2026-03-02 09:30"}
    text = local.get(zone, "2026-03-02 05:00")
    assert days.keys(f'project = SUP AND updated >= "{text}" ORDER BY key') == ["SUP-4", "SUP-5"]
    assert days.keys(f"project = SUP AND updated >= {ms('04:00')} ORDER BY key") == ["SUP-4", "SUP-5"]


def test_stamps_are_written_in_the_zone_of_the_user_with_their_offset(days: Served) -> None:
    days.put("user", {"time_zone": "Asia/Kolkata"})
    assert days.fields("SUP-4")["updated"] == "2026-03-02T09:30:00.000+0530"
    assert days.told("/serverInfo")["serverTime"].endswith("+0530")


@pytest.mark.parametrize("jql", ["", "   ", "ORDER BY updated ASC", "order by key"])
def test_a_query_without_a_restriction_is_refused(days: Served, jql: str) -> None:
    assert days.refused(jql).startswith("Unbounded JQL queries are not allowed here.")


@pytest.mark.parametrize(
    ("jql", "said"),
    [
        ("nonsense = 5", "Field 'nonsense' does not exist or you do not have permission to view it."),
        ("cf[99999] >= -7d", "Field 'cf[99999]' does not exist"),
        ("project = NOPE", "The value 'nope' does not exist for the field 'project'."),
        ("status = Sleeping", "does not exist for the field 'status'"),
        ("key = SUP-99", "An issue with key 'SUP-99' does not exist for field 'key'."),
        ("id in (10001, 99999)", "'99999' does not exist"),
        ("project = SUP ORDER BY nonsense", "Field 'nonsense'"),
        ("project = SUP ORDER BY comment", "Not able to sort"),
        ("project = SUP ORDER BY " + ", ".join(["key"] * 8), "maximum number of fields to order by is 7"),
        ("updated >= soon", "Date value 'soon' for field 'updated' is invalid"),
        ("updated >= '2026-03-02T04:00:00Z'", "is invalid"),
        ("updated in (-1d)", "The operator 'in' is not supported by the 'updated' field."),
        ("project > SUP", "The operator '>' is not supported by the 'project' field."),
        ("project = ", "ends where more is expected"),
        ("project SUP", "Expecting operator but got 'SUP'"),
        ("project = SUP AND", "ends where more"),
        ("project = SUP updated >= 1", "Expecting either 'OR' or 'AND' but got 'updated'"),
        ("(project = SUP", "Expecting ')'"),
        ("project in SUP", "Expecting '('"),
        ("project = 'SUP", "not allowed here"),
        ("project = )", "Expecting a value"),
        ("resolution is 5", "must be followed by EMPTY"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_reason(days: Served, jql: str, said: str) -> None:
    assert said in days.refused(jql)


def test_seven_fields_to_sort_by_are_not_too_many(days: Served) -> None:
    order = "project, updated, created, priority, status, issuetype, key"
    assert len(days.keys(f"project = SUP ORDER BY {order}")) == 5


def test_a_server_knows_minutes_but_no_milliseconds(play: Play) -> None:
    server = play(ticket(1, ("01:00", "opened"), ("04:00", "replied")), cloud=False)
    assert server.keys('updated >= "2026-03-02 04:00"') == ["SUP-1"]
    assert server.keys('updated > "2026-03-02 04:00"') == []
    assert "is invalid" in server.refused(f"updated >= {ms('04:00')}")


def test_a_server_finds_everything_where_nothing_is_asked(play: Play) -> None:
    server = play(ticket(1, ("01:00", "opened")), ticket(2, ("01:00", "opened"), kind="task"), cloud=False)
    assert sorted(server.keys("ORDER BY key")) == ["OPS-1", "SUP-1"]


def test_a_server_that_shall_not_validate_ignores_an_issue_that_is_not_there(play: Play) -> None:
    server = play(ticket(1, ("01:00", "opened")), cloud=False)
    jql = "id in (10001, 99999)"
    assert "'99999' does not exist" in server.refused(jql)
    assert server.keys(jql, validateQuery="none") == ["SUP-1"]
    got = server.get("/rest/api/2/search", jql=jql, validateQuery="false")
    assert [row["key"] for row in got.json()["issues"]] == ["SUP-1"]
