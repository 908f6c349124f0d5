"""`xmo report`, `status`: what there is to see."""

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
from marshmallow import ValidationError

from xmo_core.asking import read_switch
from xmo_core.cli import AS_JSON, FAILED, Surroundings, show_json, writing_files
from xmo_core.figures import publish, render, tables
from xmo_core.line import score_only
from xmo_core.options import Duration
from xmo_core.overview import overview
from xmo_core.store.runs import latest
from xmo_core.summary import show_status, show_tables

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.option("--out", type=_FOLDER, default=".", help="The folder to write the files into.")
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
        show_json(released)
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
@AS_JSON
@click.pass_obj
def status(surroundings: Surroundings, max_age: timedelta | None, as_json: bool) -> None:
    """Show the last runs and what waits. With --max-age, exit 1 when the last run failed or is too old: for a monitor.

    \b
    Example:
      xmo status --max-age 1h
    """
    office = surroundings.office()
    runs, counts = latest(office.store, limit=10), overview(office)
    with office.store.reading() as connection:
        switch = read_switch(connection)
    if as_json:
        show_json({"runs": runs, "waiting": counts, "paused": switch.paused})
    else:
        show_status(runs, counts)
        if switch.paused:
            since = f"{switch.pauses[-1][0]:%Y-%m-%d %H:%M} UTC"
            click.echo(f"Asking is paused since {since}: what ends is not asked about. `xmo resume` ends it.")
    if max_age and (trouble := _trouble(latest(office.store, "run", limit=100), office.now() - max_age)):
        click.secho(trouble, err=True, fg="red")
        sys.exit(FAILED)


def _trouble(runs: Sequence[Mapping[str, Any]], oldest: datetime) -> str | None:
    """Say what is wrong with the newest run of the line, if anything is."""
    ended = [run for run in runs if run["state"] != "running"]
    if ended and ended[0]["state"] == "failed":
        return "The last run failed: " + "; ".join(f"{who}: {why}" for who, why in ended[0]["errors"].items())
    done = next((run["now"] for run in ended if run["state"] == "done"), None)
    if done is None:
        return "There was no good run yet."
    return f"The last good run was at {done:%Y-%m-%d %H:%M} UTC, longer ago than allowed." if done < oldest else None
