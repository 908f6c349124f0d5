"""How rows look from outside: chosen columns, dot-walked names, references as objects, display values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Literal

from xmo_servicenow.sandbox.clock import stamp
from xmo_servicenow.sandbox.instance import Instance
from xmo_servicenow.sandbox.query import Column, Row
from xmo_servicenow.sandbox.schema import COLUMNS, REFERENCES, is_date, label

Shown = str | Mapping[str, str]
Show = Callable[[Row], Shown]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A column that a name leads to, dot-walked or not: the table it lies in, its name there, and how to read it."""

    table: str
    column: str
    read: Column


@dataclass(frozen=True, slots=True)
class Shape:
    """What a caller wants to see: columns (empty: all), raw or display values or both, links from `root` or none."""

    fields: Sequence[str]
    display: Literal["false", "true", "all"]
    links: bool
    root: str


def leaf(instance: Instance, table: str, name: str) -> Leaf | None:
    """Follow a column name such as `caller_id.location.name`, or return None where it leads nowhere."""
    head, _, rest = name.partition(".")
    if head not in COLUMNS[table]:
        return None
    if not rest:
        return Leaf(table, head, lambda row: row.get(head, ""))
    there = leaf(instance, REFERENCES[head], rest) if head in REFERENCES else None
    if there is None:
        return None
    target, read = REFERENCES[head], there.read

    def walk(row: Row) -> str:
        record = instance.row(target, row.get(head, ""))
        return read(record) if record else ""

    return Leaf(there.table, there.column, walk)


def render(instance: Instance, table: str, rows: Sequence[Row], shape: Shape) -> list[dict[str, Shown]]:
    """Return rows as the vendor would send them; unknown names in `shape.fields` are left out without a word."""
    names = shape.fields or COLUMNS[table]
    leaves = [(name, found) for name in names if (found := leaf(instance, table, name.strip()))]
    shows = [(name.strip(), _show(instance, found, shape)) for name, found in leaves]
    return [{name: show(row) for name, show in shows} for row in rows]


def _show(instance: Instance, found: Leaf, shape: Shape) -> Show:
    if found.column in REFERENCES:
        return _reference(instance, found, shape)
    if shape.display == "false":
        return found.read
    seen = _seen(found, instance.zone)
    if shape.display == "true":
        return seen
    return lambda row: {"display_value": seen(row), "value": found.read(row)}


def _seen(found: Leaf, zone: tzinfo) -> Column:
    if is_date(found.column):
        return lambda row: _local(found.read(row), zone)
    if found.table == "task":
        return lambda row: label(row.get("sys_class_name", "task"), found.column, found.read(row))
    return lambda row: label(found.table, found.column, found.read(row))


def _reference(instance: Instance, found: Leaf, shape: Shape) -> Show:
    path = f"{shape.root}api/now/table/{REFERENCES[found.column]}/"

    def show(row: Row) -> Shown:
        value = found.read(row)
        if not value:
            return "" if shape.display != "all" else {"display_value": "", "value": ""}
        parts = {} if shape.display == "false" else {"display_value": instance.name(value)}
        parts |= {} if shape.display == "true" else {"value": value}
        if shape.links:
            parts["link"] = path + value
        return parts if shape.links or shape.display == "all" else next(iter(parts.values()))

    return show


def _local(value: str, zone: tzinfo) -> str:
    try:
        return stamp(datetime.fromisoformat(value).replace(tzinfo=UTC).astimezone(zone))
    except ValueError:
        return value
