"""The pages over a real socket: what is shown, what is recorded, and how often."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest
import requests

from tests.surveys.conftest import TOKEN, MemoryDesk, Serve, invitation, occasion
from xmo_hooks import Person
from xmo_surveys.catalogue import catalogue
from xmo_surveys.options import Survey
from xmo_surveys.questions import FEELING, MORE

A1 = "How did your most recent interaction with support make you feel?"
A5 = "Sorry your experience is less than satisfactory, would you mind answering some additional questions?"
A6 = [catalogue("en").questions[key].text for key in ("resolved_completely", "time_promised", "choices")]


@pytest.fixture
def link(serve: Serve, desk: MemoryDesk) -> str:
    return serve(desk)


@pytest.fixture
def browse() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


def test_looking_records_nothing_however_often(link: str, desk: MemoryDesk, browse: requests.Session) -> None:
    urls = [link, f"{link}?feeling=very_bad", f"{link}?feeling=good&more=yes", f"{link}/never", f"{link}/done/thanks"]
    for url in urls * 5:
        assert browse.get(url).status_code == 200
        assert browse.head(url).status_code == 200
        browse.options(url)
    for url in (f"{link}/decline", f"{link}/decline?feeling=good"):
        assert browse.get(url).status_code == browse.head(url).status_code == 405
    assert (desk.writes, desk.stored, desk.opted_out, desk.declined) == (0, {}, False, False)


def test_a_mail_link_chooses_beforehand_and_no_more(link: str, desk: MemoryDesk, browse: requests.Session) -> None:
    page = browse.get(f"{link}?feeling=good").text
    assert 'value="good" required checked' in page
    assert page.count("checked") == 1
    assert "checked" not in browse.get(f"{link}?feeling=great").text
    assert desk.stored == {}


def test_the_page_asks_the_agreed_question_about_the_trouble_meant(link: str, browse: requests.Session) -> None:
    page = browse.get(link).text
    assert A1 in page
    assert "VPN drops every hour" in page
    assert "(INC0010023)" in page
    assert "Friday, 6\N{NO-BREAK SPACE}March" in page
    assert A5 not in page
    assert "Never ask me again" in page


def test_a_ticket_without_a_title_is_known_by_its_number(serve: Serve, browse: requests.Session) -> None:
    page = browse.get(serve(MemoryDesk(invitation=invitation(occasion(title=None))))).text
    assert "INC0010023." in page
    assert "None" not in page


@pytest.mark.parametrize("feeling", ["very_good", "good", "neither"])
def test_a_good_answer_is_recorded_and_never_sees_the_apology(
    link: str, desk: MemoryDesk, browse: requests.Session, feeling: str
) -> None:
    reply = browse.post(link, data={"feeling": feeling})
    assert [each.status_code for each in reply.history] == [303]
    assert "Thank you." in reply.text
    assert A5 not in reply.text
    assert list(desk.invitation.answers) == [FEELING.answer(feeling)]
    assert (desk.writes, desk.used) == (1, True)


@pytest.mark.parametrize("feeling", ["bad", "very_bad"])
def test_a_poor_answer_is_kept_and_met_with_the_apology(
    link: str, desk: MemoryDesk, browse: requests.Session, feeling: str
) -> None:
    reply = browse.post(link, data={"feeling": feeling})
    assert A5 in reply.text
    assert reply.url == link
    assert desk.stored == {"feeling": feeling}
    assert not desk.used
    assert A5 in browse.get(link).text


def test_declining_the_follow_ups_is_stored_and_keeps_the_first_answer(
    link: str, desk: MemoryDesk, browse: requests.Session
) -> None:
    browse.post(link, data={"feeling": "bad"})
    reply = browse.post(link, data={"more": "no"})
    assert "Thank you." in reply.text
    assert {FEELING.answer("bad"), MORE.answer("no")} < set(desk.invitation.answers)
    assert desk.stored == {"feeling": "bad", "more": "no"}
    assert desk.used


def test_the_follow_ups_are_asked_and_recorded_after_a_yes(
    link: str, desk: MemoryDesk, browse: requests.Session
) -> None:
    browse.post(link, data={"feeling": "very_bad"})
    page = browse.post(link, data={"more": "yes"}).text
    assert all(text in page for text in A6)
    assert not desk.used
    answers = {"resolved_completely": "partly", "time_promised": "no_time_promised", "choices": "bad"}
    assert "Thank you." in browse.post(link, data=answers).text
    assert desk.stored == {"feeling": "very_bad", "more": "yes", **answers}
    assert desk.used


@pytest.mark.parametrize("answers", [{}, {"time_promised": "no"}])
def test_follow_ups_may_be_left_out(
    link: str, desk: MemoryDesk, browse: requests.Session, answers: dict[str, str]
) -> None:
    for data in ({"feeling": "bad"}, {"more": "yes"}, answers):
        browse.post(link, data=data)
    assert desk.stored == {"feeling": "bad", "more": "yes", **answers}
    assert desk.used


def test_posting_twice_records_once(link: str, desk: MemoryDesk, browse: requests.Session) -> None:
    browse.post(link, data={"feeling": "good"})
    again = browse.post(link, data={"feeling": "bad"})
    assert again.status_code == 410
    assert "Your answer is stored" in again.text
    assert (desk.writes, desk.stored) == (1, {"feeling": "good"})


@pytest.mark.parametrize("step", [{"feeling": "bad"}, {"more": "yes"}])
def test_a_step_sent_twice_leads_to_where_the_person_is(
    link: str, desk: MemoryDesk, browse: requests.Session, step: dict[str, str]
) -> None:
    for data in ({"feeling": "bad"}, {"more": "yes"})[: 1 + ("more" in step)]:
        first = browse.post(link, data=data)
    writes = desk.writes
    again = browse.post(link, data=step)
    assert (again.status_code, again.text) == (200, first.text)
    assert desk.writes == writes


def test_an_earlier_screen_sent_late_cannot_change_what_was_said(
    link: str, desk: MemoryDesk, browse: requests.Session
) -> None:
    browse.post(link, data={"feeling": "bad"})
    assert A5 in browse.post(link, data={"feeling": "very_good"}).text
    assert desk.stored == {"feeling": "bad"}


@pytest.mark.parametrize("feelings", [["good"] * 4, ["bad"] * 4, ["good", "bad", "neither", "very_bad"]])
def test_posts_at_the_same_time_record_one(serve: Serve, feelings: list[str]) -> None:
    meeting = threading.Barrier(len(feelings))
    desk = MemoryDesk(before_record=lambda: meeting.wait(timeout=30))
    link = serve(desk)
    with ThreadPoolExecutor(len(feelings)) as pool:
        replies = list(pool.map(lambda feeling: requests.post(link, data={"feeling": feeling}, timeout=30), feelings))
    assert desk.writes == 1
    assert [*desk.stored] == ["feeling"]
    first, *others = sorted(replies, key=lambda each: each.status_code)
    assert first.status_code == 200
    assert (A5 in first.text) is (desk.stored["feeling"] in {"bad", "very_bad"})
    assert all((each.status_code, "Your answer is stored" in each.text) == (410, True) for each in others)


def test_an_answer_sent_twice_by_one_browser_leads_on_both_times(serve: Serve, browse: requests.Session) -> None:
    meeting = threading.Barrier(2)
    desk = MemoryDesk(before_record=lambda: meeting.wait(timeout=30))
    link = serve(desk)
    browse.get(link)
    send = partial(requests.post, link, data={"feeling": "bad"}, cookies=browse.cookies.get_dict(), timeout=30)
    with ThreadPoolExecutor(2) as pool:
        replies = [each.result() for each in [pool.submit(send), pool.submit(send)]]
    assert desk.writes == 1
    assert all((each.status_code, A5 in each.text) == (200, True) for each in replies)


def test_an_invitation_that_expires_while_it_is_answered_says_so(serve: Serve) -> None:
    desk = MemoryDesk(before_record=lambda: setattr(desk, "refusal", "expired"))
    reply = requests.post(serve(desk), data={"feeling": "good"}, timeout=30)
    assert (reply.status_code, "It is too late" in reply.text) == (410, True)
    assert desk.writes == 0


@pytest.mark.parametrize("what", ["nothing", "failed", "expired"])
def test_only_what_can_be_done_is_confirmed(link: str, browse: requests.Session, what: str) -> None:
    assert browse.get(f"{link}/done/{what}").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        "",
        "feeling=",
        "feeling=great",
        "feeling=GOOD",
        "feeling=4",
        "feeling=good&feeling=bad",
        "feeling=good&more=no",
        "feeling=good&agent=x",
        "more=yes",
        "choices=good",
        "feeling[]=good",
    ],
)
def test_a_form_that_is_not_ours_records_nothing_and_is_shown_again(
    link: str, desk: MemoryDesk, browse: requests.Session, body: str
) -> None:
    reply = browse.post(link, data=body, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert reply.status_code == 400
    assert 'role="alert"' in reply.text
    assert "<title>Not sent: How did" in reply.text
    assert A1 in reply.text
    assert desk.writes == 0


@pytest.mark.parametrize("body", ["more=perhaps", "", "choices=good"])
def test_a_wrong_answer_to_the_apology_records_nothing(
    link: str, desk: MemoryDesk, browse: requests.Session, body: str
) -> None:
    browse.post(link, data={"feeling": "bad"})
    reply = browse.post(link, data=body, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert (reply.status_code, A5 in reply.text) == (400, True)
    assert desk.stored == {"feeling": "bad"}


def test_one_wrong_follow_up_holds_back_all_of_them(link: str, desk: MemoryDesk, browse: requests.Session) -> None:
    for data in ({"feeling": "bad"}, {"more": "yes"}):
        browse.post(link, data=data)
    reply = browse.post(link, data={"choices": "good", "time_promised": "maybe"})
    assert (reply.status_code, 'role="alert"' in reply.text) == (400, True)
    assert desk.stored == {"feeling": "bad", "more": "yes"}


def test_an_invitation_that_is_still_open_though_nothing_is_left_to_ask_says_thank_you(
    link: str, desk: MemoryDesk, browse: requests.Session
) -> None:
    browse.post(link, data={"feeling": "bad"})
    said = [FEELING.answer("good") if each.question == "feeling" else each for each in desk.invitation.answers]
    desk.invitation = replace(desk.invitation, answers=said)  # what counts as bad has changed
    assert browse.post(link, data={}).url.endswith("/done/thanks?lang=en")
    assert "Your answer is stored" in browse.get(link).text
    assert desk.writes == 1


def test_rather_not_say_is_stored_as_that(link: str, desk: MemoryDesk, browse: requests.Session) -> None:
    assert f'action="/a/{TOKEN}/decline"' in browse.get(link).text
    assert "That is fine." in browse.post(f"{link}/decline").text
    assert (desk.declined, desk.stored, desk.writes) == (True, {}, 1)
    assert browse.post(f"{link}/decline").status_code == 410


def test_opting_out_asks_first_and_then_holds(link: str, desk: MemoryDesk, browse: requests.Session) -> None:
    assert "Shall we never ask you again?" in browse.get(f"{link}/never").text
    assert not desk.opted_out
    reply = browse.post(f"{link}/never")
    assert ([each.status_code for each in reply.history], desk.opted_out) == ([303], True)
    assert "We will not ask you again." in reply.text


@pytest.mark.parametrize("refusal", ["used", "expired", "withdrawn"])
def test_opting_out_works_with_a_link_that_is_over(serve: Serve, browse: requests.Session, refusal: str) -> None:
    desk = MemoryDesk(refusal=refusal)
    link = serve(desk)
    assert f'href="/a/{TOKEN}/never"' in browse.get(link).text
    assert browse.get(f"{link}/never").status_code == 200
    assert browse.post(f"{link}/never").status_code == 200
    assert desk.opted_out


@pytest.mark.parametrize(
    ("refusal", "title"),
    [("used", "Your answer is stored"), ("expired", "It is too late"), ("withdrawn", "no longer need an answer")],
)
def test_a_link_that_is_over_says_so_kindly(serve: Serve, browse: requests.Session, refusal: str, title: str) -> None:
    desk = MemoryDesk(refusal=refusal)
    link = serve(desk)
    for reply in (browse.get(link), browse.post(link, data={"feeling": "good"}), browse.post(f"{link}/decline")):
        assert (reply.status_code, title in reply.text) == (410, True)
        assert "INC0010023" not in reply.text
    assert desk.writes == 0


@pytest.mark.parametrize("accept", ["", "de", "fr, en"])
@pytest.mark.parametrize(
    ("refusal", "titles"),
    [
        ("used", ("Your answer is stored", "Ihre Antwort ist gespeichert")),
        ("expired", ("It is too late", "ist es zu spät")),
        ("withdrawn", ("no longer need an answer", "keine Antwort mehr")),
    ],
)
def test_a_link_that_is_over_is_understood_in_every_language(
    serve: Serve, browse: requests.Session, refusal: str, titles: tuple[str, ...], accept: str
) -> None:
    page = browse.get(serve(MemoryDesk(refusal=refusal)), headers={"Accept-Language": accept}).text
    assert all(title in page for title in titles)
    first, other = ("de", "en") if accept == "de" else ("en", "de")
    assert f'<html lang="{first}">' in page
    assert f'<p class="about" lang="{other}">' in page


@pytest.mark.parametrize("tail", ["", "/never"])
def test_an_unknown_link_is_not_found_and_tells_nothing(
    link: str, desk: MemoryDesk, browse: requests.Session, tail: str
) -> None:
    wrong = link.replace(TOKEN, "made-up") + tail
    for reply in (browse.get(wrong), browse.post(wrong)):
        assert (reply.status_code, "This link does not work." in reply.text) == (404, True)
        assert "/never" not in reply.text
    assert desk.writes == 0


def test_the_page_speaks_the_persons_language_to_the_end(serve: Serve, browse: requests.Session) -> None:
    link = serve(MemoryDesk(invitation=invitation(occasion(person=Person(pseudonym="p", language="de")))))
    english = {"Accept-Language": "en-GB,en;q=0.9"}
    page = browse.get(link, headers=english).text
    assert '<html lang="de">' in page
    assert "Wie haben Sie sich nach Ihrem letzten Kontakt" in page
    assert "Vielen Dank." in browse.post(link, data={"feeling": "good"}, headers=english).text


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("fr-FR, de;q=0.8, en;q=0.5", "de"),
        ("en, de;q=0.9", "en"),
        ("de;q=0.2, en;q=0.9", "en"),
        ("fr", "en"),
        ("", "en"),
    ],
)
def test_the_browser_decides_where_the_persons_language_is_unknown(
    link: str, browse: requests.Session, accept: str, language: str
) -> None:
    assert f'<html lang="{language}">' in browse.get(link, headers={"Accept-Language": accept}).text


def test_what_was_done_and_whom_to_turn_to_are_shown_where_the_config_says_so(
    serve: Serve, desk: MemoryDesk, browse: requests.Session
) -> None:
    assert "You said, we did." not in browse.get(serve(desk)).text
    page = browse.get(serve(desk, Survey(we_did="Updates come daily now.", contact="phone 4400"))).text
    assert "Updates come daily now." in page
    assert "phone 4400" in page


def test_the_path_of_a_public_address_is_kept(serve: Serve, desk: MemoryDesk, browse: requests.Session) -> None:
    link = serve(desk, url="https://portal.example.org/help")
    page = browse.get(link).text
    assert f'action="/help/a/{TOKEN}"' in page
    assert 'href="/help/a/static/page.css"' in page
    moved = browse.post(link, data={"feeling": "good"}, allow_redirects=False)
    assert moved.headers["Location"] == f"/help/a/{TOKEN}/done/thanks?lang=en"
