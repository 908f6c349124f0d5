"""What every channel promises, as tests to inherit: the last of them are about what must never be read in a log."""

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from xmo_core.secrets import is_secret
from xmo_core.testing.bench import NAME
from xmo_core.testing.channel_setup import ChannelBench, ChannelSetup, question
from xmo_core.testing.delivering import ADDRESSES, DeliverTests
from xmo_core.testing.kept import attempt
from xmo_core.testing.overheard import SHORTEST, decoded, raised, standing
from xmo_core.testing.reaching import ReachTests
from xmo_core.testing.tcp import Address, Side, cuts, nobody
from xmo_hooks import ConfigError, Message

_SIDES: tuple[Side, ...] = ("service", "channel")


class SilenceTests(ChannelSetup):
    """Options, secrets and personal data."""

    def test_an_unknown_option_is_refused_by_name(self, bench: ChannelBench) -> None:
        """A misspelt option that is passed over is a setting that silently does not hold."""
        known = next(name for name in bench.options if name != "kind")
        told = attempt(lambda: bench.read({**bench.options, f"{known}x": "x"}))
        assert isinstance(told, ConfigError), (
            f"The unknown option `{known}x` led to {told!r}: leave `unknown` of the schema at RAISE."
        )
        for word in (f"{known}x", f'"{known}"'):
            assert word in str(told), f"An unknown option is refused without its name and the nearest one: {told}"

    def test_options_do_not_show_their_secrets(self, bench: ChannelBench) -> None:
        """Options end up in tracebacks and debuggers: what is secret prints `***`."""
        shown = repr(bench.read(bench.options).config.channels[NAME].options)
        told = [name for name, secret in self._secrets(bench) if secret in shown]
        assert not told, (
            f"`repr` of the options shows {told[0]}: keep the value as it was handed in, or hide the field."
        )

    def test_no_secret_stands_in_logs_or_errors(self, bench: ChannelBench, gossip: Mapping[str, str]) -> None:
        """Logs are sent around when something fails: no password and no token stands in what a channel logs, prints or
        raises, not in base64 either."""
        for name, secret in self._secrets(bench):
            told = standing(gossip, secret)
            assert not told, f"{name} stands in {told}"

    def test_no_person_and_no_words_stand_in_logs_or_errors(self, message: Message, gossip: Mapping[str, str]) -> None:
        """Who is asked about what is nobody's business who reads a log, and whoever reads the link there can answer:
        no name, no address and none of the words stands in it."""
        people = [person for person in (self.to, self.other, self.unreached, self.stranger) if person]
        private = [value for person in people for value in (person.email, person.name)]
        words = [message.subject, *message.text.splitlines()]
        for value in (*private, *(line for line in words if message.marker not in line)):
            told = standing(gossip, value) if value and len(value) >= SHORTEST else ""
            assert not told, f"A person or their message stands in {told}"

    @pytest.fixture
    def message(self) -> Message:
        """Write the message whose words are listened for."""
        return question()

    @pytest.fixture
    def gossip(
        self,
        reached: ChannelBench,
        message: Message,
        caplog: pytest.LogCaptureFixture,
        capfd: pytest.CaptureFixture[str],
        stack: ExitStack,
        tmp_path: Path,
    ) -> Mapping[str, str]:
        """Bring the channel into all kinds of trouble, and listen to all that it logs, prints and raises."""
        refusing = self.refusing()
        refused = [] if refusing is None else [self.bench_for(refusing, stack, tmp_path)]
        return self.listen([reached, *refused], message, caplog, capfd)

    def listen(
        self,
        benches: Sequence[ChannelBench],
        message: Message,
        caplog: pytest.LogCaptureFixture,
        capfd: pytest.CaptureFixture[str],
    ) -> Mapping[str, str]:
        """Return what was heard, by where, and what stands in it in base64."""
        caplog.set_level(logging.DEBUG)
        errors = [*self._troubles(benches[0], message)]
        errors += [trouble for refused in benches[1:] for trouble in self._does(refused, message)]
        logged = [line for bench in benches for line in bench.log.lines]
        # what the service logs, in threads of its own, is not the channel's
        ours = [record for record in caplog.records if record.thread == threading.get_ident()]
        told = capfd.readouterr()
        heard = {
            "an error": "\n".join(errors),
            "a log": "\n".join([*logged, *map(logging.Formatter().format, ours)]),
            "stdout": told.out,
            "stderr": told.err,
            "`repr` of the channel": repr(benches[0].channel()),
        }
        return {where: f"{text}\n{decoded(text)}" for where, text in heard.items()}

    def _troubles(self, bench: ChannelBench, message: Message) -> Iterator[str]:
        yield from self._does(bench, message)
        bench.cable.hang_up()
        for cut in [cut for side in _SIDES for cut in cuts(bench.cable, side)[::2]]:
            bench.cable.mend(cut)
            yield from raised(lambda: bench.channel().deliver(self.to, message))
            bench.cable.hang_up()
        bench.cable.mend()
        strange = [replace(self.to, key=address, email=address) for address in ADDRESSES]
        for person in (*strange, replace(self.to, name=f"{self.to.name}\n"), self.other, self.stranger):
            if person is not None:
                yield from raised(lambda person=person: bench.channel().deliver(person, message))  # type: ignore[misc]
        with nobody() as address:
            yield from self._does(bench, message, address)

    def _does(self, bench: ChannelBench, message: Message, address: Address | None = None) -> Iterator[str]:
        channel = bench.channel(address)
        yield from raised(lambda: list(channel.check()))
        yield from raised(lambda: channel.deliver(self.to, message))

    def _secrets(self, bench: ChannelBench) -> Iterator[tuple[str, str]]:
        for name, value in bench.options.items():
            if isinstance(value, str) and (is_secret(name) or value in self.secrets) and len(value) >= SHORTEST:
                yield f"the option {name}", value


class ChannelTests(DeliverTests, ReachTests, SilenceTests):
    """Inherit from this, name your `kind` (or your `plugin`), its `options`, a `service`, and what has `arrived`."""
