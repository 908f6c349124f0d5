"""Figures: computed by the plugins, taken through the wall, and published to the table `figure`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, true
from sqlalchemy import Table as SqlTable

from xmo_core.office import Office
from xmo_core.reader import StoreReader
from xmo_core.store import tables as t
from xmo_core.store.lease import ASKING
from xmo_core.wall import walled
from xmo_hooks import Figure, Table

_LINE = "Rows at each step. Skipped and invited make up the decisions."
_QUESTIONS = "The states of all that were invited."
_STEPS: Mapping[str, tuple[SqlTable, ColumnElement[bool]]] = {
    "tickets": (t.ticket, true()),
    "problems": (t.problem, true()),
    "decisions": (t.decision, true()),
    "skipped": (t.decision, t.decision.c.verdict == "skip"),
    "invited": (t.decision, t.decision.c.verdict == "ask"),
}
_WORDS = {
    "claimed": "waiting to be sent",
    "sent": "waiting for an answer",
    "uncertain": "perhaps not arrived",
}
_STATES: Mapping[str, tuple[SqlTable, ColumnElement[bool]]] = {
    _WORDS.get(state, state): (t.invitation, t.invitation.c.state == state)
    for state in ("claimed", "sent", "uncertain", "answered", "declined", "expired", "withdrawn")
}


def tables(office: Office) -> list[Table]:
    """Compute all tables and take them through the wall; the registry notes which plugins failed."""
    now, settings = office.now(), office.config.settings
    called = office.registry.call("xmo_figures", reader=StoreReader(office.store), now=now, settings=settings)
    with office.store.reading() as connection:
        line = _counts(connection, "step", _STEPS)
        states = _counts(connection, "state", _STATES)
        invited = _counts(connection, "state", {"": (t.invitation, true())}).figures
    # how many rows there are at each step of the line tells nothing about what anybody answered
    line = replace(line, name="line", title="From tickets to questions", definition=_LINE)
    states = replace(states, total=[replace(figure, key=()) for figure in invited])
    states = replace(states, name="questions", title="How the questions stand", definition=_QUESTIONS)
    return [walled(table) for _, made in called for table in made] + [line, walled(states)]


def render(office: Office, released: Sequence[Table], folder: Path) -> list[Path]:
    """Have the plugins write their files from the released tables; returns the files."""
    now, settings = office.now(), office.config.settings
    written = []
    for _, files in office.registry.each("xmo_render", tables=released, now=now, settings=settings):
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
            written.append(folder / name)
    return written


def publish(office: Office, released: Sequence[Table]) -> None:
    """Replace what the table `figure`, and the view for BI tools on it, show."""
    rows = [row for table in released for row in _rows(table, office)]
    with office.store.writing() as connection:
        # two reports at once: the second waits, and replaces what the first one wrote
        connection.execute(select(t.lease).where(t.lease.c.name == ASKING).with_for_update())
        connection.execute(delete(t.figure))
        if rows:
            connection.execute(insert(t.figure), rows)


def _counts(connection: Connection, by: str, steps: Mapping[str, tuple[SqlTable, ColumnElement[bool]]]) -> Table:
    """Count the rows at each step of the line, so that anyone can see that none got lost."""
    figures = []
    for step, (table, where) in steps.items():
        query = select(func.count(), func.count(table.c.person.distinct())).select_from(table).where(where)
        count, persons = connection.execute(query).one()
        exact: dict[str, Any] = dict.fromkeys(("value", "low", "high"), count) | {"asked": 0, "answered": 0}
        figures.append(Figure(key=(step,), measure="count", unit="count", persons=persons, **exact))
    return Table(name="", title="", definition="", by=(by,), figures=figures)


def _rows(table: Table, office: Office) -> Iterator[dict[str, Any]]:
    about = {"table": table.name, "definition": table.definition, "caveat": table.caveat, "released_at": office.now()}
    for figure in (*table.figures, *table.total):
        numbers = {name: getattr(figure, name) for name in ("measure", "value", "low", "high", "unit", "hidden")}
        counts = {name: None if figure.hidden else getattr(figure, name) for name in ("asked", "answered", "persons")}
        yield about | {"key": "/".join(part or "(empty)" for part in figure.key)} | numbers | counts
