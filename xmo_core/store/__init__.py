"""Where everything is kept: one organisation, one database, SQLite or PostgreSQL."""

from xmo_core.store.engine import Store, open_store

__all__ = ["Store", "open_store"]
