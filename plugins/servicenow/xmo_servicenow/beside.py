"""What other tables tell about the tickets of a page, in bulk: their SLAs, their audit log, their comments.

It is joined into the raw rows, so that parsing asks for nothing and a row in quarantine is whole. Neither the text of
comments nor the names of who served are kept: the text is looked at for our own marker, the names for which side it is.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from xmo_hooks import MARKER, Log, Row, Side, Unavailable, XmoError
from xmo_servicenow import keyset, slas
from xmo_servicenow.client import Batch, Client, is_trouble
from xmo_servicenow.fields import Layout, missing
from xmo_servicenow.journal import JOURNAL
from xmo_servicenow.keyset import CREATED
from xmo_servicenow.options import Options
from xmo_servicenow.sides import SIDE, Sides
from xmo_servicenow.slas import SLA
from xmo_servicenow.touchpoints import AUDIT, COMMENTS, HISTORY, watched
from xmo_servicenow.walk import every

CHUNK = 100  # tickets in one request: their ids, each of at most 64 signs, keep its address under 8 kB
ROWS = 1000
SLAS, AUDITS = "task_sla", "sys_audit"
_SPARED = frozenset({"user", "sla.type", "sla.target", "sla.name", "planned_end_time"})  # may be missing in a row
_DROPPED = frozenset({"value", "element", "element_id", "documentkey", "task", "user", "sys_created_by"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A table beside the tickets: `owner` is the column that names the ticket, `actor` the one that names who acted,
    `part` where its rows are joined, and `counts` says of each, by who acted, whether it does: conditions that the
    vendor does not understand it drops."""

    name: str
    owner: str
    actor: str
    part: str
    columns: tuple[str, ...]
    where: str
    counts: Callable[[Row, Side | None], bool]


def tables(layout: Layout, options: Options) -> Sequence[Table]:
    """Return the tables to read beside one of tickets."""
    found = []
    if options.sla:
        columns = ("sys_id", *slas.COLUMNS)
        found.append(
            Table(name=SLAS, owner="task", actor="", part=SLA, columns=columns, where="", counts=lambda *_: True)
        )
    if options.touchpoints:
        fields = watched(layout)
        found.append(
            Table(
                name=AUDITS,
                owner="documentkey",
                actor="user",
                part=AUDIT,
                columns=("sys_id", "documentkey", "fieldname", "oldvalue", "newvalue", "user", CREATED),
                where=f"fieldnameIN{','.join(fields)}",
                counts=lambda row, _: row["fieldname"] in fields,
            )
        )
        found.append(
            Table(
                name=JOURNAL,
                owner="element_id",
                actor="sys_created_by",
                part=COMMENTS,
                columns=("sys_id", "element_id", "element", "value", "sys_created_by", CREATED),
                where="element=comments",
                # who answers by mail quotes our question
                counts=lambda row, side: (
                    row["element"] == "comments" and (side == "requester" or not MARKER.search(row["value"]))
                ),
            )
        )
    return found


class Beside:
    """Reads what stands beside the tickets of one run. A table that the account may not read is warned about once, and
    left out from then on."""

    def __init__(self, client: Client, options: Options, log: Log) -> None:
        self._client, self._options, self._log, self._sides = client, options, log, Sides(options)
        self._said: set[str] = set()
        self._closed: set[str] = set()

    def join(self, layout: Layout, rows: Sequence[dict[str, Any]]) -> None:
        """Join into each row what the other tables tell about it. One request for each table and `CHUNK` rows, more
        where they hold more than `ROWS` rows."""
        by_key = {key: row for row in rows if keyset.is_id(key := row.get("sys_id"))}
        keys, requester = list(by_key), layout.named.get("user_name", "")
        for table in tables(layout, self._options):
            for start in range(0, len(keys), CHUNK):
                if table.name not in self._closed:
                    self._add(table, requester, {key: by_key[key] for key in keys[start : start + CHUNK]})

    def _add(self, table: Table, requester: str, by_key: dict[str, dict[str, Any]]) -> None:
        try:
            found = list(self._rows(table, list(by_key)))
        except XmoError as error:
            if is_trouble(error):
                raise
            self._closed.add(table.name)
            self._warn("table cannot be read", table.name, reason=str(error))
            return
        places = {key: _place(table, row) for key, row in by_key.items()}
        for one in found:
            if (key := one[table.owner]) not in places:
                said = f"ServiceNow returned rows of {table.name} that were not asked for: it has dropped a condition."
                raise Unavailable(said)
            side = self._sides.of(one.get(table.actor), by_key[key].get(requester)) if table.actor else None
            if all(column in one for column in table.columns if column not in _SPARED) and table.counts(one, side):
                kept = {name: one[name] for name in table.columns if name in one and name not in _DROPPED}
                places[key].append(kept | ({SIDE: side} if side else {}))

    def _rows(self, table: Table, keys: Sequence[str]) -> Iterator[dict[str, Any]]:
        where = keyset.both(keyset.among(keys, table.owner), table.where)

        def page(offset: int, limit: int) -> Batch:
            order = keyset.order(CREATED)
            return self._client.page(table.name, where, table.columns, limit=limit, offset=offset, order=order)

        seen = total = 0
        for batch in every(page, ROWS):
            seen, total = seen + len(batch.rows), max(total, batch.total)
            if batch.rows and (absent := missing(table.columns, batch.rows)):
                self._warn("field missing", table.name, columns=", ".join(absent))
            yield from (row for row in batch.rows if table.owner in row)
        if seen < total:
            self._warn("rows hidden", table.name)

    def _warn(self, event: str, table: str, **facts: str) -> None:
        if f"{event} {table}" not in self._said:
            self._said.add(f"{event} {table}")
            self._log.warning(event, table=table, **facts)


def _place(table: Table, row: dict[str, Any]) -> list[Row]:
    home = row if table.part == SLA else row.setdefault(HISTORY, {})
    place: list[Row] = home.setdefault(table.part, [])
    return place
