"""A table that says more, less or other than is so is found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import pytest

from docs.knowledge import Cell, Known
from tests.vendors.comparing import complaint, outcome

FACTS = {"title": "No mail", "place": None, "reopens": 2, "state": "resolved", "closed_at": "late", "ended_at": "early"}
Instead = Mapping[str, str] | Sequence[str]


def cell(known: Known, instead: Instead = ()) -> Cell:
    return Cell(known=known, month=known, origin="table", instead=instead)


@pytest.mark.parametrize(
    ("name", "told", "instead", "came"),
    [
        ("title", "No mail", (), "told"),
        ("title", None, (), "missing"),
        ("title", "Mail", (), "wrong"),
        ("place", None, (), "nothing"),
        ("place", "Berlin", (), "wrong"),
        ("reopens", 2, (), "told"),
        ("reopens", 0, (), "missing"),
        ("reopens", 1, (), "wrong"),
        ("state", "closed", {"resolved": "closed"}, "instead resolved"),
        ("state", "new", {"resolved": "closed"}, "wrong"),
        ("closed_at", "early", ["ended_at"], "instead ended_at"),
        ("closed_at", "never", ["ended_at"], "wrong"),
    ],
)
def test_a_value_is_judged_by_what_is_so(name: str, told: object, instead: Instead, came: str) -> None:
    assert outcome(name, cell("sometimes", instead), told, FACTS) == came


@pytest.mark.parametrize(
    ("known", "seen", "fine"),
    [
        ("always", {"told": 3, "nothing": 1}, True),
        ("always", {"told": 3, "missing": 1}, False),
        ("always", {"nothing": 4}, False),
        ("never", {"missing": 3, "nothing": 1}, True),
        ("never", {"told": 1, "missing": 3}, False),
        ("never", {"nothing": 4}, False),
        ("sometimes", {"told": 1, "missing": 1}, True),
        ("sometimes", {"told": 4}, False),
        ("sometimes", {"missing": 4}, False),
        ("sometimes", {"told": 2, "missing": 1, "wrong": 1}, False),
    ],
)
def test_the_table_is_held_in_both_directions(known: Known, seen: dict[str, int], fine: bool) -> None:
    assert (complaint(cell(known), Counter(seen)) is None) is fine


def test_what_may_stand_in_the_place_of_a_value_must_do_so_somewhere() -> None:
    allowed = cell("sometimes", ["ended_at"])
    assert complaint(allowed, Counter({"told": 1, "instead ended_at": 1})) is None
    assert complaint(allowed, Counter({"told": 1, "missing": 1})) == "nothing shows ['instead ended_at']"
