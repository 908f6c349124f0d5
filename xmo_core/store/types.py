"""Column types that read the same from every database."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, TypeDecorator
from sqlalchemy.types import TypeEngine

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Utc(TypeDecorator[datetime]):
    """An aware UTC time: `timestamptz` on PostgreSQL, microseconds since 1970 on SQLite, where writing a time as text
    costs more than writing the row; the views for BI tools show text."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column type of this database."""
        return dialect.type_descriptor(BigInteger() if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Refuse what is not aware UTC: a guess here would shift every figure."""
        return None if value is None else native_time(dialect.name)(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return the time as aware UTC, whatever the session's zone."""
        if value is None:
            return None
        if dialect.name == "sqlite":
            return _EPOCH + timedelta(microseconds=value)
        aware: datetime = value.astimezone(UTC)
        return aware


def native_time(dialect: str) -> Callable[[datetime], Any]:
    """Return the function that turns an aware UTC time into what this database keeps."""
    return _microseconds if dialect == "sqlite" else _checked


def _checked(value: datetime) -> datetime:
    if value.tzinfo is not UTC:
        raise ValueError(f"not an aware UTC time: {value!r}")
    return value


def _microseconds(value: datetime) -> int:
    return (_checked(value) - _EPOCH) // _MICROSECOND
