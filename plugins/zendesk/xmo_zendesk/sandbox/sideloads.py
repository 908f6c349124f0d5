"""Tickets as an answer holds them: with their metric sets and counts inside, and the people they name beside them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from xmo_zendesk.sandbox import metrics, shape, surveys
from xmo_zendesk.sandbox.account import Account
from xmo_zendesk.sandbox.faults import Faults
from xmo_zendesk.sandbox.life import Life
from xmo_zendesk.sandbox.paging import names, root
from xmo_zendesk.sandbox.work import Ticket

Json = dict[str, Any]


class Sideloads:
    """Puts together what `include` asks for; names that it does not know are ignored, as the vendor does."""

    def __init__(self, account: Account, faults: Faults) -> None:
        self._account = account
        self._faults = faults

    def tickets(self, found: Sequence[tuple[Ticket, Life]]) -> tuple[list[Json], Json]:
        """Return tickets, and the lists that stand beside them."""
        wanted, here = set(names("include")), root()
        rows = [self._row(ticket, life, wanted, here) for ticket, life in found]
        beside: Json = {}
        if "users" in wanted:
            people = (row[name] for row in rows for name in ("requester_id", "submitter_id", "assignee_id"))
            beside["users"] = self.users(people)
        if "groups" in wanted:
            groups = sorted({row["group_id"] for row in rows} - {None})
            beside["groups"] = [shape.group(key, self._account.directory, here) for key in groups]
        if "organizations" in wanted:
            known = sorted({row["organization_id"] for row in rows} - {None})
            beside["organizations"] = [shape.organization(key, self._account.directory, here) for key in known]
        return rows, beside

    def users(self, keys: Iterable[int | None]) -> list[Json]:
        """Return the users of these ids, each once, but for those that a fault leaves out."""
        known, here = self._account.directory.users, root()
        wanted = sorted(key for key in set(keys) if key in known and not self._faults.leaves_out(key))
        return [shape.user(known[key], here) for key in wanted if key is not None]

    def _row(self, ticket: Ticket, life: Life, wanted: set[str], here: str) -> Json:
        row = shape.ticket(ticket, life, surveys.rating(ticket, life, self._account.survey), here)
        if "metric_sets" in wanted:
            row["metric_set"] = metrics.metric_set(ticket.id, self._account.course(life), here)
        if "comment_count" in wanted:
            row["comment_count"] = sum(audit.voice is not None for audit in life.audits)
        return row
