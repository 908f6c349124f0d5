"""`xmo run`, `sync`, `quarantine`: what a timer calls."""

import sys
from collections.abc import Sequence
from typing import Any

import click

from xmo_core import line
from xmo_core import sync as syncing
from xmo_core.cli import FAILED, Moment, Surroundings, show_json
from xmo_core.connected import Scope, connected
from xmo_core.heard import run_heard
from xmo_core.logs import get as get_log
from xmo_core.office import Office
from xmo_core.overview import quarantined
from xmo_core.progress import Progress
from xmo_core.store.runs import Run

log = get_log("xmo.run")
_DONE_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
_ONLY = click.option("--source", "only", multiple=True, help="Only this source; may be given again.")


@click.command()
@click.option(
    "--heard", is_flag=True, help="Only tickets that webhooks named: fetch them, and ask. `xmo serve` does it."
)
@_DONE_AS_JSON
@click.pass_obj
def run(surroundings: Surroundings, heard: bool, as_json: bool) -> None:
    """Run the line once: fetch, decide, ask, score. Safe at any time, and to kill: the next run carries on.

    \b
    Example, every ten minutes from a timer:
      xmo --config /etc/xmo/xmo.toml run
    """
    office = surroundings.office(sources=True)
    with Progress(show=sys.stderr.isatty()) as progress:
        done = run_heard(office, progress) if heard else line.run_line(office, progress)
    if done is not None:
        _finish(done, as_json)


@click.command()
@_ONLY
@click.option("--since", type=Moment(), help="Fetch again what changed since this time.")
@click.option("--full", is_flag=True, help="Fetch everything again.")
@click.option("--plan", is_flag=True, help="Say how many tickets, requests and minutes it would take, and stop.")
@click.option("--dry-run", is_flag=True, help="Fetch and check every row, but store nothing.")
@_DONE_AS_JSON
@click.pass_obj
def sync(
    surroundings: Surroundings, /, only: Sequence[str], plan: bool, dry_run: bool, as_json: bool, **scope: Any
) -> None:
    """Fetch tickets from where the last run stopped, and ask nobody.

    \b
    Example:
      xmo sync --plan
      xmo sync --source corp --since 2026-01-01
    """
    office, scope_ = surroundings.office(sources=True), Scope(**scope)
    if plan:
        _plan(office, only, scope_, as_json)
    elif dry_run:
        _dry_run(office, only, scope_)
    else:
        with Progress(show=sys.stderr.isatty()) as progress:
            done = line.sync_only(office, only, scope_, progress)
        _finish(done, as_json)


def _plan(office: Office, only: Sequence[str], scope: Scope, as_json: bool) -> None:
    with connected(office, line.chosen(office, only), line.Waits()) as sources:
        plans = [syncing.plan(office, name, source, scope) for name, source in sources.items()]
    if as_json:
        show_json(plans)
        return
    for plan in plans:
        since = f"since {plan['since']:%Y-%m-%d %H:%M} UTC" if plan["since"] else "from the beginning"
        text = f"{since}; the vendor does not say how many tickets."
        if plan["tickets"] is not None:
            minutes = "" if plan["minutes"] is None else f", at least {plan['minutes']:.1f} minutes at its rate limit"
            text = f"{plan['tickets']:,} tickets {since}, about {plan['requests']:,} requests{minutes}."
        click.echo(f"{plan['source']}: {text}")


def _dry_run(office: Office, only: Sequence[str], scope: Scope) -> None:
    names = line.chosen(office, only)
    with (
        Progress(show=sys.stderr.isatty()) as progress,
        connected(office, names, line.Waits(progress)) as sources,
    ):
        progress.begin(sources)
        for name, source in sources.items():
            good, bad = syncing.dry_run(office, name, source, scope, progress)
            click.echo(f"{name}: {good:,} tickets would come in, {len(bad):,} rows would go to quarantine.")
            for one in bad[:10]:
                click.echo(f"  {one.key}: {one.reason}")


def _finish(run: Run, as_json: bool) -> None:
    """Show what a run did, and leave with exit code 1 when something failed."""
    if as_json:
        show_json({"run": run.id, "counts": run.counts, "waited": run.waited, "errors": run.errors})
    elif sys.stdout.isatty():
        from xmo_core.summary import show_run

        show_run(run)
    else:
        log.info("run done", run=run.id, counts=run.counts, waited=run.waited)
    for who, message in run.errors.items():
        click.secho(f"{who}: {message}", err=True, fg="red")
    if run.errors:
        click.echo("The next run carries on with what this one left. `xmo status` shows this one again.", err=True)
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
        show_json(rows)
        return
    for row in rows:
        click.echo(f"{row['source']}  {row['key']}  {row['seen_at']:%Y-%m-%d %H:%M}  {row['reason']}")
    next_ = " Mend the cause, then `xmo quarantine replay`." if rows else ""
    click.echo(f"{len(rows):,} rows in quarantine.{next_}")


@quarantine.command("replay")
@_ONLY
@_DONE_AS_JSON
@click.pass_obj
def replay(surroundings: Surroundings, only: Sequence[str], as_json: bool) -> None:
    """Read the rows again; those that still fail are fetched as they are now. What comes in leaves the quarantine.

    \b
    Example:
      xmo quarantine replay
    """
    done = line.replay(surroundings.office(sources=True), only)
    if not as_json:
        come, stay = (sum(c.get(what, 0) for c in done.counts.values()) for what in ("replayed", "quarantined"))
        click.echo(f"{come:,} rows came in, {stay:,} stay.")
    _finish(done, as_json)
