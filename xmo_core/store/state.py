"""Small JSON documents that are kept between runs, by owner and key."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from xmo_core.store import tables as t
from xmo_core.store.engine import Store


def get(connection: Connection, plugin: str, key: str) -> Any:
    """Return a document, None where there is none."""
    return connection.execute(
        select(t.state.c.document).where((t.state.c.plugin == plugin) & (t.state.c.key == key))
    ).scalar()


def put(store: Store, connection: Connection, plugin: str, key: str, document: Any) -> None:
    """Write a document over what was there."""
    row = store.upsert(t.state).values(plugin=plugin, key=key, document=document)
    connection.execute(
        row.on_conflict_do_update(index_elements=["plugin", "key"], set_={"document": row.excluded.document})
    )
