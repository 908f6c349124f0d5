"""`xmo db`: the care of the store."""

import sqlite3
from contextlib import closing
from pathlib import Path

import click

from xmo_core.cli import FILE, Surroundings, writing_files
from xmo_core.store import open_store, versions
from xmo_hooks import ConfigError


@click.group()
def db() -> None:
    """Upgrade or back up the store.

    \b
    Example:
      xmo db backup xmo-backup.db
      xmo db upgrade
    """


@db.command()
@click.pass_obj
def upgrade(surroundings: Surroundings) -> None:
    """Bring the store to the version of this xmo. Back it up before.

    \b
    Example:
      xmo db upgrade
    """
    before, after = versions.upgrade(open_store(surroundings.office().config.store_url))
    was = ", as before" if before == after else f" (was {before or 'empty'})"
    click.echo(f"The store is of version {after}{was}.")


@db.command()
@click.argument("file", type=FILE)
@click.pass_obj
def backup(surroundings: Surroundings, file: Path) -> None:
    """Copy an SQLite store to FILE while runs and pages go on. For PostgreSQL it names the command to use.

    \b
    Example:
      xmo db backup /backup/xmo-2026-01-31.db
    """
    store = surroundings.office().store
    if store.dialect != "sqlite":
        address = store.engine.url.set(drivername="postgresql").render_as_string(hide_password=True)
        hint = f"Use PostgreSQL's own: pg_dump --format=custom --file={file} '{address}'"
        raise ConfigError("Only an SQLite store is backed up by this command.", hint=hint)
    if file.exists():
        raise ConfigError(f"{file} is there already.", hint="Name a new file.")
    with writing_files():
        file.touch(mode=0o600)
    with closing(sqlite3.connect(str(store.engine.url.database))) as live, closing(sqlite3.connect(file)) as copy:
        live.backup(copy)
    click.echo(f"Wrote {file}. The key in [site] is not in it: back that up too, elsewhere.")
