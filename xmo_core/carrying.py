"""Who carries a question to its person: a channel that reaches them, else the comment in their ticket."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from sqlalchemy import Row

from xmo_core.channels import Open
from xmo_core.connected import Connected
from xmo_core.office import Office
from xmo_hooks import (
    AuthError,
    ConfigError,
    Conflict,
    Contact,
    Message,
    Occasion,
    RateLimited,
    Receipt,
    Ticket,
    Unavailable,
    XmoError,
)

# What leaves a question until the next run; any other refusal concerns this one ticket (closed, gone, not allowed).
LATER = (AuthError, ConfigError, Conflict, RateLimited, Unavailable)
# What is about us, and the same whichever tickets are asked for.
_OF_US = (AuthError, ConfigError, RateLimited)
_AT_ONCE = 100  # what every vendor gives in one answer


class Carrier(Protocol):
    """What carries one question."""

    @property
    def name(self) -> str:
        """Return the name of the source or the channel."""

    @property
    def channel(self) -> str | None:
        """Return the name of the channel, None for the ticket itself."""

    def reaches(self, occasion: Occasion) -> bool:
        """Say whether it can carry a question about this occasion."""

    def find(self, marker: str) -> Receipt | None:
        """Look whether a question with this marker arrived, where that can be asked."""

    def deliver(self, message: Message) -> Receipt:
        """Have it arrive."""


@dataclass(frozen=True, slots=True)
class InTicket:
    """A comment in the ticket, where that takes one."""

    name: str
    source: Connected
    ticket: Ticket
    takes: bool

    @property
    def channel(self) -> None:
        """See `Carrier`."""

    def reaches(self, occasion: Occasion) -> bool:  # noqa: ARG002 - whoever asked for help reads their ticket
        """See `Carrier`."""
        return self.takes

    def find(self, marker: str) -> Receipt | None:
        """See `Carrier`."""
        return self.source.find(self.ticket, marker)

    def deliver(self, message: Message) -> Receipt:
        """See `Carrier`."""
        return self.source.comment(self.ticket, message)


@dataclass(frozen=True, slots=True)
class ByChannel:
    """A message to the person; `to` is known for as long as it takes, and kept nowhere."""

    name: str
    opened: Open
    to: Contact

    @property
    def channel(self) -> str:
        """See `Carrier`."""
        return self.name

    def reaches(self, occasion: Occasion) -> bool:
        """See `Carrier`."""
        return self.opened.reaches(self.to, occasion)

    def find(self, marker: str) -> None:
        """Say nothing."""

    def deliver(self, message: Message) -> Receipt:
        """See `Carrier`."""
        return self.opened.deliver(self.to, message)


class Carriers:
    """What is at hand to carry questions: the sources that are known as they are now, and the channels."""

    def __init__(self, office: Office, sources: Mapping[str, Connected], channels: Mapping[str, Open]) -> None:
        self._office, self._sources, self._channels = office, sources, channels
        self._wanted: dict[str, dict[str, None]] = defaultdict(dict)
        self._contacts: dict[tuple[str, str], Contact | None] = {}

    def __contains__(self, source: object) -> bool:
        return source in self._sources

    def expect(self, rows: Iterable[Row[Any]]) -> None:
        """Note about which tickets there will be questions, so that their requesters can be asked for together."""
        for row in rows:
            self._wanted[row.source][row.key] = None

    def channels(self, source: str) -> list[str]:
        """Name the channels at hand for this source, in the order of the config."""
        return [name for name in self._office.config.channels_of(source) if name in self._channels]

    def in_ticket(self, source: str, ticket: Ticket) -> Carrier:
        """Return the comment in this ticket."""
        kind = self._office.config.sources[source].kind
        takes = "comment" in kind.can and ticket.state not in kind.final
        return InTicket(source, self._sources[source], ticket, takes)

    def ways(self, source: str, ticket: Ticket, to: Contact | None) -> Iterator[Carrier]:
        """Yield what could carry a question to this person, in the order in which it is tried."""
        if to is not None:
            yield from (ByChannel(name, self._channels[name], to) for name in self.channels(source))
        yield self.in_ticket(source, ticket)

    def contact(self, source: str, key: str) -> Contact | None:
        """Return who asked for help in this ticket, as its vendor shows it now; with it, those that are wanted next are
        looked for. Where these cannot be read together, this one is asked for alone: None where it never can be."""
        if (source, key) not in self._contacts:
            wanted = self._wanted[source]
            wanted.pop(key, None)
            batch = [key, *islice(wanted, _AT_ONCE - 1)]
            try:
                found = self._sources[source].contacts(batch)
            except _OF_US:
                raise
            except XmoError:
                batch, found = [key], self._alone(source, key)
            for one in batch:
                wanted.pop(one, None)
                self._contacts[source, one] = found.get(one)
        return self._contacts.pop((source, key))

    def _alone(self, source: str, key: str) -> dict[str, Contact]:
        try:
            return self._sources[source].contacts([key])
        except LATER:
            raise
        except XmoError:
            return {}
