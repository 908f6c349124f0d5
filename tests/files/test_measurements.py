"""Numbers that a row measured: what is read, what is nothing, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from tests.files.support import Folder
from tests.line.support import Xmo, reading
from xmo_core.store import tables as t
from xmo_files.times import number
from xmo_hooks import Contact, Measurement, Ticket

HEADER = "Laptop,Day,Boot\n"
GAUGE = {"name": "start", "value": "Boot", "unit": "s", "at": "Day", "about": "Laptop"}
NOW = datetime(2026, 3, 1, tzinfo=UTC)
DAY = datetime(2026, 1, 1, tzinfo=UTC)


def _told(folder: Folder, **options: Any) -> list[Any]:
    return folder.told(**{"fields": {}, "measurements": [GAUGE], **options})


def _value(folder: Folder, text: str) -> list[float]:
    folder.put("a.csv", f'{HEADER}LAP-7,2026-01-01,"{text}"\n')
    return [one.value for one in _told(folder)]


def test_a_row_tells_what_was_measured_about_what_and_whom(folder: Folder) -> None:
    folder.put("a.csv", "Id,Laptop,Day,Boot,User,Ticket\n7,LAP-7,2026-01-01,41.5,u1@example.com,T1\n")
    fields = {"key": "Ticket", "email": "User"}
    assert _told(folder, fields=fields, measurements=[{**GAUGE, "key": "Id", "family": "operational"}]) == [
        Measurement(
            key="start 7",
            at=DAY,
            name="start",
            value=41.5,
            unit="s",
            family="operational",
            about="LAP-7",
            ticket="T1",
            requester=Contact(key="u1@example.com", email="u1@example.com"),
        )
    ]


def test_two_columns_and_a_time_are_enough(folder: Folder) -> None:
    folder.put("a.csv", "Day,Boot\n2026-01-01,3\n")
    (one,) = _told(folder, measurements=[{name: GAUGE[name] for name in ("name", "value", "unit", "at")}])
    assert (one.value, one.family, one.about, one.ticket, one.requester) == (3.0, "technical", None, None, None)


def test_a_row_may_tell_several_and_only_where_a_condition_is_met(folder: Folder) -> None:
    folder.put("a.csv", "Id,Day,Metric,Value\n1,2026-01-01,boot,41\n2,2026-01-01,crash,2\n3,2026-01-01,noise,9\n")
    shared = {"value": "Value", "at": "Day", "key": "Id"}
    gauges = [
        {"name": "start", "unit": "s", "when": {"Metric": "boot"}, **shared},
        {"name": "crashes", "unit": "count", "when": {"Metric": "crash"}, **shared},
        {"name": "row", "unit": "count", "at": "Day", "value": {"value": 1}, "key": "Id"},
    ]
    told = _told(folder, measurements=gauges)
    assert sorted((one.key, one.value) for one in told) == [
        ("crashes 2", 2),
        ("row 1", 1),
        ("row 2", 1),
        ("row 3", 1),
        ("start 1", 41),
    ]


def test_a_ticket_may_come_with_a_measurement_and_keeps_its_requester_to_itself(folder: Folder) -> None:
    folder.put("a.csv", "Id,Opened,Lost,User\nT1,2026-01-01,90,u1\n")
    gauge = {"name": "lost", "value": "Lost", "unit": "min", "at": "Opened", "family": "operational"}
    ticket, one = _told(folder, fields={"key": "Id", "opened_at": "Opened", "requester": "User"}, measurements=[gauge])
    assert isinstance(ticket, Ticket)
    assert (one.ticket, one.key, one.requester) == ("T1", "lost 2026-01-01T00:00:00 T1", None)


def test_without_an_identifier_each_row_is_one_of_its_own(folder: Folder) -> None:
    folder.put("a.csv", HEADER + "LAP-7,2026-01-01,1\nLAP-7,2026-01-01,2\nLAP-7,2026-01-01,2\n")
    first, second, same = _told(folder)
    assert first.key != second.key == same.key


def test_an_address_is_nothing_that_was_measured(folder: Folder) -> None:
    folder.put("a.csv", HEADER + "laptop of u1@example.com,2026-01-01,1\n")
    (one,) = _told(folder)
    assert one.about is None


@pytest.mark.parametrize(
    ("text", "value"),
    [("1,5", 1.5), ("1.5", 1.5), (" 41 ", 41), ("-3", -3), ("0,125", 0.125), (".5", 0.5), ("2e3", 2000)],
)
def test_a_number_has_a_decimal_point_or_comma(folder: Folder, text: str, value: float) -> None:
    assert _value(folder, text) == [value]


@pytest.mark.parametrize("text", ["", " ", "?", "NA", "NULL"])
def test_what_stands_for_nothing_was_not_measured(folder: Folder, text: str) -> None:
    assert _value(folder, text) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1,5 s", "is no number, such as 1.5 or 1,5 without a unit"),
        ("many", "is no number, such as 1.5 or 1,5 without a unit"),
        ("nan", "is no number, such as 1.5 or 1,5 without a unit"),
        ("-inf", "is no number, such as 1.5 or 1,5 without a unit"),
        ("1_000", "is no number, such as 1.5 or 1,5 without a unit"),
        ("1.234,5", "is no number, such as 1.5 or 1,5 without a unit"),
        ("1,500", "is a thousand or a fraction: write 1000 or 1.000"),
        ("1e999", "is too large a number"),
    ],
)
def test_a_number_that_may_mean_something_else_is_refused_with_its_place(folder: Folder, text: str, why: str) -> None:
    folder.put("a.csv", f'{HEADER}LAP-7,2026-01-01,"{text}"\n')
    (bad,) = folder.bad(fields={}, measurements=[GAUGE])
    assert (str(bad), bad.field) == (f'a.csv, row 2, column "Boot": {why}', "Boot")


def test_a_measurement_without_a_time_is_refused(folder: Folder) -> None:
    folder.put("a.csv", HEADER + "LAP-7,,1\nLAP-7,soon,1\n")
    assert [str(bad) for bad in folder.bad(fields={}, measurements=[GAUGE])] == [
        'a.csv, row 2, column "Day": is empty: a measurement needs a time',
        'a.csv, row 3, column "Day": is no time like iso',
    ]


@given(st.floats(allow_nan=False, allow_infinity=False, max_value=1e15, min_value=-1e15))
def test_every_number_is_read_back_as_it_was_written(value: float) -> None:
    assert number(repr(value)) == value


@given(st.text(max_size=12))
def test_whatever_a_cell_holds_is_a_number_or_refused_without_its_text(text: str) -> None:
    try:
        said = f"{number(text):.0f}"
    except ValueError as error:
        said = str(error)
    assert said.startswith(("is no number, such", "is a thousand or a fraction")) or any(map(str.isdigit, text))
    assert "nan" not in said


def test_the_check_tells_of_measurements_and_of_columns_that_are_not_there(folder: Folder) -> None:
    folder.put("a.csv", "Laptop,Day,boot\nLAP-7,2026-01-01,1\n")
    found = [f"{one.level}: {one.text}" for one in folder.source(fields={}, measurements=[GAUGE]).check()]
    assert 'warning: a.csv has no column "Boot" for measurements 1 value (did you mean "boot"?).' in found
    folder.put("a.csv", HEADER + "LAP-7,2026-01-01,1\n")
    found = [f"{one.level}: {one.text}" for one in folder.source(fields={}, measurements=[GAUGE]).check()]
    assert "ok: a.csv: 3 columns, 3 of them used." in found
    assert "ok: Rows: the first one tells 1 measurement." in found


@pytest.fixture
def xmo(tmp_path: Path, store_url: str, folder: Folder) -> Callable[..., Xmo]:
    """Write a config beside the folder of files, and return the command on it."""

    def make(more: str = "") -> Xmo:
        (tmp_path / "xmo.key").write_text("a key that no one else has, for tests", encoding="utf-8")
        site = f'[site]\nname = "Test IT"\nkey = {{ file = "xmo.key" }}\n[store]\nurl = "{store_url}"\n'
        gauge = '{ name = "start", value = "Boot", unit = "s", at = "Day", about = "Laptop" }'
        source = f'[sources.laptops]\nkind = "files"\nurl = "exports"\nmeasurements = [{gauge}]\n'
        (tmp_path / "xmo.toml").write_text(f'{site}[log]\nlevel = "error"\n{source}{more}', encoding="utf-8")
        return Xmo(tmp_path)

    return make


def test_dirty_rows_wait_until_the_config_is_mended_and_all_others_come_in(
    xmo: Callable[..., Xmo], folder: Folder, store_url: str
) -> None:
    folder.put("a.csv", HEADER + "LAP-7,2026-01-01,41.5\nLAP-8,2026-01-01,none\nLAP-9,2026-01-01,1.5 s\n")
    said = xmo()(NOW, "sync", "--json")
    assert '"measurements": 1' in said
    assert '"quarantined": 2' in said
    xmo('missing = ["none"]\n')(NOW, "quarantine", "replay")
    with reading(store_url) as connection:
        assert connection.execute(select(t.measurement.c.about, t.measurement.c.value)).all() == [("LAP-7", 41.5)]
        assert connection.execute(select(t.quarantine.c.reason)).scalars().all() == [
            'a.csv, row 4, column "Boot": is no number, such as 1.5 or 1,5 without a unit'
        ]
