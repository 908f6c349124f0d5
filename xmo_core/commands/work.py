"""`xmo run`, `sync`, `quarantine`: what a timer calls."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime

import click

from xmo_core.cli import FAILED, Moment, Surroundings
from xmo_core.line import chosen, connect, replay, run_line, sync_only
from xmo_core.office import Office
from xmo_core.overview import quarantined
from xmo_core.progress import Progress
from xmo_core.store.runs import Run
from xmo_core.sync import Plan, Scope, dry_run, plan

_JSON = click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
_ONLY = click.option("--source", "only", multiple=True, help="Only this source; may be given again.")


@contextmanager
def _progress() -> Iterator[Progress]:

    with Progress(show=sys.stderr.isatty()) as progress:
        yield progress


@click.command()
@_JSON
@click.pass_obj
def run(surroundings: Surroundings, as_json: bool) -> None:
    """Run the line once: fetch, decide, ask, score. Safe at any time, and to kill: the next run carries on.

    \b
    Example, every ten minutes from a timer:
      xmo --config /etc/xmo/xmo.toml run
    """

    office = surroundings.office()
    with _progress() as progress:
        done = run_line(office, progress)
    _finish(done, as_json)


@click.command()
@_ONLY
@click.option("--since", type=Moment(), help="Fetch again what changed since this time.")
@click.option("--full", is_flag=True, help="Fetch everything again.")
@click.option("--plan", is_flag=True, help="Say how many tickets, requests and minutes it would take, and stop.")
@click.option("--dry-run", is_flag=True, help="Fetch and check every row, but store nothing.")
@_JSON
@click.pass_obj
def sync(
    surroundings: Surroundings,
    only: Sequence[str],
    since: datetime | None,
    full: bool,
    plan: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Fetch tickets from where the last run stopped, and ask nobody.

    \b
    Example:
      xmo sync --plan
      xmo sync --source corp --since 2026-01-01
    """

    office, scope = surroundings.office(), Scope(since=since, full=full)
    if plan:
        _plan(office, only, scope, as_json)
    elif dry_run:
        _dry_run(office, only, scope)
    else:
        with _progress() as progress:
            done = sync_only(office, only, scope, progress)
        _finish(done, as_json)


def _plan(office: Office, only: Sequence[str], scope: Scope, as_json: bool) -> None:

    plans = [plan(office, name, c.source, scope) for name, c in connect(office, chosen(office, only)).items()]
    if as_json:
        click.echo(json.dumps([asdict(one) for one in plans], indent=2, default=str))
        return
    for one in plans:
        click.echo(_plan_line(one))


def _plan_line(plan: Plan) -> str:
    since = f"since {plan.since:%Y-%m-%d %H:%M} UTC" if plan.since else "from the beginning"
    if plan.tickets is None or plan.requests is None:
        return f"{plan.source}: {since}; the vendor does not say how many tickets."
    minutes = "" if plan.minutes is None else f", at least {plan.minutes:.1f} minutes at its rate limit"
    return f"{plan.source}: {plan.tickets:,} tickets {since}, about {plan.requests:,} requests{minutes}."


def _dry_run(office: Office, only: Sequence[str], scope: Scope) -> None:

    with _progress() as progress:
        for name, connection in connect(office, chosen(office, only), progress=progress).items():
            good, bad = dry_run(office, name, connection.source, scope, progress)
            click.echo(f"{name}: {good:,} tickets would come in, {len(bad):,} rows would go to quarantine.")
            for key, _, error in bad[:10]:
                click.echo(f"  {key}: {error}")


def _finish(run: Run, as_json: bool) -> None:
    """Show what a run did, and leave with exit code 1 when something failed."""
    if as_json:
        document = {"run": run.id, "counts": run.counts, "waited": run.waited, "errors": run.errors}
        click.echo(json.dumps(document, indent=2))
    elif sys.stdout.isatty():
        from xmo_core.summary import show_run

        show_run(run)
    for who, message in run.errors.items():
        click.secho(f"{who}: {message}", err=True, fg="red")
    if run.errors:
        click.echo("Nothing is lost: the next run carries on. `xmo status` shows this one again.", err=True)
        sys.exit(FAILED)


@click.group()
def quarantine() -> None:
    """Show and replay rows that could not be understood. They never stop a run, and are never dropped.

    \b
    Example:
      xmo quarantine list
      xmo quarantine replay
    """


@quarantine.command("list")
@_ONLY
@click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON, the raw rows too.")
@click.pass_obj
def list_(surroundings: Surroundings, only: Sequence[str], as_json: bool) -> None:
    """Show the rows with their reasons.

    \b
    Example:
      xmo quarantine list --source corp
    """

    rows = quarantined(surroundings.office(), only)
    if as_json:
        click.echo(json.dumps(rows, indent=2, default=str))
    else:
        for row in rows:
            click.echo(f"{row['source']}  {row['key']}  {row['seen_at']:%Y-%m-%d %H:%M}  {row['reason']}")
        click.echo(
            f"{len(rows):,} rows in quarantine." + (" Mend the cause, then `xmo quarantine replay`." if rows else "")
        )


@quarantine.command("replay")
@_ONLY
@_JSON
@click.pass_obj
def replay_(surroundings: Surroundings, only: Sequence[str], as_json: bool) -> None:
    """Read the rows again; those that still fail are fetched as they are now. What comes in leaves the quarantine.

    \b
    Example:
      xmo quarantine replay
    """

    done = replay(surroundings.office(), only)
    come = sum(counts.get("replayed", 0) for counts in done.counts.values())
    stay = sum(counts.get("quarantined", 0) for counts in done.counts.values())
    if not as_json:
        click.echo(f"{come:,} rows came in, {stay:,} stay.")
    _finish(done, as_json)
