"""How files are written: encodings, separators, headers, and what spreadsheets put above the rows."""

from __future__ import annotations

import codecs

import pytest

from tests.files.support import Folder

FIELDS = {"key": "Id", "opened_at": "Opened", "title": "Title"}
TEXT = "Id,Opened,Title\n1,2026-01-01,Größe\n2,2026-01-02,ok\n"


def _titles(folder: Folder, **options: object) -> list[str | None]:
    return [ticket.title for ticket in folder.tickets(**{"fields": FIELDS, **options})]


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        (TEXT.encode(), None),
        (codecs.BOM_UTF8 + TEXT.encode(), None),
        (codecs.BOM_UTF8 + TEXT.encode(), "cp1252"),  # the mark is certain, the option was for other files
        (TEXT.encode("utf-16"), None),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), None),
        (TEXT.encode("utf-16-le"), "utf-16"),
        (TEXT.encode("cp1252"), "cp1252"),
        (TEXT.encode("utf-8"), "utf-8-sig"),
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_a_file_is_read_in_the_encoding_that_it_says_else_in_that_of_the_config(
    folder: Folder, raw: bytes, encoding: str | None, name: str
) -> None:
    folder.put(name, raw)
    assert _titles(folder, **({"encoding": encoding} if encoding else {})) == ["Größe", "ok"]


def test_a_row_in_another_encoding_is_bad_alone_and_says_what_to_set(folder: Folder) -> None:
    folder.put("a.csv", TEXT.encode("cp1252"))
    (error,) = folder.bad(fields=FIELDS)
    assert str(error) == "a.csv, row 2: holds bytes that are not utf-8: set `encoding`"
    assert error.key == "1"


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
@pytest.mark.parametrize("breaks", ["\n", "\r\n", "\r"])
def test_the_separator_is_the_one_that_the_header_is_written_with(folder: Folder, sign: str, breaks: str) -> None:
    text = f"Id;or,number{sign}Opened{sign}Title\n1{sign}2026-01-01{sign}a;b,c|d\n"
    text = text.replace("a;b,c|d", '"a;b,c|d"').replace("Id;or,number", '"Id;or,number"').replace("\n", breaks)
    folder.put("a.csv", text)
    assert _titles(folder, fields={**FIELDS, "key": "Id;or,number"}) == ["a;b,c|d"]


def test_the_option_goes_before_what_the_header_looks_like(folder: Folder) -> None:
    folder.put("a.csv", "Id:Opened:Title\n1:2026-01-01:x\n")
    assert _titles(folder, delimiter=":") == ["x"]


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_a_line_that_tells_a_spreadsheet_the_separator_is_believed_and_is_no_row(folder: Folder, mark: bytes) -> None:
    folder.put("a.csv", mark + b"sep=#\r\nId#Opened#Title\r\n1#2026-01-01#x\r\n1\r\n")
    assert [error.args[0] for error in folder.bad(fields=FIELDS)] == [
        "a.csv, row 3: has 1 cells where the header has 3"
    ]
    assert folder.rows(fields=FIELDS)[0]["cells"]["Title"] == "x"


def test_titles_and_blank_lines_above_the_header_are_passed_over(folder: Folder) -> None:
    folder.put("a.csv", "Tickets of January,,\n\nId,Opened,Title\n1,2026-01-01,x\n\n,,\n2,2026-01-01,y\n")
    assert [(row["row"], row["cells"]["Id"]) for row in folder.rows(fields=FIELDS)] == [(4, "1"), (7, "2")]


def test_columns_of_one_name_are_told_apart_by_their_number(folder: Folder) -> None:
    folder.put("a.csv", "Name, Id ,Name,Opened,Name,,\nAnn,1,Printer,2026-01-01,Floor 3,,\n")
    fields = {"key": "Id", "opened_at": "Opened", "name": "Name", "service": "Name#2", "floor": "Name#3"}
    (ticket,) = folder.tickets(fields={**fields, "requester": "Name"})
    assert (ticket.service, ticket.attributes) == ("Printer", {"floor": "Floor 3"})
    assert ticket.requester is not None
    assert ticket.requester.name == "Ann"


def test_a_header_may_break_its_lines(folder: Folder) -> None:
    folder.put("a.csv", 'Id,"Opened\nat",Title\n1,2026-01-01,x\n')
    assert _titles(folder, fields={**FIELDS, "opened_at": "Opened at"}) == ["x"]


def test_quoted_text_may_hold_breaks_separators_and_quotes(folder: Folder) -> None:
    folder.put("a.csv", 'Id,Opened,Title\r\n1,2026-01-01,"a, ""b""\r\nc"\r\n2,2026-01-01,5" disk\r\n')
    assert _titles(folder) == ['a, "b"\r\nc', '5" disk']


def test_a_stray_quotation_mark_costs_its_own_line_and_no_other(folder: Folder) -> None:
    lines = "".join(f"{n},2026-01-01,t{n}\n" for n in range(3, 40))
    folder.put("a.csv", f'Id,Opened,Title\n1,2026-01-01,"lost\n2,2026-01-01,ok\n{lines}')
    rows = folder.rows(fields=FIELDS)
    assert [row["cells"]["Id"] for row in rows] == [str(n) for n in range(1, 40)]
    assert [row["row"] for row in rows if "trouble" in row] == [2]
    (error,) = folder.bad(fields=FIELDS)
    assert str(error) == "a.csv, row 2: a quotation mark is not closed"


def test_two_stray_quotation_marks_cost_their_own_lines(folder: Folder) -> None:
    folder.put("a.csv", 'Id,Opened,Title\n1,2026-01-01,"lost\n2,2026-01-01,ok\n3,2026-01-01,"lost\n4,2026-01-01,ok\n')
    rows = folder.rows(fields=FIELDS)
    assert [(row["cells"]["Id"], "trouble" in row) for row in rows] == [
        ("1", True),
        ("2", False),
        ("3", True),
        ("4", False),
    ]


def test_a_stray_quotation_mark_in_a_large_file_takes_no_memory_and_no_row(folder: Folder) -> None:
    many = "".join(f"{n},2026-01-01,{'x' * 60}\n" for n in range(2, 6000))
    folder.put("a.csv", f'Id,Opened,Title\n1,2026-01-01,"lost\n{many}')
    rows = folder.rows(fields=FIELDS)
    assert len(rows) == 5999
    assert [row["row"] for row in rows if "trouble" in row] == [2]


def test_rows_with_too_few_or_too_many_cells_are_bad_and_trailing_separators_are_not(folder: Folder) -> None:
    folder.put("a.csv", "Id,Opened,Title\n1,2026-01-01\n2,2026-01-01,a,b\n3,2026-01-01,x,,\n")
    assert [(str(error), error.key) for error in folder.bad(fields=FIELDS)] == [
        ("a.csv, row 2: has 2 cells where the header has 3", "1"),
        ("a.csv, row 3: has 4 cells where the header has 3", "2"),
    ]


def test_json_lines_are_read_by_their_names_and_by_what_lies_inside(folder: Folder) -> None:
    text = (
        '{"Id": 1, "Opened": "2026-01-01", "user": {"mail": {"work": "a@example.com"}}, "tags": ["x", "y"], "n": 2.5}'
    )
    folder.put("a.ndjson", f'{text}\n\n{{"Id": true, "Opened": null}}\n[1]\n{{"Id": \n')
    fields = {"key": "Id", "opened_at": "Opened", "email": "user.mail.work", "tags": "tags", "n": "n"}
    source = folder.source(fields=fields)
    row = folder.rows(fields=fields)[0]
    (ticket,) = source.parse(row)
    assert ticket.requester.email == "a@example.com"  # type: ignore[union-attr]
    assert ticket.attributes == {"tags": "x, y", "n": "2.5"}  # type: ignore[union-attr]
    assert [(str(error), error.key) for error in folder.bad(fields=fields)] == [
        ('a.ndjson, row 3, column "Opened": is empty: a ticket needs a time of opening', "true"),
        ("a.ndjson, row 4: is no JSON object", None),
        ("a.ndjson, row 5: is no JSON", None),
    ]


def test_a_line_that_is_far_too_long_costs_no_other_row(folder: Folder) -> None:
    folder.put("a.csv", "Id,Opened,Title\n" + "x" * 3_000_000 + "\n1,2026-01-01,ok\n")
    *bad, good = folder.rows(fields=FIELDS)
    assert good["cells"]["Id"] == "1"
    assert all("trouble" in row for row in bad)


def test_a_stray_quotation_mark_before_a_long_text_costs_its_own_line(folder: Folder) -> None:
    folder.put("a.csv", 'Id,Opened,Title\n1,2026-01-01,"' + "x" * 200_000 + "\n2,2026-01-01,ok\n")
    assert [(row["row"], "trouble" in row) for row in folder.rows(fields=FIELDS)] == [(2, True), (3, False)]
