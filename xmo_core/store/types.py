"""Column types that read the same from every database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, String, TypeDecorator
from sqlalchemy.types import TypeEngine


class Utc(TypeDecorator[datetime]):
    """An aware UTC time: `timestamptz` on PostgreSQL, ISO text that sorts by time (and BI tools read) on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column type of this database."""
        return dialect.type_descriptor(String(26) if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Refuse what is not aware UTC: a guess here would shift every figure."""
        if value is None:
            return None
        if value.tzinfo is not UTC:
            raise ValueError(f"not an aware UTC time: {value!r}")
        return to_text(value) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return the time as aware UTC, whatever the session's zone."""
        if value is None:
            return None
        if dialect.name == "sqlite":
            return datetime.fromisoformat(value).replace(tzinfo=UTC)
        aware: datetime = value.astimezone(UTC)
        return aware


def to_text(value: datetime) -> str:
    """Write a UTC time as SQLite keeps it: `2026-01-31 10:00:00`, with a fraction only where there is one."""
    return value.isoformat(" ")[:-6]
