"""What a source promises about its options, and about what must never be read in a log or an error."""

import base64
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from xmo_core.secrets import is_secret
from xmo_core.testing import faults
from xmo_core.testing.bench import NAME, Bench
from xmo_core.testing.kept import Kept, attempt
from xmo_core.testing.overheard import SHORTEST, around, raised
from xmo_core.testing.setup import Setup
from xmo_core.testing.wire import Answer, Ask, Call, Plan, no_trouble
from xmo_core.testing.writing import message
from xmo_hooks import ConfigError


class DiscretionTests(Setup):
    """Options, secrets and personal data."""

    def test_an_unknown_option_is_refused_by_name(self, bench: Bench) -> None:
        """A misspelt option that is passed over is a setting that silently does not hold."""
        told = attempt(lambda: bench.read({**bench.options, "ulr": "https://example.com"}))
        assert isinstance(told, ConfigError), (
            f"The unknown option `ulr` led to {told!r}: leave `unknown` of the schema at RAISE."
        )
        for word in ("ulr", '"url"'):
            assert word in str(told), f"An unknown option is refused without its name and the nearest one: {told}"

    def test_the_address_is_an_option_that_must_be_given(self, bench: Bench) -> None:
        """Each source has a `url`: pages, proxies and this kit rely on it."""
        without = {name: value for name, value in bench.options.items() if name != "url"}
        told = attempt(lambda: bench.read(without))
        refused = isinstance(told, ConfigError) and f"{NAME}.url:" in str(told)
        assert refused, f"A config without `url` led to {told!r}: make it a required option of the schema."

    def test_options_do_not_show_their_secrets(self, bench: Bench) -> None:
        """Options end up in tracebacks and debuggers: what is secret prints `***`."""
        shown = repr(bench.config.sources[NAME].options)
        told = [name for name, secret in self._secrets(bench) if secret in shown]
        assert not told, (
            f"`repr` of the options shows {told[0]}: keep the value as it was handed in, or hide the field."
        )

    def test_no_secret_stands_in_logs_or_errors(self, bench: Bench, gossip: str) -> None:
        """Logs are sent around when something fails: no password, token or log-in header stands in what a source logs,
        prints or raises."""
        secrets = dict(self._secrets(bench)) | {f"the header {value[:6]}…": value for value in _log_ins(bench)}
        told = [name for name, secret in secrets.items() if secret in gossip]
        assert not told, f"{told[0]} stands in a log or an error: {around(gossip, secrets[told[0]])}"

    def test_no_person_stands_in_logs_or_errors(self, whole: Kept, gossip: str) -> None:
        """Who asked for help is nobody's business who reads a log: no name and no address of a requester stands in
        it."""
        people = [ticket.requester for ticket in whole.tickets.values() if ticket.requester]
        private = {value for person in people for value in (person.email, person.name) if value}
        told = [value for value in private if len(value) >= SHORTEST and value in gossip]
        assert not told, f"A requester stands in a log or an error: {around(gossip, told[0])}"

    @pytest.fixture
    def gossip(
        self, bench: Bench, whole: Kept, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> str:
        """Bring the source into all kinds of trouble, and listen to all that it logs, prints and raises."""
        caplog.set_level(logging.DEBUG)
        heard = [trouble for plan in _plans() for trouble in self._in(bench, whole, plan)]
        told = capfd.readouterr()
        return "\n".join([*heard, *bench.log.lines, caplog.text, told.out, told.err, repr(bench.source())])

    def _in(self, bench: Bench, whole: Kept, plan: Plan) -> Iterator[str]:
        source = bench.source()
        ticket = next(iter(whole.tickets.values()))
        actions: list[Callable[[], Any]] = [
            lambda: list(source.check()),
            lambda: Kept().take(source, source.fetch(None, None)),
        ]
        if "comment" in bench.kind.can:
            writer = bench.writer()
            actions += [lambda: writer.find(ticket, message().marker), lambda: writer.comment(ticket, message())]
        bench.wire.plan = plan
        for action in actions:
            yield from raised(action)
        bench.wire.plan = no_trouble
        for row in whole.rows:
            yield from raised(lambda row=row: list(source.parse(_without_times(row))))  # type: ignore[misc]

    def _secrets(self, bench: Bench) -> Iterator[tuple[str, str]]:
        for name, value in bench.options.items():
            if isinstance(value, str) and (is_secret(name) or value in self.secrets) and len(value) >= SHORTEST:
                yield f"the option {name}", value


def _plans() -> list[Plan]:
    statuses = ("401 Unauthorized", "403 Forbidden", "503 Service Unavailable")
    refusals = [faults.always(faults.refuses(status)) for status in statuses]
    return [*refusals, faults.always(_echo), faults.always(faults.halved), faults.after(1, faults.halved)]


def _echo(call: Call, _ask: Ask) -> Answer:
    """Refuse with a message that repeats what was sent, as some vendors do."""
    body = f'{{"error": {{"message": "no log-in with {call.log_in}"}}}}'
    return Answer("400 Bad Request", [("Content-Type", "application/json")], body.encode())


def _without_times(row: Any) -> Any:
    """Spoil each text of a row a little, so that no time, number or key in it can be read."""
    if isinstance(row, dict):
        return {name: _without_times(value) for name, value in row.items()}
    if isinstance(row, list):
        return [_without_times(value) for value in row]
    return f"{row}?" if isinstance(row, str) and row[:1].isdigit() else row


def _log_ins(bench: Bench) -> Iterator[str]:
    for log_in in {call.log_in for call in bench.wire.calls}:
        scheme, _, value = log_in.partition(" ")
        if len(value) >= SHORTEST:
            yield value
        if scheme == "Basic":
            yield base64.b64decode(value).decode("utf-8", "replace").partition(":")[2]
