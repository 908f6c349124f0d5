"""The query of the admin's guide, on a store with the month: it says what the work file says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest
from sqlalchemy import inspect, text

from tests.line.support import reading
from tests.vendors import desks, month
from tests.vendors.month import Work
from xmo_core.store import open_store
from xmo_core.store.versions import ensure

_ADMIN = (Path(__file__).parents[2] / "docs" / "admin.md").read_text(encoding="utf-8")
_VENDOR = "zendesk"


def _query(store_url: str) -> str:
    (query,) = re.findall(r"^```sql\n(WITH .*?)^```", _ADMIN, re.MULTILINE | re.DOTALL)
    (other,) = re.findall(r"on PostgreSQL write `(.+?)`", _ADMIN)
    return query if store_url.startswith("sqlite") else re.sub(r"\(julianday.* AS hours", other, query)


def _hours(works: list[Work]) -> Iterator[float]:
    """The hours until somebody at the desk first answered, of each ticket that was answered."""
    for work in month.living(works, month.end(works)).values():
        points = month.points(work)
        answers = [point.at for point in points if point.what == "response"]
        if answers:
            yield (min(answers) - min(point.at for point in points)).total_seconds() / 3600


@pytest.fixture
def store(works: list[Work], unhurried: None, store_url: str, tmp_path: Path) -> str:
    """The URL of a store with the month of one vendor."""
    now = month.end(works)
    with desks.served(_VENDOR, tmp_path, now) as sandbox:
        desks.xmo(tmp_path, store_url, {_VENDOR: desks.source(_VENDOR, sandbox.url)})(now, "sync")
    return store_url


def test_the_query_of_the_guide_finds_the_median_time_to_the_first_response(store: str, works: list[Work]) -> None:
    hours = list(_hours(works))
    with reading(store) as connection:
        ((source, n, found),) = connection.execute(text(_query(store))).all()
    assert (source, n) == (_VENDOR, len(hours))
    assert float(found) == pytest.approx(median(hours), abs=0.001)


def test_the_guide_names_every_view_of_the_store(sqlite_store: str) -> None:
    table = _ADMIN.partition("## The store for other tools")[2].partition("\n\n`what`")[0]
    store = open_store(sqlite_store)
    try:
        ensure(store)
        views = inspect(store.engine).get_view_names()
    finally:
        store.close()
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(views)
