"""The conversation with a mail server (RFC 5321), verb by verb: only so it is known how far a message came."""

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property

from xmo_hooks import ConfigError, NotFound, Unavailable
from xmo_mail.options import Options, reveal
from xmo_mail.refusals import Step, doubtful, not_delivered, refusal

TIMEOUT = 30.0  # for one reply, in seconds
# A server may look for viruses before it says yes. RFC 5321, 4.5.3.2.6 asks for ten minutes, which is all that a step
# of a channel has; whoever gives up early does not know what became of the message.
VERDICT = 300.0
_GOODBYE = 5.0
_DOTS = re.compile(rb"^\.", re.MULTILINE)


class Server:
    """A server that takes mail: where it is, how it is talked to, and as whom."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self.name = f"{options.host}:{options.port}"

    @contextmanager
    def connected(self) -> Iterator["Conversation"]:
        """Connect, encrypt and log in; in the end, take leave. Raises what `refusals` says, and `ConfigError` where
        the server has no TLS or no log-in to offer."""
        with not_delivered(self.name):
            smtp = self._open()
        try:
            conversation = Conversation(smtp, self.name)
            with not_delivered(self.name):
                conversation.hello()
                if self._options.security == "starttls":
                    conversation.encrypt(self._context)
                if self._options.username:
                    conversation.log_in(self._options.username, reveal(self._options.password))
            yield conversation
        finally:
            _leave(smtp)

    def _open(self) -> smtplib.SMTP:
        host, port = self._options.host, self._options.port
        try:
            if self._options.security == "tls":
                return smtplib.SMTP_SSL(host, port, timeout=TIMEOUT, context=self._context)
            return smtplib.SMTP(host, port, timeout=TIMEOUT)
        except smtplib.SMTPConnectError as error:
            raise refusal(self.name, "greeting", error.smtp_code, _bytes(error.smtp_error)) from None

    @cached_property
    def _context(self) -> ssl.SSLContext:
        bundle = self._options.ca_bundle
        try:
            return ssl.create_default_context(cafile=bundle)
        except OSError:
            hint = "It must hold certificates in PEM form, and be readable for the user that runs xmo."
            raise ConfigError(f"The file {bundle} of ca_bundle cannot be used.", hint=hint) from None


class Conversation:
    """One connection to a server."""

    def __init__(self, smtp: smtplib.SMTP, server: str) -> None:
        self._smtp, self._server = smtp, server

    def hello(self) -> None:
        """Say who we are, and hear what the server can."""
        self._expect("EHLO", self._smtp.ehlo())

    def encrypt(self, context: ssl.SSLContext) -> None:
        """Go on encrypted, or not at all: a message is never sent in clear because somebody took STARTTLS away."""
        if not self._smtp.has_extn("starttls"):
            hint = 'Set security = "tls", or check host and port of the channel: no question is sent unencrypted.'
            raise ConfigError(f"{self._server} offers no STARTTLS.", hint=hint)
        try:
            self._smtp.starttls(context=context)
        except smtplib.SMTPResponseException as error:
            raise refusal(self._server, "STARTTLS", error.smtp_code, _bytes(error.smtp_error)) from None
        self.hello()

    def log_in(self, username: str, password: str) -> None:
        """Log in once, in one way: smtplib's own `login` tries a wrong password in each way there is, and locks the
        account."""
        smtp = self._smtp
        ways = {"PLAIN": smtp.auth_plain, "LOGIN": smtp.auth_login}
        offered = smtp.esmtp_features.get("auth", "").upper().split()
        way = next((each for each in ways if each in offered), None)
        if way is None:
            hint = "Take username and password out if the server wants none, or check host and port of the channel."
            raise ConfigError(f"{self._server} offers no log-in by PLAIN or LOGIN.", hint=hint)
        smtp.user, smtp.password = username, password
        try:
            smtp.auth(way, ways[way])
        except smtplib.SMTPAuthenticationError as error:
            raise refusal(self._server, "log-in", error.smtp_code, _bytes(error.smtp_error)) from None

    def try_sender(self, sender: str) -> None:
        """Ask whether mail of this sender is taken, as if to itself, and take the question back: many servers put off
        what they think of a sender until they hear of a receiver."""
        with not_delivered(self._server):
            self._expect("MAIL", self._smtp.mail(sender))
            with suppress(NotFound, Unavailable):  # a sender that nobody can answer, or a server that lets guests wait
                self._expect("RCPT", self._smtp.rcpt(sender))
            self._smtp.rset()

    def hand_over(self, sender: str, to: str, content: bytes) -> None:
        """Hand one message over. Returns when the server has taken it. From its first byte on, a connection that breaks
        leaves a doubt; each reply before and after it is a clear one."""
        with not_delivered(self._server):
            self._expect("MAIL", self._smtp.mail(sender))
            self._expect("RCPT", self._smtp.rcpt(to))
            self._expect("DATA", self._smtp.docmd("DATA"), consent=3)
        try:
            if self._smtp.sock:
                self._smtp.sock.settimeout(VERDICT)
            self._smtp.send(_DOTS.sub(b"..", content) + b".\r\n")
            code, said = self._smtp.getreply()
        except OSError:
            raise doubtful(self._server) from None
        if code // 100 not in {2, 4, 5}:
            raise doubtful(self._server)
        self._expect("the end of DATA", (code, said))

    def _expect(self, step: Step, reply: tuple[int, bytes], consent: int = 2) -> None:
        code, said = reply
        if code // 100 != consent:
            raise refusal(self._server, step, code, said)


def _leave(smtp: smtplib.SMTP) -> None:
    """Take leave in a few seconds. What was said before counts, whatever becomes of the goodbye."""
    with suppress(OSError):
        if smtp.sock:
            smtp.sock.settimeout(_GOODBYE)
            smtp.docmd("QUIT")
    smtp.close()


def _bytes(said: bytes | str) -> bytes:
    return said if isinstance(said, bytes) else said.encode("utf-8", "replace")
