"""Who carries a question to its person: a channel that reaches them, else the comment in their ticket."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Row

from xmo_core.channels import Open
from xmo_core.connected import Connected
from xmo_core.office import Office
from xmo_hooks import Contact, Invitation, Message, Receipt, Skip, Ticket

_AT_ONCE = 100  # what every vendor gives in one answer
_CHANGED = Skip(rule="core.changed", reason="The ticket has another requester.")
_UNREACHED = Skip(rule="core.unreached", reason="No channel reaches the person, and the ticket takes no comment.")


class Carrier(Protocol):
    """What carries one question."""

    @property
    def name(self) -> str:
        """Return the name of the source or the channel."""

    @property
    def channel(self) -> str | None:
        """Return the name of the channel, None for the ticket itself."""

    def find(self, marker: str) -> Receipt | None:
        """Look whether a question with this marker arrived, where that can be asked."""

    def deliver(self, message: Message) -> Receipt:
        """Have it arrive."""


@dataclass(frozen=True, slots=True)
class InTicket:
    """A comment in the ticket."""

    name: str
    source: Connected
    ticket: Ticket
    channel: None = None

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

    def find(self, marker: str) -> None:
        """Say nothing."""

    def deliver(self, message: Message) -> Receipt:
        """See `Carrier`."""
        return self.opened.deliver(self.to, message)


class Carriers:
    """What is at hand to carry questions: the sources that are known as they are now, and the channels."""

    def __init__(self, office: Office, sources: Mapping[str, Connected], channels: Mapping[str, Open]) -> None:
        self._office, self._sources, self._channels = office, sources, channels
        self._wanted: dict[str, list[str]] = defaultdict(list)
        self._contacts: dict[tuple[str, str], Contact] = {}

    def __contains__(self, source: object) -> bool:
        return source in self._sources

    def expect(self, rows: Iterable[Row[Any]]) -> None:
        """Note about which tickets there will be questions, so that their requesters can be asked for together."""
        for row in rows:
            self._wanted[row.source].append(row.key)

    def of(self, row: Row[Any], invitation: Invitation, *, in_ticket: bool) -> Carrier | Skip:
        """Choose what carries an invitation, by what its vendor says now of who asked for help, or say why nothing
        does; `in_ticket`: it may stand there already, so it goes nowhere else."""
        name = row.source
        names = [] if in_ticket else [one for one in self._office.config.channels_of(name) if one in self._channels]
        if names and (to := self._contact(name, row.key)) is not None:
            if self._office.keys.pseudonym(name, to) != row.person:
                return _CHANGED
            for one in names:
                if self._channels[one].reaches(to, invitation.occasion):
                    return ByChannel(one, self._channels[one], to)
        comments = "comment" in self._office.config.sources[name].kind.can
        return InTicket(name, self._sources[name], invitation.occasion.ticket) if comments else _UNREACHED

    def _contact(self, name: str, key: str) -> Contact | None:
        wanted = self._wanted[name]
        if key in wanted:  # in the order in which they are wanted: those before it had no need of one
            at = wanted.index(key)
            batch, self._wanted[name] = wanted[at : at + _AT_ONCE], wanted[at + _AT_ONCE :]
            found = self._sources[name].contacts(batch)
            self._contacts |= {(name, one): contact for one, contact in found.items()}
        return self._contacts.pop((name, key), None)
