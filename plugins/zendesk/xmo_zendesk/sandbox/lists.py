"""The endpoints beside the tickets: users, groups, organizations, fields, statuses, brands, forms, and the survey."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from flask import Response, request

from xmo_zendesk.sandbox import answers, shape, surveys
from xmo_zendesk.sandbox.account import Account
from xmo_zendesk.sandbox.answers import Failure
from xmo_zendesk.sandbox.clock import parse_time, unix
from xmo_zendesk.sandbox.fields import brand, form, statuses, ticket_fields
from xmo_zendesk.sandbox.life import Life
from xmo_zendesk.sandbox.paging import cursor_pages, ids, names, number, pages, root
from xmo_zendesk.sandbox.work import Event, Ticket

Json = dict[str, Any]
_EVER = 1 << 50
_SCORES = {
    "received": {"good", "bad"},
    "good": {"good"},
    "bad": {"bad"},
    "offered": {"offered"},
    "unoffered": set[str](),
}


class Lists:
    """The endpoints: each method answers one request."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._directory = account.directory

    def me(self) -> Response:
        """Answer `GET users/me`."""
        user = shape.user(self._directory.users[self._directory.me], root())
        return answers.json({"user": user | {"role": self._account.role, "authenticity_token": "none"}})

    def users(self) -> Response:
        """Answer `GET users/show_many`: those of up to 100 that are there."""
        known, here = self._directory.users, root()
        rows = [shape.user(known[key], here) for key in ids() if key in known]
        return answers.json({"users": rows, "count": len(rows), "next_page": None, "previous_page": None})

    def groups(self) -> Response:
        """Answer `GET groups`."""
        return self._listing("groups", sorted(self._directory.groups), shape.group)

    def organizations(self) -> Response:
        """Answer `GET organizations`."""
        return self._listing("organizations", sorted(self._directory.organizations), shape.organization)

    def fields(self) -> Response:
        """Answer `GET ticket_fields`."""
        rows = ticket_fields(self._directory, root())
        return answers.json(pages("ticket_fields", rows, list, lambda row: [row["id"]]))

    def statuses(self) -> Response:
        """Answer `GET custom_statuses`, all at once."""
        return answers.json({"custom_statuses": statuses(root())})

    def brands(self) -> Response:
        """Answer `GET brands`."""
        return answers.json(pages("brands", [brand(root())], list, lambda row: [row["id"]]))

    def forms(self) -> Response:
        """Answer `GET ticket_forms`."""
        return answers.json(pages("ticket_forms", [form(root())], list, lambda row: [row["id"]]))

    def ratings(self) -> Response:
        """Answer `GET satisfaction_ratings`, by the time at which each was given: empty where the survey is the new
        one."""
        self._begin()
        start, end = number("start_time", 0, least=0), number("end_time", _EVER, least=0)
        offers = self._offers() if self._account.survey == "legacy" else ()
        rows = [surveys.rating_row(ticket, life, root()) for ticket, life, _ in offers]
        kept = [row for row in rows if start <= unix(parse_time(row["updated_at"])) <= end and _matches(row)]
        kept.sort(key=lambda row: (row["updated_at"], row["id"]))
        return answers.json(pages("satisfaction_ratings", kept, list, lambda row: [row["updated_at"], row["id"]]))

    def responses(self) -> Response:
        """Answer `GET guide/survey_responses`, filtered by when each was made, that is, offered: empty where the
        survey is the one of old."""
        self._begin()
        start, end = (
            number(f"filter[created_at_{side}]", each, least=0) for side, each in (("start", 0), ("end", _EVER))
        )
        subjects, responders = names("filter[subject_zrns]"), names("filter[responder_ids]")
        offers = self._offers() if self._account.survey == "surveys" else ()
        found = [(surveys.response_id(offer), ticket, life, offer) for ticket, life, offer in offers]
        kept = [
            each
            for each in sorted(found, key=lambda each: each[0])
            if start <= each[3].at * 1000 <= end
            and (not subjects or f"zen:ticket:{each[1].id}" in subjects)
            and (not responders or str(each[1].requester) in responders)
        ]
        page = cursor_pages(
            "survey_responses",
            kept,
            lambda rows: [surveys.response(*each[1:], whole=False) for each in rows],
            lambda each: [each[0]],
        )
        return answers.json(page)

    def response(self, locale: str, key: str) -> Response:  # noqa: ARG002 - words are in one language here
        """Answer `GET guide/LOCALE/survey_responses/ID`."""
        self._begin()
        for ticket, life, offer in self._offers():
            if surveys.response_id(offer) == key and self._account.survey == "surveys":
                return answers.json({"survey_response": surveys.response(ticket, life, offer, whole=True)})
        raise answers.not_found()

    def _begin(self) -> None:
        if self._account.role != "admin" or self._account.survey == "none":
            raise Failure(403, answers.FORBIDDEN)
        self._account.catch_up()

    def _offers(self) -> Iterator[tuple[Ticket, Life, Event]]:
        for offer in self._account.offers.values():
            ticket = self._account.any(offer.ticket)
            yield ticket, self._account.life(ticket), offer

    def _listing(self, key: str, rows: list[int], show: Callable[..., Json]) -> Response:
        here = root()
        page = pages(key, rows, lambda found: [show(each, self._directory, here) for each in found], lambda row: [row])
        return answers.json(page)


def _matches(row: Json) -> bool:
    wanted = request.args.get("score")
    if wanted is None:
        return True
    score, _, comment = wanted.partition("_")
    is_commented = {"with_comment": True, "without_comment": False}.get(comment)
    return row["score"] in _SCORES.get(score, {score}) and is_commented in {None, bool(row["comment"])}
