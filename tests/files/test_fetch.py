"""Reading on: every row of every file once, whatever happens between two runs."""

from __future__ import annotations

import gzip
import os
import tracemalloc
from datetime import timedelta

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.files.support import HEADER, LONG_AGO, NOW, Folder, keys, row, table
from xmo_hooks import Unavailable

MANY = list(range(1, 12))


def test_all_rows_of_all_files_come_in_the_order_of_names_and_numbers_in_them(folder: Folder) -> None:
    folder.put("part10.csv", table([4]))
    folder.put("part2.csv", table([2, 3]))
    folder.put("part1.csv.gz", table([1]))
    folder.put("notes.docx", b"no table")
    folder.put("~$part1.csv", b"a lock")
    assert keys(folder.rows()) == ["T1", "T2", "T3", "T4"]


@pytest.mark.parametrize("name", ["one.csv", "one.csv.gz", "one.jsonl"])
@pytest.mark.parametrize("page_size", [1, 3, 11, 50])
def test_a_run_that_was_stopped_behind_any_page_is_carried_on_without_loss_or_repeat(
    folder: Folder, name: str, page_size: int
) -> None:
    text = "".join(f'{{"Id": "T{n}"}}\n' for n in MANY) if name.endswith("jsonl") else table(MANY)
    folder.put(name, text)
    folder.put("two.csv", table([20, 21]))
    pages = folder.pages(page_size=page_size)
    whole = [key for page in pages for key in keys(page.rows)]
    assert whole == [*(f"T{n}" for n in MANY), "T20", "T21"]
    for stopped in range(len(pages)):
        before = [key for page in pages[: stopped + 1] for key in keys(page.rows)]
        assert before + keys(folder.rows(pages[stopped].cursor)) == whole


def test_no_page_is_larger_than_it_may_be_and_the_cursor_is_json(folder: Folder) -> None:
    folder.put("one.csv", table(MANY))
    assert [len(page.rows) for page in folder.pages(page_size=4)] == [4, 4, 3]
    assert [len(page.rows) for page in folder.pages(page_size=11)] == [11, 0]
    assert folder.pages(page_size=4)[-1].cursor["files"].keys() == {"one.csv"}


def test_a_second_run_reads_nothing(folder: Folder) -> None:
    folder.put("one.csv", table(MANY))
    assert folder.pages(folder.pages()[-1].cursor) == []


def test_what_was_written_behind_is_read_on_with_its_row_numbers(folder: Folder) -> None:
    folder.put("one.csv", table([1, 2]))
    cursor = folder.pages()[-1].cursor
    folder.put("one.csv", table([1, 2, 3]), LONG_AGO + timedelta(days=1))
    (found,) = folder.rows(cursor)
    assert (found["cells"]["Id"], found["row"]) == ("T3", 4)


@pytest.mark.parametrize("text", [table([7, 8, 9, 10]), table([1]), table([1, 3, 3]), HEADER.lower() + row(1) + row(2)])
def test_a_file_that_was_replaced_is_read_from_its_beginning(folder: Folder, text: str) -> None:
    folder.put("one.csv", table([1, 2, 3]))
    cursor = folder.pages()[-1].cursor
    folder.put("one.csv", text, LONG_AGO + timedelta(days=1))
    fields = {name: column.lower() for name, column in folder.options["fields"].items()}
    options = {"fields": fields} if text.startswith("id") else {}
    assert len(folder.rows(cursor, **options)) == text.count("\n") - 1


def test_a_change_of_one_sign_in_the_middle_is_noticed(folder: Folder) -> None:
    folder.put("one.csv", table(MANY, "Open1"))
    cursor = folder.pages()[-1].cursor
    edited = table(MANY, "Open1").replace("Open1", "Open2", 5).replace("Open2", "Open1", 4)
    folder.put("one.csv", edited + row(12), LONG_AGO + timedelta(days=1))
    assert len(folder.rows(cursor)) == 12


def test_a_file_that_was_only_touched_brings_no_row_and_is_then_known(folder: Folder) -> None:
    file = folder.put("one.csv", table(MANY))
    cursor = folder.pages()[-1].cursor
    os.utime(file, (LONG_AGO.timestamp() + 9, LONG_AGO.timestamp() + 9))
    (page,) = folder.pages(cursor)
    assert page.rows == []
    assert folder.pages(page.cursor) == []


def test_a_torn_last_line_waits_until_it_is_whole(folder: Folder) -> None:
    text, lately = table([1, 2]), NOW - timedelta(seconds=5)
    folder.put("one.csv", text[:-4], lately)
    pages = folder.pages()
    assert [keys(page.rows) for page in pages] == [["T1"]]
    assert folder.log.infos == [("file is being written", {"file": "one.csv"})]
    folder.put("one.csv", text, lately)
    assert keys(folder.rows(pages[-1].cursor)) == ["T2"]


def test_a_quotation_that_is_still_being_written_waits_too(folder: Folder) -> None:
    lately = NOW - timedelta(seconds=5)
    folder.put("one.csv", table([1]) + 'T2,2026-01-01,2026-01-01,"on\nits ', lately)
    pages = folder.pages()
    assert [keys(page.rows) for page in pages] == [["T1"]]
    folder.put("one.csv", table([1]) + 'T2,2026-01-01,2026-01-01,"on\nits way"\n', lately)
    assert keys(folder.rows(pages[-1].cursor)) == ["T2"]


def test_a_header_that_is_still_being_written_waits_too(folder: Folder) -> None:
    folder.put("one.csv", "Id,Opened,Chan", NOW)
    assert folder.pages() == []
    assert folder.log.infos


def test_the_last_line_of_an_old_file_needs_no_break(folder: Folder) -> None:
    folder.put("one.csv", table([1, 2])[:-1])
    pages = folder.pages()
    assert keys([one for page in pages for one in page.rows]) == ["T1", "T2"]
    assert folder.pages(pages[-1].cursor) == []


def test_a_last_line_that_turns_out_to_be_a_part_comes_again_whole(folder: Folder) -> None:
    folder.put("one.csv", table([1, 2])[:-3])
    cursor = folder.pages()[-1].cursor
    folder.put("one.csv", table([1, 2, 3]), LONG_AGO + timedelta(days=1))
    assert [(one["cells"]["Id"], one["row"]) for one in folder.rows(cursor)] == [("T2", 3), ("T3", 4)]


def test_under_a_clock_that_was_set_back_no_file_is_taken_for_one_that_is_being_written(folder: Folder) -> None:
    folder.put("one.csv", table([1])[:-1])
    folder.now = LONG_AGO - timedelta(days=300)
    assert keys(folder.rows()) == ["T1"]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 900), max_size=6), packed=st.booleans(), breaks=st.sampled_from(["\n", "\r\n"]))
def test_however_a_file_grows_each_row_comes_once(folder: Folder, cuts: list[int], packed: bool, breaks: str) -> None:
    for left_over in folder.path.iterdir():
        left_over.unlink()
    whole = ('Id,Opened,Changed,Status\n"T1",a,b,"x\ny"\n' + "".join(row(n) for n in MANY)).replace("\n", breaks)
    cursor, came = None, []
    for step, cut in enumerate([*sorted(cuts), len(whole)]):
        name = "one.csv.gz" if packed else "one.csv"
        folder.put(name, whole[:cut], NOW - timedelta(seconds=60 - step))  # written just now: torn lines wait
        for page in folder.pages(cursor, page_size=3):
            came += keys(page.rows)
            cursor = page.cursor
    assert came == ["T1", *(f"T{n}" for n in MANY)]


def test_a_packed_file_without_its_end_waits_and_fails_when_it_is_old(folder: Folder) -> None:
    file = folder.put("one.csv.gz", table(range(5000)))
    file.write_bytes(file.read_bytes()[:-2000])
    os.utime(file, (NOW.timestamp(), NOW.timestamp()))
    folder.put("two.csv", table([6000]))
    pages = folder.pages()
    found = keys([one for page in pages for one in page.rows])
    assert found[0] == "T0"
    assert found[-1] == "T6000"
    os.utime(file, (LONG_AGO.timestamp(), LONG_AGO.timestamp()))
    with pytest.raises(Unavailable, match=r"one\.csv\.gz: its packed content is damaged, or breaks off"):
        folder.pages()


def test_a_file_that_cannot_be_read_stops_no_other_and_fails_the_run_at_its_end(folder: Folder) -> None:
    folder.put("a.csv", b"PK\x03\x04 a workbook")
    folder.put("b.csv", table([1]))
    folder.put("c.csv", "Name,Age\nsomebody,5\n")
    pages = folder.source().fetch(None, None)
    assert keys(next(pages).rows) == ["T1"]
    with pytest.raises(Unavailable) as failed:
        next(pages)
    assert str(failed.value) == "a.csv: it is a workbook or an archive: save it as CSV. 1 more could not be read."


def test_a_file_without_the_columns_that_every_row_needs_is_refused_with_the_nearest_name(folder: Folder) -> None:
    folder.put("a.csv", "id,OPENED,Changed,Status\n1,2026-01-01,2026-01-01,New\n")
    with pytest.raises(Unavailable, match=r'a\.csv has no column "Id" for key \(did you mean "id"'):
        folder.pages()


def test_a_column_that_a_file_does_not_have_is_logged(folder: Folder) -> None:
    folder.put("a.csv", "Id,Opened,Status\nT1,2026-01-01,New\n")
    assert keys(folder.rows()) == ["T1"]
    assert folder.log.warnings == [
        ("column missing", {"file": "a.csv", "what": 'no column "Changed" for changed_at'}),
    ]


@pytest.mark.parametrize("url", ["nowhere", "nowhere/*.csv", "nowhere.csv"])
def test_a_place_that_is_not_there_is_named(folder: Folder, url: str) -> None:
    with pytest.raises(Unavailable, match="There is no"):
        folder.pages(url=str(folder.path / url))


def test_a_folder_without_files_brings_nothing(folder: Folder) -> None:
    assert folder.pages() == []
    folder.put("empty.csv", "")
    assert folder.rows() == []


def test_a_file_or_a_pattern_can_be_named_and_folders_in_it_count(folder: Folder) -> None:
    (folder.path / "2025").mkdir()
    folder.put("2025/jan.csv", table([1]))
    folder.put("feb.csv", table([2]))
    assert keys(folder.rows(url=str(folder.path / "**" / "*.csv"))) == ["T1", "T2"]
    assert keys(folder.rows(url=str(folder.path / "2025" / "jan.csv"))) == ["T1"]
    assert keys(folder.rows(url=str(folder.path))) == ["T2"]


def test_since_leaves_out_files_that_were_last_written_before_for_good(folder: Folder) -> None:
    folder.put("old.csv", table([1]))
    folder.put("new.csv", table([2]), LONG_AGO + timedelta(days=9))
    pages = folder.pages(None, LONG_AGO + timedelta(days=5))
    assert [key for page in pages for key in keys(page.rows)] == ["T2"]
    folder.put("last.csv", table([3]))
    assert keys(folder.rows(folder.pages(None, LONG_AGO + timedelta(days=5))[-1].cursor)) == []
    folder.put("old.csv", table([1, 4]), LONG_AGO + timedelta(days=9))
    assert keys(folder.rows(pages[-1].cursor)) == ["T3", "T1", "T4"]


def test_a_small_file_that_was_packed_in_parts_is_counted_exactly_and_read_whole(folder: Folder) -> None:
    file = folder.put("one.csv.gz", table(MANY))
    file.write_bytes(file.read_bytes() + gzip.compress(row(12).encode()))
    assert folder.source().count(None, None).tickets == 12
    assert keys(folder.rows()) == [f"T{n}" for n in (*MANY, 12)]


def test_memory_is_bounded_by_pages_and_not_by_files(folder: Folder) -> None:
    folder.put("one.csv.gz", table(range(40_000)))
    pages = folder.source(page_size=100).fetch(None, None)
    assert len(next(pages).rows) == 100
    tracemalloc.start()
    try:
        assert sum(len(page.rows) for page in pages) == 39_900
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000  # the text alone is more than 2 MB


@pytest.mark.parametrize("cursor", [{}, {"files": []}, "abc", 7])
def test_a_cursor_that_no_fetch_wrote_is_one_from_the_beginning(folder: Folder, cursor: object) -> None:
    folder.put("one.csv", table([1]))
    assert keys(folder.rows(cursor)) == ["T1"]


def test_every_row_of_a_ticket_is_found_again_by_its_key(folder: Folder) -> None:
    folder.put("one.csv", table([1, 2]))
    folder.put("two.jsonl", '{"Id": 7}\n')
    folder.put("three.csv", table([2, 3], "Closed"))
    found = folder.source().fetch_some(["T2", "7", "nobody"])
    assert [(one["file"], one["row"]) for one in found] == [("one.csv", 3), ("three.csv", 2), ("two.jsonl", 1)]


def test_what_a_fetch_would_bring_is_reckoned_without_a_request(folder: Folder) -> None:
    folder.put("one.csv", table(MANY))
    folder.put("two.csv.gz", table(range(10_000, 15_000)))
    estimate = folder.source().count(None, None)
    assert estimate.requests == 0
    assert estimate.tickets == pytest.approx(5011, rel=0.02)
    cursor = folder.pages()[-1].cursor
    assert folder.source().count(cursor, None).tickets == 0
    folder.put("two.csv.gz", table(range(10_000, 15_100)))
    assert folder.source().count(cursor, None).tickets == pytest.approx(100, abs=20)
    assert folder.source().count(None, LONG_AGO + timedelta(days=1)).tickets == 0


def test_a_digit_that_is_no_decimal_one_is_a_sign_in_a_name(folder: Folder) -> None:
    for name in ("1²2.csv", "10.csv", "9.csv", "²1.csv", "٣.csv"):
        folder.put(name, table([1]))
    assert [one["file"] for one in folder.rows()] == ["1²2.csv", "9.csv", "10.csv", "²1.csv", "٣.csv"]


def test_a_file_whose_name_is_no_text_is_read_under_its_bytes_spelled_out(folder: Folder) -> None:
    folder.put(os.fsdecode(b"caf\xe9.csv"), table([1]))
    (page,) = folder.pages()
    assert page.rows[0]["file"] == "caf\\xe9.csv"
    assert folder.pages(orjson.loads(orjson.dumps(page.cursor))) == []
    assert all(found.text.encode() for found in folder.source().check())
