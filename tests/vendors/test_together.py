"""The vendors' tickets side by side: in one store, and read at once rather than step by step."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import combinations
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.line.support import reading
from tests.vendors import desks, month
from tests.vendors.comparing import in_order
from tests.vendors.conftest import Sight, sight
from tests.vendors.desks import KNOWLEDGE, VENDORS
from tests.vendors.month import Work
from xmo_core.store import tables as t


@pytest.fixture(scope="module")
def together(works: list[Work], unhurried: None, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a store into which all vendors were read by one sync."""
    folder, now = tmp_path_factory.mktemp("together"), month.end(works)
    store_url = f"sqlite:///{folder / 'xmo.db'}"
    with ExitStack() as stack:
        served = {name: stack.enter_context(desks.served(name, folder, now)) for name in VENDORS}
        sources = {name: desks.source(name, sandbox.url) for name, sandbox in served.items()}
        desks.xmo(folder, store_url, sources)(now, "sync")
    return store_url


@pytest.mark.parametrize(("one", "other"), list(combinations(VENDORS, 2)))
def test_what_two_vendors_always_know_is_equal(together: str, works: list[Work], one: str, other: str) -> None:
    ours, theirs = (sight(together, name, works, month.end(works)).tickets for name in (one, other))
    assert ours.keys() == theirs.keys() == month.living(works, month.end(works)).keys()
    both = [
        name
        for name, line in KNOWLEDGE.fields.items()
        if not line.own and line.cells[one].month == line.cells[other].month == "always"
    ]
    assert len(both) > 10
    for number, ticket in ours.items():
        assert {name: ticket[name] for name in both} == {name: theirs[number][name] for name in both}, number


def test_a_person_is_one_person_in_all_sources(together: str, works: list[Work]) -> None:
    with reading(together) as connection:
        persons = connection.execute(select(func.count()).select_from(t.person)).scalar_one()
    there = month.living(works, month.end(works)).values()
    assert persons == len({work["requester"]["email"] for work in there})


def test_read_at_once_into_postgresql_it_is_what_was_read_step_by_step_into_sqlite(
    vendor: str, works: list[Work], sights: list[Sight], tmp_path: Path, postgres_store: str
) -> None:
    now, steps = month.end(works), sights[-1]
    with desks.served(vendor, tmp_path, now) as sandbox:
        desks.xmo(tmp_path, postgres_store, {vendor: desks.source(vendor, sandbox.url)})(now, "sync")
    once = sight(postgres_store, vendor, works, now)
    there = month.living(works, now).keys()
    assert once.tickets.keys() == once.points.keys() == there
    for number in there:
        ours, theirs = ({**each.tickets[number], "url": ""} for each in (once, steps))
        if ours["sla_met"] is None:  # what was known of a ticket while it was open stays known
            ours["sla_met"] = theirs["sla_met"]
        assert ours == theirs, number
        assert in_order(once.points[number]) == in_order(steps.points[number]), number
