"""The files of a new plugin, from the templates in this package."""

import ast
from collections.abc import Iterator
from dataclasses import asdict
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from xmo_hooks import CONTRACT, ConfigError
from xmo_scaffold.names import Names, Type

_SUFFIX = ".j2"
_OTHER = Names.of("q9")  # what no template has in it


def fit(names: Names, type_: Type) -> None:
    """Raise `ConfigError` where a name that is derived from the plugin's stands for something else in its files."""
    for place, text in _files(_OTHER, type_):
        used = _used(text) if place.endswith(".py") else set()
        derived = {word.replace(_OTHER.cls, names.cls) for word in used if _OTHER.cls in word}
        if clash := derived & used:
            file = place.replace(_OTHER.package, names.package)
            raise ConfigError(
                f'"{names.name}" cannot be the name of a plugin: {file} has another {min(clash)} in it.',
                hint=f"Choose another name, such as {names.name}_desk.",
            )


def write(folder: Path, names: Names, type_: Type) -> list[Path]:
    """Write a plugin of this type into a new folder, and return its files. Raises `OSError`."""
    written = []
    for place, text in _files(names, type_):
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def _files(names: Names, type_: Type) -> Iterator[tuple[str, str]]:
    root = files("xmo_scaffold") / "templates"
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)  # noqa: S701 - no HTML
    for place, template in sorted([*_templates(root / "all"), *_templates(root / type_)]):
        text = environment.from_string(template).render(**asdict(names), type=type_, contract=CONTRACT)
        yield place.replace("PACKAGE", names.package).removesuffix(_SUFFIX), text


def _templates(folder: Traversable, before: str = "") -> Iterator[tuple[str, str]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _templates(entry, f"{before}{entry.name}/")
        else:
            yield f"{before}{entry.name}", entry.read_text(encoding="utf-8")


def _used(text: str) -> set[str]:
    """Return every name that a module defines, imports or uses by itself."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.alias):
            found.add(node.asname or node.name.partition(".")[0])
    return found
