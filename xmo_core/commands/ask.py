"""`xmo pause`, `resume`, `invitations`: the hand on the asking."""

import click

from xmo_core import asking
from xmo_core.cli import AS_JSON, Surroundings, show_json
from xmo_core.invitations import withdraw_run
from xmo_core.overview import invitations as newest


@click.command()
@click.pass_obj
def pause(surroundings: Surroundings) -> None:
    """Stop asking at once, also in a run that is at work. Fetching goes on; what ends meanwhile is never asked about.

    \b
    Example:
      xmo pause
    """
    asking.pause(surroundings.office(), True)
    click.echo("Asking is paused. Questions that went out can still be answered. `xmo resume` goes on.")


@click.command()
@click.pass_obj
def resume(surroundings: Surroundings) -> None:
    """Go on asking, about what ends from now on.

    \b
    Example:
      xmo resume
    """
    asking.pause(surroundings.office(), False)
    click.echo("Asking goes on with the next run.")


@click.group()
def invitations() -> None:
    """Show and withdraw questions on their way. Answers are never shown here.

    \b
    Example:
      xmo invitations list
      xmo invitations withdraw --run 42
    """


@invitations.command("list")
@click.option("--limit", type=click.IntRange(min=1), default=20, help="How many, newest first.")
@AS_JSON
@click.pass_obj
def list_(surroundings: Surroundings, limit: int, as_json: bool) -> None:
    """Show the newest questions and how each stands.

    \b
    Example:
      xmo invitations list --limit 50
    """
    rows = newest(surroundings.office(), limit)
    if as_json:
        show_json(rows)
        return
    for row in rows:
        at = row["sent_at"] or row["claimed_at"]
        why = f"  {row['reason']}" if row["reason"] else ""
        ticket = f"{row['source']} {row['number']}"
        click.echo(f"run {row['run']:>5}  {ticket:<24} {row['state']:<10} {at:%Y-%m-%d %H:%M}{why}")


@invitations.command("withdraw")
@click.option("--run", "run_id", type=int, required=True, help="The run whose questions are withdrawn.")
@click.pass_obj
def withdraw(surroundings: Surroundings, run_id: int) -> None:
    """Withdraw what one run asked and nobody answered yet: after a mistake in the config, say. Links of questions that
    went out then lead to a page that says so.

    \b
    Example:
      xmo invitations withdraw --run 42
    """
    sent, unsent = withdraw_run(surroundings.office(), run_id)
    click.echo(f"Withdrew {unsent} before they went out and {sent} that had gone out.")
