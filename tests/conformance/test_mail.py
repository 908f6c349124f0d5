"""The mail channel keeps what the kit asks of any channel, at a mail server that nobody here wrote."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from email import message_from_bytes
from email.policy import default
from typing import Any, ClassVar

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

import xmo_mail.plugin
from tests.mail.support import PASSWORD, Post, serving
from xmo_core.testing import ChannelTests
from xmo_hooks import Contact


class Office(Post):
    """A server that takes mail, but for somebody who moved."""

    async def handle_RCPT(  # noqa: N802 - the server's name for it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("moved@"):
            return f"550 5.1.1 <{address}>: no such mailbox"
        return await super().handle_RCPT(server, session, envelope, address, options)


def text(envelope: Envelope) -> str:
    assert isinstance(envelope.content, bytes)
    return str(message_from_bytes(envelope.content, policy=default).get_content())


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
        return self._served(self.office)

    def at(self, host: str, port: int) -> Mapping[str, Any]:
        return {"host": host, "port": port}

    def arrived(self) -> list[str]:
        return [text(envelope) for envelope in self.office.taken]

    def inbox(self, to: Contact) -> list[str]:
        return [text(envelope) for envelope in self.office.taken if to.email in envelope.rcpt_tos]

    def refusing(self) -> tuple[str, int]:
        return self._served(Office(password="another"))

    def _served(self, office: Office) -> tuple[str, int]:
        served = serving(office, auth_required=True, auth_require_tls=False)
        return "127.0.0.1", self.servers.enter_context(served).port
