"""What an integrator says about a source under test, and the bench that is made of it."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

import pytest

from xmo_core.testing.bench import Bench, registry_of
from xmo_core.testing.kept import Kept
from xmo_core.testing.reverse import Reverse
from xmo_hooks import Call

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class Setup:
    """The source under test: what its tests are told, and what they are handed."""

    kind: str = ""
    """The kind of source, as in `kind = "…"`; may be left out where `plugin` offers only one."""
    plugin: ModuleType | None = None
    """The plugin's module; without it, all plugins that are installed are looked through."""
    options: ClassVar[Mapping[str, Any]] = {}
    """What stands in [sources.NAME] besides `kind` and `url`. Choose small pages."""
    path: str = ""
    """What stands in `url` behind the desk's address."""
    now: datetime | None = None
    """When the tests play; the real time by default."""
    tickets: int | None = None
    """How many tickets the desk holds: then none can be missed unnoticed."""
    tied_tickets: int | None = None
    """How many tickets the desk of `tied` holds."""
    known: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """What the vendor's own screen says of some tickets: their numbers, each with fields of `Ticket`."""
    secrets: Sequence[str] = ()
    """Secrets among the options that their names do not give away."""
    overlap: timedelta = timedelta(minutes=15)
    """How far behind its cursor a fetch may begin."""
    page_size: int = 1000
    """The most rows that a page may hold."""
    comments_on_a_page: int | None = None
    """How many comments of one ticket the vendor shows at once."""

    def desk(self) -> WSGIApplication | str:
        """Return a new desk, with at least two pages of tickets: a WSGI app, or the address of a server that runs."""
        raise pytest.UsageError(f"{type(self).__name__} has no desk: write `def desk(self)` and return a WSGI app.")

    def nothing(self) -> WSGIApplication | str | None:
        """Return a desk without tickets, if you have one."""
        return None

    def tied(self) -> WSGIApplication | str | None:
        """Return a desk of which more tickets than one page holds changed at the same instant, if you have one."""
        return None

    def change(self, url: str, key: str) -> bool:  # noqa: ARG002 - for whoever overrides it
        """Change the ticket with this key at the desk at `url`, as its staff would, and return True."""
        return False

    def change_at(self, url: str, key: str, at: datetime) -> bool:  # noqa: ARG002 - for whoever overrides it
        """Let it be `at` at the desk at `url`, change the ticket with this key, and return True."""
        return False

    def remove(self, url: str, key: str) -> bool:  # noqa: ARG002 - for whoever overrides it
        """Delete the ticket with this key at the desk at `url`, and return True."""
        return False

    def seen(self, url: str, key: str) -> Sequence[str] | None:  # noqa: ARG002 - for whoever overrides it
        """Return the texts of all comments of the ticket with this key, as its requester sees them at the desk."""
        return None

    def call(self, url: str, key: str) -> Call | None:  # noqa: ARG002 - for whoever overrides it
        """Return a webhook about the ticket with this key, as the vendor would sign and send it now."""
        return None

    @pytest.fixture
    def stack(self) -> Iterator[ExitStack]:
        """Close what a test has opened."""
        with ExitStack() as stack:
            yield stack

    @pytest.fixture
    def bench(self, stack: ExitStack, tmp_path: Path) -> Bench:
        """Serve the desk, and make what asks it."""
        return self.bench_for(self.desk(), stack, tmp_path)

    @pytest.fixture
    def whole(self, bench: Bench) -> Kept:
        """Fetch everything once, undisturbed."""
        return bench.fetch()

    def bench_for(self, desk: WSGIApplication | str, stack: ExitStack, folder: Path) -> Bench:
        """Make the bench of one desk."""
        if self.plugin is None and not self.kind:
            raise pytest.UsageError(f"Set `plugin` of {type(self).__name__} to your module, or `kind` to its word.")
        registry = registry_of(self.plugin)
        options = {"kind": self.kind or next(iter(registry.kinds())), **self.options}
        served = self._before(desk) if isinstance(desk, str) else desk
        return Bench(stack, folder, registry, served, options, self.path, self.now)

    def _before(self, url: str) -> Reverse:
        """Stand before a server that runs; one that does not would look like a proxy's fault."""
        parts = urlsplit(url)
        try:
            socket.create_connection((parts.hostname or "", parts.port or 80), timeout=5).close()
        except OSError:
            where = f"`desk` of {type(self).__name__} returned {url}"
            raise pytest.UsageError(f"{where}, and nothing listens there: start your server first.") from None
        return Reverse(url)
