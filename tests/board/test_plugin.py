"""The board says its section, its contract and its file, and imports nothing heavy to say so."""

import subprocess
import sys

import pytest
from marshmallow import ValidationError

from tests.board import fakes
from xmo_board import plugin
from xmo_board.plugin import Board


def test_the_section_without_values_is_the_default_board() -> None:
    (section,) = plugin.xmo_sections()
    assert (section.name, section.type) == ("board", Board)
    assert section.schema().load({}) == Board()


def test_all_mistakes_of_the_section_are_said_at_once() -> None:
    (section,) = plugin.xmo_sections()
    with pytest.raises(ValidationError) as caught:
        section.schema().load({"brand": "red; }", "language": "<de>", "title": "", "logo": "x.png"})
    assert set(caught.value.messages) == {"brand", "language", "title", "logo"}


def test_a_line_break_cannot_be_smuggled_into_a_checked_value() -> None:
    (section,) = plugin.xmo_sections()
    with pytest.raises(ValidationError):
        section.schema().load({"brand": "#0b5f66\n}"})


def test_the_entry_point_imports_neither_charts_nor_templates() -> None:
    heavy = "{'altair', 'vl_convert', 'jinja2', 'marshmallow'}"
    code = f"import sys, xmo_board.plugin; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_plugin_names_the_contract_that_it_was_written_for() -> None:
    assert plugin.XMO_CONTRACT == (1, 0)


def test_one_file_is_written() -> None:
    assert list(plugin.xmo_render([], fakes.NOW, fakes.FakeSettings())) == ["report.html"]
