"""Whatever colour a site sets, its text can be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmo_board import colours
from xmo_board.report import brand

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def test_contrast_is_that_of_wcag() -> None:
    assert colours.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert colours.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@given(COLOURS, st.sampled_from([colours.PAPER, colours.DARK_PAPER]))
def test_a_brand_colour_becomes_readable_on_its_ground(colour: str, ground: str) -> None:
    assert colours.contrast(colours.readable(colour, ground), ground) >= colours.ENOUGH


@given(COLOURS)
def test_a_colour_that_can_be_read_is_left_as_it_is(colour: str) -> None:
    if colours.contrast(colour, colours.PAPER) >= colours.ENOUGH:
        assert colours.readable(colour, colours.PAPER) == colour


def test_the_admin_is_told_of_a_colour_that_had_to_be_changed() -> None:
    assert "#ffee00 could not be read" in brand("#ffee00")["told"]
    assert brand("#0b5f66") == {"light": "#0b5f66", "dark": "#7fd0d4", "told": ""}
    assert brand("#0B5F00")["told"] == ""
