"""Each vendor tells the same of the same month, apart from what docs/fields.toml says that it cannot know."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

import pytest

from tests.vendors.comparing import complaint, outcome, own_outcome
from tests.vendors.conftest import Sight
from tests.vendors.desks import KNOWLEDGE, VENDORS
from tests.vendors.month import Work, facts, living
from xmo_hooks import Contact, Ticket

_COMPARED = [name for name, line in KNOWLEDGE.fields.items() if not line.own]
_OWN = [name for name, line in KNOWLEDGE.fields.items() if line.own]
_NOT_STORED = {"email", "name"}
_OF_THE_CONFIG = {"kind", "attributes"}  # of the requester: `requester_kind` says the one, nothing yet the other


def _outcomes(vendor: str, works: list[Work], sights: list[Sight], name: str) -> Iterator[tuple[str, datetime, int]]:
    cell = KNOWLEDGE.fields[name].cells[vendor]
    for sight in sights:
        for number, work in living(works, sight.at).items():
            yield outcome(name, cell, sight.tickets[number][name], facts(work)), sight.at, number


def test_every_ticket_of_the_month_is_there(works: list[Work], sights: list[Sight]) -> None:
    for sight in sights:
        there = {number for number, ticket in sight.tickets.items() if ticket["deleted_at"] is None}
        assert there >= living(works, sight.at).keys()


@pytest.mark.parametrize("name", _COMPARED)
def test_a_field_is_that_of_the_work_file_as_far_as_the_vendor_can_know(
    vendor: str, works: list[Work], sights: list[Sight], name: str
) -> None:
    outcomes = list(_outcomes(vendor, works, sights, name))
    wrong = [(at, number) for what, at, number in outcomes if what == "wrong"]
    assert not wrong, _shown(works, sights, name, wrong[:5])
    assert complaint(KNOWLEDGE.fields[name].cells[vendor], Counter(what for what, _, _ in outcomes)) is None


def _shown(works: list[Work], sights: list[Sight], name: str, where: list[tuple[datetime, int]]) -> str:
    by_time = {sight.at: sight for sight in sights}
    told = [(at, number, by_time[at].tickets[number][name], living(works, at)[number]) for at, number in where]
    return "\n".join(f"ticket {number} at {at}: {one!r} is not {facts(work)[name]!r}" for at, number, one, work in told)


@pytest.mark.parametrize("name", _OWN)
def test_a_field_of_the_vendors_own_is_there_as_the_table_says(vendor: str, sights: list[Sight], name: str) -> None:
    seen = Counter(own_outcome(ticket[name]) for sight in sights for ticket in sight.tickets.values())
    assert complaint(KNOWLEDGE.fields[name].cells[vendor], seen) is None


def test_the_table_has_a_line_for_every_field_and_a_cell_for_every_vendor() -> None:
    of_ticket = {field.name for field in dataclasses.fields(Ticket)}
    of_contact = {field.name for field in dataclasses.fields(Contact)} - _NOT_STORED - _OF_THE_CONFIG
    assert KNOWLEDGE.fields.keys() == of_ticket | of_contact
    for name, line in {**KNOWLEDGE.fields, **KNOWLEDGE.touchpoints}.items():
        assert tuple(line.cells) == VENDORS, name
        for cell in line.cells.values():
            assert cell.known != "always" or cell.origin, name
            assert cell.known == cell.month == "always" or cell.why, name
