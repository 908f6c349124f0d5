"""Write the generated parts of the docs, between their marks: the help of every command in docs/commands.md, what
each vendor tells in docs/fields.md, and what the conformance kit tests in docs/conformance.md."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from docs import conformance, knowledge
from xmo_core.cli import cli

FILE = Path(__file__).with_name("commands.md")
FIELDS = Path(__file__).with_name("fields.md")
CONFORMANCE = Path(__file__).with_name("conformance.md")
_MARKED = re.compile(r"(?<=<!-- generated -->\n).*(?=<!-- end -->)", re.DOTALL)
_WIDTH = 100


def commands(
    command: click.Command, parent: click.Context | None = None
) -> Iterator[tuple[str, click.Command, click.Context]]:
    """Yield each command below `command`, itself first, with the words that call it."""
    name = "xmo" if parent is None else str(command.name)
    settings = {**command.context_settings, "max_content_width": _WIDTH, "terminal_width": _WIDTH}
    context = click.Context(command, info_name=name, parent=parent, **settings)
    yield context.command_path, command, context
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            if (found := command.get_command(context, each)) is not None and not found.hidden:
                yield from commands(found, context)


def helps() -> str:
    """Return the help of all commands as Markdown."""
    parts = [
        f"\n## `{path}`\n\n```text\n{command.get_help(context)}\n```\n" for path, command, context in commands(cli)
    ]
    return "".join("\n".join(line.rstrip() for line in part.split("\n")) for part in parts) + "\n"


def written(page: str, part: Callable[[], str] = helps) -> str:
    """Return the page with its marked part as it should be."""
    return _MARKED.sub(lambda _: part(), page)


if __name__ == "__main__":
    for file, part in ((FILE, helps), (FIELDS, knowledge.page), (CONFORMANCE, conformance.page)):
        file.write_text(written(file.read_text(encoding="utf-8"), part), encoding="utf-8")
