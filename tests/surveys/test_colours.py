import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.surveys.conftest import STEADY
from xmo_surveys.colours import brand_css, contrast, legible

colours = st.integers(0, 0xFFFFFF).map("#{:06x}".format)
GROUNDS = ["#fbfaf8", "#ffffff", "#14181e", "#1c222a"]


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21),
        ("#777777", "#ffffff", 4.48),
        ("#1d2430", "#fbfaf8", 14.9),
        ("#0b5f66", "#0b5f66", 1),
    ],
)
def test_contrast_is_measured_as_wcag_measures_it(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.05)
    assert contrast(other, one) == contrast(one, other)


@STEADY
@given(colours, colours)
def test_any_brand_colour_becomes_readable_on_any_ground(colour: str, ground: str) -> None:
    assert contrast(legible(colour, ground), ground) >= 4.5


@pytest.mark.parametrize(("colour", "ground"), [("#0b5f66", "#fbfaf8"), ("#7fd0d4", "#1c222a")])
def test_a_brand_colour_that_is_readable_stays_as_it_is(colour: str, ground: str) -> None:
    assert legible(colour, ground) == colour


def test_a_pale_colour_is_darkened_on_light_and_kept_on_dark() -> None:
    assert brand_css("#ff88cc") == (
        ":root { --brand: #a35783; }\n@media (prefers-color-scheme: dark) { :root { --brand: #ff88cc; } }\n"
    )


@STEADY
@given(colours)
def test_the_words_on_the_brand_colour_are_readable_too(colour: str) -> None:
    assert contrast(legible(colour, "#fbfaf8"), "#ffffff") >= 4.5
    assert contrast(legible(colour, "#1c222a"), "#0d1418") >= 4.5


@STEADY
@given(colours)
def test_the_brand_colour_is_readable_on_paper_and_card(colour: str) -> None:
    for ground, chosen in zip(GROUNDS, ["#fbfaf8", "#fbfaf8", "#1c222a", "#1c222a"], strict=True):
        assert contrast(legible(colour, chosen), ground) >= 4.5
