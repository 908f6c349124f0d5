"""The mail as bytes: whatever is put in comes out again, and nothing else."""

import email
import email.policy
from email.message import EmailMessage

from hypothesis import example, given
from hypothesis import strategies as st

from tests.mail.support import MARKER, NOW
from xmo_hooks import Message
from xmo_mail.addresses import Mailbox, address, fits, named, one_line
from xmo_mail.message import SUBJECT, build, reference

SENDER = named("Northwind IT <feedback@example.com>")
HEADERS = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress"]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


def read_back(name: str, text: str, subject: str) -> EmailMessage:
    assert SENDER is not None
    to = address(name, Mailbox("anna", "example.com"))
    message = Message(marker=MARKER, text=text, subject=subject)
    raw = bytes(build(message, sender=SENDER, to=to, reply_to=None, at=NOW))
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) < 998
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    assert mail.keys() == [*HEADERS, "Content-Type", "Content-Transfer-Encoding", "MIME-Version"]
    assert not mail.defects
    return mail


@given(TEXT)
@example("\n.\n..\n.")
@example("From me\n" + "ä" * 500 + " \n\t\n= =3D")
@example("a\x0b\x0c\x1c\x85\u2028b")
def test_the_words_come_out_as_they_went_in(text: str) -> None:
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    got = read_back("", text, "").get_content().replace("\r\n", "\n")
    assert got.removesuffix("\n") == plain.removesuffix("\n")


@given(TEXT)
@example("=?utf-8?q?a=0d=0aBcc:_x@example.com?=")
@example("a\nBcc: x@example.com")
@example("ä" * 100)
def test_a_subject_comes_out_as_one_line(subject: str) -> None:
    assert read_back("", "x", subject)["Subject"] == (one_line(subject) or SUBJECT)


@given(TEXT)
@example("=?utf-8?q?a=0d=0aBcc:_x@example.com?=")
@example('Müller, "Anna" <x@example.com>')
@example("你好" * 8)
def test_a_name_comes_out_as_it_is_or_is_left_out(name: str) -> None:
    (to,) = read_back(name, "x", "")["To"].addresses
    shown = one_line(name)
    assert to.display_name == (shown if fits(shown) else "")
    assert to.addr_spec == "anna@example.com"


@given(st.text(st.sampled_from('ab ,;<>@"(ü'), max_size=150), st.integers(1, 60))
@example("Anna Gruen via Service Portal, on behalf of the Board of Directors, boss@example.org (Zurich)", 4)
@example("Bartholomew-Featherstonehaugh, Johnathan Edw", 60)
def test_no_name_however_long_brings_another_receiver(name: str, local: int) -> None:
    to = address(name, Mailbox("a" * local, "example.com"))
    assert SENDER is not None
    raw = bytes(build(Message(marker=MARKER, text="x"), sender=SENDER, to=to, reply_to=None, at=NOW))
    read = email.message_from_bytes(raw, policy=email.policy.default)
    assert [one.addr_spec for one in read["To"].addresses] == [f"{'a' * local}@example.com"]


@given(st.text(st.characters()))  # with lone surrogates
@example("\ud800")
def test_half_a_character_stops_no_mail(text: str) -> None:
    read_back(text, text, text)


def test_the_reference_is_the_same_for_the_same_question_and_another_for_another() -> None:
    assert SENDER is not None
    assert reference(MARKER, SENDER) == "<xmo.AbCdEfGh-_012345@example.com>"
    assert reference("xmo:BbCdEfGh-_012345", SENDER) != reference(MARKER, SENDER)
    assert reference('xmo:a>\r\nBcc: "ü', SENDER) == "<xmo.aBcc@example.com>"


def test_a_long_domain_of_the_sender_leaves_the_reference_whole() -> None:
    long = named(f"x@{'a' * 60}.{'b' * 60}.example.com")
    assert long is not None
    message = Message(marker=MARKER, text="x")
    raw = bytes(build(message, sender=long, to=long, reply_to=None, at=NOW))
    assert reference(MARKER, long).encode() in raw
