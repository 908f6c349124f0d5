"""Who has the link and not the browser that answered, such as the desk, learns nothing of what was said."""

from collections.abc import Iterator
from http.cookies import SimpleCookie

import pytest
import requests

from tests.surveys.conftest import TOKEN, MemoryDesk, Serve, invitation, occasion
from xmo_hooks import Person
from xmo_surveys.browsers import MARK
from xmo_surveys.questions import FEELING

NEUTRAL = "Thank you. Your answer is stored."
NEUTRAL_DE = "Vielen Dank. Ihre Antwort ist gespeichert."
SAID = (
    [{"feeling": "very_good"}],
    [{"feeling": "neither"}],
    [{"feeling": "very_bad"}],
    [{"feeling": "bad"}, {"more": "yes"}],
    [{"feeling": "bad"}, {"more": "no"}],
    [{"feeling": "bad"}, {"more": "yes"}, {"choices": "bad"}],
)
ATTEMPTS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("GET", "", {}),
    ("GET", "?feeling=very_bad", {}),
    ("GET", "/never", {}),
    ("POST", "", {}),
    ("POST", "", {"feeling": "bad"}),
    ("POST", "", {"more": "yes"}),
    ("POST", "", {"choices": "good"}),
    ("POST", "", {"nothing": "of ours"}),
    ("POST", "/decline", {}),
)


@pytest.fixture
def person() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


def _seen_by_others(link: str, headers: dict[str, str]) -> list[tuple[int, list[int], str, str]]:
    """What somebody with the link alone gets for each attempt: codes, where it leads, the whole page."""
    replies = [
        requests.request(method, link + tail, data=data, headers=headers, timeout=30) for method, tail, data in ATTEMPTS
    ]
    root = link.removesuffix(f"/a/{TOKEN}")
    return [
        (each.status_code, [step.status_code for step in each.history], each.url.removeprefix(root), each.text)
        for each in replies
    ]


@pytest.mark.parametrize("language", [None, "de"])
@pytest.mark.parametrize("headers", [{"Accept-Language": ""}, {"Accept-Language": "en"}, {"Accept-Language": "de"}])
def test_another_browser_sees_the_same_whatever_was_answered(
    serve: Serve, language: str | None, headers: dict[str, str]
) -> None:
    about = occasion(person=Person(pseudonym="4f2a", language=language))
    seen = []
    for said in SAID:
        desk = MemoryDesk(invitation=invitation(about))
        link = serve(desk)
        with requests.Session() as person:
            for form in said:
                assert person.post(link, data=form).status_code == 200
        before = (desk.stored, desk.writes, desk.declined)
        seen.append(_seen_by_others(link, headers))
        assert (desk.stored, desk.writes, desk.declined) == before
    assert all(each == seen[0] for each in seen)
    assert all(NEUTRAL in page and NEUTRAL_DE in page for *_, path, page in seen[0] if path != f"/a/{TOKEN}/never")


def test_the_page_for_others_offers_nothing_to_fill_in(serve: Serve, desk: MemoryDesk) -> None:
    link = serve(desk)
    requests.post(link, data={"feeling": "bad"}, timeout=30)
    page = requests.get(link, timeout=30).text
    assert "<form" not in page
    assert "Sorry" not in page
    assert "INC0010023" not in page


def test_the_browser_that_answered_goes_on_after_a_restart(
    serve: Serve, desk: MemoryDesk, person: requests.Session
) -> None:
    person.post(serve(desk), data={"feeling": "bad"})
    again = serve(desk)  # other processes, the same store
    assert 'name="more"' in person.get(again).text
    assert 'name="choices"' in person.post(again, data={"more": "yes"}).text


@pytest.mark.parametrize("told", [None, "", "1", "ü", TOKEN, "digest"])
def test_a_cookie_made_from_the_link_or_from_the_store_is_not_taken(
    serve: Serve, desk: MemoryDesk, told: str | None
) -> None:
    link = serve(desk)
    requests.post(link, data={"feeling": "bad"}, timeout=30)
    (digest,) = [each.code for each in desk.invitation.answers if each.question == MARK]
    cookie = "" if told is None else f"answering={digest if told == 'digest' else told}"
    assert NEUTRAL in requests.get(link, headers={"Cookie": cookie.encode()}, timeout=30).text


def test_who_opened_the_question_before_the_answer_sees_no_more_than_others(
    serve: Serve, desk: MemoryDesk, person: requests.Session
) -> None:
    link = serve(desk)
    with requests.Session() as other:
        other.get(link)
        person.get(link)
        person.post(link, data={"feeling": "bad"})
        assert NEUTRAL in other.get(link).text
    assert 'name="more"' in person.get(link).text


def test_an_answer_without_a_mark_is_nobodys_to_go_on_with(serve: Serve) -> None:
    link = serve(MemoryDesk(invitation=invitation(answers=[FEELING.answer("bad")])))
    for cookie in ("", "answering=", "answering=1"):
        assert NEUTRAL in requests.get(link, headers={"Cookie": cookie}, timeout=30).text


@pytest.mark.parametrize(
    ("url", "path", "secure"),
    [
        ("http://127.0.0.1", f"/a/{TOKEN}", ""),
        ("https://xmo.example.org", f"/a/{TOKEN}", True),
        ("https://portal.example.org/help", f"/help/a/{TOKEN}", True),
    ],
)
@pytest.mark.parametrize("first", ["GET", "POST"])
def test_the_cookie_is_kept_from_scripts_other_sites_and_other_pages(
    serve: Serve, desk: MemoryDesk, first: str, url: str, path: str, secure: object
) -> None:
    form = {"feeling": "bad"} if first == "POST" else {}
    reply = requests.request(first, serve(desk, url=url), data=form, allow_redirects=False, timeout=30)
    (cookie,) = SimpleCookie(reply.headers["Set-Cookie"]).values()
    assert (cookie["path"], cookie["secure"], cookie["httponly"], cookie["samesite"]) == (path, secure, True, "Lax")
    assert (cookie["expires"], cookie["max-age"], cookie["domain"]) == ("", "", "")  # gone when the browser is closed
    assert cookie.value not in str(desk.invitation)


def test_every_browser_has_a_number_of_its_own_and_keeps_it(serve: Serve, desk: MemoryDesk) -> None:
    link = serve(desk)
    numbers = {requests.get(link, timeout=30).cookies["answering"] for _ in range(5)}
    assert len(numbers) == 5
    assert "Set-Cookie" not in requests.get(link, cookies={"answering": "mine"}, timeout=30).headers


@pytest.mark.parametrize("last", ["/decline", ""])
def test_no_cookie_is_left_and_no_browser_noted_where_nothing_more_is_asked(
    serve: Serve, desk: MemoryDesk, person: requests.Session, last: str
) -> None:
    link = serve(desk)
    person.get(link)
    assert person.cookies
    person.post(link + last, data={"feeling": "good"})
    assert not person.cookies
    assert MARK not in {each.question for each in desk.invitation.answers}
