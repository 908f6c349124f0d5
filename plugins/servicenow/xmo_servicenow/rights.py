"""What `xmo check` asks about the tables beside the tickets: only about those that an option names, and deletions."""

from collections.abc import Iterator, Sequence

from xmo_hooks import Finding, XmoError
from xmo_servicenow import deletes, keyset, surveys
from xmo_servicenow.beside import tables
from xmo_servicenow.client import Client
from xmo_servicenow.fields import Layout, missing
from xmo_servicenow.options import Options
from xmo_servicenow.slas import SLA
from xmo_servicenow.streams import Stream

SAMPLE = 10


def rights(client: Client, options: Options, layouts: Sequence[Layout], keys: Sequence[str]) -> Iterator[Finding]:
    """Look whether what the options ask for can be read, and whether deletions are seen. What stands beside tickets is
    looked up for a few of them, `keys`: as a whole such a table is too large to be sorted."""
    for table in {table.name: table for one in layouts for table in tables(one, options)}.values():
        where = keyset.both(keyset.among(keys, table.owner), table.where)
        if keys:
            option = "sla" if table.part == SLA else "touchpoints"
            yield _finding(client, table.name, where, table.columns, option)
    names = [one.table for one in layouts]
    if options.surveys:
        stream = surveys.stream(names)
        yield _finding(client, stream.table, stream.where, stream.columns, "surveys")
    yield _deletions(client, deletes.stream(names))


def _finding(client: Client, table: str, where: str, columns: Sequence[str], option: str) -> Finding:
    fix = f"Give the account the right to read {table}, or set {option} = false."
    try:
        batch = client.page(table, where, columns, limit=SAMPLE)
    except XmoError as error:
        return Finding(level="warning", text=f"Table {table} cannot be read: {error}", fix=fix)
    if absent := missing(columns, batch.rows) if batch.rows else ():
        return Finding(level="warning", text=f"Table {table} shows no {', '.join(absent)}.", fix=fix)
    if not batch.rows and batch.total:
        return Finding(level="warning", text=f"The rows of {table} are hidden from the account.", fix=fix)
    if not batch.rows:
        return Finding(level="note", text=f"Table {table} shows no row, so reading it could not be tried.")
    return Finding(level="ok", text=f"Table {table} can be read, as {option} = true asks.")


def _deletions(client: Client, stream: Stream) -> Finding:
    fix = f"Give the account the right to read {stream.table}; without it, deleted tickets stay as they were."
    try:
        batch = stream.newest(client)
    except XmoError as error:
        return Finding(level="note", text=f"Deleted tickets are not noticed: {error}", fix=fix)
    if batch.total and missing(stream.columns, batch.rows):
        text = f"Deleted tickets are not noticed: {stream.table} is hidden from the account."
        return Finding(level="note", text=text, fix=fix)
    return Finding(level="ok", text=f"Deleted tickets are noticed, from {stream.table}.")
