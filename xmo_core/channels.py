"""A channel at work: its plugin's methods, here or in a process of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from xmo_core.connected import expect
from xmo_core.workshop import Workshop
from xmo_hooks import Channel, Contact, Finding, Message, Occasion, Receipt, XmoError

if TYPE_CHECKING:
    from xmo_core.http import Wait
    from xmo_core.office import Office


_ADDRESS = r"\S*(?:@|%40)\S*"  # also one that was cut off, or put into a path


class Open(Protocol):
    """What the line asks of a channel. Everything raises the errors of the contract, and nothing else."""

    def check(self) -> list[Finding]:
        """Return what the channel found."""

    def reaches(self, to: Contact, occasion: Occasion) -> bool:
        """Say whether it can carry a question about this occasion to this person."""

    def deliver(self, to: Contact, message: Message) -> Receipt:
        """Deliver one message."""


class ChannelHere:
    """One channel, in this process, connected when it is first asked."""

    def __init__(self, office: Office, name: str, on_wait: Callable[[Wait], None]) -> None:
        self._config = office.config.channels[name]
        self._workshop = Workshop(office, f"channels.{name}", self._config, on_wait)
        self.renewing = self._workshop.renewing

    @cached_property
    def _channel(self) -> Channel:
        return self._config.kind.make(self._config.options, self._workshop.tools)

    def check(self) -> list[Finding]:
        """See `Open`."""
        return [expect(Finding, finding) for finding in self._channel.check()]

    def reaches(self, to: Contact, occasion: Occasion) -> bool:
        """See `Open`."""
        with _nobody_named(to):
            return expect(bool, self._channel.reaches(to, occasion))

    def deliver(self, to: Contact, message: Message) -> Receipt:
        """See `Open`."""
        with _nobody_named(to):
            return expect(Receipt, self._channel.deliver(to, message))


@contextmanager
def _nobody_named(to: Contact) -> Iterator[None]:
    """Keep a person out of what a plugin says went wrong: it is logged, stored and shown."""
    try:
        yield
    except XmoError as error:
        known = [re.escape(one) for one in (to.email, to.name) if one]
        error.args = (re.sub("|".join([*known, _ADDRESS]), "***", str(error), flags=re.IGNORECASE),)
        raise


@contextmanager
def opened(office: Office, names: Iterable[str], on_wait: Callable[[Wait], None]) -> Iterator[Mapping[str, Open]]:
    """Make the channels, each in a process of its own. Nothing is sent yet. To be entered before the store is opened,
    as `connected` is."""
    if not office.apart:
        yield {name: ChannelHere(office, name, on_wait) for name in names}
        return
    from xmo_core.apart import ChannelApart

    with ExitStack() as stack:
        yield {name: stack.enter_context(ChannelApart(replace(office), name, on_wait)) for name in names}
