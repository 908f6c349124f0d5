"""The report is one file that opens offline, tells each number with its interval, and hides what is hidden."""

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.board import fakes
from tests.board.conftest import Render
from tests.board.reading import Reading
from xmo_board.plugin import Board
from xmo_hooks import Table

ACTIVE = {"script", "iframe", "object", "embed", "link", "form", "base", "img", "foreignobject"}
LOADS = {"src", "href", "xlink:href", "action", "data", "srcset", "poster"}
EVIL = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title><svg/onload=alert(1)>",
    "{{ 7*7 }}",
)
HIDDEN_NUMBERS = ("87.65", "87,65", "88 to 88", "+88", "876,543", "876543", "8765", "8,765", "0.876")


def test_nothing_in_the_report_runs_or_loads(page: str) -> None:
    read = Reading(page)
    assert not ACTIVE & {element.tag for element in read.elements}
    for element in read.elements:
        assert not LOADS & set(element.attributes)
        assert not [name for name in element.attributes if name.startswith("on")]
    assert not re.search(r"https?:|//[a-z]|@import|url\((?!#)", page)


def test_the_report_is_a_letter_from_the_top(page: str) -> None:
    read = Reading(page)
    texts = [element.text for element in read.elements if element.tag in ("h1", "h2")]
    assert texts[0] == "How support made people feel"
    assert texts[1] == "Better than in July 2025, by more than chance"
    assert texts[2] == "Where it hurts: “Printing” and “Network and VPN”"
    assert texts[-1] == "How to read this"
    assert "Northwind IT · July 2025 to July 2026 · released 8 July 2026, 06:00 UTC" in page


def test_the_first_number_stands_with_its_interval_and_its_counts(page: str) -> None:
    (section,) = [e for e in Reading(page).all("section") if e.attributes.get("class") == "headline"]
    assert "+47 net feeling, +43 to +50" in section.text
    assert "66 % good 64 to 69 %" in section.text
    assert "2,064 of 9,412 asked answered (22 %), 1,858 persons" in section.text


def test_every_row_of_a_table_holds_interval_and_counts_or_says_why_not(page: str) -> None:
    rows = [row for row in Reading(page).all("tr") if row.inside("tbody")]
    assert len(rows) > 60
    steps = "|".join([*fakes.LINE, "All", r".* ended, with an SLA verdict [\d,]+"])
    counted = [row for row in rows if re.fullmatch(rf"({steps}) [\d,]+", row.text)]
    assert len(counted) > len(fakes.LINE)
    for row in (row for row in rows if row not in counted):
        told = re.search(r"\S+ to \S+.* [\d,]+ [\d,]+ [\d,]+$", row.text)
        assert told or row.text.endswith(" hidden"), row.text


def test_a_hidden_figure_shows_no_number_anywhere(page: str) -> None:
    for number in HIDDEN_NUMBERS:
        assert number not in page
    assert page.count("<span>hidden</span>") >= 8


def test_a_hidden_figure_is_not_said_to_be_small(page: str) -> None:
    (reason,) = [e.text for e in Reading(page).all("dd") if "Crossed hatching" in e.text]
    assert "fewer than 5 persons, or such a number could be worked out" in reason
    assert page.count("fewer than 5") == 1


def test_a_table_of_counts_has_no_columns_for_answers(page: str) -> None:
    (table,) = [e for e in Reading(page).all("table") if e.text.startswith("How the questions stand")]
    assert table.text == "How the questions stand State Number answered 173 withdrawn 0 expired hidden All 303"


def test_a_share_in_time_stands_with_the_number_that_it_is_of(page: str) -> None:
    rows = [row.text for row in Reading(page).all("tr")]
    assert "E-mail ended, with an SLA verdict 4,680 520" in rows
    assert "90 % of 1,260 in time," not in page
    assert "93\u202f% of 4,680 in time," in page
    assert "93\u202f% in time, 91 to 95\u202f%, 520 answers" in page


def test_what_is_said_of_a_table_uses_no_raw_names(page: str) -> None:
    heads = {e.text for e in Reading(page).all("th")}
    assert "SLA" in heads
    assert "Sla" not in heads
    assert "unhappy_in_time" not in page


def test_a_number_that_slips_through_would_be_noticed(render: Render) -> None:
    slipped = [replace(figure, hidden=False) for figure in fakes.hidden(("E-mail",))]
    page = render([fakes.table("feeling_by_service", slipped)])
    assert any(number in page for number in HIDDEN_NUMBERS)


def test_a_group_of_which_one_number_is_hidden_shows_none(render: Render) -> None:
    net, *rest = fakes.feeling(("Printing",), (7, 7, 7, 7, 9))
    page = render([fakes.table("feeling_by_service", [net, *rest[:1], replace(rest[1], hidden=True)])])
    (row,) = [row for row in Reading(page).all("tr") if row.text.startswith("Printing")]
    assert row.text == "Printing hidden"


@pytest.mark.parametrize("name", EVIL)
def test_a_name_from_a_vendor_is_text_and_nothing_else(render: Render, name: str) -> None:
    tables = [_renamed(table, name) for table in fakes.full()]
    read = Reading(render(tables, Board(title=name, note=name)))
    assert not ACTIVE & {element.tag for element in read.elements}
    assert not [e for e in read.elements if any(key.startswith("on") for key in e.attributes)]
    assert [row for row in read.all("th") if row.text == name]


def _renamed(table: Table, name: str) -> Table:
    figures = [replace(f, key=(name, *f.key[1:]) if f.key[:1] == ("E-mail",) else f.key) for f in table.figures]
    return replace(table, figures=figures, title=f"{table.title} {name}", definition=name, caveat=name)


def test_broken_characters_in_a_name_break_nothing(render: Render) -> None:
    figures = fakes.feeling(("a\x00b\ud800\u202ec\nd",), (9, 9, 9, 9, 9))
    assert "a b" in render([fakes.table("feeling_by_service", figures, figures)])


@pytest.mark.parametrize("tables", [[], fakes.empty()], ids=["no tables", "tables without figures"])
def test_a_fresh_site_gets_a_report_that_says_what_to_do(render: Render, tables: Sequence[Table]) -> None:
    page = render(tables)
    assert "No answers yet." in page
    assert "<code>xmo run</code>" in page
    assert "What cannot be told yet" in page or not tables


def test_too_few_persons_are_told_apart_from_no_answers(render: Render) -> None:
    table = fakes.table("feeling_by_service", [], fakes.hidden(()))
    assert "Too few persons have answered so far" in render([table])


@pytest.mark.usefixtures("without_charts")
def test_without_the_extra_the_tables_are_all_there_and_the_way_to_the_charts(render: Render) -> None:
    page = render(fakes.full())
    read = Reading(page)
    assert "pip install &#39;xmo-core[report]&#39;" in page
    assert not read.all("svg")
    assert not read.all("details")
    assert len(read.all("table")) == len(fakes.full())


def test_with_the_extra_each_chart_has_its_table_behind_it(page: str) -> None:
    read = Reading(page)
    assert len(read.all("table")) == len(fakes.full())
    assert len(read.all("details")) == len(fakes.full()) - 2
    assert "pip install" not in page


def test_the_same_input_gives_the_same_bytes(render: Render, page: str) -> None:
    assert render(fakes.full(), Board(note=fakes.NOTE)) == page


def test_the_notice_stands_above_everything_else(render: Render, page: str) -> None:
    assert page.index(fakes.NOTE) < page.index("net feeling,")
    assert 'class="note"' not in render([])


def test_headings_come_in_order_and_regions_are_named(page: str) -> None:
    read = Reading(page)
    assert read.all("html")[0].attributes["lang"] == "en"
    assert [element.tag for element in read.elements if re.fullmatch(r"h\d", element.tag)].count("h1") == 1
    assert not [element for element in read.elements if re.fullmatch(r"h[3-6]", element.tag)]
    for table in read.all("table"):
        assert [e for e in read.all("caption") if e.parents[-1] is table and e.text]
    assert all(e.attributes.get("scope") in ("row", "col") for e in read.all("th"))


def test_no_identifier_stands_twice_and_every_reference_leads_somewhere(page: str) -> None:
    identifiers = [e.attributes["id"] for e in Reading(page).elements if "id" in e.attributes]
    assert len(identifiers) == len(set(identifiers))
    named = [
        e.attributes["aria-labelledby"].split() for e in Reading(page).elements if "aria-labelledby" in e.attributes
    ]
    referred = {name for names in named for name in names} | set(re.findall(r"url\(#([^)]+)\)", page))
    assert referred <= set(identifiers)


def test_title_and_notice_say_their_own_language(render: Render) -> None:
    page = render([], Board(title="Wie es den Leuten ging", note="Alles erfunden.", language="de"))
    assert '<h1 lang="de">Wie es den Leuten ging</h1>' in page
    assert 'role="note" lang="de">Alles erfunden.' in page


def test_a_table_that_nobody_knows_comes_last_as_a_table(page: str) -> None:
    headings = [element.text for element in Reading(page).all("h2")]
    assert headings[-2] == "Net feeling by hand-offs and service"


def test_a_cut_of_the_site_s_own_is_told_like_the_others(render: Render) -> None:
    everyone = fakes.feeling((), (20, 20, 20, 200, 200))
    table = fakes.table("feeling_by_place", fakes.feeling(("Oslo",), (60, 20, 5, 5, 5)), everyone)
    assert "Oslo is where it hurts" in render([table])


def test_a_definition_shared_by_tables_is_told_once(page: str) -> None:
    assert page.count("Last answer of each problem") == 1


def test_a_caveat_is_said_under_the_first_chapter_that_has_it(render: Render) -> None:
    tables = [replace(table, caveat="Silence may bend this.") for table in fakes.full()]
    assert render(tables).count("Silence may bend this.") == 1


def test_services_stand_in_the_same_order_everywhere(render: Render) -> None:
    tables = {table.name: table for table in fakes.full()}
    melon = tables["watermelon"]
    turned = replace(melon, figures=list(reversed(melon.figures)))
    page = render([tables["feeling_by_service"], turned])
    described = re.search(r'id="watermelon-wide-desc">(.*?)<', page)
    assert described is not None
    places = [described[1].index(name[:12]) for name in fakes.SERVICES]
    assert places == sorted(places)


def test_a_second_table_of_the_same_name_is_shown_too(render: Render) -> None:
    one, other = (
        fakes.table("feeling_by_place", fakes.feeling((place,), (9, 9, 9, 9, 9))) for place in ("Oslo", "Bonn")
    )
    page = render([one, replace(other, title="By place, of another plugin")])
    assert "Oslo" in page
    assert "By place, of another plugin" in page
    assert "Bonn" in page


def test_a_cut_named_like_a_chapter_keeps_its_own_identifiers(render: Render) -> None:
    table = fakes.table("feeling_by_line", [*fakes.feeling(("A",), (9, 9, 9, 9, 9)), *fakes.hidden(("B",))])
    read = Reading(render([*fakes.full(), table]))
    identifiers = [element.attributes["id"] for element in read.elements if "id" in element.attributes]
    assert len(identifiers) == len(set(identifiers))
