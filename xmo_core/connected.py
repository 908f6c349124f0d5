"""A source at work: its plugin's methods, and what comes of them as rows for the store.

`Connected` is what the line works with. `Here` is the source itself; `apart.Apart` is one in a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

import orjson

from xmo_core.store.rows import Asking, Rowing, Rows
from xmo_core.workshop import Workshop
from xmo_hooks import (
    BadRecord,
    Call,
    Contact,
    Estimate,
    Finding,
    Heard,
    Json,
    Message,
    Page,
    Receipt,
    Row,
    Source,
    Ticket,
)

if TYPE_CHECKING:
    from xmo_core.http import Wait
    from xmo_core.office import Office
    from xmo_hooks import Comments, Hears, Restarts, Sweeps

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """What of a source to fetch: from its cursor on (by default), everything, or what changed `since`."""

    since: datetime | None = None
    full: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    """One page that was fetched and parsed, the cursor behind it, and the keys of what was deleted at the vendor."""

    rows: Rows
    cursor: Json
    deleted: Sequence[str]


class Connected(Protocol):
    """What the line asks of a source. Everything raises the errors of the contract, and nothing else."""

    def check(self) -> tuple[list[Finding], float | None]:
        """Return what the source found, and by how many seconds the vendor's clock is ahead of ours."""

    def count(self, scope: Scope, stored: Json) -> Estimate | None:
        """Return what a fetch would bring, or None where the vendor cannot say."""

    def pages(self, scope: Scope, stored: Json, asking: Asking) -> Iterator[Read]:
        """Fetch and parse to the end."""

    def parse(self, raws: Sequence[Row], asking: Asking) -> Rows:
        """Parse rows that were fetched before."""

    def fetch_some(self, keys: Sequence[str], asking: Asking) -> Rows:
        """Fetch these tickets as they are now, and parse them."""

    def contacts(self, keys: Sequence[str]) -> dict[str, Contact]:
        """Return who asked for help in these tickets, as far as the vendor shows it now. Kept nowhere."""

    def gone(self, keys: Sequence[str]) -> set[str]:
        """Return which of these tickets the vendor no longer has. Capability "gone"."""

    def find(self, ticket: Ticket, marker: str) -> Receipt | None:
        """Look for a comment with this marker. Capability "comment"."""

    def comment(self, ticket: Ticket, message: Message) -> Receipt:
        """Write a comment. Capability "comment"."""


class Here:
    """One source, in this process, connected when it is first asked."""

    def __init__(self, office: Office, name: str, on_wait: Callable[[Wait], None]) -> None:
        self._office, self._name = office, name
        self._config = office.config.sources[name]
        self._workshop = Workshop(office, f"sources.{name}", self._config, on_wait)
        self.renewing = self._workshop.renewing

    @cached_property
    def _source(self) -> Source:
        return self._config.kind.make(self._config.options, self._workshop.tools)

    def check(self) -> tuple[list[Finding], float | None]:
        """See `Connected`."""
        return [expect(Finding, finding) for finding in self._source.check()], self._workshop.session.skew

    def count(self, scope: Scope, stored: Json) -> Estimate | None:
        """See `Connected`."""
        estimate = self._source.count(self._start(scope, stored), scope.since)
        return estimate and expect(Estimate, estimate)

    def pages(self, scope: Scope, stored: Json, asking: Asking) -> Iterator[Read]:
        """See `Connected`; the next page is fetched while this one is parsed."""
        rowing = self._rowing(asking)
        for page in _ahead(self._source.fetch(self._start(scope, stored), scope.since)):
            orjson.dumps(expect(Page, page).cursor)  # one that cannot be kept is the plugin's fault, and told here
            yield Read(rowing.rows(page.rows), page.cursor, list(page.deleted))
            del page  # or it would stay until the next one is there

    def parse(self, raws: Sequence[Row], asking: Asking) -> Rows:
        """See `Connected`."""
        return self._rowing(asking).rows(raws)

    def fetch_some(self, keys: Sequence[str], asking: Asking) -> Rows:
        """See `Connected`."""
        return self._rowing(asking).rows(self._source.fetch_some(keys))

    def contacts(self, keys: Sequence[str]) -> dict[str, Contact]:
        """See `Connected`."""
        tickets: list[Ticket] = []
        for row in self._source.fetch_some(keys):
            with suppress(BadRecord):  # the next sync quarantines it; until then, nobody knows
                tickets += [record for record in self._source.parse(row) if isinstance(record, Ticket)]
        tickets.sort(key=lambda ticket: ticket.changed_at)  # of two rows about one, as in a file, the newer one knows
        now = {ticket.key: ticket.requester for ticket in tickets}
        return {key: requester for key, requester in now.items() if requester is not None}

    def gone(self, keys: Sequence[str]) -> set[str]:
        """See `Connected`."""
        return set(keys).intersection(cast("Sweeps", self._source).gone(keys))

    def find(self, ticket: Ticket, marker: str) -> Receipt | None:
        """See `Connected`."""
        receipt = cast("Comments", self._source).find(ticket, marker)
        return receipt and expect(Receipt, receipt)

    def comment(self, ticket: Ticket, message: Message) -> Receipt:
        """See `Connected`."""
        return expect(Receipt, cast("Comments", self._source).comment(ticket, message))

    def hear(self, call: Call) -> Heard:
        """Name the tickets that a webhook is about. Capability "hear"; called by `xmo serve`, from any thread."""
        return expect(Heard, cast("Hears", self._source).hear(call))

    def _start(self, scope: Scope, stored: Json) -> Json:
        """Return the cursor to begin with."""
        if scope.since:
            return None
        if scope.full:
            return cast("Restarts", self._source).restart(stored) if "restart" in self._config.kind.can else None
        return stored

    def _rowing(self, asking: Asking) -> Rowing:
        dialect = self._office.config.store_url.partition(":")[0].partition("+")[0]
        return Rowing(self._name, self._source.parse, self._office.keys, dialect, asking)


def expect(type_: type[T], thing: object) -> T:
    """Return what a plugin returned, if it is of this type; else it broke the contract."""
    if not isinstance(thing, type_):
        raise TypeError(f"expected {type_.__name__}, got {type(thing).__name__}")
    return thing


def _ahead(pages: Iterator[Page]) -> Iterator[Page]:
    """Yield the pages, while the next one is already being fetched."""
    with ThreadPoolExecutor(1, thread_name_prefix="fetch") as pool:
        future = pool.submit(next, pages, None)
        while (page := future.result()) is not None:
            future = pool.submit(next, pages, None)
            yield page
            del page


@contextmanager
def connected(
    office: Office, names: Iterable[str], on_wait: Callable[[Wait], None]
) -> Iterator[Mapping[str, Connected]]:
    """Make the sources, each in a process of its own. Nothing is sent yet. To be entered before the store is opened: an
    open database must not be taken along into another process."""
    if not office.apart:
        yield {name: Here(office, name, on_wait) for name in names}
        return
    from xmo_core.apart import Apart

    with ExitStack() as stack:
        yield {name: stack.enter_context(Apart(replace(office), name, on_wait)) for name in names}
