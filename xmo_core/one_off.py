"""One-off plugins: files that the config names under `[site] rules`, with hooks for this site alone, unpackaged."""

import hashlib
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from xmo_core.places import Places

_KEY = ("site", "rules")


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleFile:
    """One of these files, loaded like an entry point. `name` is as the config has it, `named_at` where that stands."""

    name: str
    path: Path
    named_at: str
    dist: None = None

    @property
    def module(self) -> str:
        """The name of its module; no import statement reaches it."""
        return f"xmo_one_off:{self.path}"

    @property
    def version(self) -> str:
        """What its content is told by: answers are scored again when a scoring rule in it has changed."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()[:12]

    def load(self) -> ModuleType:
        """Run the file, and return its module. Raises whatever it raises."""
        module = ModuleType(self.module)
        module.__file__ = str(self.path)
        sys.modules[self.module] = module  # dataclasses look their module up there
        # not by an importer: bytecode that it keeps would hide a change within the same second
        exec(compile(self.path.read_bytes(), self.path, "exec"), vars(module))  # noqa: S102 - the config names the file
        return module


def named_in(config: Path) -> list[RuleFile]:
    """Return the files that a config names, before it is checked: what they bring belongs to what it is checked by.
    A config that cannot be read has none; `config.read` says what is wrong with it."""
    try:
        text = config.read_text(encoding="utf-8-sig")
        tables = tomllib.loads(text)
    except (OSError, ValueError):
        return []
    line = Places(text).line(_KEY)
    return [
        RuleFile(name=name, path=config.parent.absolute() / Path(name).expanduser(), named_at=f"{config}:{line}")
        for name in dict.fromkeys(_names(tables))
    ]


def _names(tables: Mapping[str, object]) -> Sequence[str]:
    site = tables.get(_KEY[0])
    names = site.get(_KEY[1]) if isinstance(site, dict) else None
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
