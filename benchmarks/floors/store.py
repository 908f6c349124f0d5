"""What the floors share: a file of SQLite, one upsert a table and page, the cursor committed with each page."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

TICKET = (
    *("source", "key", "problem", "person", "number", "kind", "vendor_type", "state", "vendor_state", "opened_at"),
    *("changed_at", "resolved_at", "closed_at", "promised_at", "title", "url", "reopens", "reassignments", "sla_met"),
    *("service", "group", "priority", "category", "channel", "parent", "attributes"),
)
TOUCHPOINT = ("source", "ticket", "key", "what", "side", "channel", "at", "promised_at")
Rows = Iterable[Sequence[Any]]


class Store:
    """The file, as XMO sets SQLite up: on disk, in WAL."""

    def __init__(self, file: str) -> None:
        self._sqlite = sqlite3.connect(file, isolation_level=None)
        self._sqlite.execute("PRAGMA journal_mode = WAL")
        self._sqlite.execute("PRAGMA synchronous = NORMAL")
        self._sqlite.execute("CREATE TABLE cursor (source PRIMARY KEY, cursor)")
        newer = "WHERE excluded.changed_at >= ticket.changed_at"
        self._tickets = self._table("ticket", TICKET, "source, key", newer)
        self._touchpoints = self._table("touchpoint", TOUCHPOINT, "source, ticket, key", "")

    def page(self, cursor: str, tickets: Rows, touchpoints: Rows = ()) -> None:
        """Write one page in one transaction."""
        self._sqlite.execute("BEGIN IMMEDIATE")
        self._sqlite.executemany(self._tickets, tickets)
        self._sqlite.executemany(self._touchpoints, touchpoints)
        self._sqlite.execute("INSERT OR REPLACE INTO cursor VALUES ('corp', ?)", (cursor,))
        self._sqlite.execute("COMMIT")

    def _table(self, name: str, columns: Sequence[str], keys: str, newer: str) -> str:
        """Make a table and return its upsert."""
        names = ", ".join(f'"{column}"' for column in columns)
        self._sqlite.execute(f"CREATE TABLE {name} ({names}, PRIMARY KEY ({keys}))")
        changed = ", ".join(f'"{column}" = excluded."{column}"' for column in columns)
        values = ", ".join("?" * len(columns))
        return f"INSERT INTO {name} ({names}) VALUES ({values}) ON CONFLICT ({keys}) DO UPDATE SET {changed} {newer}"
