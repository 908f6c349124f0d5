"""A Table API that costs almost nothing: N tickets made from one template, in pages that are pasted together.

It answers the queries of the plugin and of the floor alike. Ticket i is stamped second i // 4: stamps tie.
"""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime, timedelta

import orjson

from benchmarks.served.http import Answer, Request, serve

START = datetime(2026, 1, 1, tzinfo=UTC)
TIES = 4
_BEHIND = re.compile(r"sys_updated_on>\d[^^]*\^NQsys_updated_on=[^^]*\^sys_id>([0-9a-f]{32})")
_FROM = re.compile(r"sys_updated_on>=(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)")
_FILLERS, _FILLING = 72, "lorem ipsum dolor"

_FIELDS = {
    "sys_class_name": "incident",
    "short_description": "The VPN client loses its connection every few minutes",
    "state": "6",
    "priority": "3",
    "impact": "2",
    "urgency": "2",
    "category": "network",
    "subcategory": "vpn",
    "business_service.name": "Network and VPN",
    "cmdb_ci.name": "vpn-gw-03",
    "contact_type": "self-service",
    "caller_id.name": "A requester",
    "caller_id.preferred_language": "en",
    "caller_id.time_zone": "Europe/Berlin",
    "caller_id.department.name": "Finance",
    "caller_id.location.name": "Hamburg",
    "caller_id.company.name": "Northwind",
    "assignment_group": "287ebd7da9fe198100f92cc8d1d2154e",
    "assignment_group.name": "Network",
    "opened_at": "2025-12-30 08:00:00",
    "sys_created_on": "2025-12-30 08:00:00",
    "resolved_at": "2025-12-31 16:20:00",
    "closed_at": "",
    "sys_mod_count": "7",
    "reassignment_count": "2",
    "reopen_count": "0",
    "made_sla": "true",
    "due_date": "",
    "sla_due": "",
    "parent": "",
    "company": "",
    "active": "true",
    "close_code": "Solved",
}


def stamp(number: int) -> str:
    """Return the stamp of a ticket."""
    return f"{START + timedelta(seconds=number // TIES):%Y-%m-%d %H:%M:%S}"


class Tickets:
    """N tickets: `wide` rows have 110 fields and 3.4 kB, others only the fields that are asked for."""

    def __init__(self, count: int, *, wide: bool) -> None:
        self.count, self._wide = count, wide
        self._templates: dict[str, bytes] = {}

    def page(self, query: str, fields: str, limit: int, offset: int) -> tuple[bytes, int]:
        """Return the body of a page, and how many rows match."""
        if "ORDERBYDESC" in query:
            first, total = self.count - limit, self.count
        else:
            first = self._first(query) + offset
            total = self.count - first + offset
        template = self._template(fields)
        rows = [self._row(template, number) for number in range(first, min(first + limit, self.count))]
        return b'{"result":[' + b",".join(rows) + b"]}", total

    def matching(self, query: str) -> int:
        """Count the rows behind a condition."""
        return self.count - self._first(query)

    def _first(self, query: str) -> int:
        if behind := _BEHIND.search(query):
            return int(behind[1], 16) + 1
        if since := _FROM.search(query):
            moment = datetime.fromisoformat(since[1] + "+00:00")
            return max(0, int((moment - START).total_seconds()) * TIES)
        return 0

    def _template(self, fields: str) -> bytes:
        if fields not in self._templates:
            row = {"sys_id": "@ID", "number": "INC@NO", "sys_updated_on": "@AT", "caller_id": "@WHO"}
            row |= {"caller_id.email": "requester@NO@example.com"} | _FIELDS
            asked = {name: row.get(name, "") for name in fields.split(",") if name}
            fillers = {f"u_field_{number:02}": _FILLING for number in range(_FILLERS)}
            row = row | asked | fillers if self._wide else asked
            self._templates[fields] = orjson.dumps(row)
        return self._templates[fields]

    def _row(self, template: bytes, number: int) -> bytes:
        return (
            template.replace(b"@ID", b"%032x" % number)
            .replace(b"@AT", stamp(number).encode())
            .replace(b"@WHO", b"%032x" % (number % 50_000))
            .replace(b"requester@NO", b"requester%d" % (number % 50_000))
            .replace(b"@NO", b"%08d" % number)
        )


def main() -> None:
    """Serve `COUNT` tickets, `wide` or `narrow`."""
    tickets = Tickets(int(sys.argv[1]), wide=sys.argv[2] == "wide")

    def answer(request: Request) -> Answer:
        asked = request.query
        query = asked.get("sysparm_query", "")
        if "/stats/" in request.path:
            return Answer(orjson.dumps({"result": {"stats": {"count": str(tickets.matching(query))}}}))
        if request.path.endswith("/sys_audit_delete"):  # nothing was ever deleted
            return Answer(b'{"result":[]}')
        limit, offset = int(asked["sysparm_limit"]), int(asked.get("sysparm_offset", 0))
        body, total = tickets.page(query, asked.get("sysparm_fields", ""), limit, offset)
        return Answer(body, {"X-Total-Count": str(total)})

    serve(answer)


if __name__ == "__main__":
    main()
