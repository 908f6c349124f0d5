"""Opening the store, and its two kinds of transaction."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Select, Table, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from tenacity import Retrying, retry_if_exception_message, stop_after_delay, wait_random

from xmo_hooks import ConfigError, Unavailable

_BUSY_SECONDS = 30
# What the driver does not know how to bind it asks the value itself, at the price of binding five texts. It knows NULL
# and truth by the time it has looked for an adapter in vain.
sqlite3.register_adapter(type(None), lambda nothing: nothing)
sqlite3.register_adapter(bool, int)
_WRONG = ("unable to open", "not a database", "does not exist", "authentication failed")


class Store:
    """The database behind one config. `reading()` and `writing()` are the only ways in."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.dialect: str = engine.dialect.name
        # on SQLite every transaction is so already
        one_state = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        self._reading: dict[str, Any] = {} if self.dialect == "sqlite" else one_state

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that sees one state of the store and writes nothing."""
        with _plain_words(self.engine), self._connect(**self._reading) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction that writes: all of it or nothing. On SQLite it takes the write lock at once, because a
        reader that turns writer fails without waiting when another writer was faster."""
        with _plain_words(self.engine), self._connect(xmo_writes=True) as connection, connection.begin():
            yield connection

    def _connect(self, **options: Any) -> Connection:
        return self.engine.connect().execution_options(**options)

    def upsert(self, table: Table) -> Any:
        """Return an INSERT that knows `on_conflict_do_update` on this database."""
        return import_module(f"sqlalchemy.dialects.{self.dialect}").insert(table)

    def overwrite(self, table: Table, **instead: Any) -> Any:
        """Return an INSERT that overwrites the row of the same key, unless that one has changed later; `instead` names
        columns that get something else than the new value."""
        insert = self.upsert(table)
        values = {c.name: instead.get(c.name, insert.excluded[c.name]) for c in table.c if not c.primary_key}
        newest = insert.excluded.changed_at >= table.c.changed_at if "changed_at" in table.c else None
        return insert.on_conflict_do_update(index_elements=table.primary_key.columns, set_=values, where=newest)

    def read(self, query: Select[Any]) -> list[Mapping[str, Any]]:
        """Return the rows of one query, as JSON wants them."""
        with self.reading() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()


def open_store(url: str) -> Store:
    """Open the database at `url` without looking at its tables (see `versions.ensure`). Its errors never quote what was
    to be written."""
    try:
        address = make_url(url)
        if address.get_backend_name() == "sqlite":
            _make_private(address.database)
            engine = create_engine(address, connect_args={"timeout": _BUSY_SECONDS}, hide_parameters=True)
            event.listen(engine, "connect", _sqlite_connected)
            event.listen(engine, "begin", _sqlite_begins)
        else:
            # in UTC, or the driver would refuse to read the last day of the year 9999 east of it
            options = {"options": "-c timezone=UTC"}
            engine = create_engine(address, pool_pre_ping=True, hide_parameters=True, connect_args=options)
    except (ArgumentError, ValueError):
        hint = "Write sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME."
        raise ConfigError("[store] url is not the address of a database.", hint=hint) from None
    except ModuleNotFoundError as error:
        hint = "pip install 'xmo-core[postgres]'"
        raise ConfigError(f"The store needs the module {error.name}, which is not installed.", hint=hint) from None
    return Store(engine)


def _make_private(database: str | None) -> None:
    """Let nobody else read a new store: it holds tokens, and rows as the vendor sent them. What lies beside it (-wal,
    -shm) gets its mode. Where it cannot be made, the first connection says so."""
    if database and not database.startswith((":memory:", "file:")):
        with suppress(OSError):
            Path(database).touch(mode=0o600, exist_ok=False)


def _sqlite_connected(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    # pages of a large sync change again and again: they are written home every 40 MB instead of every 4
    for pragma in ("synchronous = NORMAL", f"busy_timeout = {_BUSY_SECONDS * 1000}", "wal_autocheckpoint = 10000"):
        connection.execute(f"PRAGMA {pragma}")
    # The turn to WAL does not wait for others by itself, as two first runs at once find out.
    locked = retry_if_exception_message(match="database is locked")
    patient = Retrying(retry=locked, stop=stop_after_delay(_BUSY_SECONDS), wait=wait_random(0, 0.2), reraise=True)
    patient(connection.execute, "PRAGMA journal_mode = WAL")


def _sqlite_begins(connection: Connection) -> None:
    writes = connection.get_execution_options().get("xmo_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _plain_words(engine: Engine) -> Iterator[None]:
    """Turn what the driver raises about the connection into our errors; a wrong statement stays a bug of ours."""
    try:
        yield
    except (DBAPIError, sqlite3.DatabaseError) as error:  # bare from what is said to a new connection
        cause = str(getattr(error, "orig", error)).strip().partition("\n")[0]
        where = engine.url.render_as_string(hide_password=True)
        if type(error).__name__ != "OperationalError" and "not a database" not in cause:
            raise
        if any(wrong in cause for wrong in _WRONG):
            raise ConfigError(f"The store {where} cannot be opened: {cause}", hint="Look at [store] url.") from None
        raise Unavailable(f"The store {where} does not answer: {cause}", hint="Run the command again.") from None
