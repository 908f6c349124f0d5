"""What each vendor tells of a ticket: docs/fields.toml, read once for the page and for the tests that hold it."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from xmo_core import registry

Known = Literal["always", "sometimes", "never"]
TABLE = Path(__file__).with_name("fields.toml")
URL = "http://127.0.0.1:8181"  # where `xmo sandbox` listens by itself


@dataclass(frozen=True, kw_only=True, slots=True)
class Vendor:
    """One column: its name, the options that the month is read with beside those of `xmo sandbox`, and its calls."""

    name: str
    options: str
    calls: Sequence[Sequence[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """What one vendor tells of one field or event, where from, and why not always. `month` is what the canonical month
    shows of it, `instead` what may stand in its place, `needs` the option without which it is not so; `side` and
    `channel` are those of touchpoints."""

    known: Known
    month: Known
    origin: str
    why: str = ""
    instead: Sequence[str] | Mapping[str, str] = ()
    side: str = ""
    channel: str = ""
    needs: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line of a table: its cells by vendor. `own`: values are the vendor's own, and not to be compared; `tells` is
    the touchpoint that an event makes."""

    own: bool
    tells: str
    cells: Mapping[str, Cell]


@dataclass(frozen=True, kw_only=True, slots=True)
class Knowledge:
    """The whole table, fields and touchpoints by name."""

    vendors: Mapping[str, Vendor]
    fields: Mapping[str, Line]
    touchpoints: Mapping[str, Line]


def read() -> Knowledge:
    """Read the table."""
    told = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    vendors = {name: Vendor(**about) for name, about in told["vendors"].items()}
    fields, touchpoints = (
        {name: _line(about, vendors) for name, about in told[part].items()} for part in ("fields", "touchpoints")
    )
    return Knowledge(vendors=vendors, fields=fields, touchpoints=touchpoints)


def options(name: str, vendor: Vendor) -> str:
    """Return the options of a source that the month of one vendor is read with."""
    _, sandbox = registry.load().sandboxes()[name]
    return sandbox.config(URL) + vendor.options


def page() -> str:
    """Return options and tables as Markdown. Called when the docs are generated."""
    known = read()
    parts = [
        "\n## The options\n",
        *(f"{each.name}:\n\n```toml\n{options(name, each)}```\n" for name, each in known.vendors.items()),
        "## Fields of a ticket\n",
        *_table("field", known, known.fields),
        "\n## Touchpoints\n",
        *_table("event of the work file", known, known.touchpoints),
        "\n## The calls\n",
        *(f"- {vendor.name}: {_calls(vendor)}." for vendor in known.vendors.values()),
    ]
    return "\n".join(parts) + "\n\n"


def _line(about: Mapping[str, Any], vendors: Iterable[str]) -> Line:
    cells = {name: _cell(**about[name]) for name in vendors}
    return Line(own=about.get("own", False), tells=about.get("tells", ""), cells=cells)


def _cell(*, known: Known, month: Known | None = None, **told: Any) -> Cell:
    origin = told.pop("from", "")
    return Cell(known=known, month=month or known, origin=origin, **told)


def _table(head: str, known: Knowledge, lines: Mapping[str, Line]) -> Iterator[str]:
    yield f"| {head} | {' | '.join(vendor.name for vendor in known.vendors.values())} |"
    yield f"| {' | '.join(['---'] * (len(known.vendors) + 1))} |"
    for name, line in lines.items():
        first = f"`{name}`{f': {line.tells}' if line.tells else ''}"
        yield f"| {first} | {' | '.join(_shown(line.cells[vendor]) for vendor in known.vendors)} |"


def _shown(cell: Cell) -> str:
    origin = f" ({cell.origin})" if cell.origin else ""
    reason = f": {cell.why}" if cell.why else ""
    month = f" (in the month {cell.month})" if cell.month != cell.known else ""
    needs = f" [set `{cell.needs}`]" if cell.needs else ""
    return f"{cell.known}{origin}{reason}{month}{needs}"


def _calls(vendor: Vendor) -> str:
    return "; ".join(f"*{name}* is {what}" for name, what in vendor.calls)
