"""`xmo report`, `status`: what there is to see."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import click
from marshmallow import ValidationError

from xmo_core.cli import FAILED, Surroundings, writing_files
from xmo_core.figures import publish, render, tables
from xmo_core.line import score_only
from xmo_core.office import Office
from xmo_core.options import Duration
from xmo_core.overview import overview
from xmo_core.store.runs import latest
from xmo_core.summary import show_status, show_tables


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=".",
    show_default=True,
    help="The folder to write the files into.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON and write no file.")
@click.pass_obj
def report(surroundings: Surroundings, out: Path, as_json: bool) -> None:
    """Score what was answered, compute the figures, publish those that may be shown, and write the report.

    \b
    Example:
      xmo report --out /var/www/xmo
    """

    office = surroundings.office()
    score_only(office)
    released = tables(office)
    publish(office, released)
    if as_json:
        click.echo(json.dumps([asdict(table) for table in released], indent=2))
    else:
        show_tables(released)
        with writing_files():
            written = render(office, released, out)
        for path in written:
            click.echo(f"Wrote {path}.")
    for plugin in office.registry.failures:
        click.secho(f"{plugin.name}: {plugin.hook} failed: {plugin.reason}", err=True, fg="red")
    if office.registry.failures:
        sys.exit(FAILED)


def _duration(_ctx: click.Context, _param: click.Parameter, value: str | None) -> timedelta | None:
    try:
        return None if value is None else Duration().deserialize(value)
    except ValidationError as error:
        raise click.BadParameter(str(error.messages[0])) from None


@click.command()
@click.option("--max-age", callback=_duration, metavar="DURATION", help="Exit 1 when the last good run is older: 1h.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def status(surroundings: Surroundings, max_age: timedelta | None, as_json: bool) -> None:
    """Show the last runs and what waits. With --max-age, exit 1 when the last run failed or is too old: for a monitor.

    \b
    Example:
      xmo status --max-age 1h
    """

    office = surroundings.office()
    runs, counts = latest(office.store, limit=10), overview(office)
    if as_json:
        click.echo(json.dumps({"runs": runs, "waiting": counts}, indent=2, default=str))
    else:
        show_status(runs, counts)
    trouble = _trouble(office, max_age) if max_age else None
    if trouble:
        click.secho(trouble, err=True, fg="red")
        sys.exit(FAILED)


def _trouble(office: Office, max_age: timedelta) -> str | None:
    """Say what is wrong with the newest run of the line, if anything is."""

    runs = latest(office.store, "run")
    if not runs:
        return "There has been no run."
    last = runs[0]
    if last["state"] == "failed":
        return "The last run failed: " + "; ".join(f"{who}: {why}" for who, why in last["errors"].items())
    if office.now() - last["now"] > max_age:
        return f"The last run was at {last['now']:%Y-%m-%d %H:%M} UTC, longer ago than allowed."
    return None
