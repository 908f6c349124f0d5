"""The forms of a page, read as a browser without script reads them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass(kw_only=True, slots=True)
class Form:
    """One form that posts: where it leads, and the values on offer for each name, by radio or by named button."""

    action: str
    offered: dict[str, list[str]] = field(default_factory=dict)

    def filled(self, wanted: Mapping[str, str | None]) -> dict[str, str]:
        """Return what is posted: the wanted value for each name on offer, without those wanted as None or not at all.

        Raises `ValueError` for a value that the page does not offer.
        """
        posted = {name: value for name in self.offered if (value := wanted.get(name)) is not None}
        for name, value in posted.items():
            if value not in self.offered[name]:
                raise ValueError(f"the page offers no {name}={value}, only {', '.join(self.offered[name])}")
        return posted


def read(html: str) -> list[Form]:
    """Return the forms of a page that post, in their order."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.forms


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = dict(attrs)
        if tag == "form" and (has.get("method") or "").lower() == "post":
            self._open = Form(action=has.get("action") or "")
            self.forms.append(self._open)
        # A button that names another form by its id belongs there, wherever it stands.
        elif self._open is not None and _is_choice(tag, has) and "form" not in has:
            self._open.offered.setdefault(has["name"] or "", []).append(has.get("value") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None


def _is_choice(tag: str, has: Mapping[str, str | None]) -> bool:
    return bool(has.get("name")) and (tag == "button" or (tag == "input" and has.get("type") == "radio"))
