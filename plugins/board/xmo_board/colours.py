"""Colours that can be read: the contrast of WCAG 2.2 (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio)."""

PAPER = "#fbfaf8"
DARK_PAPER = "#14181e"
ENOUGH = 4.5  # success criterion 1.4.3 for text of ordinary size


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours (`#rrggbb`), 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def readable(colour: str, ground: str) -> str:
    """Return `colour`, moved away from its ground in steps of 5 % until text in it passes."""
    target = 0 if _luminance(ground) > 0.5 else 255
    mixed = colour
    for step in range(21):
        mixed = "#" + "".join(f"{round(part + (target - part) * step / 20):02x}" for part in _parts(colour))
        if contrast(mixed, ground) >= ENOUGH:
            break
    return mixed


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(part / 255) for part in _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
