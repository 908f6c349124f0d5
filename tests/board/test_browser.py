"""A real browser opens the report without asking anybody for anything."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.board import fakes
from tests.board.conftest import Render
from tests.conftest import Need
from xmo_board.plugin import Board

pytestmark = pytest.mark.browser
A4 = 672  # pixels between the margins
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="module")
def browser(need: Need) -> Iterator[Browser]:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    need(found is not None, "no Chromium on the PATH")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=QUIET)
        yield started
        started.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, page: str) -> Path:
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(page, encoding="utf-8")
    return file


def test_the_report_opens_without_a_request_or_a_complaint(browser: Browser, report: Path) -> None:
    page = browser.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(report.as_uri())
    page.wait_for_load_state("networkidle")
    assert asked == [report.as_uri()]
    assert said == []
    page.close()


@pytest.mark.parametrize(("width", "shown", "unseen"), [(1060, ".wide", ".narrow"), (400, ".narrow", ".wide")])
def test_the_page_fits_and_shows_one_of_two_drawings(
    browser: Browser, report: Path, width: int, shown: str, unseen: str
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(report.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.locator(f".picture {shown} svg:visible").count() == len(fakes.full()) - 1
    assert page.locator(f".picture {unseen} svg:visible").count() == 0
    page.close()


def test_words_in_a_drawing_follow_the_reader_s_light(browser: Browser, report: Path) -> None:
    inks = []
    for scheme in ("light", "dark"):
        page = browser.new_page(color_scheme=scheme)
        page.goto(report.as_uri())
        inks.append(page.locator("svg text[fill='var(--ink)']:visible").first.evaluate("e => getComputedStyle(e).fill"))
        page.close()
    assert inks == ["rgb(29, 36, 48)", "rgb(233, 237, 242)"]


def test_paper_shows_the_tables_behind_the_charts(browser: Browser, report: Path) -> None:
    page = browser.new_page()
    page.goto(report.as_uri())
    row = page.locator("details table tbody tr").first
    assert not row.is_visible()
    page.emulate_media(media="print")
    assert row.is_visible()
    page.close()


def test_paper_cuts_nothing_off(browser: Browser, report: Path) -> None:
    page = browser.new_page(viewport={"width": A4, "height": 1000})
    page.emulate_media(media="print")
    page.goto(report.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= A4
    page.close()


def test_a_script_in_a_name_does_not_run(browser: Browser, render: Render, tmp_path: Path) -> None:
    bad = "<img src=x onerror=\"document.title='caught'\">"
    figures = fakes.feeling((bad,), (9, 9, 9, 9, 9))
    file = tmp_path / "report.html"
    file.write_text(render([fakes.table("feeling_by_service", figures, figures)], Board(note=bad)), encoding="utf-8")
    page = browser.new_page()
    page.goto(file.as_uri())
    assert page.title() == "How support made people feel · Northwind IT"
    assert bad in page.locator("tbody th").first.text_content()  # type: ignore[operator]
    page.close()
