"""What an integrator says about a channel under test, and the bench that is made of it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

import pytest

from xmo_core.http import Session
from xmo_core.office import Office
from xmo_core.registry import Registry
from xmo_core.secrets import is_secret
from xmo_core.testing.bench import NAME, Told, handed, read_config, registry_of
from xmo_core.testing.clock import Clock
from xmo_core.testing.kept import attempt
from xmo_core.testing.made import makers
from xmo_core.testing.server import serving
from xmo_core.testing.tcp import Address, plugged
from xmo_hooks import Channel, Contact, Message, Occasion, Receipt

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    Service = WSGIApplication | Address

_SECTION = f"channels.{NAME}"
# Signs that HTML, JSON and mail write otherwise, and lines that mail takes for its own.
_WORDS = (
    'How was it with "Tür & Tor"? <Please> tell us – 密码',
    ".a line that begins with a dot",
    "From a line that begins as mails do",
)


def question() -> Message:
    """Write a question with a marker and a link of its own."""
    marker = f"xmo:{secrets.token_urlsafe(12)}"
    link = f"https://feedback.example.com/a/{secrets.token_urlsafe(12)}.{secrets.token_urlsafe(18)}"
    return Message(
        marker=marker,
        text="\n".join((*_WORDS, "", link, "", f"[{marker}]")),
        subject="Tür & Tor: has it been resolved?",
    )


class ChannelBench:
    """One service, the cable before it, and channels that deliver to it. Each `channel()` is a new one, as in a new
    run."""

    def __init__(
        self,
        stack: ExitStack,
        folder: Path,
        registry: Registry,
        service: Address,
        options: Callable[[Address], Mapping[str, Any]],
        now: datetime | None,
    ) -> None:
        self._stack, self._folder, self._registry, self._options = stack, folder, registry, options
        self.clock, self.log = Clock(now), Told()
        self.cable = stack.enter_context(plugged(service))
        self.options = options(self.cable.address)

    def read(self, options: Mapping[str, Any]) -> Office:
        """Read a config with these options of the channel, as every command does; raises `ConfigError`."""
        written = {name: self._written(name, value) for name, value in options.items()}
        config = read_config(self._folder, self._registry, {_SECTION: written})
        return Office(config, self._registry, self.clock.now, self.clock.now)

    def channel(self, address: Address | None = None) -> Channel:
        """Make a channel with a session of its own, as each run does; it delivers to the cable, or to this address."""
        office = self.read(self._options(address or self.cable.address))
        self._stack.callback(office.close)
        config = office.config.channels[NAME]
        tools = handed(self._stack, office, _SECTION, self.clock, self.log, Session)
        return config.kind.make(config.options, tools)

    def deliver(self, to: Contact, message: Message, address: Address | None = None) -> Receipt | Exception:
        """Deliver one message by a new channel, and return what it says."""
        return attempt(partial(self.channel(address).deliver, to, message))

    def _written(self, name: str, value: Any) -> Any:
        """Put a secret into a file, as a config does."""
        if not (isinstance(value, str) and is_secret(name)):
            return value
        (self._folder / f"{name}.secret").write_text(value, encoding="utf-8")
        return {"file": f"{name}.secret"}


class ChannelSetup:
    """The channel under test: what its tests are told, and what they are handed."""

    kind: str = ""
    """The kind of channel, as in `kind = "…"`; may be left out where `plugin` offers only one."""
    plugin: ModuleType | None = None
    """The plugin's module; without it, all plugins that are installed are looked through."""
    options: ClassVar[Mapping[str, Any]] = {}
    """What stands in [channels.NAME] besides `kind` and where the service is."""
    to: Contact = Contact(key="ash", email="ash@example.com", name="Ash Example", language="en")
    """Somebody whom the channel reaches."""
    other: Contact = Contact(key="elm", email="elm@example.com", name="Elm Example", language="en")
    """Somebody else whom it reaches."""
    unreached: Contact | None = None
    """Somebody whom it does not reach."""
    stranger: Contact | None = None
    """Somebody whom the service refuses."""
    secrets: Sequence[str] = ()
    """Secrets among the options that their names do not give away."""
    now: datetime | None = None
    """When the tests play; the real time by default."""

    def service(self) -> Service:
        """Return what the channel delivers to, with nothing in it: a WSGI app, or host and port of a server that
        runs."""
        raise pytest.UsageError(f"{type(self).__name__} has no service: write `def service(self)`, return a WSGI app.")

    def at(self, host: str, port: int) -> Mapping[str, Any]:
        """Return the options by which the service is reached there."""
        return {"url": f"http://{host}:{port}"}

    def arrived(self) -> Sequence[str]:
        """Return the texts of all messages that have arrived at the service, as people read them."""
        raise pytest.UsageError(f"Write `def arrived(self)` of {type(self).__name__}: the texts of all that arrived.")

    def inbox(self, to: Contact) -> Sequence[str] | None:  # noqa: ARG002 - for whoever overrides it
        """Return the texts of those that have arrived for this person, where the service can tell."""
        return None

    def refusing(self) -> Service | None:
        """Return a service that refuses the log-in, if you have one."""
        return None

    def occasion(self) -> Occasion:
        """Return what `to` is asked about."""
        made = makers()[1].record(Occasion)
        return replace(made, ticket=replace(made.ticket, requester=self.to))

    @pytest.fixture
    def stack(self) -> Iterator[ExitStack]:
        """Close what a test has opened."""
        with ExitStack() as stack:
            yield stack

    @pytest.fixture
    def bench(self, stack: ExitStack, tmp_path: Path) -> ChannelBench:
        """Serve the service, and make what delivers to it."""
        return self.bench_for(self.service(), stack, tmp_path)

    @pytest.fixture
    def reached(self, bench: ChannelBench) -> ChannelBench:
        """Make what delivers to the service, where the channel reaches `to`: what becomes of others proves nothing."""
        told = attempt(partial(bench.channel().reaches, self.to, self.occasion()))
        if told is not True:
            pytest.skip(f"See test_the_person_is_reached: `reaches` says {told!r} of `to`.")
        return bench

    @pytest.fixture
    def refused(self, stack: ExitStack, tmp_path: Path) -> ChannelBench:
        """Make what delivers to a service that refuses the log-in."""
        if (service := self.refusing()) is None:
            pytest.skip("Write `def refusing(self)`, and return a service that refuses the log-in.")
        return self.bench_for(service, stack, tmp_path)

    def bench_for(self, service: Service, stack: ExitStack, folder: Path) -> ChannelBench:
        """Make the bench of one service."""
        registry = registry_of(self.plugin)
        kind = self.kind or next(iter(registry.channels()))

        def options(address: Address) -> Mapping[str, Any]:
            return {"kind": kind, **self.at(*address), **self.options}

        address = service if isinstance(service, tuple) else _address(stack.enter_context(serving(service)))
        return ChannelBench(stack, folder, registry, address, options, self.now)

    def count(self, bench: ChannelBench, message: Message) -> int:
        """Say how often a message has arrived, once all connections have ended."""
        bench.cable.hang_up()
        return sum(message.marker in text for text in self.texts())

    def texts(self) -> Sequence[str]:
        """Return what has arrived, after a look whether it is text."""
        texts = self.arrived()
        assert all(isinstance(text, str) for text in texts), "`arrived` returns the texts of the messages, as str."
        return texts


def _address(url: str) -> Address:
    parts = urlsplit(url)
    return str(parts.hostname), parts.port or 80
