"""Whom mail reaches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.mail.support import channel, occasion
from xmo_hooks import Contact
from xmo_mail.addresses import domain, fits, mailbox, named, one_line

LABEL = "x" * 60


def reached(email: str | None) -> bool:
    return channel().reaches(Contact(key="u", email=email), occasion())


@pytest.mark.parametrize(
    "email",
    [
        "anna@example.com",
        "Anna.O'Brien+it@EXAMPLE.com",
        "a_b-c=d@sub.sub.example",
        "anna@grün.example",
        "anna@例え.テスト",
        "x" * 64 + "@example.com",
    ],
)
def test_an_ordinary_address_is_reached(email: str) -> None:
    assert reached(email)


@pytest.mark.parametrize(
    "email",
    [
        None,
        "",
        "anna",
        "anna@",
        "@example.com",
        "anna@localhost",
        "anna@127.0.0.1",
        "anna@[127.0.0.1]",
        "anna@example.com\r\nRCPT TO:<evil@example.com>",
        "anna@example.com\n",
        " anna@example.com",
        "an na@example.com",
        "anna@@example.com",
        "anna@b@example.com",
        "anna,bob@example.com",
        "anna@example.com,bob@example.com",
        "<anna@example.com>",
        "Anna <anna@example.com>",
        '"anna b"@example.com',
        "anna..b@example.com",
        ".anna@example.com",
        "änna@example.com",
        "anna@-example.com",
        "anna@exa_mple.com",
        "anna@example..com",
        "anna@example.com.",
        "=?utf-8?q?a=0d=0aBcc=3a_evil?=@example.com",
        "x" * 65 + "@example.com",
        f"anna@{LABEL}.{LABEL}.{LABEL}.{LABEL}.example.com",
        "anna@\ud800.example",
        "anna@" + "ü" * 70 + ".example",
    ],
)
def test_what_does_not_look_like_an_address_is_not_reached(email: str | None) -> None:
    assert not reached(email)


PIECES = st.sampled_from(
    ["@", ".", "-", "a", "ß", "xn--", "=?", "\n", "\x00", "\u200d", "。", "anna@example.com", "[", "1"]
)


@given(st.text() | st.lists(PIECES).map("".join))
def test_whatever_stands_for_an_address_nothing_is_raised_and_what_is_reached_is_plain(email: str) -> None:
    assert reached(email) is (mailbox(email) is not None)
    if (box := mailbox(email)) is not None:
        assert str(box).isascii()
        assert str(box).count("@") == 1
        assert not set(str(box)) & set(' \t\r\n<>,;:"\\()[]')


@given(st.text() | st.lists(PIECES).map("".join))
def test_whatever_stands_for_a_domain_is_read_the_same_twice(text: str) -> None:
    found = domain(text)
    assert found is None or domain(found) == found


def test_a_sharp_s_is_not_taken_for_two() -> None:
    assert domain("straße.example") != domain("strasse.example")


@pytest.mark.parametrize(
    ("written", "name", "address"),
    [
        ("feedback@example.com", "", "feedback@example.com"),
        ("<feedback@example.com>", "", "feedback@example.com"),
        ("Northwind IT <feedback@example.com>", "Northwind IT", "feedback@example.com"),
        ('"Northwind, IT" <feedback@example.com>', "Northwind, IT", "feedback@example.com"),
        ("Bürgerbüro <feedback@grün.example>", "Bürgerbüro", "feedback@xn--grn-ioa.example"),
    ],
)
def test_an_address_of_the_config_may_have_a_name(written: str, name: str, address: str) -> None:
    found = named(written)
    assert found is not None
    assert (found.display_name, found.addr_spec) == (name, address)


@given(st.text())
def test_a_header_is_one_printable_line(text: str) -> None:
    line = one_line(text)
    assert line.isprintable()
    assert "=?" not in line
    assert line == one_line(line)
    assert fits(line) or len(line.encode()) > 45
