"""The page for people says what the table says."""

from __future__ import annotations

import tomllib

from docs import knowledge
from docs.generate import FIELDS, written
from tests.vendors.desks import KNOWLEDGE, source
from xmo_core import registry

_LINES = (*KNOWLEDGE.fields.values(), *KNOWLEDGE.touchpoints.values())


def test_the_page_of_fields_is_what_make_docs_writes() -> None:
    page = FIELDS.read_text(encoding="utf-8")
    assert page == written(page, knowledge.page), "run `make docs`"


def test_the_page_has_every_reason_of_the_table() -> None:
    page = knowledge.page()
    for line in _LINES:
        for cell in line.cells.values():
            assert cell.origin in page
            assert cell.why in page


def test_every_call_that_is_explained_is_named_in_the_table() -> None:
    for vendor, about in KNOWLEDGE.vendors.items():
        origins = "; ".join(line.cells[vendor].origin for line in _LINES)
        for name, _ in about.calls:
            assert name in origins, vendor


def test_the_page_shows_the_options_that_the_month_is_read_with() -> None:
    page = knowledge.page()
    for name, about in KNOWLEDGE.vendors.items():
        shown = knowledge.options(name, about)
        assert f"```toml\n{shown}```" in page
        assert source(name, knowledge.URL).startswith(shown)


def test_an_option_that_a_cell_needs_is_one_of_the_kind_and_set_for_the_month() -> None:
    kinds = registry.load().kinds()
    needed = 0
    for name, about in KNOWLEDGE.vendors.items():
        set_ = tomllib.loads(knowledge.options(name, about))
        schema = kinds[set_["kind"]][1].schema()
        keys = {field.data_key or key for key, field in schema.fields.items()}
        for line in _LINES:
            if need := line.cells[name].needs:
                assert need in keys & set_.keys(), name
                needed += 1
    assert needed
