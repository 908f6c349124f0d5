"""What the tests of the board share."""

import sys
from collections.abc import Callable, Sequence

import pytest

from tests.board import fakes
from xmo_board.plugin import Board, xmo_render
from xmo_hooks import Table

Render = Callable[..., str]


def _render(tables: Sequence[Table], board: Board | None = None) -> str:
    settings = fakes.FakeSettings(board)
    return xmo_render(tables, fakes.NOW, settings)["report.html"].decode()


@pytest.fixture(scope="session")
def render() -> Render:
    """`render(tables, board)` makes a report at a fixed time."""
    return _render


@pytest.fixture(scope="session")
def page() -> str:
    """The report of a busy site; made once, for it takes a second."""
    return _render(fakes.full(), Board(note=fakes.NOTE))


@pytest.fixture
def without_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand as if the extra `report` were not installed."""
    monkeypatch.setitem(sys.modules, "vl_convert", None)
