"""The history of each vendor becomes the same list of touchpoints, apart from what docs/fields.toml says."""

from __future__ import annotations

from tests.vendors.comparing import expected, told
from tests.vendors.conftest import Sight
from tests.vendors.desks import KNOWLEDGE
from tests.vendors.month import Work, living, points


def test_the_touchpoints_are_those_of_the_work_file_as_far_as_the_vendor_can_know(
    vendor: str, works: list[Work], sights: list[Sight]
) -> None:
    for sight in sights:
        for number, work in living(works, sight.at).items():
            ours = points(work)
            found = told(vendor, sight.points.get(number, []), ours)
            assert found == expected(vendor, ours, work["channel"]), f"ticket {number} at {sight.at}"


def test_the_month_has_every_event_of_the_table(works: list[Work], sights: list[Sight]) -> None:
    happened = {point.event for work in living(works, sights[-1].at).values() for point in points(work)}
    assert happened == KNOWLEDGE.touchpoints.keys()
    what = {point.what for work in living(works, sights[-1].at).values() for point in points(work)}
    assert what == {"contact", "response", "update", "handoff", "promise", "resolved", "reopened"}
