"""What `xmo check` says: files, columns, the first row, what would be bad, and which states are unknown."""

from __future__ import annotations

from typing import Any

from tests.files.support import FIELDS, HEADER, Folder, row, table
from xmo_hooks import Finding


def _said(folder: Folder, **options: Any) -> list[str]:
    return [f"{one.level}: {one.text}" for one in folder.source(**options).check()]


def _fixes(folder: Folder, **options: Any) -> dict[str, str]:
    found: list[Finding] = list(folder.source(**options).check())
    return {one.text: one.fix for one in found}


def test_a_right_config_is_told_as_such(folder: Folder) -> None:
    folder.put("one.csv", table([1, 2]))
    folder.put("two.csv.gz", table([3]))
    assert _said(folder) == [
        "ok: Files, 0.0 MB: one.csv, two.csv.gz.",
        "ok: one.csv: 4 columns, 4 of them used.",
        "ok: two.csv.gz: 4 columns, 4 of them used.",
        "ok: Rows: the first one tells incident T1, new, opened 2026-01-01 00:00 UTC.",
        "ok: Rows: all of the 3 looked at are understood.",
        "ok: States: New: new.",
    ]


def test_a_place_without_files_or_that_is_not_there_is_told(folder: Folder) -> None:
    assert _said(folder) == [f"warning: No file to read at {folder.path}."]
    assert _said(folder, url=str(folder.path / "x")) == [f"error: There is no file or folder {folder.path / 'x'}."]
    folder.put("a.csv", table([1]))
    tables = [{"name": "b*"}]
    assert _fixes(folder, tables=tables) == {
        f"No file to read at {folder.path}.": "Look at `url`, and at `name` in `tables`."
    }


def test_files_that_no_table_is_for_are_counted(folder: Folder) -> None:
    folder.put("a.csv", table([1]))
    folder.put("b.csv", table([1]))
    assert _said(folder, tables=[{"name": "a*"}])[0] == "ok: Files, 0.0 MB: a.csv; 1 more that no table is for."


def test_a_column_that_is_not_there_is_told_with_the_nearest_name_and_what_is_there(folder: Folder) -> None:
    folder.put("a.csv", "ID,Open,Change,Status\nT1,2026-01-01,2026-01-01,New\n")
    fixes = _fixes(folder)
    assert fixes['a.csv has no column "Id" for key (did you mean "ID"?).'] == "It has: ID, Open, Change, Status."
    assert 'a.csv has no column "Opened" for opened_at (did you mean "Open"?).' in fixes
    said = _said(folder)
    assert sum(one.startswith("error") for one in said) == 2
    assert 'warning: a.csv has no column "Changed" for changed_at (did you mean "Change"?).' in said


def test_columns_of_json_are_those_of_its_rows(folder: Folder) -> None:
    folder.put("a.jsonl", '{"Id": 1, "times": {"opened": "2026-01-01"}}\n')
    said = _said(folder, fields={"key": "Id", "opened_at": "times.opened", "title": "times.Opened"})
    assert "ok: a.jsonl: 3 columns, 2 of them used." in said
    assert 'warning: a.jsonl has no column "times.Opened" for title (did you mean "times.opened"?).' in said


def test_the_share_of_rows_that_would_go_to_quarantine_is_told_with_the_first_reason(folder: Folder) -> None:
    folder.put("a.csv", table([1, 2, 3]) + "T4,2026-01-01,soon,New\n")
    text = 'Rows: 1 of 4 looked at (25.0%) are not understood. a.csv, row 5, column "Changed": is no time like iso.'
    assert f"warning: {text}" in _said(folder)
    assert "`times`" in _fixes(folder)[text]
    assert any(one.startswith("error: Rows: 4 of 4") for one in _said(folder, times=["epoch_ms", "excel"]))


def test_states_are_told_with_their_meaning_and_those_without_one(folder: Folder) -> None:
    folder.put("a.csv", table([1]) + row(2, "Fertig") + row(3, "Geparkt") + row(4, ""))
    said = _said(folder, states={"fertig": "closed", "Weg": "cancelled"})
    assert "ok: States: Fertig: closed; New: new." in said
    assert "warning: States that mean nothing to XMO: (empty), Geparkt." in said
    assert "note: States that no row looked at holds: Weg." in said


def test_tickets_that_end_before_they_begin_are_warned_about(folder: Folder) -> None:
    folder.put("a.csv", "Id,Opened,End\n1,2026-01-02,2026-01-01\n2,2026-01-01,2026-01-02\n3,2026-01-01,2026-01-02\n")
    said = _said(folder, fields={"key": "Id", "opened_at": "Opened", "closed_at": "End"})
    assert "warning: Rows: 1 of 3 end before they are opened." in said


def test_an_attribute_that_holds_addresses_is_warned_about_and_no_address_is_shown(folder: Folder) -> None:
    folder.put("a.csv", "Id,Opened,Note\n1,2026-01-02,u1@example.com\n")
    said = _said(folder, fields={"key": "Id", "opened_at": "Opened", "note": "Note"})
    assert "warning: Rows: note holds e-mail addresses; these are left out of the store." in said
    assert "u1@" not in "".join(said)


def test_events_and_answers_are_told_of_the_first_row(folder: Folder) -> None:
    folder.put("a.csv", "Id,Opened,Stars\n1,2026-01-02,4\n")
    said = _said(
        folder,
        fields={"key": "Id", "opened_at": "Opened"},
        surveys=[{"value": "Stars"}],
        touchpoints=[{"at": "Opened", "what": "contact"}],
    )
    assert "ok: Rows: the first one tells incident 1, new, opened 2026-01-02 00:00 UTC; 1 touchpoint; 1 answer." in said


def test_a_file_that_cannot_be_read_is_told_and_the_others_are_looked_at(folder: Folder) -> None:
    folder.put("a.csv", b"PK\x03\x04")
    folder.put("b.csv", table([1]))
    said = _said(folder)
    assert "error: a.csv: it is a workbook or an archive: save it as CSV." in said
    assert "ok: b.csv: 4 columns, 4 of them used." in said


def test_each_table_is_told_by_its_name(folder: Folder) -> None:
    folder.put("a.csv", table([1]))
    folder.put("c.csv", "Call,At\nC1,2026-01-01\n")
    calls = {"name": "c*", "fields": {"key": "Call"}, "touchpoints": [{"at": "At", "what": "contact"}]}
    said = _said(folder, tables=[{"name": "a*", "fields": FIELDS}, calls])
    assert "ok: Rows of c*: the first one tells 1 touchpoint." in said
    assert "ok: Rows of a*: all of the 1 looked at are understood." in said


def test_times_before_1990_or_after_now_are_warned_about(folder: Folder) -> None:
    folder.put("a.csv", HEADER + row(1) + "2,1911-01-01,2026-01-01,New\n3,2026-01-01,2027-01-01,New\n")
    odd = [found for found in folder.source().check() if "1990" in found.text]
    assert [(found.level, found.text) for found in odd] == [
        ("warning", "Rows: 2 of 3 tell of times before 1990 or after now.")
    ]
