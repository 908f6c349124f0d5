"""The mail channel keeps what the kit asks of any channel, at a mail server that nobody here wrote."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from email import message_from_bytes
from email.policy import default
from threading import Thread
from typing import Any, ClassVar

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

import xmo_mail.plugin
from xmo_core.testing import ChannelTests
from xmo_hooks import Contact

PASSWORD = "made-up-for-tests"


class Office:
    """What the server does with mail: it keeps it, but for somebody who moved."""

    def __init__(self) -> None:
        self.taken: list[tuple[list[str], str]] = []

    async def handle_RCPT(  # noqa: N802 - the server's name for it
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address.startswith("moved@"):
            return f"550 5.1.1 <{address}>: no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        text = str(message_from_bytes(content, policy=default).get_content())
        self.taken.append((list(envelope.rcpt_tos), text))
        return "250 2.0.0 taken"


@contextmanager
def serving(office: Office, password: str) -> Iterator[tuple[str, int]]:
    """Serve until the block ends; gives host and port."""

    def log_in(_server: SMTP, _session: Session, _envelope: Envelope, _how: str, given: Any) -> AuthResult:
        right = isinstance(given, LoginPassword) and given.password == password.encode()
        return AuthResult(success=right, handled=False)

    def answer() -> SMTP:
        return SMTP(office, authenticator=log_in, auth_required=True, auth_require_tls=False, hostname="mail.test")

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(answer, "127.0.0.1", 0))
    thread = Thread(target=loop.run_forever, name="mail server")
    thread.start()
    try:
        yield server.sockets[0].getsockname()
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


@pytest.mark.filterwarnings("ignore:Requiring AUTH:UserWarning")  # on the loopback alone
class TestMail(ChannelTests):
    plugin = xmo_mail.plugin
    options: ClassVar = {
        "security": "none",
        "username": "xmo",
        "password": PASSWORD,
        "sender": "Northwind IT <feedback@example.com>",
    }
    unreached = Contact(key="oak", name="Oak Example")
    stranger = Contact(key="moved", email="moved@example.com", name="Moved Example")

    @pytest.fixture(autouse=True)
    def offices(self) -> Iterator[None]:
        self.office = Office()
        with ExitStack() as self.servers:
            yield

    def service(self) -> tuple[str, int]:
        return self.servers.enter_context(serving(self.office, PASSWORD))

    def at(self, host: str, port: int) -> Mapping[str, Any]:
        return {"host": host, "port": port}

    def arrived(self) -> list[str]:
        return [text for _, text in self.office.taken]

    def inbox(self, to: Contact) -> list[str]:
        return [text for addresses, text in self.office.taken if to.email in addresses]

    def refusing(self) -> tuple[str, int]:
        return self.servers.enter_context(serving(Office(), "another"))
