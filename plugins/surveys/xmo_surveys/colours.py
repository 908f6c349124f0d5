"""The brand colour of the page: taken from the config, and made readable where it is not."""

_LIGHT_GROUND, _DARK_GROUND = "#fbfaf8", "#1c222a"  # the less favourable of paper and card, in each scheme
_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)
_ENOUGH = 4.5  # WCAG 2.2, success criterion 1.4.3, level AA
_STEPS = 50

Rgb = tuple[int, int, int]


def brand_css(accent: str) -> str:
    """Write the style sheet that sets the brand colour in both schemes, each readable on its ground."""
    light, dark = legible(accent, _LIGHT_GROUND), legible(accent, _DARK_GROUND)
    return f":root {{ --brand: {light}; }}\n@media (prefers-color-scheme: dark) {{ :root {{ --brand: {dark}; }} }}\n"


def legible(colour: str, ground: str, least: float = _ENOUGH) -> str:
    """Return `colour`, or the nearest darker (on a dark ground: lighter) one with enough contrast on `ground`."""
    end = _BLACK if contrast("#000000", ground) > contrast("#ffffff", ground) else _WHITE
    mixes = (_mix(_rgb(colour), end, step / _STEPS) for step in range(_STEPS + 1))
    return next((each for each in mixes if contrast(each, ground) >= least), _hex(end))


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    dark, light = sorted((_luminance(_rgb(one)), _luminance(_rgb(other))))
    return (light + 0.05) / (dark + 0.05)


def _luminance(rgb: Rgb) -> float:
    parts = [each / 255 for each in rgb]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _mix(rgb: Rgb, end: Rgb, part: float) -> str:
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(rgb, end, strict=True))
    return _hex((red, green, blue))


def _rgb(colour: str) -> Rgb:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue


def _hex(rgb: Rgb) -> str:
    return f"#{bytes(rgb).hex()}"
