"""The log is replayed as it was: never earlier than it happened, and in the end exactly as the file says."""

import csv
import gzip
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import accumulate
from pathlib import Path

import pytest

from tests.servicenow_sandbox.conftest import Replay, Serve
from tests.servicenow_sandbox.support import EXCERPT, FULL_FILE, Hand, life, log
from xmo_hooks import ConfigError, SandboxOptions
from xmo_servicenow.sandbox.clock import Clock, stamp
from xmo_servicenow.sandbox.history import History, read
from xmo_servicenow.sandbox.instance import Instance
from xmo_servicenow.sandbox.schema import sys_id

FINAL = {"New": "1", "Active": "2", "Resolved": "6", "Closed": "7"}
Log = dict[str, list[dict[str, str]]]


@cache
def at(text: str) -> datetime:
    return datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=UTC)


def incidents(path: Path) -> Log:
    found: Log = {}
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["number"], []).append(row)
    return found


def entries(rows: list[dict[str, str]], state: str, *, without: str = "-") -> list[str]:
    """Return when an incident entered a state, from any other but `without`; a row counts from the latest before it."""
    states = ["", *(row["incident_state"] for row in rows)]
    stamps = [stamp(moment) for moment in accumulate((at(row["sys_updated_at"]) for row in rows), max)]
    return [stamps[n] for n in range(len(rows)) if states[n + 1] == state and states[n] not in {state, without}]


def endings(rows: list[dict[str, str]]) -> tuple[str, str]:
    resolved = entries(rows, "Resolved") + entries(rows, "Closed", without="Resolved")
    return max(resolved, default=""), max(entries(rows, "Closed"), default="")


def most_resolved(log: Log, count: int) -> Log:
    return {n: log[n] for n in sorted(log, key=lambda n: -len(entries(log[n], "Resolved")))[:count]}


@pytest.fixture(scope="module")
def full() -> Log:
    if not FULL_FILE.exists():
        pytest.skip("the whole incident log is not on this machine, only the excerpt")
    return incidents(FULL_FILE)


@pytest.fixture(scope="module")
def told(full: Log) -> History:
    return read(FULL_FILE)


def instance(told: History, start: datetime) -> Instance:
    return Instance(told, Clock(start, 0, Hand()))


def shown(desk: Instance, now: datetime, numbers: Iterable[str]) -> dict[str, Mapping[str, str]]:
    desk.clock.put(now)
    with desk.lock:
        desk.catch_up()
        rows = {number: desk.row("incident", sys_id("incident", number)) for number in numbers}
        return {number: dict(row) for number, row in rows.items() if row}


def test_at_each_time_the_state_is_that_of_the_last_row_before_it(replay: Replay) -> None:
    steps = [("New", "1/3/2016 08:00"), ("Active", "1/3/2016 09:00"), ("Resolved", "2/3/2016 09:00")]
    desk = replay(life("INC1", *steps))
    assert desk.get("/sandbox/clock").json() == {"now": "2016-03-02T09:00:00Z", "speed": 0.0}
    (row,) = desk.rows()
    assert (row["state"], row["sys_mod_count"], row["opened_at"]) == ("6", "2", "2016-03-01 07:00:00")


def test_the_clock_uncovers_rows_one_by_one(serve: Serve, tmp_path: Path) -> None:
    steps = [("New", "1/3/2016 08:00"), ("Awaiting Vendor", "1/3/2016 09:00"), ("-100", "1/3/2016 10:00")]
    data = log(tmp_path / "log.csv.gz", life("INC1", *steps))
    desk = serve(SandboxOptions(data=data, at=datetime(2016, 3, 1, 7, tzinfo=UTC)))
    assert desk.rows() == []
    seen = []
    for now in ("08:00:00", "08:59:59", "09:00:00", "10:00:00"):
        desk.clock(f"2016-03-01T{now}Z")
        (row,) = desk.rows()
        seen.append((row["state"], row["hold_reason"], row["sys_updated_on"][11:], row["sys_mod_count"]))
    assert seen == [
        ("1", "", "08:00:00", "0"),
        ("1", "", "08:00:00", "0"),
        ("3", "4", "09:00:00", "1"),
        ("-100", "", "10:00:00", "2"),
    ]


def test_final_values_are_not_known_before_the_resolution(serve: Serve, tmp_path: Path) -> None:
    steps = [
        ("Active", "1/3/2016 08"),
        ("Resolved", "1/3/2016 09"),
        ("Active", "1/3/2016 10"),
        ("Resolved", "1/3/2016 11"),
    ]
    rows = life("INC1", *[(state, f"{hour}:00") for state, hour in [*steps, ("Closed", "1/3/2016 12")]])
    desk = serve(SandboxOptions(data=log(tmp_path / "log.csv", rows), at=datetime(2016, 3, 1, 8, tzinfo=UTC)))
    seen = []
    for hour in ("08", "09", "10", "11", "12"):
        desk.clock(f"2016-03-01 {hour}:00:00")
        (row,) = desk.rows()
        seen.append((row["resolved_at"][11:13], row["closed_at"][11:13], row["close_code"], bool(row["resolved_by"])))
    assert seen == [
        ("", "", "", False),
        ("09", "", "code 7", True),
        ("09", "", "code 7", True),
        ("11", "", "code 7", True),
        ("11", "12", "code 7", True),
    ]


def test_an_incident_that_is_closed_without_being_resolved_is_resolved_then(replay: Replay) -> None:
    desk = replay(life("INC1", ("New", "1/3/2016 08:00"), ("Closed", "1/3/2016 09:00")))
    (row,) = desk.rows()
    assert row["resolved_at"] == row["closed_at"] == "2016-03-01 09:00:00"
    assert row["active"] == "true"  # as the log says


def test_a_row_that_goes_back_in_time_takes_effect_with_the_one_above_it(serve: Serve, tmp_path: Path) -> None:
    steps = [("New", "1/3/2016 11:10"), ("Active", "1/3/2016 09:52"), ("Resolved", "1/3/2016 12:00")]
    data = log(tmp_path / "log.csv", life("INC1", *steps))
    desk = serve(SandboxOptions(data=data, at=datetime(2016, 3, 1, 10, tzinfo=UTC)))
    assert desk.rows() == []
    desk.clock("2016-03-01T11:10:00Z")
    (row,) = desk.rows()
    assert (row["state"], row["sys_updated_on"]) == ("2", "2016-03-01 11:10:00")


def test_missing_is_empty_and_a_missing_creation_is_the_first_row(replay: Replay) -> None:
    missing = dict.fromkeys(["caller_id", "location", "assignment_group", "u_symptom", "category"], "?")
    (row,) = replay(life("INC1", ("New", "1/3/2016 08:00"), **missing)).rows()
    assert {row[name] for name in missing} == {""}
    assert (row["short_description"], row["sys_created_on"]) == ("", "2016-03-01 08:00:00")


def test_rows_of_several_incidents_may_be_mixed(replay: Replay) -> None:
    one = life("INC1", ("New", "1/3/2016 08:00"), ("Resolved", "1/3/2016 10:00"))
    two = life("INC2", ("New", "1/3/2016 09:00"), ("Active", "1/3/2016 11:00"))
    desk = replay([one[0], two[0], one[1], two[1]])
    assert {row["number"]: (row["state"], row["sys_mod_count"]) for row in desk.rows()} == {
        "INC1": ("6", "1"),
        "INC2": ("2", "1"),
    }


def test_a_write_outlives_what_happens_later_unless_it_is_overwritten(serve: Serve, tmp_path: Path) -> None:
    data = log(tmp_path / "log.csv", life("INC1", ("Resolved", "1/3/2016 08:00"), ("Closed", "6/3/2016 08:00")))
    desk = serve(SandboxOptions(data=data, at=datetime(2016, 3, 1, 8, tzinfo=UTC)))
    desk.patch("INC1", {"comments": "?", "correlation_id": "ours", "state": "2"})
    desk.clock("2016-03-06T08:00:00Z")
    (row,) = desk.rows()
    assert (row["correlation_id"], row["state"], row["reopen_count"], row["sys_mod_count"]) == ("ours", "7", "1", "2")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("number,opened_at\n1,2\n", "caller_id, incident_state"),
        ("", "it has no column"),
        (EXCERPT.name, "cannot read"),
        (
            "number,incident_state,opened_at,sys_updated_at,caller_id,reopen_count\n1,New,31/31/2016 08:00,?,?,0\n",
            "month",
        ),
        ("number,incident_state,opened_at,sys_updated_at,caller_id,reopen_count\n1,New\n", "shorter"),
    ],
)
def test_a_file_that_cannot_be_replayed_is_named_with_what_is_wrong(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / ("log.csv.gz" if content == EXCERPT.name else "log.csv")
    path.write_text(content)
    with pytest.raises(ConfigError, match=said) as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert caught.value.hint
    with pytest.raises(ConfigError, match="No such file"):
        read(tmp_path / "nowhere.csv")


def test_the_whole_log_replayed_in_fifty_steps_ends_as_the_file_does(full: Log, told: History) -> None:
    start = min(at(row["sys_updated_at"]) for rows in full.values() for row in rows) - timedelta(minutes=1)
    end = max(at(row["sys_updated_at"]) for rows in full.values() for row in rows)
    desk = instance(told, start)
    assert shown(desk, start, full) == {}
    sizes = [len(shown(desk, start + (end - start) * n / 50, full)) for n in range(1, 51)]
    assert sizes == sorted(sizes)
    found = shown(desk, end, full)
    assert found.keys() == full.keys()
    for number, rows in full.items():
        row, last = found[number], rows[-1]
        assert row["state"] == FINAL[last["incident_state"]]
        assert row["reopen_count"] == last["reopen_count"]
        assert row["reassignment_count"] == last["reassignment_count"]
        assert row["made_sla"] == last["made_sla"]
        assert row["sys_mod_count"] == str(len(rows) - 1)
        assert row["closed_at"] == entries(rows, "Closed")[-1]
        assert row["sys_updated_on"] == stamp(max(at(row["sys_updated_at"]) for row in rows))
    assert [row["sys_id"] for row in desk.rows("incident")] == [
        row["sys_id"] for row in sorted(found.values(), key=lambda row: (row["sys_updated_on"], row["sys_id"]))
    ]


def test_a_look_at_any_moment_sees_what_the_rows_until_then_say(full: Log, told: History) -> None:
    sample = most_resolved(full, 40) | {number: full[number] for number in sorted(full)[::150]}
    moments = sorted({at(row["sys_updated_at"]) for rows in sample.values() for row in rows})
    desk = instance(told, moments[0] - timedelta(minutes=1))
    pasts = {number: [rows[:n] for n in range(len(rows) + 1)] for number, rows in sample.items()}
    wanted = {number: [endings(past) for past in pasts[number]] for number in sample}
    for now in moments:
        found = shown(desk, now, sample)
        for number, rows in sample.items():
            later = (n for n, row in enumerate(rows) if at(row["sys_updated_at"]) > now)
            past = next(later, len(rows))
            row = found.get(number, {})
            assert bool(row) == (past > 0)
            assert (row.get("resolved_at", ""), row.get("closed_at", "")) == wanted[number][past]


def test_resolutions_seen_at_every_stamp_are_the_entries_into_resolved(full: Log, told: History) -> None:
    sample = most_resolved(full, 30)
    moments = sorted({at(row["sys_updated_at"]) for rows in sample.values() for row in rows})
    desk = instance(told, moments[0] - timedelta(minutes=1))
    seen: dict[str, set[str]] = {number: set() for number in sample}
    for now in moments:
        found = shown(desk, now, sample)
        for number in sample.keys() & found.keys():
            seen[number] |= {found[number].get("resolved_at", "")} - {""}
    counted = {number: len(entries(rows, "Resolved")) for number, rows in sample.items()}
    assert max(counted.values()) == 9
    assert {number: len(stamps) for number, stamps in seen.items()} == counted


def test_every_row_of_the_excerpt_is_a_row_of_the_whole_log(full: Log) -> None:
    for number, rows in incidents(EXCERPT).items():
        assert rows == full[number]


def test_the_excerpt_is_as_its_readme_says() -> None:
    found = incidents(EXCERPT)
    assert len(found) == 300
    assert sum(len(rows) for rows in found.values()) == 1693
    assert min(at(rows[0]["opened_at"]) for rows in found.values()) >= datetime(2016, 3, 1, tzinfo=UTC)
    assert max(at(row["sys_updated_at"]) for rows in found.values() for row in rows) < datetime(2016, 6, 1, tzinfo=UTC)
    told = (EXCERPT.parent / "README.md").read_text()
    categories = Counter(rows[-1]["category"] for rows in found.values())
    for category, count in categories.items():
        mine = [rows[-1] for rows in found.values() if rows[-1]["category"] == category]
        callers = len({row["caller_id"] for row in mine})
        missed = sum(row["made_sla"] == "false" for row in mine)
        reopened = sum(row["reopen_count"] != "0" for row in mine)
        assert f"| {category} | {count} | {callers} | {missed} | {reopened} |" in told
        assert callers >= 5
    assert len(categories) == 6
