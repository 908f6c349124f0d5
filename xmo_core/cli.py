"""The `xmo` command. Nothing heavy is imported here: `xmo --help` must answer at once."""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, cast

import click

from xmo_hooks import ConfigError, XmoError

if TYPE_CHECKING:
    from xmo_core.office import Office

DONE, FAILED, USAGE, HELD = 0, 1, 2, 75
FILE = click.Path(path_type=Path, dir_okay=False)
EXISTING = click.Path(path_type=Path, dir_okay=False, exists=True)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

# name: (where it lives, what the list of commands says); the order is that of a first day.
_COMMANDS = {
    "init": ("xmo_core.commands.setup:init", "Write a config to start from."),
    "plugins": ("xmo_core.commands.setup:plugins", "List the plugins, and what is wrong with the broken ones."),
    "check": ("xmo_core.commands.setup:check", "Check config, store, log-ins, fields, states and clocks."),
    "run": ("xmo_core.commands.work:run", "Run the line once: fetch, decide, ask, score."),
    "sync": ("xmo_core.commands.work:sync", "Fetch tickets, and ask nobody."),
    "report": ("xmo_core.commands.show:report", "Compute the figures and write the report."),
    "status": ("xmo_core.commands.show:status", "Show the last runs; exit 1 when they are too old or failed."),
    "quarantine": ("xmo_core.commands.work:quarantine", "Show and replay rows that could not be understood."),
    "serve": ("xmo_core.commands.serve:serve", "Serve the pages on which people answer, and hear webhooks."),
    "pause": ("xmo_core.commands.ask:pause", "Stop asking at once."),
    "resume": ("xmo_core.commands.ask:resume", "Go on asking."),
    "invitations": ("xmo_core.commands.ask:invitations", "Show and withdraw questions on their way."),
    "db": ("xmo_core.commands.store:db", "Upgrade or back up the store."),
    "sandbox": ("xmo_core.commands.serve:sandbox", "Serve a stand-in for a vendor's API."),
}


class Surroundings:
    """The global options, and the office that they open once a command asks for it."""

    def __init__(self, config: Path, now: datetime | None, log_format: Any, verbose: bool) -> None:
        self.config, self.now, self._log_format, self._verbose = config, now, log_format, verbose

    @property
    def arguments(self) -> list[str]:
        """The global options as a command line has them, for a process of the same surroundings."""
        given = {"--config": self.config, "--now": self.now and self.now.isoformat(), "--log-format": self._log_format}
        options = [str(part) for name, value in given.items() if value for part in (name, value)]
        return [*options, "--verbose"] if self._verbose else options

    def office(self, *, sources: bool = False) -> Office:
        """Read the config, load the plugins, and set the logs up as the config says; `sources`: for what calls them."""
        from xmo_core import logs
        from xmo_core.office import open_office

        office = open_office(self.config, self.now, sources=sources)
        click.get_current_context().call_on_close(office.close)
        options = office.config.log
        # at a terminal the progress and the summary speak; the log keeps to what is wrong
        level = "debug" if self._verbose else "warning" if sys.stderr.isatty() else options.level
        logs.configure(replace(options, level=level, format=self._log_format or options.format))
        return office


class Moment(click.ParamType[datetime]):
    """A point in time, `2026-01-31T10:00:00Z`; without a zone it is UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read ISO 8601."""
        if isinstance(value, datetime):
            return value
        try:
            read = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a time; write it as 2026-01-31T10:00:00Z.", param, ctx)
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


class Commands(click.Group):
    """The core's commands and those of plugins (entry points of group `xmo.commands`), each loaded when called."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Name all commands."""
        return [*_COMMANDS, *_of_plugins()]

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        """Import one command."""
        found = _COMMANDS.get(name) or _of_plugins().get(name)
        return cast("click.Command", resolve_name(found[0])) if found else None

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in (_COMMANDS | _of_plugins()).items()])


def _of_plugins() -> dict[str, tuple[str, str]]:
    from importlib.metadata import entry_points

    points = sorted(entry_points(group="xmo.commands"))
    return {p.name: (p.value, f"See `xmo {p.name} --help`.") for p in points if p.name not in _COMMANDS}


_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100, "show_default": True}


@click.group(cls=Commands, context_settings=_SETTINGS)
@click.option("--config", type=FILE, envvar="XMO_CONFIG", default="xmo.toml", help="The config file (or $XMO_CONFIG).")
@click.option("--now", type=Moment(), help="Pretend that it is this time, for replays: 2026-01-31T10:00:00Z.")
@click.option("--log-format", type=click.Choice(["text", "json"]), help="How to log to stderr [default: [log] format].")
@click.option("-v", "--verbose", is_flag=True, help="Log more.")
@click.version_option(package_name="xmo-core", prog_name="xmo")
@click.pass_context
def cli(ctx: click.Context, config: Path, now: datetime | None, log_format: str | None, verbose: bool) -> None:
    """XMO asks the people whom IT served how it made them feel: once, when the problem is over.

    \b
    A first day:
      xmo init            write xmo.toml and xmo.key, then fill in your system
      xmo check           see whether all is as it should be
      xmo run             fetch tickets, ask, score; put this into a timer
      xmo serve           the pages on which people answer
      xmo report          what they said

    Exit codes: 0 done, 1 something failed and is named, 2 usage or configuration, 75 another run is at work.
    """
    ctx.obj = Surroundings(config, now, log_format, verbose)


@contextmanager
def writing_files() -> Iterator[None]:
    """Say in plain words which file cannot be written, and why."""
    try:
        yield
    except OSError as error:
        raise ConfigError(f"{error.filename} cannot be written: {error.strerror}.", hint="Name another.") from None


def show_json(document: Any) -> None:
    """Print a document for a program that reads along; times are in ISO 8601."""
    import orjson

    # the names of the store's columns are a kind of str of their own
    click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS))


def main() -> None:
    """Run the command and turn what went wrong into words, what happened and what to do next, and an exit code."""
    # What a start makes stays to the end. To look for garbage in it took a twentieth of a run with nothing new, and to
    # do so once more when all is over a sixth.
    gc.set_threshold(50_000, 20, 50)
    atexit.register(gc.freeze)
    try:
        cli(prog_name="xmo")
    except XmoError as error:
        from xmo_core.secrets import redact

        click.secho(redact(str(error)), err=True, fg="red")
        if error.hint:
            click.echo(redact(error.hint), err=True)
        sys.exit(exit_code(error))


def exit_code(error: XmoError) -> int:
    """Return the exit code of an error."""
    if isinstance(error, ConfigError):
        return USAGE
    return HELD if type(error).__name__ == "LeaseHeldError" else FAILED
