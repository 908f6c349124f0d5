"""Each chart is an image with a title and a description, in the page's own colours."""

import re
from collections.abc import Sequence
from itertools import pairwise

import pytest

from tests.board import fakes
from tests.board.reading import Reading
from xmo_board import bars, charts, months, paint, svg
from xmo_board.groups import calendar, everyone, groups
from xmo_board.paint import NARROW, SHAPES, WIDE, Shape
from xmo_hooks import Figure, Table

TABLES = {table.name: table for table in fakes.full()}


def _month(key: str, *, shown: bool = True) -> list[Figure]:
    return fakes.feeling((key,), (5, 5, 5, 9, 9)) if shown else fakes.hidden((key,))


def _trend(figures: Sequence[Figure], now: str = "2026-07", shape: Shape = WIDE) -> str:
    spec = months.trend(calendar(groups(fakes.table("feeling_by_month", figures)), now), shape)
    return str(svg.inline(spec, name="t", title="T", description="D"))


def test_each_picture_is_one_image_with_title_and_description(page: str) -> None:
    read = Reading(page)
    drawn = read.all("svg")
    assert len(drawn) == 2 * (len(fakes.full()) - 1)  # the headline has one too, and the two plain tables none
    for one in drawn:
        assert one.attributes["role"] == "img"
        own = [element for element in read.elements if element.parents and element.parents[-1] is one]
        assert [element.tag for element in own[:2]] == ["title", "desc"]
        assert all(element.text for element in own[:2])


def test_no_stand_in_for_a_colour_is_left_in_a_picture(page: str) -> None:
    assert not re.search(r"#00000\d", page)


def test_text_in_a_picture_takes_colour_and_font_from_the_page(page: str) -> None:
    words = Reading(page).all("text")
    assert {element.attributes["fill"] for element in words} == {"var(--ink)", "var(--soft)"}
    assert not [element for element in words if "font-family" in element.attributes]


def test_each_chart_keeps_to_five_colours_and_the_ground(page: str) -> None:
    for picture in page.split("<svg")[1:]:
        used = set(re.findall(r'(?:fill|stroke)="(#\w+|var\(--(?:brand|field|edge)\))"', picture.split("</svg>")[0]))
        assert len(used - {"var(--brand)"}) <= 5


def test_the_open_month_is_hatched_and_the_hidden_one_crossed() -> None:
    drawn = _trend([*_month("2026-05"), *_month("2026-06", shown=False), *_month("2026-07")])
    assert drawn.count('fill="url(#t-open)"') == 1
    assert drawn.count('fill="url(#t-hidden)"') == 1
    assert ">open<" in drawn
    assert ">hidden<" in drawn


def test_a_month_that_is_over_is_not_hatched() -> None:
    assert "t-open" not in _trend([*_month("2026-05"), *_month("2026-06")])


def test_the_band_breaks_where_a_month_is_missing() -> None:
    whole, broken = (
        _trend([f for month in kept for f in _month(f"2026-{month}")])
        for kept in (("03", "04", "05", "06"), ("02", "03", "05", "06"))
    )
    line = 'stroke="var(--brand)" stroke-width="2.5"'
    assert whole.count(line) + 1 == broken.count(line)
    assert "Apr" in broken


def test_only_the_last_closed_month_is_written_out() -> None:
    drawn = _trend([*_month("2026-05"), *_month("2026-06"), *fakes.feeling(("2026-07",), (1, 0, 0, 0, 4))])
    assert "in June 2026" in drawn
    assert "in July 2026" not in drawn


@pytest.mark.parametrize("shape", SHAPES, ids=[shape.name for shape in SHAPES])
@pytest.mark.parametrize("count", [1, 2, 13, 18, 40, 121, 400])
def test_the_words_under_the_months_do_not_touch(shape: Shape, count: int) -> None:
    figures = [f for at in range(count) for f in _month(f"{1990 + (at + 10) // 12}-{(at + 10) % 12 + 1:02d}")]
    drawn = _trend(figures, now="2030-01", shape=shape)
    rows: dict[str, list[float]] = {}
    for x, y in re.findall(r'text-anchor="middle" transform="translate\(([\d.]+),([\d.]+)\)"', drawn):
        rows.setdefault(y, []).append(float(x))
    for places in rows.values():
        assert all(b - a >= 24 for a, b in pairwise(places))


@pytest.mark.parametrize("shape", SHAPES, ids=[shape.name for shape in SHAPES])
def test_bars_are_centred_on_the_middle_of_neither(shape: Shape) -> None:
    table = TABLES["feeling_by_service"]
    spec = bars.feelings(groups(table), everyone(table), shape)
    boxes = spec["datasets"]["layer-0"]
    (middle,) = {row["x"] for row in spec["datasets"]["layer-1"]}
    neither = [row for row in boxes if row["colour"] == paint.FEELING["neither"]]
    assert len(neither) == len(fakes.SERVICES) - 1
    assert all((row["x"] + row["x2"]) / 2 == pytest.approx(middle) for row in neither)


def test_a_hidden_bar_is_as_long_as_any_other_hidden_bar() -> None:
    figures = [*fakes.hidden(("A",)), *fakes.hidden(("B",)), *fakes.feeling(("C",), (1, 2, 3, 4, 5))]
    spec = bars.feelings(groups(fakes.table("feeling_by_service", figures)), None, WIDE)
    covers = [row for rows in spec["datasets"].values() for row in rows if row.get("colour") == paint.HIDDEN]
    assert len(covers) == 2
    assert len({(row["x"], row["x2"]) for row in covers}) == 1


@pytest.mark.parametrize(
    "counts",
    [(9, 9, 9, 9, 9), (9, 9, 9, 9, 11), (9, 9, 9, 11, 9), (11, 9, 9, 9, 9), (1, 1, 1, 1, 96), (96, 1, 1, 1, 1)],
)
def test_zero_and_everyone_are_both_named_and_do_not_touch(counts: tuple[int, ...]) -> None:
    table = fakes.table("feeling_by_service", fakes.feeling(("A",), (20, 9, 9, 9, 20)), fakes.feeling((), counts))
    spec = bars.feelings(groups(table), everyone(table), WIDE)
    heads = {
        row["text"][:3]: (row["x"], layer["mark"]["align"])
        for layer in spec["layer"]
        if layer["mark"]["type"] == "text"
        for row in spec["datasets"][layer["data"]["name"]]
        if row["y"] == 14 and not row["text"].strip("←→ ").isalpha()
    }
    (zero, of_zero), (all_, of_all) = heads["0"], heads["all"]
    assert {of_zero, of_all} == {"left", "right"}
    assert (all_ - zero if of_all == "left" else zero - all_) >= 7


@pytest.mark.parametrize("shape", SHAPES, ids=[shape.name for shape in SHAPES])
@pytest.mark.parametrize("counts", [(100, 0, 0, 0, 0), (0, 0, 0, 0, 100), (1, 1, 1, 1, 996), (20, 20, 20, 20, 20)])
def test_the_words_under_the_five_shares_do_not_touch(shape: Shape, counts: tuple[int, ...]) -> None:
    spec = bars.overall(fakes.feeling((), counts)[0], shape)
    places = [row["x"] for row in spec["datasets"]["layer-1"]]
    assert all(b - a >= 70 for a, b in pairwise(places))
    assert places[0] >= 35
    assert places[-1] <= shape.width - 35


def test_a_phone_sees_the_same_services_as_a_desk() -> None:
    table = TABLES["watermelon"]
    wide, narrow = (_words(table, shape) for shape in (WIDE, NARROW))
    assert wide == narrow


def _words(table: Table, shape: Shape) -> list[str]:
    spec = charts.melons(groups(table), shape)
    return [row["text"] for rows in spec["datasets"].values() for row in rows if "text" in row]


def test_a_picture_needs_no_address_to_be_drawn(page: str) -> None:
    assert "xmlns" not in page
