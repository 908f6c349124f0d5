"""The entry point of the board. Light: nothing that draws, renders or checks is imported before it is needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from xmo_hooks import Section, Settings, Site, Table, hookimpl

if TYPE_CHECKING:
    from marshmallow import Schema

XMO_CONTRACT = (1, 0)
DEFAULT_BRAND = "#0b5f66"


@dataclass(frozen=True, kw_only=True, slots=True)
class Board:
    """The section `[board]`: the report's title, the brand colour (`#rrggbb`), a notice that stands above everything
    else, and the language (BCP 47) of title and notice where that is not English."""

    title: str = "How support made people feel"
    brand: str = DEFAULT_BRAND
    note: str = ""
    language: str = "en"


def board_schema() -> Schema:
    """Make the schema of `[board]`. Called when the config is read."""
    from xmo_board.schema import BoardSchema

    return BoardSchema()


@hookimpl
def xmo_sections() -> Iterable[Section]:
    """Name `[board]`. Called when the config is read."""
    return [Section(name="board", type=Board, schema=board_schema)]


@hookimpl
def xmo_render(tables: Sequence[Table], now: datetime, settings: Settings) -> Mapping[str, bytes]:
    """Write `report.html`. Called by `xmo report` with the tables that passed the wall."""
    from xmo_board.report import render

    return {"report.html": render(tables, now=now, site=settings.get(Site), board=settings.get(Board))}
