"""What a program writes in any dialect, any form of file and any encoding is what is read."""

from __future__ import annotations

import csv
import io
from typing import Any

import orjson
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.files.support import Folder

FIELDS = {"key": "Id", "opened_at": "Opened", "title": "Title", "category": "Title#2", "service": "What, else?"}
COLUMNS = ["Id", "Title", "Opened", "Title", "What, else?"]
_signs = st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs", "Cc"]) | st.sampled_from(
    ",;\t|\"'\n#"
)
_text = st.text(_signs, max_size=12).map(str.strip)
_row = st.tuples(
    st.integers(1, 10**9).map(str), _text, st.sampled_from(["2026-01-01", "2025-12-31T23:59:59Z"]), _text, _text
)
_dialect = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from(",;\t|"),
        "lineterminator": st.sampled_from(["\n", "\r\n"]),
        "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    }
)
_encodings = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])


def _cells(told: list[Any]) -> list[tuple[Any, ...]]:
    return [(one.key, one.title, one.category, one.service) for one in told]


def _expected(rows: list[tuple[str, ...]]) -> list[tuple[str | None, ...]]:
    return [(key, title or None, category or None, service or None) for key, title, _, category, service in rows]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_row, min_size=1, max_size=8), _dialect, _encodings, st.booleans(), st.integers(1, 4))
@example([("1", "ਊĀ", "2026-01-01", "਀", "")], {"delimiter": ","}, "utf-16", False, 1)  # bytes that look like a break
def test_delimited_text_comes_back(
    folder: Folder, rows: list[tuple[str, ...]], dialect: dict[str, Any], encoding: str, packed: bool, page_size: int
) -> None:
    for left_over in folder.path.iterdir():
        left_over.unlink()
    written = io.StringIO()
    csv.writer(written, **dialect).writerows([COLUMNS, *rows])
    folder.put(f"a.csv{'.gz' if packed else ''}", written.getvalue().encode(encoding))
    options: dict[str, Any] = {"fields": FIELDS, "missing": [], "page_size": page_size, "encoding": encoding}
    assert _cells(folder.tickets(**options)) == _expected(rows)
    first, *_ = folder.pages(**options)
    assert len(folder.rows(first.cursor, **options)) == max(0, len(rows) - page_size)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_row, min_size=1, max_size=8))
def test_json_lines_come_back(folder: Folder, rows: list[tuple[str, ...]]) -> None:
    names = ["Id", "Title", "Opened", "Title#2", "What, else?"]
    folder.put("a.jsonl", b"".join(orjson.dumps(dict(zip(names, row, strict=True))) + b"\n" for row in rows))
    assert _cells(folder.tickets(fields=FIELDS, missing=[])) == _expected(rows)
