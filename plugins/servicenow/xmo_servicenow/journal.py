"""Comments that the requester sees: they are written into a ticket, and found again in the journal table."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from xmo_hooks import Forbidden, Immutable, NotFound, Receipt, Ticket
from xmo_servicenow.client import Client
from xmo_servicenow.fields import Layout
from xmo_servicenow.keyset import is_stamp, moment, safe, safe_id

JOURNAL = "sys_journal_field"
LONGEST = 4000  # characters of a journal entry, unless the instance has raised it
_ENDED = frozenset({"closed", "cancelled"})


def find(client: Client, ticket: Ticket, marker: str) -> Receipt | None:
    """Look for a customer-visible comment that holds the marker. Raises `Forbidden` where there may be one that this
    account cannot read, for that must not be taken for none."""
    where = f"element=comments^element_id={safe_id(ticket.key)}^valueLIKE{safe(marker)}"
    columns = ("sys_id", "element_id", "value", "sys_created_on")
    batch = client.page(JOURNAL, where, columns, limit=10, order="ORDERBYsys_created_on")
    readable = [row for row in batch.rows if isinstance(row.get("value"), str)]
    for row in readable:
        # Looked at again, for the vendor drops a condition that it does not understand.
        if row.get("element_id") == ticket.key and marker in row["value"]:
            return Receipt(reference=ticket.key, at=_time(row.get("sys_created_on")))
    if batch.total > len(readable):
        raise Forbidden(
            f"{ticket.number} may hold this question already, in a comment that the account cannot read.",
            hint=f"Give the account read access to {JOURNAL}.",
        )
    return None


def comment(client: Client, layout: Layout, ticket: Ticket, text: str) -> Receipt:
    """Write a customer-visible comment. Raises `Forbidden` where the account may not, or the vendor ignored it, and
    `Immutable` where it is refused because the ticket has ended."""
    if len(text) >= LONGEST:
        raise Forbidden(
            f"A comment of {len(text)} characters is too long: ServiceNow keeps fewer than {LONGEST}.",
            hint="Shorten the words of the invitation.",
        )
    state = layout.named["state"]
    columns = ("sys_id", "sys_mod_count", "sys_updated_on", state)
    before = client.read(ticket.vendor_type, ticket.key, columns)
    try:
        after = client.write(ticket.vendor_type, ticket.key, {"comments": text}, columns)
    except (Forbidden, NotFound) as error:
        if layout.states.get(str(before.get(state))) in _ENDED:
            raise Immutable(f"{ticket.number} has ended and takes no more comments.", hint=error.hint) from error
        raise
    return _receipt(ticket, before, after)


def _receipt(ticket: Ticket, before: Mapping[str, Any], after: Mapping[str, Any]) -> Receipt:
    # A field that may not be written is ignored, and answered with 200: then nothing has counted the change.
    count = after.get("sys_mod_count")
    if count is not None and count == before.get("sys_mod_count"):
        raise Forbidden(
            f"ServiceNow accepted a comment on {ticket.number} and did not write it.",
            hint="Give the account the right to write the field `comments`.",
        )
    # The record that holds it, as `find` says too: the entry's own id is not in this answer.
    return Receipt(reference=ticket.key, at=_time(after.get("sys_updated_on")))


def _time(stamp: object) -> datetime | None:
    return moment(stamp) if isinstance(stamp, str) and is_stamp(stamp) else None
