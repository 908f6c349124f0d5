"""From a Vega-Lite description to SVG that stands inside the page: no address, no script, no clashing identifiers."""

import re
from xml.etree import ElementTree as ET

import vl_convert
from markupsafe import Markup

from xmo_board.paint import BRAND, EDGE, FIELD, HIDDEN, INK, LINE, OPEN, PAPER, SOFT, Spec

VARIABLES = {
    INK: "var(--ink)",
    SOFT: "var(--soft)",
    LINE: "var(--line)",
    PAPER: "var(--paper)",
    BRAND: "var(--brand)",
    FIELD: "var(--field)",
    EDGE: "var(--edge)",
}
HATCHES = {HIDDEN: "hidden", OPEN: "open"}
_DROPPED = ("class", "role", "aria-roledescription", "aria-hidden", "font-family", "version")
_LONG = re.compile(r"\d+\.\d{3,}")


def inline(spec: Spec, *, name: str, title: str, description: str) -> Markup:
    """Draw a chart as SVG. `name` is unique in the page and becomes the beginning of every identifier inside."""
    written = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    root = ET.fromstring(written)  # noqa: S314 - written by the line above, names are escaped there
    hatched = {_painted(element, name) for element in root.iter()} & set(HATCHES.values())
    _prune(root)
    root.attrib |= {"role": "img", "aria-labelledby": f"{name}-title {name}-desc"}
    head = [_text("title", f"{name}-title", title), _text("desc", f"{name}-desc", description)]
    for at, element in enumerate([*head, *([_hatches(name, hatched)] if hatched else [])]):
        root.insert(at, element)
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704 - serialised, so every text in it is escaped


def _painted(element: ET.Element, name: str) -> str:
    """Bring one element into the page's own terms; return the hatching it needs, if any."""
    element.tag = element.tag.rpartition("}")[2]
    needed = ""
    for key in _DROPPED:
        element.attrib.pop(key, None)
    for key, old in element.attrib.items():
        element.attrib[key] = _LONG.sub(lambda found: f"{float(found[0]):.2f}", VARIABLES.get(old, old))
        if old in HATCHES:
            needed = HATCHES[old]
            element.attrib[key] = f"url(#{name}-{needed})"
    return needed


def _prune(root: ET.Element) -> None:
    """Take out groups and paths that draw nothing."""
    for parent in root.iter():
        for child in list(parent):
            if child.tag == "path" and not {"fill", "stroke"} & set(child.attrib):
                parent.remove(child)


def _hatches(name: str, wanted: set[str]) -> ET.Element:
    """Make the hatchings: hidden is crossed and dense, open is one way and wide."""
    defs = ET.Element("defs")
    for kind in sorted(wanted):
        side = "6" if kind == "hidden" else "10"
        pattern = ET.SubElement(
            defs,
            "pattern",
            id=f"{name}-{kind}",
            width=side,
            height=side,
            patternUnits="userSpaceOnUse",
            patternTransform="rotate(45)",
        )
        path = "M0,3H6M3,0V6" if kind == "hidden" else "M0,5H10"
        width = "1" if kind == "hidden" else "4"
        ET.SubElement(pattern, "path", {"d": path, "stroke": f"var(--{kind})", "stroke-width": width})
    return defs


def _text(tag: str, identifier: str, text: str) -> ET.Element:
    element = ET.Element(tag, id=identifier)
    element.text = text
    return element
