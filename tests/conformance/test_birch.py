"""The kit's promises for channels: a small channel keeps them, and each way to break one is told by its test."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tests.conformance import birch
from xmo_core.testing import ChannelTests
from xmo_hooks import Contact


class TestBirch(ChannelTests):
    plugin = birch.offering(birch.Birch)
    options = MappingProxyType({"token": "t0ken-for-tests"})
    stranger = Contact(key="nobody", email="nobody@example.com", name="Nobody Example")

    def service(self) -> birch.Chat:
        self.chat = birch.Chat("t0ken-for-tests")
        return self.chat

    def arrived(self) -> list[str]:
        return [sent["text"] for sent in self.chat.arrived]

    def inbox(self, to: Contact) -> list[str]:
        return [sent["text"] for sent in self.chat.arrived if sent["to"] == to.email]

    def refusing(self) -> birch.Chat:
        return birch.Chat("another-token")
