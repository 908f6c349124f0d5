"""`xmo new-plugin NAME`: writes a distribution that passes lint, types and the conformance kit as it is."""

from pathlib import Path
from typing import get_args

import click

from xmo_hooks import ConfigError
from xmo_scaffold.names import Names, Type
from xmo_scaffold.writing import fit, write


@click.command("new-plugin")
@click.argument("name")
@click.option("--type", "type_", type=click.Choice(get_args(Type)), default="source", help="What it is to bring.")
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=".",
    help="Where its folder xmo-NAME is made.",
)
def new_plugin(name: str, type_: Type, folder: Path) -> None:
    """Write a new plugin into ./xmo-NAME: a package that works, its tests, its packaging.

    A source connects a system whose tickets it fetches, and into which it writes the questions as comments. A channel
    carries them to people by another way. A trigger votes on asking about a ticket, scores turn answers into numbers,
    words write the question.

    \b
    Example:
      xmo new-plugin acorn
      xmo new-plugin acorn --type scores
    """
    names = Names.of(name)
    names.free()
    fit(names, type_)
    made = folder / names.distribution
    if made.exists():
        raise ConfigError(f"{made} is there already.", hint="Move it away, or choose another name.")
    try:
        files = write(made, names, type_)
    except OSError as error:
        raise ConfigError(f"{error.filename} cannot be written: {error.strerror}.", hint="Use --dir.") from None
    for file in files:
        click.echo(f"  {file}")
    click.echo(f"Wrote {len(files)} files into {made}. Next:")
    click.echo(f"  cd {made} && pip install -e '.[test]' && python -m pytest")
