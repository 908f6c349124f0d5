"""The example of the guide, with the files that it shows, and the examples that it names."""

from __future__ import annotations

import re
import textwrap
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, text

from tests.line.support import Xmo, reading
from xmo_core.store import tables as t
from xmo_files.mapping import REQUESTER, TICKET
from xmo_files.options import OptionsSchema
from xmo_files.sheet import SETTLED

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "admin.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("\n## Files: history, and systems without an API\n")[2].partition("\n## ")[0]
NOW = datetime(2026, 4, 1, tzinfo=UTC)


def _blocks(kind: str) -> list[str]:
    found = re.findall(rf"^ +```{kind}\n(.*?)^ +```", SECTION, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block) for block in found]


@pytest.fixture
def xmo(tmp_path: Path) -> Xmo:
    tickets, calls, laptops = _blocks("text")
    (source,) = _blocks("toml")
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "tickets.csv").write_text(tickets, encoding="utf-8")
    (tmp_path / "exports" / "calls.jsonl").write_text(calls, encoding="utf-8")
    (tmp_path / "exports" / "laptops.csv").write_text(laptops, encoding="utf-8")
    (tmp_path / "xmo.key").write_text("a key that no one else has, for tests", encoding="utf-8")
    site = '[site]\nname = "Test IT"\nkey = { file = "xmo.key" }\n[store]\nurl = "sqlite:///xmo.db"\n'
    (tmp_path / "xmo.toml").write_text(site + source, encoding="utf-8")
    return Xmo(tmp_path)


def test_the_example_loads_the_files_that_it_shows(xmo: Xmo, tmp_path: Path) -> None:
    said = xmo(NOW, "check", "shop")
    assert said.count("!") == 1
    assert 'laptops.csv, row 4, column "Boot": is no number' in " ".join(said.split())
    assert "✗" not in said
    xmo(NOW, "sync")
    with reading(f"sqlite:///{tmp_path / 'xmo.db'}") as connection:
        c = t.ticket.c
        tickets = connection.execute(select(c.key, c.kind, c.state, c.service, c.opened_at).order_by(c.key)).all()
        answers = connection.execute(select(t.native.c.ticket, t.native.c.value)).all()
        events = connection.execute(select(t.touchpoint.c.ticket, t.touchpoint.c.what, t.touchpoint.c.key)).all()
        m = t.measurement.c
        measured = connection.execute(select(m.name, m.about, m.value, m.unit).order_by(m.name, m.about)).all()
        bad = connection.execute(select(t.quarantine.c.field)).scalars().all()
        (query,) = re.findall(r"^```sql\n(SELECT .*?v_measurement.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
        months = connection.execute(text(query)).all()
    assert [tuple(ticket) for ticket in tickets] == [
        ("1001", "incident", "closed", "Printer", datetime(2026, 3, 30, 7, 15, tzinfo=UTC)),
        ("1002", "request", "on_hold", 'Laptop; 14"', datetime(2026, 3, 30, 8, tzinfo=UTC)),
    ]
    assert [tuple(answer) for answer in answers] == [("1001", 4)]
    assert sorted(map(tuple, events)) == [("", "abandoned", "C-19"), ("1001", "abandoned", "C-17")]
    assert [tuple(one) for one in measured] == [
        ("crashes", "LAP-7", 0, "count"),
        ("crashes", "LAP-9", 2, "count"),
        ("start", "LAP-7", 41.5, "s"),
    ]
    assert bad == ["Boot"]
    assert [tuple(month) for month in months] == [("2026-03", 1, 1, 41.5)]


def test_the_guide_names_every_field(tmp_path: Path) -> None:
    said = SECTION.partition("- **Fields**")[2].partition("\n- **")[0]
    assert set(re.findall(r"`([a-z_]+)`", said)) == TICKET | REQUESTER


def test_the_guide_says_how_long_a_torn_line_waits() -> None:
    assert "ten minutes old" in SECTION
    assert SETTLED.total_seconds() == 600


def test_the_table_of_options_has_the_defaults_of_the_code() -> None:
    table = PAGE.partition('\n### `kind = "files"`\n')[2].partition("\n### ")[0]
    said = dict(re.findall(r"^\| `(\w+)` \| `(.+?)` \|", table, re.MULTILINE))
    options = OptionsSchema().load({"url": "x", "fields": {"opened_at": "A"}})
    (of_table,) = options.tables
    assert tomllib.loads("\n".join(f"{key} = {value}" for key, value in said.items())) == {
        "times": list(of_table.times),
        "timezone": of_table.timezone.key,
        "missing": ["?", "NA", "N/A", "NULL"],
        "encoding": of_table.encoding,
        "page_size": options.page_size,
        "requester_kind": options.requester_kind,
    }
    assert of_table.missing == {"", *tomllib.loads(f"missing = {said['missing']}")["missing"]}


def test_the_examples_that_the_guide_names_are_those_there_are() -> None:
    named = set(re.findall(r"\(examples/([\w-]+\.toml)\)", SECTION))
    assert named == {file.name for file in (DOCS / "examples").glob("*.toml")}
