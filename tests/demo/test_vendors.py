"""One run over three vendors: each one's third of the month arrives, and nobody is asked at two of them."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from xmo_demo import vendors
from xmo_demo.folder import DESKS, SHARE, VENDORS_STORE, clear, furnish
from xmo_demo.vendors import SECOND, Shared

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("vendors") / "demo"
    clear(made)
    furnish(made, pages="http://127.0.0.1:1", source="")
    return made


@pytest.fixture(scope="module")
def told(folder: Path) -> list[Shared]:
    return list(vendors.play(folder))


def _happened(folder: Path, name: str) -> Iterator[tuple[str, list[str]]]:
    """The kind of each ticket that had been opened at a vendor by the second run, and what had happened to it."""
    for line in (folder / SHARE.format(name)).read_text(encoding="utf-8").splitlines():
        ticket = json.loads(line)
        happened = [event["what"] for event in ticket["events"] if event["at"] <= f"{SECOND:%Y-%m-%dT%H:%M:%SZ}"]
        if happened and "deleted" not in happened:
            yield ticket["kind"], happened


def test_what_it_tells_of_each_vendor_is_what_happened_there(told: list[Shared], folder: Path) -> None:
    assert [each.vendor for each in told] == list(DESKS)
    for each in told:
        lives = list(_happened(folder, each.vendor))
        counted = {"incident"} if each.vendor == "servicenow" else {"incident", "request"}  # docs/fields.md
        assert each.tickets == len(lives) > 50
        assert each.hand_offs == sum(max(0, life.count("assigned") - 1) for _, life in lives)
        assert each.reopens == sum(life.count("reopened") for kind, life in lives if kind in counted)


def test_questions_stand_at_all_three_and_no_person_has_two(told: list[Shared], folder: Path) -> None:
    with closing(sqlite3.connect(folder / VENDORS_STORE)) as store:
        sent = store.execute("SELECT source, person FROM invitation WHERE sent_at IS NOT NULL").fetchall()
        at_two = "SELECT count(*) FROM (SELECT person FROM problem GROUP BY person HAVING count(DISTINCT source) > 1)"
        people = store.execute(at_two).fetchone()[0]
    assert all(each.asked for each in told)
    assert sum(each.asked for each in told) == len(sent)
    assert len({person for _, person in sent}) == len(sent)
    assert sum(each.spared for each in told) > 3
    assert {each.vendor for each in told if each.late} == {"zendesk"}
    assert people > 10
