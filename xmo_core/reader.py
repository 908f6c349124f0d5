"""The reader: figures see the joined record as cells, grouped by the database, never as rows."""

from collections.abc import Mapping, Sequence
from itertools import combinations_with_replacement
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, case, distinct, func, literal, select

from xmo_core.store import Store
from xmo_core.store import tables as t
from xmo_hooks import Cell, ConfigError

_d, _t, _p, _i = t.decision.c, t.ticket.c, t.person.c, t.invitation.c
_COLUMNS: dict[str, tuple[ColumnElement[Any], str]] = {
    "source": (_d.source, "the source of the ticket"),
    "kind": (_t.kind, "incident, request, …"),
    "service": (_t.service, "the service concerned"),
    "category": (_t.category, "the ticket's category"),
    "priority": (_t.priority, "the ticket's priority"),
    "channel": (_t.channel, "how the requester came"),
    "group": (_t.group, "the support group that ended it"),
    "month": (_d.month, "the month (UTC) in which it ended, 2026-01"),
    "sla_met": (case((_t.sla_met.is_(True), "met"), (_t.sla_met.is_(False), "missed")), "met or missed"),
    "person_kind": (_p.kind, "employee, customer, partner, unknown"),
    "language": (_p.language, "the person's language"),
    "place": (_p.place, "where the person works"),
    "organisation": (_p.organisation, "whom the person works for"),
}
_FLAGS: dict[str, ColumnElement[int]] = {
    flag: case((at.is_not(None), 1), else_=0) for flag, at in (("asked", _i.sent_at), ("answered", _i.answered_at))
}
_ATTRIBUTE = "attribute."


class StoreReader:
    """The `Reader` of the contract over the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def columns(self) -> Mapping[str, str]:
        """Name what `by` and `where` may use; `attribute.NAME` reads a further field that the config names."""
        return {name: meaning for name, (_, meaning) in _COLUMNS.items()}

    def cells(
        self, by: Sequence[str], sums: Sequence[str] = (), where: Mapping[str, str] | None = None
    ) -> Sequence[Cell]:
        """Group all decisions by the columns `by`: first by person within each group, then over the persons. Cells come
        in order of their keys, for databases sort texts each in its own way."""
        persons = self._per_person(by, sums, where or {})
        query = _over_persons(persons, len(by), sums)
        with self._store.reading() as connection:
            cells = [_cell(row, len(by), sums) for row in connection.execute(query)]
        return sorted(cells, key=lambda cell: [(value is not None, value or "") for value in cell.key])

    def _per_person(self, by: Sequence[str], sums: Sequence[str], where: Mapping[str, str]) -> Subquery:
        relation = (
            t.decision.join(t.ticket, (_t.source == _d.source) & (_t.key == _d.key))
            .outerjoin(t.person, _p.pseudonym == _d.person)
            .outerjoin(t.invitation, (_i.problem == _d.problem) & (_i.n == _d.n))
        )
        summed: list[ColumnElement[int]] = [literal(1)]
        for name in sums:
            if name in _FLAGS:
                summed.append(_FLAGS[name])
                continue
            score = t.score.alias(f"score_{len(summed)}")
            same = (score.c.problem == _d.problem) & (score.c.n == _d.n) & (score.c.name == name)
            relation = relation.join(score, same)
            summed.append(score.c.value)
        keys = [_column(name) for name in by]
        named = [key.label(f"k{i}") for i, key in enumerate(keys)]
        named += [func.sum(column).label(f"x{i}") for i, column in enumerate(summed)]
        query = select(*named, _d.person.label("person")).select_from(relation).group_by(*keys, _d.person)
        return query.where(*[_column(name) == value for name, value in where.items()]).subquery()


def _column(name: str) -> ColumnElement[Any]:
    if name in _COLUMNS:
        return _COLUMNS[name][0]
    if not name.startswith(_ATTRIBUTE):
        hint = f"Cuts are {', '.join(_COLUMNS)}, and attribute.NAME."
        raise ConfigError(f"There is no cut named {name!r}.", hint=hint)
    column: ColumnElement[Any] = _t.attributes[name.removeprefix(_ATTRIBUTE)].as_string()
    return column


def _over_persons(persons: Subquery, axes: int, sums: Sequence[str]) -> Select[Any]:
    keys = [persons.c[f"k{i}"] for i in range(axes)]
    totals = [persons.c[f"x{i}"] for i in range(len(sums) + 1)]
    columns = [func.sum(total).label(f"s{i}") for i, total in enumerate(totals)]
    columns += [func.sum(a * b).label(f"p{i}") for i, (a, b) in enumerate(combinations_with_replacement(totals, 2))]
    query = select(*keys, func.count(distinct(persons.c.person)).label("persons"), *columns)
    return query.group_by(*keys) if keys else query.having(func.count(literal(1)) > 0)


def _cell(row: Any, axes: int, sums: Sequence[str]) -> Cell:
    """Read a row; sums come back as Decimal from PostgreSQL and as int from SQLite."""
    names = ("n", *sums)
    totals = {name: int(getattr(row, f"s{i}")) for i, name in enumerate(names)}
    pairs = enumerate(combinations_with_replacement(names, 2))
    products = {pair: int(getattr(row, f"p{i}")) for i, pair in pairs}
    return Cell(key=tuple(row[:axes]), n=totals.pop("n"), persons=row.persons, sums=totals, products=products)
