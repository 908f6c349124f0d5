"""What the mail tests share: options, a person, words, and servers on real sockets, honest and scripted ones."""

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from xmo_hooks import Contact, Grant, Message, Occasion, Person, Ticket, Tools
from xmo_mail.channel import Mail
from xmo_mail.options import Options, OptionsSchema

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MARKER = "xmo:AbCdEfGh-_012345"
REFERENCE = "<xmo.AbCdEfGh-_012345@example.com>"
WORDS = f"Northwind IT möchte wissen: Wie war's?\n\nhttps://x.example.com/a/t\n\n.\n.. und ein Punkt\n\n[{MARKER}]"
MESSAGE = Message(marker=MARKER, text=WORDS, subject="Eine Frage zu Störung INC0010023")
ANNA = Contact(key="u1", email="anna.gruen@example.com", name="Anna Grün-Öztürk")
PASSWORD = "not a real one"
# what no error, log or finding may hold
PRIVATE = (
    "anna",
    "gruen",
    "grün",
    "öztürk",
    "möchte",
    "störung",
    "inc0010023",
    "x.example.com",
    MARKER.lower(),
    PASSWORD,
)


class Told:
    """A log that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def info(self, event: str, **facts: Any) -> None:
        self.lines.append(f"{event} {facts}")

    warning = info


def options(**values: Any) -> Options:
    given = {"host": "127.0.0.1", "sender": "Northwind IT <feedback@example.com>", "security": "none", **values}
    made: Options = OptionsSchema().load(given)
    return made


def channel(*, log: Told | None = None, **values: Any) -> Mail:
    """A channel that has nothing of the core but a clock and a log: mail goes through no session."""

    def oauth(_: Grant) -> Any:
        raise AssertionError("mail asks for no token")

    nothing: Any = None
    return Mail(options(**values), Tools(session=nothing, now=lambda: NOW, log=log or Told(), oauth=oauth))


def occasion() -> Occasion:
    ticket = Ticket(
        key="46d44a",
        number="INC0010023",
        kind="incident",
        vendor_type="incident",
        state="resolved",
        vendor_state="6",
        opened_at=NOW,
        changed_at=NOW,
    )
    person = Person(pseudonym="4f2a")
    return Occasion(key="o1", problem="p1", n=1, at=NOW, person=person, source="corp", ticket=ticket)


@dataclass
class Post:
    """An honest server: takes mail, and answers a verb with what `replies` say instead."""

    port: int = 0
    replies: dict[str, str] = field(default_factory=dict)
    password: str = PASSWORD
    taken: list[Envelope] = field(default_factory=list)
    log_ins: list[str] = field(default_factory=list)
    verbs: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)

    async def handle_MAIL(  # noqa: N802 - the server's name for it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.verbs.append("MAIL")
        assert server.transport
        self.encrypted.append(server.transport.get_extra_info("sslcontext") is not None)
        if "MAIL" in self.replies:
            return self.replies["MAIL"]
        envelope.mail_from = address
        return "250 2.1.0 ok"

    async def handle_RCPT(  # noqa: N802 - the server's name for it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.verbs.append("RCPT")
        if "RCPT" in self.replies:
            return self.replies["RCPT"].format(address=address)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        self.verbs.append("DATA")
        if "DATA" in self.replies:
            return self.replies["DATA"]
        self.taken.append(envelope)
        return "250 2.0.0 taken"

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: LoginPassword
    ) -> AuthResult:
        self.log_ins.append(mechanism)
        return AuthResult(success=given == LoginPassword(b"xmo", self.password.encode()), handled=False)


@contextmanager
def serving(post: Post, *, tls: ssl.SSLContext | None = None, implicit: bool = False, **more: Any) -> Iterator[Post]:
    """Serve on a port of the loopback, with STARTTLS or, `implicit`, TLS from the first byte."""
    loop = asyncio.new_event_loop()

    def protocol() -> SMTP:
        starttls = None if implicit else tls
        return SMTP(post, hostname="mail.test", tls_context=starttls, authenticator=post.authenticate, **more)

    started = loop.create_server(protocol, "127.0.0.1", 0, ssl=tls if implicit else None)
    server = loop.run_until_complete(started)
    post.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield post
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


ORDINARY: Mapping[str, bytes | None] = {
    "": b"220 mail.test ready\r\n",
    "EHLO": b"250 mail.test\r\n",
    "MAIL": b"250 ok\r\n",
    "RCPT": b"250 ok\r\n",
    "DATA": b"354 go on\r\n",
    ".": b"250 taken\r\n",
    "RSET": b"250 ok\r\n",
    "QUIT": b"221 bye\r\n",
}


@dataclass
class Script:
    """A server that says to each verb what it is told to, and hangs up where that is None. The greeting is "", the
    final dot ".", before whose reply it `thinks` for some seconds."""

    replies: dict[str, bytes | None]
    port: int = 0
    heard: list[str] = field(default_factory=list)
    thinks: float = 0.0
    ended: bool = False

    def talk(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            if not self._say(connection, ""):
                return
            in_message = False
            for line in lines:
                text = line.strip().decode("latin-1")
                if in_message and text != ".":
                    continue
                verb = "." if in_message else text[:4].upper()
                self.heard.append(verb)
                in_message = verb == "DATA" and (self.replies["DATA"] or b"").startswith(b"354")
                if not self._say(connection, verb) or verb == "QUIT":
                    return

    def _say(self, connection: socket.socket, verb: str) -> bool:
        if verb == ".":
            time.sleep(self.thinks)
        reply = self.replies.get(verb, b"500 what\r\n")
        if reply:
            connection.sendall(reply)
        return reply is not None


@contextmanager
def scripted(replies: Mapping[str, bytes | None]) -> Iterator[Script]:
    """Play a script on a port of the loopback, one connection after the other."""
    script = Script({**ORDINARY, **replies})
    with socket.create_server(("127.0.0.1", 0)) as listening:
        script.port = listening.getsockname()[1]

        def serve() -> None:
            while True:
                connection, _ = listening.accept()
                if script.ended:
                    connection.close()
                    return
                with suppress(OSError):
                    script.talk(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield script
        finally:
            script.ended = True
            socket.create_connection(("127.0.0.1", script.port)).close()
            thread.join()
