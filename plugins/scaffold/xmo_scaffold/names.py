"""What a plugin is called, in each place that has rules of its own for names."""

import re
from dataclasses import dataclass
from importlib.metadata import entry_points
from importlib.util import find_spec
from keyword import iskeyword
from typing import Literal

from xmo_hooks import ConfigError

Type = Literal["source", "channel", "trigger", "scores", "words"]
GROUP = "xmo.plugins"
_NAME = re.compile(r"(?=.{1,30}\Z)[a-z][a-z0-9]*(_[a-z0-9]+)*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """The names of one plugin: `name` in the config, `package` in Python, `distribution` for pip, `title` for people,
    `cls` for a class."""

    name: str
    package: str
    distribution: str
    title: str
    cls: str

    @classmethod
    def of(cls, name: str) -> "Names":
        """Derive all names from one, or raise `ConfigError`."""
        if not _NAME.fullmatch(name) or iskeyword(name):
            hint = "Write at most 30 small letters, digits and single underscores, a letter first, such as acorn_desk."
            raise ConfigError(f'"{name}" cannot be the name of a plugin.', hint=hint)
        words = name.split("_")
        return cls(
            name=name,
            package=f"xmo_{name}",
            distribution=f"xmo-{'-'.join(words)}",
            title=" ".join(words).capitalize(),
            cls="".join(word.capitalize() for word in words),
        )

    def free(self) -> None:
        """Raise `ConfigError` where something that is installed has this name already. Loads none of it: a plugin that
        hangs must not keep anybody from writing another."""
        if self.name in {point.name for point in entry_points(group=GROUP)}:
            raise ConfigError(f"A plugin called {self.name} is installed already.", hint="Choose another name.")
        if find_spec(self.package) is not None:
            raise ConfigError(f"A package {self.package} is installed already.", hint="Choose another name.")
