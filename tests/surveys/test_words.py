import pytest

from tests.surveys.conftest import Fixed, invitation, occasion
from xmo_hooks import Message, Person, Site
from xmo_surveys.catalogue import LANGUAGES
from xmo_surveys.plugin import xmo_compose

ENGLISH = """\
Northwind IT would like to know: How did your most recent interaction with support make you feel?

https://xmo.example.org/a/bzE3.good-token

One answer is enough. We ask because only you can say how it was for you; nobody who helped you sees who said what.
If you never want to be asked again: https://xmo.example.org/a/bzE3.good-token/never

[xmo:AbC123]"""


def compose(language: str | None, name: str = "Northwind IT", number: str = "INC0010023", **facts: str) -> Message:
    about = occasion(person=Person(pseudonym="p", language=language), number=number)
    site = Site(name=name, url="https://xmo.example.org")
    return xmo_compose(invitation=invitation(about, **facts), settings=Fixed(site))


def test_the_comment_asks_the_agreed_question_and_ends_with_the_marker() -> None:
    expected = Message(marker="xmo:AbC123", text=ENGLISH, subject="One question about INC0010023")
    assert compose(None) == expected


def test_the_comment_is_in_the_persons_language() -> None:
    message = compose("de-DE")
    text = message.text
    assert message.subject == "Eine Frage zu INC0010023"
    assert "Northwind IT möchte wissen: Wie haben Sie sich nach Ihrem letzten Kontakt" in text
    assert text.endswith("\n\n[xmo:AbC123]")


def test_a_language_that_nobody_wrote_yet_falls_back_to_english() -> None:
    assert compose("fr").text == ENGLISH


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_comment_stays_short_with_long_names_and_links(language: str) -> None:
    link = f"https://{'x' * 60}.example.org/{'y' * 20}/a/{'t' * 100}"
    text = compose(language, "N" * 80, link=link).text
    assert len(text) < 1000
    assert text.count(link) == 2


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("between", ["\n", "\r\nBcc: ", "\u2028", "\x85", " \t "])
def test_the_subject_is_one_line_whatever_the_number_is(language: str, between: str) -> None:
    subject = compose(language, number=f" INC{between}1 {{x}}").subject
    assert subject.endswith(f" INC {between.strip()}".rstrip() + " 1 {x}")
    assert len(subject.splitlines()) == 1


def test_braces_in_a_name_are_only_braces() -> None:
    assert compose("en", "{link} & {x}").text.startswith("{link} & {x} would like")
