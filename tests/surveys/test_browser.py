"""The pages in a real browser, with script switched off, as narrow as a small phone."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import Need
from tests.surveys.conftest import SCREENS, Forms, MemoryDesk, Serve, invitation, occasion
from xmo_hooks import Person

pytestmark = pytest.mark.browser

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIETLY = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
OUTLINE = "element => getComputedStyle(element).borderTopColor"


@pytest.fixture(scope="module")
def browser(need: Need) -> Iterator[Browser]:
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    need(found is not None, f"no browser: none of {', '.join(NAMES)} is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=[*QUIETLY, "--disable-sync", "--no-first-run"])
        yield browser
        browser.close()


@pytest.fixture(params=["light", "dark"])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(
        java_script_enabled=False, viewport={"width": 320, "height": 700}, color_scheme=request.param
    )
    context.set_default_timeout(15_000)
    page = context.new_page()
    yield page
    context.close()


def test_a_poor_feeling_is_told_and_the_rest_answered_without_script(
    serve: Serve, desk: MemoryDesk, page: Page
) -> None:
    page.goto(serve(desk))
    page.get_by_label("Very bad").check()
    page.get_by_role("button", name="Send").click()
    page.get_by_role("button", name="Yes, ask me").click()
    page.get_by_role("group", name="Was your issue resolved completely?").get_by_label("Partly").check()
    page.get_by_role("group", name="How do you feel about the choices").get_by_label("Neither").check()
    page.get_by_role("button", name="Send").click()
    assert page.get_by_role("heading", name="Thank you.").is_visible()
    assert desk.stored == {"feeling": "very_bad", "more": "yes", "resolved_completely": "partly", "choices": "neither"}


def test_the_keyboard_alone_is_enough(serve: Serve, desk: MemoryDesk, page: Page) -> None:
    page.goto(serve(desk))
    for key in ("Tab", "Space", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    page.wait_for_url("**/done/thanks*")
    assert desk.stored == {"feeling": "good"}


def test_an_empty_form_is_not_sent(serve: Serve, desk: MemoryDesk, page: Page) -> None:
    page.goto(serve(desk))
    page.get_by_role("button", name="Send").click()
    assert page.get_by_label("Very good").is_visible()
    assert desk.writes == 0


def test_back_and_reload_never_ask_for_what_was_said(serve: Serve, desk: MemoryDesk, page: Page) -> None:
    page.goto(serve(desk))
    page.get_by_label("Bad", exact=True).check()
    page.get_by_role("button", name="Send").click()
    page.get_by_role("button", name="Yes, ask me").wait_for()  # a reload before the answer would race with it
    for again in (page.reload, page.go_back, page.go_forward):
        again()
        assert page.get_by_role("button", name="Yes, ask me").is_visible()
    assert desk.writes == 1


def test_a_second_browser_is_not_told_what_the_first_one_said(
    serve: Serve, desk: MemoryDesk, page: Page, browser: Browser
) -> None:
    link = serve(desk)
    page.goto(link)
    page.get_by_label("Very bad").check()
    page.get_by_role("button", name="Send").click()
    page.get_by_role("button", name="Yes, ask me").wait_for()
    with browser.new_page() as other:
        other.goto(link)
        assert other.get_by_role("heading", name="Thank you. Your answer is stored.").is_visible()
        assert not other.get_by_role("button").count()
    page.reload()
    page.get_by_role("button", name="Yes, ask me").click()
    assert page.get_by_role("heading", name="Here are the three questions").is_visible()


def test_rather_not_say_and_never_again_work_without_script(serve: Serve, page: Page) -> None:
    declining, leaving = MemoryDesk(), MemoryDesk()
    page.goto(serve(declining))
    page.get_by_role("button", name="I would rather not say").click()
    assert page.get_by_role("heading", name="That is fine.").is_visible()
    page.goto(serve(leaving))
    page.get_by_text("Why am I asked?").click()
    assert page.get_by_text("only you can say how that was for you").is_visible()
    page.get_by_role("link", name="Never ask me again").click()
    page.get_by_role("button", name="Never ask me again").click()
    assert page.get_by_role("heading", name="We will not ask you again.").is_visible()
    assert (declining.declined, leaving.opted_out) == (True, True)


def test_the_chosen_row_is_outlined_and_each_target_is_big_enough(
    serve: Serve, desk: MemoryDesk, browser: Browser
) -> None:
    # Measuring runs script of ours in the page, which a page without script does not allow.
    with browser.new_page() as page:
        page.goto(f"{serve(desk)}?feeling=good")
        chosen, other = page.locator(".row").nth(1), page.locator(".row").nth(2)
        assert chosen.evaluate(OUTLINE) != other.evaluate(OUTLINE)
        targets = page.locator(".row, button, summary, .way").all()
        assert len(targets) == 9
        assert all((box := each.bounding_box()) and box["height"] >= 44 for each in targets)


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("sent", SCREENS)
def test_nothing_is_cut_off_on_a_narrow_screen(serve: Serve, browser: Browser, language: str, sent: Forms) -> None:
    about = occasion(person=Person(pseudonym="p", language=language), title="W" * 150, number="N" * 60)
    link = serve(MemoryDesk(invitation=invitation(about)), name="Informationstechnologie" * 3)
    with browser.new_page(viewport={"width": 320, "height": 700}) as page:
        refused: list[str] = []
        page.on("console", lambda message: refused.append(message.text))
        for form in sent:
            page.request.post(link, form={**form})
        page.goto(link)
        assert page.locator("form").count()
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        assert refused == []
