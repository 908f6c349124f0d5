"""Times as they stand in files, with and without a zone, around the days on which clocks are set."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmo_files.times import Times

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ("Asia/Kolkata", "America/New_York", "Australia/Lord_Howe")


def _utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0, part: int = 0) -> datetime:
    return datetime.combine(date(year, month, day), time(hour, minute, second, part), UTC)


@pytest.mark.parametrize(
    ("ways", "text", "expected"),
    [
        (["iso"], "2016-02-29T07:08:09Z", _utc(2016, 2, 29, 7, 8, 9)),
        (["iso"], "2016-02-29 07:08", _utc(2016, 2, 29, 6, 8)),
        (["iso"], "2016-02-29", _utc(2016, 2, 28, 23)),
        (["iso"], "2016-02-29T07:08:09.5-08:00", _utc(2016, 2, 29, 15, 8, 9, 500_000)),
        (["%d/%m/%Y %H:%M"], "29/2/2016 07:08", _utc(2016, 2, 29, 6, 8)),
        (["%m/%d/%Y %I:%M %p"], "2/29/2016 7:08 PM", _utc(2016, 2, 29, 18, 8)),
        (["%d.%m.%Y %H:%M %z"], "29.02.2016 07:08 +0000", _utc(2016, 2, 29, 7, 8)),
        (["%d.%m.%Y %H:%M", "%d.%m.%Y"], "29.02.2016", _utc(2016, 2, 28, 23)),
        (["iso", "%d.%m.%Y"], "01.07.2016", _utc(2016, 6, 30, 22)),
        (["epoch"], "1456729680", _utc(2016, 2, 29, 7, 8)),
        (["epoch_ms"], "1456729680500", _utc(2016, 2, 29, 7, 8, 0, 500_000)),
        (["excel"], "42429,2972222222", _utc(2016, 2, 29, 6, 8)),
        (["excel"], "42429", _utc(2016, 2, 28, 23)),
    ],
)
def test_a_time_is_read_in_the_first_way_that_fits(ways: list[str], text: str, expected: datetime) -> None:
    at = Times(ways, BERLIN).read(text)
    assert at == expected
    assert at.tzinfo is UTC


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("2026-03-29 01:59", "2026-03-29 00:59"),
        ("2026-03-29 02:30", "2026-03-29 01:30"),  # skipped: as if clocks had not been set
        ("2026-03-29 03:00", "2026-03-29 01:00"),
        ("2026-10-25 01:59", "2026-10-24 23:59"),
        ("2026-10-25 02:30", "2026-10-25 00:30"),  # came twice: the first
        ("2026-10-25 03:00", "2026-10-25 02:00"),
    ],
)
def test_days_on_which_clocks_are_set_are_read_as_is_said(local: str, expected: str) -> None:
    assert Times(["iso"], BERLIN).read(local) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["31/02/2016 07:08", "2016-02-29 07:08", "yesterday", "1/1/99999 00:00", "nan", ""])
def test_what_is_no_time_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match=r"^is no time like %d/%m/%Y %H:%M, excel, epoch$") as refused:
        Times(["%d/%m/%Y %H:%M", "excel", "epoch"], BERLIN).read(text)
    assert not text or text not in str(refused.value)


@pytest.mark.parametrize("text", ["10111213", "20260131", "2026-W05-1", "2026W051", "20260131T1000", "2026-01-31T1000"])
def test_a_day_counts_as_iso_only_with_its_separators(text: str) -> None:
    with pytest.raises(ValueError, match="is no time like iso"):
        Times(["iso"], BERLIN).read(text)


@pytest.mark.parametrize("text", ["2026-01-31T10:00:00.000+0000", "2026-01-31 10Z", "2026-01-31t10:00:00,5Z"])
def test_what_vendors_write_as_iso_is_read(text: str) -> None:
    assert Times(["iso"], BERLIN).read(text).replace(microsecond=0) == _utc(2026, 1, 31, 10)


def test_a_day_with_a_comma_before_three_digits_may_be_a_group_and_is_refused() -> None:
    with pytest.raises(ValueError, match="is no time like excel"):
        Times(["excel"], BERLIN).read("42,429")


@pytest.mark.parametrize("text", ["inf", "1e300", "-99999999999999"])
def test_a_number_that_is_out_of_range_is_refused(text: str) -> None:
    for way in ("excel", "epoch", "epoch_ms"):
        with pytest.raises(ValueError, match="is no time"):
            Times([way], BERLIN).read(text)


@given(st.datetimes(_utc(1900, 1, 2), _utc(9999, 12, 30), timezones=st.sampled_from([*map(ZoneInfo, ZONES)])))
def test_any_local_time_that_names_its_zone_comes_back(at: datetime) -> None:
    whole = at.replace(microsecond=0)
    assert Times(["iso"], BERLIN).read(at.isoformat()) == at.astimezone(UTC)
    assert Times(["%d.%m.%Y %H:%M:%S %z"], BERLIN).read(f"{whole:%d.%m.%Y %H:%M:%S %z}") == whole.astimezone(UTC)
