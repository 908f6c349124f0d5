"""The command on files: a sync, quarantine and its replay, and that no one is asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests.files.support import HEADER, Folder, row, table
from tests.line.support import Xmo, reading
from xmo_core.store import tables as t

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SOURCE = """[sources.old]
kind = "files"
url = "exports"
fields = { key = "Id", opened_at = "Opened", changed_at = "Changed", state = "Status" }
"""


@pytest.fixture
def xmo(tmp_path: Path, store_url: str, folder: Folder) -> Callable[..., Xmo]:
    """Write a config beside the folder of files, and return the command on it."""

    def make(source: str = SOURCE) -> Xmo:
        (tmp_path / "xmo.key").write_text("a key that no one else has, for tests", encoding="utf-8")
        site = '[site]\nname = "Test IT"\nkey = { file = "xmo.key" }\n'
        text = f'{site}[store]\nurl = "{store_url}"\n[log]\nlevel = "error"\n{source}'
        (tmp_path / "xmo.toml").write_text(text, encoding="utf-8")
        return Xmo(tmp_path)

    return make


def _stored(store_url: str, *columns: str) -> list[tuple[Any, ...]]:
    with reading(store_url) as connection:
        query = select(*(t.ticket.c[name] for name in columns)).order_by(t.ticket.c.key)
        return [tuple(found) for found in connection.execute(query)]


def test_the_newest_change_of_a_ticket_wins_whichever_row_or_file_it_stands_in(
    xmo: Callable[..., Xmo], folder: Folder, store_url: str
) -> None:
    folder.put("a.csv", HEADER + row(1, "Closed", 9) + row(1, "New", 1) + row(2, "New", 1))
    folder.put("b.csv", HEADER + row(2, "Resolved", 5) + row(1, "New", 8))
    xmo()(NOW, "sync")
    assert _stored(store_url, "key", "state") == [("T1", "closed"), ("T2", "resolved")]
    folder.put("b.csv", HEADER + row(2, "Resolved", 5) + row(1, "New", 8) + row(1, "In progress", 10))
    said = xmo()(NOW, "sync", "--json")
    assert '"tickets": 1' in said
    assert _stored(store_url, "key", "state") == [("T1", "in_progress"), ("T2", "resolved")]


def test_bad_rows_are_kept_and_replayed_once_the_config_is_mended(
    xmo: Callable[..., Xmo], folder: Folder, store_url: str
) -> None:
    folder.put("a.csv", HEADER + "T1,05.01.2026,05.01.2026,New\n" + row(2))
    xmo()(NOW, "sync")
    assert 'column "Opened": is no time like iso' in xmo()(NOW, "quarantine", "list", "--json").replace('\\"', '"')
    mended = xmo(SOURCE + 'times = ["iso", "%d.%m.%Y"]\n')
    mended(NOW, "quarantine", "replay")
    assert _stored(store_url, "key") == [("T1",), ("T2",)]
    assert mended(NOW, "quarantine", "list", "--json").strip() == "[]"


def test_a_bad_row_that_was_mended_in_the_file_comes_in_with_the_next_run(
    xmo: Callable[..., Xmo], folder: Folder, store_url: str
) -> None:
    folder.put("a.csv", HEADER + "T1,soon,soon,New\n" + row(2))
    xmo()(NOW, "sync")
    folder.put("a.csv", table([1, 2]), datetime(2026, 2, 3, tzinfo=UTC))
    xmo()(NOW, "sync")
    assert _stored(store_url, "key") == [("T1",), ("T2",)]
    assert xmo()(NOW, "quarantine", "list", "--json").strip() == "[]"


def test_a_bad_row_about_a_ticket_stays_in_quarantine_when_the_ticket_comes_in(
    xmo: Callable[..., Xmo], folder: Folder
) -> None:
    """It tells something that the ticket does not."""
    source, _, fields = SOURCE.rpartition("fields")
    calls = 'touchpoints = [{ what = "contact", side = "requester", at = "Opened" }]'
    tables = [f'name = "tickets.csv"\nfields{fields}', f'name = "calls.csv"\nfields = {{ key = "Id" }}\n{calls}']
    site = xmo(source + "".join(f"[[sources.old.tables]]\n{one}\n" for one in tables))
    folder.put("calls.csv", HEADER + "T1,soon,soon,Call\n")
    site(NOW, "sync")
    folder.put("tickets.csv", table([1]))
    site(NOW, "sync")
    assert site(NOW, "quarantine", "list", "--json").count('"field": "Opened"') == 1


def test_a_bad_row_with_a_zero_byte_can_be_kept(xmo: Callable[..., Xmo], folder: Folder) -> None:
    folder.put("a.csv", HEADER + "T1\0,soon,soon,New\n")
    folder.put("b.jsonl", '{"Id": "T2\\u0000", "Opened": "soon"}\n')
    xmo()(NOW, "sync")
    assert xmo()(NOW, "quarantine", "list", "--json").count('"field": "Opened"') == 2


def test_a_replay_finds_the_row_as_it_is_in_the_file_by_now(
    xmo: Callable[..., Xmo], folder: Folder, store_url: str
) -> None:
    folder.put("a.csv", HEADER + "T1,soon,soon,New\n")
    xmo()(NOW, "sync")
    folder.put("a.csv", table([1]))
    xmo()(NOW, "quarantine", "replay")
    assert _stored(store_url, "key") == [("T1",)]


def test_nobody_is_asked_through_a_file(xmo: Callable[..., Xmo], folder: Folder, store_url: str) -> None:
    text = SOURCE.replace("{ key", '{ email = "Mail", key')
    folder.put("a.csv", "Id,Opened,Changed,Status,Mail\n1,2026-03-01T01:00,2026-03-01T01:00,New,a@example.com\n")
    xmo(text)(NOW, "run")
    later = datetime(2026, 3, 2, tzinfo=UTC)
    folder.put("a.csv", "Id,Opened,Changed,Status,Mail\n1,2026-03-01T01:00,2026-03-01T02:00,Closed,a@example.com\n")
    xmo(text)(later, "run")
    with reading(store_url) as connection:
        (decision,) = connection.execute(select(t.decision.c.verdict, t.decision.c.rule)).all()
        assert tuple(decision) == ("skip", "core.no_channel")
        assert connection.execute(select(t.invitation)).all() == []


def test_events_without_a_ticket_are_kept_too(xmo: Callable[..., Xmo], folder: Folder, store_url: str) -> None:
    folder.put("calls.csv", "Call,Start,Result\nC1,2026-01-01,hung up\nC2,2026-01-02,ok\n")
    event = '{ at = "Start", what = "abandoned", when = { Result = "hung up" } }'
    mapped = f'fields = {{ key = "Call", channel = {{ value = "phone" }} }}\ntouchpoints = [{event}]\n'
    xmo(f'[sources.phone]\nkind = "files"\nurl = "exports"\n{mapped}')(NOW, "sync")
    with reading(store_url) as connection:
        (point,) = connection.execute(select(t.touchpoint)).mappings()
    assert (point["ticket"], point["what"], point["side"], point["channel"]) == (
        "C1",
        "abandoned",
        "requester",
        "phone",
    )


def test_check_and_plan_run_on_files(xmo: Callable[..., Xmo], folder: Folder) -> None:
    folder.put("a.csv", table([1, 2, 3]))
    assert "all of the 3 looked at are understood" in xmo()(NOW, "check")
    assert "3 tickets from the beginning, about 0 requests" in xmo()(NOW, "sync", "--plan")
    assert "clock" not in xmo()(NOW, "check", "old")
