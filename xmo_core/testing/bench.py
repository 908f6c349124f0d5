"""What one test of a source works with: its desk on a loopback port, the wire before it, and sources that ask it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime
from functools import cache
from pathlib import Path
from random import Random
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

import requests
from requests.auth import AuthBase

from xmo_core import config as configs
from xmo_core import registry as registries
from xmo_core.http import READS, REPEATABLE, Session
from xmo_core.oauth import OAuth
from xmo_core.office import Office
from xmo_core.testing.clock import Clock
from xmo_core.testing.kept import Kept
from xmo_core.testing.server import serving
from xmo_core.testing.toml import table
from xmo_core.testing.wire import HEADER, Wire
from xmo_hooks import Comments, Grant, Json, Kind, Page, Source, Tools

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

NAME = "desk"  # what is under test is [sources.desk] or [channels.desk]
_KEY = "a key that no one else has, for tests"


class Told:
    """A log that keeps what it is told, before anything is taken out of it."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.warnings: list[str] = []

    def info(self, event: str, **facts: Any) -> None:
        """Keep a line."""
        self.lines.append(f"{event} {facts}")

    def warning(self, event: str, **facts: Any) -> None:
        """Keep a line that needs an admin's eye."""
        self.warnings.append(f"{event} {facts}")
        self.lines.append(self.warnings[-1])


class _Session(Session):
    """The core's own session, which tells the wire what it may repeat."""

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Mark the request and send it as the core does."""
        read = request.method in READS or request.headers.get(REPEATABLE) == ""
        request.headers[HEADER] = "read" if read else "write"
        return super().send(request, **kwargs)


@cache
def registry_of(plugin: ModuleType | None) -> registries.Registry:
    """Return a registry with this one plugin, or with all that are installed."""
    if plugin is None:
        return registries.load()
    registry = registries.Registry()
    registry.add(plugin.__name__, plugin)
    return registry


def read_config(
    folder: Path, registry: registries.Registry, sections: Mapping[str, Mapping[str, Any]]
) -> configs.Config:
    """Write a config with these sections, and read it as every command does; raises `ConfigError`."""
    (folder / "xmo.key").write_text(_KEY)
    core: dict[str, Mapping[str, Any]] = {
        "site": {"name": "Conformance", "key": {"file": "xmo.key"}},
        "store": {"url": f"sqlite:///{folder / 'xmo.db'}"},
    }
    file = folder / "xmo.toml"
    file.write_text("\n".join(table(*one) for one in {**core, **sections}.items()), encoding="utf-8")
    return configs.read(file, registry)


def handed(stack: ExitStack, office: Office, section: str, clock: Clock, log: Told, session: type[Session]) -> Tools:
    """Return what the source or the channel of this section is handed by each run, with a session of its own."""
    opened = stack.enter_context(
        session(
            name=NAME,
            section=section,
            options=office.config.http,
            requests_per_minute=None,
            now=clock.now,
            log=log,
            on_wait=lambda _: None,
            sleep=clock.sleep,
            monotonic=clock.monotonic,
            random=Random(1),  # noqa: S311 - jitter, no secret
        )
    )

    def oauth(grant: Grant) -> AuthBase:
        return OAuth(grant, opened, office.store, NAME, clock.now)

    return Tools(session=opened, now=clock.now, log=log, oauth=oauth)


class Bench:
    """One desk, and what asks it. Each `source()` is a new one, as in a new run."""

    def __init__(
        self,
        stack: ExitStack,
        folder: Path,
        registry: registries.Registry,
        desk: WSGIApplication,
        options: Mapping[str, Any],
        path: str = "",
        now: datetime | None = None,
    ) -> None:
        self._stack, self._folder, self._registry = stack, folder, registry
        self.clock, self.log = Clock(now), Told()
        self.wire = Wire(desk, self.clock.now)
        self.url = stack.enter_context(serving(self.wire)) + path
        self.options = {"url": self.url, **options}
        self.config = self.read(self.options)
        self._office = Office(self.config, registry, self.clock.now, self.clock.now)
        stack.callback(self._office.close)

    @property
    def kind(self) -> Kind:
        """Return the kind under test."""
        return self.config.sources[NAME].kind

    def read(self, options: Mapping[str, Any]) -> configs.Config:
        """Read a config with these options of the source, as every command does; raises `ConfigError`."""
        return read_config(self._folder, self._registry, {f"sources.{NAME}": options})

    def source(self) -> Source:
        """Make a source with a session of its own, as each run does."""
        config = self.config.sources[NAME]
        tools = handed(self._stack, self._office, f"sources.{NAME}", self.clock, self.log, _Session)
        return config.kind.make(config.options, tools)

    def writer(self) -> Comments:
        """Make a source that comments, where the kind can."""
        return cast("Comments", self.source())

    def fetch(self, cursor: Json = None, since: datetime | None = None) -> Kept:
        """Fetch to the end with a new source, and keep what comes."""
        source = self.source()
        return Kept().take(source, source.fetch(cursor, since))

    def pages(self, source: Source, most: int) -> list[Page]:
        """Take so many pages from the beginning, and end the fetch there as a kill would."""
        fetch = iter(source.fetch(None, None))
        taken = [page for _, page in zip(range(most), fetch, strict=False)]
        if hasattr(fetch, "close"):
            fetch.close()
        return taken


def as_stored(cursor: Json) -> Json:
    """Return a cursor as it comes back from the store."""
    return json.loads(json.dumps(cursor))
