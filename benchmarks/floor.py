"""The floor: the least that a loop written by hand for one table must do. requests, orjson, one upsert a page.

It asks for the fields that the plugin asks for and writes the columns that the store's ticket has, as raw text, on disk
in WAL, the cursor committed with each page. It checks, normalises, retries and resumes nothing.
"""

from __future__ import annotations

import sqlite3
import sys

import orjson
import requests

PAGE = 500
_COLUMNS = {
    "source": None,
    "key": "sys_id",
    "problem": None,
    "person": "caller_id",
    "number": "number",
    "kind": None,
    "vendor_type": "sys_class_name",
    "state": "state",
    "vendor_state": "state",
    "opened_at": "opened_at",
    "changed_at": "sys_updated_on",
    "resolved_at": "resolved_at",
    "closed_at": "closed_at",
    "promised_at": "sla_due",
    "title": "short_description",
    "url": None,
    "reopens": "reopen_count",
    "reassignments": "reassignment_count",
    "sla_met": "made_sla",
    "service": "business_service.name",
    "group": "assignment_group.name",
    "priority": "priority",
    "category": "category",
    "channel": "contact_type",
    "parent": "parent",
    "attributes": None,
}


def main() -> None:
    """Load all tickets of the server at `URL`, asking for `FIELDS`, into the file `STORE`."""
    url, fields, file = sys.argv[1:]
    store = sqlite3.connect(file, isolation_level=None)
    store.execute("PRAGMA journal_mode = WAL")
    store.execute("PRAGMA synchronous = NORMAL")
    names = ", ".join(f'"{name}"' for name in _COLUMNS)
    store.execute(f"CREATE TABLE ticket ({names}, PRIMARY KEY (source, key))")
    store.execute("CREATE TABLE cursor (source PRIMARY KEY, stamp, sys_id)")
    changed = ", ".join(f'"{name}" = excluded."{name}"' for name in _COLUMNS)
    upsert = (
        f"INSERT INTO ticket ({names}) VALUES ({', '.join('?' * len(_COLUMNS))}) "
        f"ON CONFLICT (source, key) DO UPDATE SET {changed} WHERE excluded.changed_at >= ticket.changed_at"
    )
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
            columns = list(_COLUMNS.values())
            store.execute("BEGIN IMMEDIATE")
            store.executemany(upsert, [[column and row.get(column) for column in columns] for row in rows])
            store.execute("INSERT OR REPLACE INTO cursor VALUES ('corp', ?, ?)", (stamp, sys_id))
            store.execute("COMMIT")


if __name__ == "__main__":
    main()
