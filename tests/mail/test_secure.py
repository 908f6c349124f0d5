"""Nothing travels unencrypted, and nobody is believed without a certificate; the log-in."""

import base64
import ssl
from pathlib import Path
from typing import Any

import pytest

from tests.mail.conftest import Certificate, Play, Serve
from tests.mail.support import ANNA, MESSAGE, PASSWORD, PRIVATE, channel, options
from xmo_hooks import AuthError, ConfigError, Unavailable, XmoError
from xmo_mail.server import Server

LOG_IN: dict[str, Any] = {"username": "xmo", "password": PASSWORD}


class Wrapped:
    """A secret as the core hands it over."""

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __str__(self) -> str:
        return "***"


def failure(**values: Any) -> XmoError:
    with pytest.raises(XmoError) as raised:
        channel(**values).deliver(ANNA, MESSAGE)
    said = f"{raised.value!r} {raised.value.hint}".lower()
    assert [word for word in PRIVATE if word in said] == []
    return raised.value


@pytest.mark.parametrize("secret", [PASSWORD, Wrapped(PASSWORD)])
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_the_mail_is_sent_encrypted_and_logged_in(
    security: str, secret: Any, serve: Serve, certificate: Certificate
) -> None:
    implicit = security == "tls"
    # aiosmtpd sees no TLS in a connection that began with it
    post = serve(tls=certificate.context, implicit=implicit, auth_required=not implicit, auth_require_tls=not implicit)
    login = {"username": "xmo", "password": secret}
    channel(port=post.port, security=security, ca_bundle=str(certificate.file), **login).deliver(ANNA, MESSAGE)
    assert post.encrypted == [True]
    assert len(post.taken) == len(post.log_ins) == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_is_not_trusted(
    security: str, serve: Serve, certificate: Certificate
) -> None:
    post = serve(tls=certificate.context, implicit=security == "tls")
    error = failure(port=post.port, security=security)
    assert isinstance(error, Unavailable)
    assert error.reached is False
    assert "certificate is not trusted" in str(error)
    assert "ca_bundle" in error.hint
    assert post.verbs == []


def test_a_certificate_for_another_name_is_not_trusted(serve: Serve, certificate: Certificate) -> None:
    post = serve(tls=certificate.context)
    error = failure(host="localhost", port=post.port, security="starttls", ca_bundle=str(certificate.file))
    assert "certificate is not trusted" in str(error)
    assert post.verbs == []


def test_a_server_that_offers_no_encryption_gets_no_message_and_no_password(play: Play) -> None:
    script = play({"EHLO": b"250-mail.test\r\n250 AUTH PLAIN\r\n"})
    error = failure(port=script.port, security="starttls", **LOG_IN)
    assert isinstance(error, ConfigError)
    assert "no STARTTLS" in str(error)
    assert script.heard == ["EHLO", "QUIT"]


@pytest.mark.parametrize("reply", [b"454 4.7.0 not now\r\n", b"501 no\r\n", b"220 go on\r\n250 no TLS here\r\n", None])
def test_an_encryption_that_fails_ends_the_conversation(reply: bytes | None, play: Play) -> None:
    script = play({"EHLO": b"250-mail.test\r\n250 STARTTLS\r\n", "STAR": reply})
    error = failure(port=script.port, security="starttls")
    assert isinstance(error, Unavailable)
    assert error.reached is False
    assert not {"MAIL", "AUTH"} & set(script.heard)


def test_a_server_that_speaks_no_tls_at_this_port_is_named(play: Play) -> None:
    error = failure(port=play({}).port, security="tls")
    assert isinstance(error, Unavailable)
    assert error.reached is False
    assert "TLS handshake failed" in str(error)


def test_a_wrong_password_is_named_and_tried_once(serve: Serve, certificate: Certificate) -> None:
    post = serve(tls=certificate.context)
    error = failure(
        port=post.port, security="starttls", ca_bundle=str(certificate.file), username="xmo", password="another"
    )
    assert isinstance(error, AuthError)
    assert "535" in str(error)
    assert "another" not in f"{error!r} {error.hint}"
    assert (len(post.log_ins), post.verbs) == (1, [])


def test_a_log_in_that_must_wait_is_left_for_the_next_run(play: Play) -> None:
    script = play({"EHLO": b"250-mail.test\r\n250 AUTH PLAIN\r\n", "AUTH": b"454 4.7.0 not now\r\n"})
    error = failure(port=script.port, **LOG_IN)
    assert isinstance(error, Unavailable)
    assert error.reached is False


@pytest.mark.parametrize("challenge", [b"334 x\r\n", b"334 \xff\r\n", b"334 " + base64.b64encode(b"again") + b"\r\n"])
def test_a_server_that_asks_strange_things_at_the_log_in_is_given_up(challenge: bytes, play: Play) -> None:
    script = play({"EHLO": b"250-mail.test\r\n250 AUTH PLAIN\r\n", "AUTH": challenge})
    assert isinstance(failure(port=script.port, **LOG_IN), Unavailable | AuthError)
    assert "MAIL" not in script.heard


def test_who_has_no_log_in_to_offer_is_not_sent_the_password(play: Play) -> None:
    script = play({"EHLO": b"250-mail.test\r\n250 AUTH GSSAPI NTLM\r\n"})
    assert isinstance(failure(port=script.port, **LOG_IN), ConfigError)
    assert script.heard == ["EHLO", "QUIT"]


def test_a_server_with_the_older_log_in_alone_takes_mail(serve: Serve) -> None:
    post = serve(auth_exclude_mechanism=["PLAIN"], auth_require_tls=False)
    channel(port=post.port, **LOG_IN).deliver(ANNA, MESSAGE)
    assert post.log_ins == ["LOGIN"]
    assert len(post.taken) == 1


def test_a_file_without_certificates_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    error = failure(port=1, security="tls", ca_bundle=str(tmp_path / "ca.pem"))
    assert isinstance(error, ConfigError)
    assert "ca.pem" in str(error)


def test_old_tls_is_not_spoken() -> None:
    context = Server(options(security="tls"))._context
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
