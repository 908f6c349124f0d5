"""Lines and their bytes: what is cut, and what a broken line does to others."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.files.support import HEADER, Folder, keys, row
from xmo_files.lines import LONGEST, lines, script

_written = st.sampled_from(["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "cp1252"])


def test_a_line_without_end_is_cut_so_that_memory_is_bounded() -> None:
    raw = b"a\n" + b"x" * (3 * LONGEST) + b"\nb\n"
    found = list(lines(io.BytesIO(raw), script(raw[:100], "utf-8")))
    assert max(len(line.raw) for line in found) <= LONGEST + 1  # and its break
    assert b"".join(line.raw for line in found) == raw
    assert (found[0].text, found[-1].text) == ("a\n", "b\n")


@given(st.lists(st.text(st.characters(codec="cp1252", exclude_characters="\r\n\0"))), _written, st.booleans())
def test_lines_are_told_with_all_of_their_bytes(texts: list[str], encoding: str, ends: bool) -> None:
    whole = "\n".join(texts) + ("\n" if ends else "")
    raw = whole.encode(encoding)
    found = list(lines(io.BytesIO(raw), script(raw, encoding)))
    assert "".join(line.text for line in found) == whole
    assert b"".join(line.raw for line in found) == raw
    assert all(line.whole for line in found[:-1])
    assert not found or found[-1].whole == whole.endswith("\n")


@pytest.mark.parametrize(("raw", "clean"), [(b"ok\n\xff\nok\n", [True, False, True]), (b"ok\n", [True])])
def test_bytes_that_are_no_text_spoil_their_own_line_alone(raw: bytes, clean: list[bool]) -> None:
    assert [line.clean for line in lines(io.BytesIO(raw), script(raw, "utf-8"))] == clean


def _cell_of(size: int, breaks: bool) -> str:
    line = "T9,2026-01-01T00:00:00,x,New\n" if breaks else "x" * 29
    return line * (size // len(line) + 1)


@pytest.mark.parametrize("breaks", [False, True])
def test_a_cell_of_many_lines_is_one_cell(folder: Folder, breaks: bool) -> None:
    pasted = _cell_of(260_000, breaks)
    folder.put("a.csv", f'Id,Opened,Title\n1,2026-01-01,"{pasted}"\n2,2026-01-02,ok\n')
    fields = {"key": "Id", "opened_at": "Opened", "title": "Title"}
    assert [(one.key, one.title) for one in folder.tickets(fields=fields)] == [("1", pasted.strip()), ("2", "ok")]


def test_a_cell_that_is_too_long_is_refused_with_its_key_and_up_to_its_end(folder: Folder) -> None:
    pasted = _cell_of(LONGEST, breaks=True)
    folder.put("a.csv", f'{HEADER}1,2026-01-01,2026-01-01,"{pasted}"\n2,2026-01-02,2026-01-02,New\n')
    (error,) = folder.bad()
    assert (error.key, str(error)) == ("1", "a.csv, row 2: has a cell of more than 1,048,576 characters")
    assert keys(folder.rows()) == ["1", "2"]
    assert len(str(folder.rows()[0])) < 1000


def test_a_quotation_mark_that_nobody_closes_spoils_its_own_line_in_a_long_file_too(folder: Folder) -> None:
    rows = [row(number) for number in range(4_000)]  # more characters than csv's own limit
    folder.put("a.csv", f'{HEADER}0,2026-01-01,2026-01-01,"New\n{"".join(rows)}')
    assert len(folder.rows()) == 1 + len(rows)
    assert [error.key for error in folder.bad()] == ["0"]
