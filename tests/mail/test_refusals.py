"""What goes wrong, and what of it leaves a doubt. Nothing that is said of it names a person or a word."""

import logging
from collections.abc import Mapping

import pytest

from tests.mail.conftest import Play, Serve
from tests.mail.support import ANNA, MESSAGE, PRIVATE, REFERENCE, Told, channel
from xmo_hooks import AuthError, ConfigError, Forbidden, NotFound, Unavailable, XmoError

LATER = b"451 4.7.1 greylisted <anna.gruen@example.com>\r\n"
Replies = Mapping[str, bytes | None]

# the replies of the server, the error, and for `Unavailable` whether the message may have arrived
CLEAR: dict[str, tuple[Replies, type[XmoError]]] = {
    "hangs up instead of a greeting": ({"": None}, Unavailable),
    "greets as another service": ({"": b"SSH-2.0-server\r\n"}, Unavailable),
    "greets with a reply of another kind": ({"": b"250 hello\r\n"}, Unavailable),
    "wants no guests": ({"": b"554 5.7.1 no service for you\r\n"}, Unavailable),
    "is too busy": ({"": b"421 4.3.2 later\r\n"}, Unavailable),
    "says more than a line can hold": ({"": b"220 " + b"x" * 9000 + b"\r\n"}, Unavailable),
    "does not take EHLO": ({"EHLO": b"502 what\r\n"}, Unavailable),
    "hangs up at EHLO": ({"EHLO": None}, Unavailable),
    "does not take the sender": ({"MAIL": b"550 5.7.60 cannot send as\r\n"}, ConfigError),
    "does not take the sender, in few words": ({"MAIL": b"553 no\r\n"}, ConfigError),
    "does not own the sender, which it says late": ({"RCPT": b"553 5.7.1 not owned by user anna\r\n"}, ConfigError),
    "lets nobody send as the sender, and says it at the end": ({".": b"550 5.7.60 no permission\r\n"}, ConfigError),
    "does not like the sender, and says it at the end": ({".": b"550 5.1.8 bad outbound sender\r\n"}, ConfigError),
    "has taken enough for today": ({".": b"550 5.4.5 quota exceeded\r\n"}, Unavailable),
    "wants a log-in": ({"MAIL": b"530 5.7.0 log in first\r\n"}, AuthError),
    "is full at MAIL": ({"MAIL": b"452 4.3.1 full\r\n"}, Unavailable),
    "hangs up at MAIL": ({"MAIL": None}, Unavailable),
    "knows no such mailbox": ({"RCPT": b"550 5.1.1 <anna.gruen@example.com> unknown\r\n"}, NotFound),
    "knows no such mailbox, in few words": ({"RCPT": b"550 no such user anna\r\n"}, NotFound),
    "knows another place for it": ({"RCPT": b"551 try anna@example.org\r\n"}, NotFound),
    "does not like the address": ({"RCPT": b"553 5.1.3 anna\r\n"}, NotFound),
    "does not relay": ({"RCPT": b"554 5.7.1 <anna.gruen@example.com>: Relay access denied\r\n"}, Forbidden),
    "does not relay, in few words": ({"RCPT": b"554 denied\r\n"}, Forbidden),
    "does not relay, by another code": ({"RCPT": b"550 5.7.54 unable to relay\r\n"}, Forbidden),
    "lets strangers wait": ({"RCPT": LATER}, Unavailable),
    "ends the conversation": ({"RCPT": b"421 4.4.2 bye\r\n"}, Unavailable),
    "hangs up at RCPT": ({"RCPT": None}, Unavailable),
    "does not take DATA": ({"DATA": b"451 4.3.0 later\r\n"}, Unavailable),
    "refuses DATA": ({"DATA": b"554 5.5.1 no valid recipients\r\n"}, XmoError),
    "does not wait for the message": ({"DATA": b"250 ok\r\n"}, Unavailable),
    "hangs up at DATA": ({"DATA": None}, Unavailable),
    "is too busy for the message": ({".": b"451 4.3.0 anna later\r\n"}, Unavailable),
    "shuts down before it took the message": ({".": b"421 4.3.2 bye\r\n"}, Unavailable),
    "holds it for spam": ({".": b"554 5.7.1 spam: https://x.example.com/a/t\r\n"}, Forbidden),
    "holds it for spam, in few words": ({".": b"554 spam\r\n"}, Forbidden),
    "finds it too long": ({".": b"552 5.3.4 too long\r\n"}, XmoError),
    "finds the mailbox full": ({".": b"552 5.2.2 full\r\n"}, XmoError),
    "finds out late that there is no mailbox": ({".": b"550 5.1.1 anna\r\n"}, NotFound),
}
DOUBTFUL: dict[str, Replies] = {
    "hangs up after the message": {".": None},
    "hangs up while the message comes": {"DATA": b"354 go on\r\n", ".": None},
    "says nothing sensible after the message": {".": b"what?\r\n"},
    "asks for more after the message": {".": b"354 go on\r\n"},
    "says more than a line can hold after the message": {".": b"250 " + b"x" * 9000 + b"\r\n"},
}


def failure(play: Play, replies: Replies) -> XmoError:
    with pytest.raises(XmoError) as raised:
        channel(port=play(replies).port).deliver(ANNA, MESSAGE)
    return raised.value


@pytest.mark.parametrize("what", CLEAR)
def test_a_server_that(what: str, play: Play) -> None:
    replies, kind = CLEAR[what]
    error = failure(play, replies)
    assert type(error) is kind, repr(error)
    assert not isinstance(error, Unavailable) or error.reached is False
    assert error.hint


@pytest.mark.parametrize("what", DOUBTFUL)
def test_nobody_knows_what_became_of_a_message_when_a_server(what: str, play: Play) -> None:
    error = failure(play, DOUBTFUL[what])
    assert isinstance(error, Unavailable)
    assert error.reached is True
    assert error.hint


def test_what_is_said_of_a_failure_names_no_person_and_no_word(
    play: Play, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    log = Told()
    said = []
    for replies in [replies for replies, _ in CLEAR.values()] + list(DOUBTFUL.values()):
        with pytest.raises(XmoError) as raised:
            channel(log=log, port=play(replies).port).deliver(ANNA, MESSAGE)
        said.append(f"{raised.value} {raised.value!r} {raised.value.hint}")
    assert len(said) == len(CLEAR) + len(DOUBTFUL)
    everything = "\n".join([*said, *log.lines, caplog.text, *capfd.readouterr()]).lower()
    assert [word for word in PRIVATE if word in everything] == []


def test_a_failure_names_the_server_and_the_code_of_its_reply(play: Play) -> None:
    script = play({"RCPT": b"550-5.1.1 no such\r\n550 5.1.1 mailbox anna\r\n"})
    with pytest.raises(NotFound, match=rf"^127\.0\.0\.1:{script.port} .*\(550 5\.1\.1\)\.$"):
        channel(port=script.port).deliver(ANNA, MESSAGE)


def test_after_a_refusal_nothing_more_is_sent_and_leave_is_taken(play: Play) -> None:
    script = play({"RCPT": LATER})
    with pytest.raises(Unavailable):
        channel(port=script.port).deliver(ANNA, MESSAGE)
    assert script.heard == ["EHLO", "MAIL", "RCPT", "QUIT"]


def test_a_server_that_is_not_there_is_named(play: Play) -> None:
    with pytest.raises(Unavailable, match=r"^127\.0\.0\.1:1 cannot be used: the connection was refused\.$") as raised:
        channel(port=1).deliver(ANNA, MESSAGE)
    assert raised.value.reached is False


def test_a_name_that_nobody_knows_is_named() -> None:
    with pytest.raises(Unavailable, match="DNS") as raised:
        channel(host="mail.invalid", security="starttls").deliver(ANNA, MESSAGE)
    assert raised.value.reached is False


@pytest.mark.parametrize("verb", ["", "EHLO", "MAIL", "RCPT", "DATA"])
def test_a_server_that_falls_silent_before_the_message_has_not_got_it(
    verb: str, play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xmo_mail.server.TIMEOUT", 0.2)
    error = failure(play, {verb: b""})
    assert isinstance(error, Unavailable)
    assert error.reached is False


def test_a_server_that_falls_silent_after_the_message_leaves_a_doubt(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xmo_mail.server.VERDICT", 0.2)
    error = failure(play, {".": b"", "QUIT": None})
    assert isinstance(error, Unavailable)
    assert error.reached is True


def test_a_server_may_think_longer_about_the_message_than_about_any_other_word(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xmo_mail.server.TIMEOUT", 1)
    script = play({})
    script.thinks = 1.5
    assert channel(port=script.port).deliver(ANNA, MESSAGE).reference == REFERENCE


def test_an_honest_server_that_refuses_took_nothing(serve: Serve) -> None:
    post = serve({"RCPT": "550 5.1.1 <{address}> unknown"})
    with pytest.raises(NotFound):
        channel(port=post.port).deliver(ANNA, MESSAGE)
    assert post.taken == []


def test_a_failure_is_mended_where_its_hint_says(play: Play) -> None:
    assert "sender" in failure(play, {"MAIL": b"550 no\r\n"}).hint
    assert "username and password" in failure(play, {"MAIL": b"530 log in\r\n"}).hint
    assert "host, port and security" in failure(play, {"": None}).hint
    with pytest.raises(ConfigError) as raised:
        channel(port=play({}).port, username="xmo", password="x").deliver(ANNA, MESSAGE)
    assert "host and port of the channel" in raised.value.hint
