"""What every command works with: the config, the plugins, the store, the keys and the clocks."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from xmo_core import config as configs
from xmo_core import one_off
from xmo_core import registry as registries
from xmo_core.keys import Keys
from xmo_core.store import Store, open_store, versions


def wall() -> datetime:
    """Return the real time. Leases and attempts live by it; everything else by the run's `now`."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Office:
    """One command's surroundings. `now` is the clock that tickets, questions and answers live by (`--now` sets it)."""

    config: configs.Config
    registry: registries.Registry
    now: Callable[[], datetime]
    wall: Callable[[], datetime] = wall
    apart: bool = hasattr(os, "fork") and sys.platform != "darwin"  # each source in a process of its own

    @cached_property
    def store(self) -> Store:
        """Open the store, made on first use and of the right version."""
        store = open_store(self.config.store_url)
        versions.ensure(store, apart=self.apart)
        return store

    @property
    def broken_rules(self) -> list[registries.Broken]:
        """Those of the files under `[site] rules` that could not be loaded: nobody knows what they would have said."""
        return [broken for name, broken in self.registry.broken.items() if name in self.config.site.rules]

    def close(self) -> None:
        """Let go of the store, if it was opened. Called at the end of a command."""
        if "store" in self.__dict__:
            self.store.close()

    @cached_property
    def keys(self) -> Keys:
        """Derive the keys from the site's secret."""
        return Keys(self.config.site.key.reveal())


def open_office(path: Path, now: datetime | None, *, sources: bool = True) -> Office:
    """Read the config and load the plugins. Called at the start of every command that needs them."""
    registry = registries.load(files=one_off.named_in(path))
    return Office(configs.read(path, registry, sources=sources), registry, (lambda: now) if now else wall)
