"""Figures: computed by the plugins, taken through the wall, and published to the table `figure`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select
from sqlalchemy import Table as SqlTable

from xmo_core.office import Office
from xmo_core.reader import StoreReader
from xmo_core.store import tables as t
from xmo_core.wall import walled
from xmo_hooks import Figure, Table

_STEPS: tuple[tuple[str, SqlTable, ColumnElement[bool] | None], ...] = (
    ("tickets", t.ticket, None),
    ("problems", t.problem, None),
    ("decisions", t.decision, None),
    ("skipped", t.decision, t.decision.c.verdict == "skip"),
    ("invited", t.decision, t.decision.c.verdict == "ask"),
    ("waiting to be sent", t.invitation, t.invitation.c.state == "claimed"),
    ("waiting for an answer", t.invitation, t.invitation.c.state == "sent"),
    ("answered", t.invitation, t.invitation.c.state == "answered"),
    ("declined", t.invitation, t.invitation.c.state == "declined"),
    ("expired", t.invitation, t.invitation.c.state == "expired"),
    ("withdrawn", t.invitation, t.invitation.c.state == "withdrawn"),
)


def tables(office: Office) -> list[Table]:
    """Compute all tables and take them through the wall; the registry notes which plugins failed."""
    called = office.registry.call(
        "xmo_figures", reader=StoreReader(office.store), now=office.now(), settings=office.config.settings
    )
    with office.store.reading() as connection:
        line = _line(connection)
    return [walled(table) for _, made in called for table in made] + [walled(line)]


def render(office: Office, released: Sequence[Table], folder: Path) -> list[Path]:
    """Have the plugins write their files from the released tables; returns the files."""
    written = []
    for _, files in office.registry.each(
        "xmo_render", tables=released, now=office.now(), settings=office.config.settings
    ):
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
            written.append(folder / name)
    return written


def publish(office: Office, released: Sequence[Table]) -> None:
    """Replace what the table `figure`, and the view for BI tools on it, show."""
    rows = [row for table in released for row in _rows(table, office)]
    with office.store.writing() as connection:
        connection.execute(delete(t.figure))
        if rows:
            connection.execute(insert(t.figure), rows)


def _line(connection: Connection) -> Table:
    """Count the rows at each step of the line, so that anyone can see that none got lost."""
    figures: list[Figure] = []
    for name, table, where in _STEPS:
        query = select(func.count(), func.count(table.c.person.distinct())).select_from(table)
        count, persons = connection.execute(query if where is None else query.where(where)).one()
        figures.append(_count(name, count, persons))
    return Table(
        name="line",
        title="From tickets to answers",
        definition="Rows at each step. Skipped and invited make up the decisions, the six states below the invited.",
        by=("step",),
        figures=figures,
    )


def _count(step: str, count: int, persons: int) -> Figure:
    exact: dict[str, Any] = {"value": count, "low": count, "high": count}
    return Figure(key=(step,), measure="count", unit="count", asked=0, answered=0, persons=persons, **exact)


def _rows(table: Table, office: Office) -> Iterator[dict[str, Any]]:
    about = {"table": table.name, "definition": table.definition, "caveat": table.caveat, "released_at": office.now()}
    for figure in (*table.figures, *table.total):
        numbers = {name: getattr(figure, name) for name in ("measure", "value", "low", "high", "unit", "hidden")}
        counts = {name: None if figure.hidden else getattr(figure, name) for name in ("asked", "answered", "persons")}
        yield about | {"key": "/".join(figure.key)} | numbers | counts
