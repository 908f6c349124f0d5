"""Conditions: what the options name, and times that are never read as later than they are meant."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.jira.support import options
from xmo_jira.jql import by_id, epoch, local_minute, restriction

HOUR = 3_600_000
ZONES = ["Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia", "Etc/GMT+12"]


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def readings(text: str, zone: ZoneInfo) -> list[int]:
    """What a written minute may mean, the earlier first."""
    local = datetime.fromisoformat(text.strip('"')).replace(tzinfo=zone)
    return sorted(int(local.replace(fold=fold).timestamp() * 1000) for fold in (0, 1))


def test_projects_and_the_admins_own_condition_stand_side_by_side() -> None:
    assert restriction(options(projects=["SUP", "My desk"], jql="a = 1 OR b = 2")) == [
        'project in ("SUP", "My desk")',
        "(a = 1 OR b = 2)",
    ]
    assert restriction(options()) == []
    assert by_id(["1", "2"]) == "id in (1, 2)"


def test_cloud_is_told_milliseconds_at_the_beginning_of_a_minute() -> None:
    assert epoch(1_732_877_091_123) == "1732877040000"
    assert epoch(0) == epoch(-5) == "0"


@pytest.mark.parametrize(
    ("utc", "zone", "written"),
    [
        ("2026-01-31T10:15:59+00:00", "Europe/Berlin", "2026-01-31 11:15"),
        ("2026-01-31T10:15:00+00:00", "America/Los_Angeles", "2026-01-31 02:15"),
        ("2026-01-31T10:15:00+00:00", "Asia/Kolkata", "2026-01-31 15:45"),
        ("2026-03-29T01:00:00+00:00", "Europe/Berlin", "2026-03-29 03:00"),
        ("2026-10-24T23:59:00+00:00", "Europe/Berlin", "2026-10-25 01:59"),
        ("2026-10-25T00:30:00+00:00", "Europe/Berlin", "2026-10-25 01:30"),  # the first 02:30: an hour back
        ("2026-10-25T01:30:00+00:00", "Europe/Berlin", "2026-10-25 02:30"),  # the second one: read as either
        ("2026-10-25T02:00:00+00:00", "Europe/Berlin", "2026-10-25 03:00"),
    ],
)
def test_data_center_is_told_minutes_of_the_accounts_zone(utc: str, zone: str, written: str) -> None:
    assert local_minute(ms(utc), ZoneInfo(zone)) == f'"{written}"'


@example(at=ms("2026-10-25T00:30:00+00:00"), zone="Europe/Berlin")
@example(at=ms("2026-11-01T08:59:59+00:00"), zone="America/Los_Angeles")
@example(at=ms("2026-04-04T15:10:00+00:00"), zone="Australia/Lord_Howe")  # turns by half an hour
@given(at=st.integers(0, ms("2037-01-01T00:00:00+00:00")), zone=st.sampled_from(ZONES))
def test_no_reading_of_a_written_minute_is_later_than_what_is_meant(at: int, zone: str) -> None:
    earlier, later = readings(local_minute(at, ZoneInfo(zone)), ZoneInfo(zone))
    assert later <= at
    assert at - earlier < 60_000 + 2 * HOUR


def test_every_hour_around_a_change_of_clocks_is_covered() -> None:
    zone, at = ZoneInfo("Europe/Berlin"), datetime(2026, 10, 24, 20, tzinfo=UTC)
    for minute in range(0, 600, 7):
        now = at + timedelta(minutes=minute)
        assert max(readings(local_minute(int(now.timestamp() * 1000), zone), zone)) <= now.timestamp() * 1000
