"""The options: every mistake is named, and the password is never shown."""

from pathlib import Path
from typing import Any

import pytest
from marshmallow import ValidationError

from tests.mail.support import options
from xmo_mail.options import OptionsSchema

GIVEN = {"host": "smtp.example.com", "sender": "feedback@example.com"}


class Wrapped:
    """A secret as the core hands it over."""

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __str__(self) -> str:
        return "***"


def mistakes(**values: Any) -> dict[str, Any]:
    with pytest.raises(ValidationError) as refused:
        OptionsSchema().load({**GIVEN, **values})
    found: dict[str, Any] = refused.value.messages_dict
    return found


def test_a_host_and_a_sender_are_enough() -> None:
    here = OptionsSchema().load(GIVEN)
    assert (here.host, here.port, here.security) == ("smtp.example.com", 587, "starttls")
    assert (here.username, here.reply_to, here.ca_bundle, here.domains) == ("", None, None, frozenset())
    assert here.sender.addr_spec == "feedback@example.com"


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_the_port_goes_with_the_security_unless_one_is_given(security: str, port: int) -> None:
    assert options(host="localhost", security=security).port == port
    assert options(host="localhost", security=security, port=2525).port == 2525


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "::1"])
def test_without_encryption_this_machine_alone_is_talked_to(host: str) -> None:
    assert options(host=host, security="none").security == "none"


@pytest.mark.parametrize("host", ["smtp.example.com", "10.0.0.1", "localhost.example.com", "::2"])
def test_nothing_goes_over_the_net_unencrypted_and_the_reason_is_said(host: str) -> None:
    (said,) = mistakes(host=host, security="none")["security"]
    assert "personal link" in said


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"host": ""}, "host"),
        ({"host": "smtp.example.com:587"}, "host"),
        ({"host": "smtp://smtp.example.com"}, "host"),
        ({"host": "smtp example"}, "host"),
        ({"host": "x" * 64 + ".example.com"}, "host"),
        ({"host": "smtp..example.com"}, "host"),
        ({"port": 0}, "port"),
        ({"port": "587"}, "port"),
        ({"security": "ssl"}, "security"),
        ({"ca_bundle": "no-such.pem"}, "ca_bundle"),
        ({"ca_bundle": True}, "ca_bundle"),
        ({"username": "xmo"}, "password"),
        ({"password": "x"}, "username"),
        ({"username": "", "password": "x"}, "username"),
        ({"username": "xmö", "password": "x"}, "username"),
        ({"username": "xmo", "password": ""}, "password"),
        ({"username": "xmo", "password": 7}, "password"),
        ({"username": "xmo", "password": Wrapped("pässword")}, "password"),
        ({"sender": "Northwind IT"}, "sender"),
        ({"sender": "a@example.com, b@example.com"}, "sender"),
        ({"sender": "A <a@example.com> B"}, "sender"),
        ({"sender": "A\nBcc: x <a@localhost>"}, "sender"),
        ({"sender": "Ä" * 46 + " <a@example.com>"}, "sender"),
        ({"sender": 7}, "sender"),
        ({"reply_to": "helpdesk"}, "reply_to"),
        ({"domains": "example.com"}, "domains"),
        ({"domains": ["@example.com"]}, "domains"),
        ({"domains": [7]}, "domains"),
        ({"url": "https://"}, "url"),
    ],
)
def test_a_mistake_is_named_by_its_option(values: dict[str, Any], field: str) -> None:
    assert list(mistakes(**values)) == [field]


@pytest.mark.parametrize("missing", ["host", "sender"])
def test_what_must_be_there_is_named(missing: str) -> None:
    with pytest.raises(ValidationError) as refused:
        OptionsSchema().load({name: value for name, value in GIVEN.items() if name != missing})
    assert list(refused.value.messages_dict) == [missing]


def test_the_password_is_not_shown() -> None:
    assert "s3cret" not in repr(options(username="xmo", password="s3cret"))
    assert "pässword" not in str(mistakes(username="xmo", password=Wrapped("pässword")))


def test_a_file_is_looked_for_beside_the_config(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("a certificate")
    schema = OptionsSchema()
    schema.folder = tmp_path
    assert schema.load({**GIVEN, "ca_bundle": "ca.pem"}).ca_bundle == tmp_path / "ca.pem"


def test_domains_are_compared_in_one_form() -> None:
    assert options(domains=["Example.COM", "grün.example"]).domains == {"example.com", "xn--grn-ioa.example"}


def test_every_option_says_what_it_is_for_in_the_config_that_is_written() -> None:
    for name, field in OptionsSchema().fields.items():
        assert name == "password" or {"example", "meaning"} <= field.metadata.keys(), name
