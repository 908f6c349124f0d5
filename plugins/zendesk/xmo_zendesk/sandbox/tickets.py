"""The endpoints of single tickets: reading them with comments and audits, and writing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import Response, request

from xmo_zendesk.sandbox import answers, shape, trail, writing
from xmo_zendesk.sandbox.account import Account
from xmo_zendesk.sandbox.clock import iso
from xmo_zendesk.sandbox.life import Audit, Comment, Life, comments
from xmo_zendesk.sandbox.paging import ids, names, pages
from xmo_zendesk.sandbox.sideloads import Sideloads
from xmo_zendesk.sandbox.work import Ticket, Update

Json = dict[str, Any]


class Tickets:
    """The endpoints: each method answers one request. Archived tickets are found by their id, but by no list."""

    def __init__(self, account: Account, sideloads: Sideloads) -> None:
        self._account = account
        self._sideloads = sideloads

    def one(self, key: int) -> Response:
        """Answer `GET tickets/ID`."""
        self._account.catch_up()
        (row,), beside = self._sideloads.tickets([self._account.ticket(key)])
        return answers.json({"ticket": row, **beside})

    def many(self) -> Response:
        """Answer `GET tickets/show_many`: those of up to 100 that are there."""
        self._account.catch_up()
        found = [pair for key in ids() if (pair := self._account.listed(key))]
        rows, beside = self._sideloads.tickets(found)
        return answers.json({"tickets": rows, **beside, "count": len(rows), "next_page": None, "previous_page": None})

    def count(self) -> Response:
        """Answer `GET tickets/count`."""
        self._account.catch_up()
        value = sum(self._account.listed(ticket.id) is not None for ticket in self._account.exported())
        return answers.json({"count": {"value": value, "refreshed_at": iso(self._account.now)}})

    def comments(self, key: int) -> Response:
        """Answer `GET tickets/ID/comments`, oldest first, or newest with `sort=-created_at`."""
        self._account.catch_up()
        ticket, life = self._account.ticket(key)

        def show(rows: Sequence[tuple[Audit, Comment]]) -> list[Json]:
            return [shape.comment(audit, said, ticket) for audit, said in rows]

        page = pages("comments", comments(ticket, life), show, lambda row: [row[0].event.at, row[0].id])
        if "users" in names("include"):
            page["users"] = self._sideloads.users(row["author_id"] for row in page["comments"])
        return answers.json(page)

    def audits(self, key: int) -> Response:
        """Answer `GET tickets/ID/audits`, oldest first."""
        self._account.catch_up()
        ticket, life = self._account.ticket(key)

        def show(rows: Sequence[Audit]) -> list[Json]:
            return [trail.audit(audit, ticket) for audit in rows]

        return answers.json(pages("audits", life.audits, show, lambda audit: [audit.event.at, audit.id]))

    def tags(self, key: int) -> Response:
        """Answer `GET tickets/ID/tags`."""
        self._account.catch_up()
        return answers.json({"tags": self._account.ticket(key)[1].state["tags"]})

    def put(self, key: int) -> Response:
        """Answer `PUT tickets/ID`: write what is under `ticket`; unknown names are ignored, and so is no change."""
        sent = writing.body().get("ticket")
        if not isinstance(sent, dict):
            raise answers.invalid("ticket", "must be an object")
        ticket, life = self._open(key, sent)
        update = writing.update(sent, life, self._account.directory)
        life, audit = self._written(ticket, life, update)
        (row,), _ = self._sideloads.tickets([(ticket, life)])
        return answers.json({"ticket": row, "audit": {**audit, "events": [_flat(event) for event in audit["events"]]}})

    def put_tags(self, key: int) -> Response:
        """Answer `PUT tickets/ID/tags`: add."""
        return self._tagged(key, lambda tags, sent: tags + [tag for tag in sent if tag not in tags], 200)

    def post_tags(self, key: int) -> Response:
        """Answer `POST tickets/ID/tags`: replace all."""
        return self._tagged(key, lambda _, sent: sent, 201)

    def delete_tags(self, key: int) -> Response:
        """Answer `DELETE tickets/ID/tags`: remove those of the body, or of the parameter `tags`."""
        return self._tagged(key, lambda tags, sent: [tag for tag in tags if tag not in sent], 200)

    def _tagged(self, key: int, change: Callable[[list[str], list[str]], list[str]], status: int) -> Response:
        sent = writing.body() if request.get_data() else {"tags": request.args.get("tags", "")}
        ticket, life = self._open(key, sent)
        tags = change(life.state["tags"], writing.normal(sent.get("tags")))
        life, _ = self._written(ticket, life, Update(values=writing.dropdowns(life.state, tags, {})))
        return answers.json({"tags": life.state["tags"]}, status)

    def _open(self, key: int, sent: Json) -> tuple[Ticket, Life]:
        self._account.catch_up()
        ticket, life = self._account.ticket(key)
        if life.state["status"] == "closed":
            raise answers.closed()
        writing.check_stamp(sent, life)
        return ticket, life

    def _written(self, ticket: Ticket, life: Life, update: Update) -> tuple[Life, Json]:
        if not update.said and all(life.state[name] == value for name, value in update.values.items()):
            return life, {**trail.audit(life.audits[-1], ticket), "events": []}
        life, audit = self._account.write(ticket, update)
        return life, trail.audit(audit, ticket)


def _flat(event: Json) -> Json:
    """Return an event as the answer to a write has it: there a value is always a text or a number."""
    value = event.get("value", "")
    flat = " ".join(value) if isinstance(value, list) else "" if value is None else value
    return {**event, "value": flat} if "value" in event else event
