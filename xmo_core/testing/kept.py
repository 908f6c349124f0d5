"""What a fetch brought, kept as the store keeps it: by key, the newest change wins, what cannot be read lies apart."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from xmo_hooks import BadRecord, Json, Measurement, Native, Page, Row, Source, Ticket, Touchpoint

T = TypeVar("T")


@dataclass(slots=True)
class Kept:
    """A small store. `rows` are all rows in the order in which they came, `cursor` is the last one."""

    tickets: dict[str, Ticket] = field(default_factory=dict)
    touchpoints: dict[tuple[str | None, str], Touchpoint] = field(default_factory=dict)
    natives: dict[tuple[str, str], Native] = field(default_factory=dict)
    measurements: dict[str, Measurement] = field(default_factory=dict)
    bad: list[BadRecord] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    pages: list[list[Ticket]] = field(default_factory=list)
    cursors: list[Json] = field(default_factory=list)
    deleted: set[str] = field(default_factory=set)

    def take(self, source: Source, pages: Iterable[Page]) -> Kept:
        """Parse and keep pages as they come."""
        for page in pages:
            self.rows += copy.deepcopy(list(page.rows))
            self.deleted.update(page.deleted)
            self.cursors.append(page.cursor)
            self.pages.append([])
            for row in page.rows:
                self.parse(source, row)
        return self

    def parse(self, source: Source, row: Row) -> None:
        """Keep what a row tells, or the reason why it cannot be read."""
        try:
            for record in source.parse(row):
                self._keep(record)
        except BadRecord as error:
            self.bad.append(error)

    def _keep(self, record: object) -> None:
        if isinstance(record, Ticket):
            if self.pages:
                self.pages[-1].append(record)
            known = self.tickets.get(record.key)
            if known is None or known.changed_at <= record.changed_at:
                self.tickets[record.key] = record
        elif isinstance(record, Touchpoint):
            self.touchpoints[record.ticket, record.key] = record
        elif isinstance(record, Native):
            self.natives[record.ticket, record.key] = record
        elif isinstance(record, Measurement):
            self.measurements[record.key] = record

    def difference(self, whole: Kept, *, tickets_only: bool = False) -> str:
        """Say what is missing here or differs, compared with an undisturbed fetch; "" for nothing."""
        parts: tuple[tuple[str, Mapping[Any, Any], Mapping[Any, Any]], ...] = (
            ("ticket", self.tickets, whole.tickets),
            ("touchpoint", self.touchpoints, whole.touchpoints),
            ("native answer", self.natives, whole.natives),
            ("measurement", self.measurements, whole.measurements),
        )
        return "; ".join(filter(None, (_difference(*part) for part in parts[: 1 if tickets_only else None])))


def attempt(action: Callable[[], T]) -> T | Exception:
    """Do something that may fail, and return what came of it: a plugin may raise anything."""
    try:
        return action()
    except Exception as error:  # noqa: BLE001 - the tests look at what it is
        return error


def _difference(what: str, here: Mapping[Any, Any], there: Mapping[Any, Any]) -> str:
    words = []
    if lost := [str(key) for key in there if key not in here]:
        words.append(f"{len(lost)} of {len(there)} {what}s did not come: {', '.join(lost[:3])}")
    if other := [str(key) for key, value in there.items() if key in here and here[key] != value]:
        words.append(f"{len(other)} {what}s came otherwise: {', '.join(other[:3])}")
    if new := [str(key) for key in here if key not in there]:
        words.append(f"{len(new)} {what}s came that are not there otherwise: {', '.join(new[:3])}")
    return "; ".join(words)
