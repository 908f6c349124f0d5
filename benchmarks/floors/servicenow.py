"""The floor of ServiceNow: the least that a loop written by hand for one table must do.

It asks for the fields that the plugin asks for and writes the columns that the store's ticket has, as raw text. It
checks, normalises, retries and resumes nothing.
"""

from __future__ import annotations

import sys

import orjson
import requests

from benchmarks.floors.store import TICKET, Store

PAGE = 500
_COLUMNS = {
    "person": "caller_id",
    "key": "sys_id",
    "number": "number",
    "vendor_type": "sys_class_name",
    "state": "state",
    "vendor_state": "state",
    "opened_at": "opened_at",
    "changed_at": "sys_updated_on",
    "resolved_at": "resolved_at",
    "closed_at": "closed_at",
    "promised_at": "sla_due",
    "title": "short_description",
    "reopens": "reopen_count",
    "reassignments": "reassignment_count",
    "sla_met": "made_sla",
    "service": "business_service.name",
    "group": "assignment_group.name",
    "priority": "priority",
    "category": "category",
    "channel": "contact_type",
    "parent": "parent",
}


def main() -> None:
    """Load all tickets of the server at `URL`, asking for `FIELDS`, into the file `STORE`."""
    url, file, fields = sys.argv[1:]
    store, columns = Store(file), [_COLUMNS.get(column) for column in TICKET[1:]]
    fetched, query = PAGE, ""
    session = requests.Session()
    while fetched == PAGE:
        query = f"{query}^ORDERBYsys_updated_on^ORDERBYsys_id"
        asked = {"sysparm_query": query, "sysparm_fields": fields, "sysparm_limit": str(PAGE)}
        answer = session.get(f"{url}/api/now/table/incident", params=asked, timeout=60)
        rows = orjson.loads(answer.content)["result"]
        fetched = len(rows)
        if rows:
            stamp, sys_id = rows[-1]["sys_updated_on"], rows[-1]["sys_id"]
            query = f"sys_updated_on>{stamp}^NQsys_updated_on={stamp}^sys_id>{sys_id}"
            tickets = [["corp", *(column and row.get(column) for column in columns)] for row in rows]
            store.page(f"{stamp} {sys_id}", tickets)


if __name__ == "__main__":
    main()
