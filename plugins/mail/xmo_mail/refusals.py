"""What can go wrong between us and a mail server, sorted by what is done next and said in plain words.

Messages name host, port and reply code: never the server's own words, for these repeat addresses.
"""

import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from xmo_hooks import AuthError, ConfigError, Forbidden, NotFound, Unavailable, XmoError

Step = Literal["greeting", "EHLO", "STARTTLS", "log-in", "MAIL", "RCPT", "DATA", "the end of DATA"]
_BEFORE: frozenset[Step] = frozenset({"greeting", "EHLO", "STARTTLS"})
_NO_LOG_IN = frozenset({530, 534, 535, 538})  # RFC 4954, 6
_ENHANCED = re.compile(rb"[245]\.\d{1,3}\.\d{1,3}(?=\s|\Z)")  # RFC 3463
# About the sender, whatever the step: servers put that off to RCPT, or to the end (RFC 3463; 5.7.60 is Exchange's).
_OF_SENDER = frozenset({"5.1.7", "5.1.8", "5.7.60"})
_QUOTA = "5.4.5"  # Gmail's for a sender that has sent enough for a day
_STRANGE = "it does not answer as a mail server does"
_HOLDS = "If it stays so, check host, port and security of the channel: can this machine reach that server?"


def refusal(server: str, step: Step, code: int, said: bytes) -> XmoError:
    """Turn a reply that is no consent into its error. None of them leaves a doubt: the message was not taken."""
    found = _ENHANCED.match(said)
    enhanced = found[0].decode() if found else ""
    shown = f"({code} {enhanced})" if enhanced else f"({code})"
    about = enhanced.partition(".")[2].partition(".")[0] or ("7" if code == 554 else "")
    if 400 <= code < 500 or enhanced == _QUOTA:
        hint = "The next run tries again; many servers let the first attempt of a stranger wait."
        return Unavailable(f"{server} asks to come back later, at {step} {shown}.", hint=hint, reached=False)
    if code in _NO_LOG_IN or (step == "log-in" and code >= 500):
        hint = "Check username and password of the channel: wrong log-ins may lock the account."
        return AuthError(f"{server} refused the log-in, at {step} {shown}.", hint=hint)
    if not 500 <= code < 600 or step in _BEFORE:
        why = "it does not want to talk to this machine" if code >= 500 else _STRANGE
        return Unavailable(f"{server} cannot be used: {why}, at {step} {shown}.", hint=_HOLDS, reached=False)
    if step == "MAIL" or enhanced in _OF_SENDER or (code == 553 and about == "7"):
        # no fault of this one question: it waits until the setting, or the right, is mended
        hint = "Set sender to an address that the account may send as, or have it given that right."
        return ConfigError(f"{server} does not let this channel send as its sender {shown}.", hint=hint)
    return _final(server, step, shown, about)


def _final(server: str, step: Step, shown: str, about: str) -> XmoError:
    """Tell what a refusal for good is about: the rules of the server, the mailbox, or the message."""
    if about == "7":
        hint = "It may want a log-in before it relays, or a filter holds the message for spam: ask who runs the server."
        return Forbidden(f"{server} refused by its rules, at {step} {shown}.", hint=hint)
    if step == "RCPT" or about == "1":
        hint = "The address may be out of date where the ticket is."
        return NotFound(f"{server} knows no such mailbox {shown}.", hint=hint)
    hint = "Ask who runs the server: it took the address, and refused what was to be written to it."
    return XmoError(f"{server} refused this message, at {step} {shown}.", hint=hint)


@contextmanager
def not_delivered(server: str) -> Iterator[None]:
    """Turn what breaks before a message is under way into `Unavailable`: nothing arrived."""
    try:
        yield
    except (OSError, ValueError) as error:  # also all of smtplib, ssl, and what is wrongly encoded
        raise _broken(server, error) from None


def doubtful(server: str) -> Unavailable:
    """Return the error for a message that was sent, and of which no reply tells whether it was taken."""
    hint = "The question is not sent again. The log of the server tells whether it took the message."
    return Unavailable(f"{server} gave no word whether it took the message.", hint=hint)


def _broken(server: str, error: OSError | ValueError) -> Unavailable:
    if isinstance(error, ssl.SSLCertVerificationError):
        hint = "If it is of an authority of your own, name that as ca_bundle; host must be a name in the certificate."
        text = f"{server}: its certificate is not trusted: {error.verify_message.rstrip('.')}."
        return Unavailable(text, hint=hint, reached=False)
    if isinstance(error.__context__, TimeoutError):  # smtplib has another error for it, with this one inside
        error = error.__context__
    words = (
        (socket.gaierror, "its name is not known (DNS)"),
        (ConnectionRefusedError, "the connection was refused"),
        (TimeoutError, "no answer in time"),
        (ssl.SSLError, "the TLS handshake failed: starttls and tls have ports of their own"),
        ((smtplib.SMTPResponseException, ValueError), _STRANGE),
    )
    why = next((plain for kind, plain in words if isinstance(error, kind)), "the connection broke off")
    return Unavailable(f"{server} cannot be used: {why}.", hint=_HOLDS, reached=False)
