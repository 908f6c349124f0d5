"""Many rows with one statement, at the price of the driver's own `executemany`."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam

from xmo_core.store.engine import Store

Cells = tuple[Any, ...]


def bulk(store: Store, insert: Any) -> Callable[[Connection, Sequence[Cells]], None]:
    """Compile an INSERT once and return what executes it with rows of native values, in the order of the table's
    columns. SQLAlchemy's own way takes a dictionary a row and costs more than the database's work."""
    names = [column.name for column in insert.table.columns]
    statement = insert.values({name: bindparam(name) for name in names})
    # the engine's own dialect, but with parameters by position: the pool's psycopg takes them by name
    dialect: Any = type(store.engine.dialect)
    compiled = statement.compile(dialect=dialect(paramstyle="qmark" if store.dialect == "sqlite" else "format"))
    if compiled.positiontup != names:
        raise RuntimeError(f"columns out of order: {compiled.positiontup}")
    sql = str(compiled)

    def execute(connection: Connection, rows: Sequence[Cells]) -> None:
        if rows:
            connection.exec_driver_sql(sql, list(rows))

    return execute
