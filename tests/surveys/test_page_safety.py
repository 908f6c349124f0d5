"""What a hostile title, link or client may try, and what the logs may hold."""

import logging
import re
from html.parser import HTMLParser

import pytest
import requests

from tests.surveys.conftest import SCREENS, TOKEN, Forms, MemoryDesk, Serve, invitation, occasion, screen
from xmo_surveys.options import Survey

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7 * 7 }}"


def get(url: str) -> requests.Response:
    return requests.get(url, timeout=30)


@pytest.mark.parametrize("sent", SCREENS)
def test_a_hostile_title_is_only_text(serve: Serve, sent: Forms) -> None:
    desk = MemoryDesk(invitation=invitation(occasion(title=HOSTILE, number="<b>1</b>")))
    page = screen(serve(desk, Survey(we_did=HOSTILE, contact=HOSTILE), name=HOSTILE), sent)
    assert not re.search(r"<(script|img|b)\b", page)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "49" not in page


def test_a_hostile_preselection_is_ignored(serve: Serve, desk: MemoryDesk) -> None:
    assert "onerror" not in get(f'{serve(desk)}?feeling="><img onerror=x>&lang=<x>').text


@pytest.mark.parametrize("path", ["", "/never", "/done/thanks", "/done/nothing", "/decline", "/no/such/page"])
def test_every_page_carries_the_headers_that_keep_it_to_itself(serve: Serve, desk: MemoryDesk, path: str) -> None:
    headers = get(serve(desk) + path).headers
    assert headers["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Robots-Tag"] == "noindex, nofollow"
    assert ("Set-Cookie" in headers) is (path == "")


class Tags(HTMLParser):
    """Collect what the content security policy would not let through, and what a screen reader needs."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forbidden: list[str] = []
        self.names: list[str] = []
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        if tag in {"script", "style", "iframe", "object"}:
            self.forbidden.append(tag)
        self.forbidden += [name for name, _ in attrs if name == "style" or name.startswith("on")]
        self.links += [value or "" for name, value in attrs if name in {"href", "src", "action", "formaction"}]


@pytest.mark.parametrize("sent", SCREENS)
def test_no_page_needs_script_inline_style_or_anything_from_elsewhere(
    serve: Serve, desk: MemoryDesk, sent: Forms
) -> None:
    tags = Tags(screen(serve(desk, Survey(accent="#aa0000")), sent))
    assert "form" in tags.names
    assert tags.forbidden == []
    assert all(link.startswith("/a/") or link == "data:," for link in tags.links)
    assert tags.names.count("h1") == 1
    assert tags.names.count("fieldset") == tags.names.count("legend")


def test_the_style_sheets_are_served_and_carry_the_brand_colour(serve: Serve, desk: MemoryDesk) -> None:
    root = serve(desk, Survey(accent="#ff88cc")).removesuffix(TOKEN)
    for name in ("static/page.css", "brand.css"):
        reply = get(root + name)
        assert (reply.status_code, reply.headers["Content-Type"]) == (200, "text/css; charset=utf-8")
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert "--brand: #ff88cc" in get(root + "brand.css").text
    assert get(serve(desk).removesuffix(TOKEN) + "brand.css").status_code == 404


def test_a_body_that_no_form_of_ours_has_is_refused_unread(serve: Serve, desk: MemoryDesk) -> None:
    reply = requests.post(serve(desk), data={"feeling": "good", "x": "y" * 17_000}, timeout=30)
    assert (reply.status_code, "That did not work." in reply.text) == (413, True)
    assert desk.writes == 0


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_other_methods_are_refused(serve: Serve, desk: MemoryDesk, method: str) -> None:
    assert requests.request(method, serve(desk), data={"feeling": "good"}, timeout=30).status_code == 405
    assert desk.writes == 0


@pytest.mark.parametrize("token", ["a%2F..%2Fb", "%3Cscript%3E", "%00", "a b", "ü", "x" * 3000, "'\"", "%E2%80%AE"])
def test_a_token_that_is_none_is_not_found_whatever_it_holds(serve: Serve, desk: MemoryDesk, token: str) -> None:
    root = serve(desk).removesuffix(TOKEN)
    for tail in ("", "/never"):
        reply = get(root + token + tail)
        assert reply.status_code == 404
        assert "<script>" not in reply.text
    thanks = get(root + token + "/done/thanks")
    assert "<script>" not in thanks.text


def test_a_failure_says_sorry_and_keeps_the_token_out_of_the_log(
    serve: Serve, desk: MemoryDesk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.failure = RuntimeError("the store is away")
    link = serve(desk)
    with caplog.at_level(logging.DEBUG, "xmo_surveys"):
        reply = get(link)
    assert (reply.status_code, "went wrong on our side" in reply.text) == (500, True)
    assert "the store is away" not in reply.text
    ours = [each for each in caplog.records if each.name.startswith("xmo_surveys")]
    assert [each.getMessage() for each in ours] == ["a survey page failed"]
    assert "the store is away" in caplog.text
    assert TOKEN not in "".join(logging.Formatter().format(each) for each in ours)
