"""What `xmo check` is told."""

from typing import Any

import pytest

from tests.mail.conftest import Certificate, Play, Serve
from tests.mail.support import PASSWORD, channel
from xmo_hooks import AuthError, ConfigError, Unavailable


def test_all_is_well_and_nothing_was_delivered(serve: Serve, certificate: Certificate) -> None:
    post = serve(tls=certificate.context)
    secure: dict[str, Any] = {
        "security": "starttls",
        "ca_bundle": str(certificate.file),
        "username": "xmo",
        "password": PASSWORD,
    }
    (finding,) = channel(port=post.port, **secure).check()
    assert finding.level == "ok"
    assert finding.text == (f"127.0.0.1:{post.port} takes mail of the sender: encrypted (STARTTLS), with the log-in.")
    assert (post.verbs, post.taken, len(post.log_ins)) == (["MAIL", "RCPT"], [], 1)


def test_the_question_about_the_sender_is_taken_back(play: Play) -> None:
    script = play({})
    (finding,) = channel(port=script.port).check()
    assert "without a log-in" in finding.text
    assert script.heard == ["EHLO", "MAIL", "RCPT", "RSET", "QUIT"]


def test_domains_are_told_of(serve: Serve) -> None:
    findings = list(channel(port=serve().port, domains=["example.org", "example.com"]).check())
    assert [finding.level for finding in findings] == ["ok", "note"]
    assert "example.com, example.org" in findings[1].text


@pytest.mark.parametrize("reply", [b"550 5.1.1 nobody reads there\r\n", b"451 4.7.1 greylisted\r\n"])
def test_a_sender_that_nobody_can_answer_is_well(play: Play, reply: bytes) -> None:
    (finding,) = channel(port=play({"RCPT": reply}).port).check()
    assert finding.level == "ok"


def test_what_is_wrong_is_raised(play: Play) -> None:
    with pytest.raises(ConfigError):
        list(channel(port=play({"MAIL": b"550 5.7.60 no\r\n"}).port).check())
    with pytest.raises(ConfigError):
        list(channel(port=play({"RCPT": b"553 5.7.1 not owned\r\n"}).port).check())
    with pytest.raises(Unavailable):
        list(channel(port=1).check())
    log_in = {"EHLO": b"250-mail.test\r\n250 AUTH PLAIN\r\n", "AUTH": b"535 5.7.8 no\r\n"}
    with pytest.raises(AuthError):
        list(channel(port=play(log_in).port, username="xmo", password="x").check())
