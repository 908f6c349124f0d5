"""A mail that arrives, at a real server."""

import email
import email.policy
from dataclasses import replace
from email.message import EmailMessage

import pytest

from tests.mail.conftest import Play, Serve
from tests.mail.support import ANNA, MESSAGE, NOW, REFERENCE, WORDS, Post, channel, occasion
from xmo_hooks import Contact, NotFound, Receipt


def arrived(post: Post) -> EmailMessage:
    (envelope,) = post.taken
    assert isinstance(envelope.content, bytes)
    mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def test_the_question_arrives_as_it_was_written(serve: Serve) -> None:
    post = serve()
    receipt = channel(port=post.port).deliver(ANNA, MESSAGE)
    mail = arrived(post)
    assert receipt == Receipt(reference=REFERENCE, at=NOW)
    assert mail.get_content().replace("\r\n", "\n") == WORDS + "\n"
    assert mail.get_content_type() == "text/plain"
    assert mail["Subject"] == MESSAGE.subject
    assert post.verbs == ["MAIL", "RCPT", "DATA"]


def test_the_headers_say_who_writes_to_whom_and_keep_absence_notes_away(serve: Serve) -> None:
    post = serve()
    channel(port=post.port, reply_to="helpdesk@example.com").deliver(ANNA, MESSAGE)
    mail = arrived(post)
    assert str(mail["From"]) == "Northwind IT <feedback@example.com>"
    (to,) = mail["To"].addresses
    assert (to.display_name, to.addr_spec) == ("Anna Grün-Öztürk", "anna.gruen@example.com")
    assert str(mail["Reply-To"]) == "helpdesk@example.com"
    assert mail["Date"].datetime == NOW
    assert mail["Message-ID"] == REFERENCE
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert post.taken[0].mail_from == "feedback@example.com"
    assert post.taken[0].rcpt_tos == ["anna.gruen@example.com"]


def test_what_travels_is_seven_bits_in_short_lines(serve: Serve) -> None:
    post = serve()
    channel(port=post.port).deliver(ANNA, replace(MESSAGE, text=WORDS + "ß" * 5000))
    raw = post.taken[0].original_content
    assert raw is not None
    assert raw.isascii()
    assert max(map(len, raw.splitlines())) <= 78


def test_an_address_in_another_script_is_written_to_by_its_ascii_form(serve: Serve) -> None:
    post = serve()
    channel(port=post.port).deliver(replace(ANNA, email="anna@Straße.example"), MESSAGE)
    assert post.taken[0].rcpt_tos == ["anna@xn--strae-oqa.example"]


def test_words_without_a_subject_get_one_that_tells_nothing(serve: Serve) -> None:
    post = serve()
    channel(port=post.port).deliver(ANNA, replace(MESSAGE, subject=" \n "))
    assert arrived(post)["Subject"] == "One question"


@pytest.mark.parametrize("text", ["Hello\nBcc: evil@example.com", "=?utf-8?q?a=0d=0aBcc:_evil@example.com?="])
def test_no_header_can_be_smuggled_in_by_a_name_or_a_subject(serve: Serve, text: str) -> None:
    post = serve()
    channel(port=post.port).deliver(replace(ANNA, name=text), replace(MESSAGE, subject=text))
    mail = arrived(post)
    assert "Bcc" not in mail
    assert len(mail.keys()) == 10
    assert post.taken[0].rcpt_tos == ["anna.gruen@example.com"]


def test_each_question_is_one_mail_on_one_connection_that_is_taken_leave_of(play: Play) -> None:
    script = play({})
    channel(port=script.port).deliver(ANNA, MESSAGE)
    assert script.heard == ["EHLO", "MAIL", "RCPT", "DATA", ".", "QUIT"]


@pytest.mark.parametrize("goodbye", [None, b"500 what\r\n", b"no mail server\r\n"])
def test_a_goodbye_that_fails_takes_nothing_back(play: Play, goodbye: bytes | None) -> None:
    script = play({"QUIT": goodbye})
    assert channel(port=script.port).deliver(ANNA, MESSAGE).reference == REFERENCE


def test_who_is_forwarded_is_written_to(play: Play) -> None:
    script = play({"RCPT": b"251 will forward\r\n"})
    assert channel(port=script.port).deliver(ANNA, MESSAGE).reference == REFERENCE


def test_only_the_named_domains_are_written_to(serve: Serve) -> None:
    post = serve()
    careful = channel(port=post.port, domains=["Example.com"])
    assert careful.reaches(ANNA, occasion())
    stranger = Contact(key="u2", email="x@sub.example.com")
    assert not careful.reaches(stranger, occasion())
    with pytest.raises(NotFound):
        careful.deliver(stranger, MESSAGE)
    assert post.verbs == []


def test_who_has_no_address_is_not_reached() -> None:
    assert not channel().reaches(Contact(key="u2"), occasion())
