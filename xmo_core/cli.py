"""The `xmo` command. Nothing heavy is imported here: `xmo --help` must answer at once."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from xmo_hooks import ConfigError, XmoError

if TYPE_CHECKING:
    from xmo_core.office import Office
    from xmo_core.options import LogOptions

DONE, FAILED, USAGE, HELD = 0, 1, 2, 75

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
    "serve": ("xmo_core.commands.serve:serve", "Serve the pages on which people answer."),
    "pause": ("xmo_core.commands.ask:pause", "Stop asking at once."),
    "resume": ("xmo_core.commands.ask:resume", "Go on asking."),
    "invitations": ("xmo_core.commands.ask:invitations", "Show and withdraw questions on their way."),
    "db": ("xmo_core.commands.store:db", "Upgrade or back up the store."),
    "sandbox": ("xmo_core.commands.serve:sandbox", "Serve a stand-in for a vendor's API."),
}


class Surroundings:
    """The global options, and the office that they open once a command asks for it."""

    def __init__(self, config: Path, now: datetime | None, log_format: Any, verbose: bool) -> None:
        self.config, self.now = config, now
        self._log_format, self._verbose = log_format, verbose
        self._office: Office | None = None

    def office(self) -> Office:
        """Read the config, load the plugins, and set the logs up as the config says."""
        if self._office is None:
            from xmo_core.office import open_office

            self._office = open_office(self.config, self.now)
            self._configure_logs(self._office.config.log)
        return self._office

    def _configure_logs(self, options: LogOptions) -> None:
        from xmo_core import logs

        # at a terminal the progress and the summary speak; the log keeps to what is wrong
        level = "debug" if self._verbose else "warning" if sys.stderr.isatty() else options.level
        logs.configure(replace(options, level=level, format=self._log_format or options.format))


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
        return [*_COMMANDS, *sorted(_plugin_commands())]

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        """Import one command."""
        if name in _COMMANDS:
            module, _, attribute = _COMMANDS[name][0].partition(":")
            return cast("click.Command", getattr(import_module(module), attribute))
        entry = _plugin_commands().get(name)
        return cast("click.Command", entry.load()) if entry else None

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])
        if plugin_commands := _plugin_commands():
            with formatter.section("Commands of plugins"):
                formatter.write_dl([(name, f"See `xmo {name} --help`.") for name in sorted(plugin_commands)])


def _plugin_commands() -> dict[str, Any]:
    from importlib.metadata import entry_points

    return {entry.name: entry for entry in entry_points(group="xmo.commands") if entry.name not in _COMMANDS}


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="XMO_CONFIG",
    default="xmo.toml",
    show_default=True,
    help="The config file (or the variable XMO_CONFIG).",
)
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


def main() -> None:
    """Run the command and turn what went wrong into words and an exit code."""
    try:
        cli()
    except XmoError as error:
        say(error)
        sys.exit(exit_code(error))


def exit_code(error: XmoError) -> int:
    """Return the exit code of an error."""
    if isinstance(error, ConfigError):
        return USAGE
    return HELD if type(error).__name__ == "LeaseHeldError" else FAILED


def say(error: XmoError) -> None:
    """Tell an error: what happened and where, then what to do next."""
    from xmo_core.secrets import redact

    click.secho(redact(str(error)), err=True, fg="red", bold=False)
    if error.hint:
        click.echo(redact(error.hint), err=True)
