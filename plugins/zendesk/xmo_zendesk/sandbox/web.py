"""The sandbox as a WSGI app: the paths of the Support API, the token endpoint, and the sandbox's switches."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import wraps

import orjson
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from xmo_hooks import SandboxOptions
from xmo_zendesk.sandbox import answers, work
from xmo_zendesk.sandbox.account import Account
from xmo_zendesk.sandbox.answers import Failure
from xmo_zendesk.sandbox.clock import Clock
from xmo_zendesk.sandbox.control import Control
from xmo_zendesk.sandbox.directory import Directory
from xmo_zendesk.sandbox.exports import Exports
from xmo_zendesk.sandbox.faults import Faults
from xmo_zendesk.sandbox.generate import WINDOW, Generator
from xmo_zendesk.sandbox.guard import Guard
from xmo_zendesk.sandbox.limits import Limits
from xmo_zendesk.sandbox.lists import Lists
from xmo_zendesk.sandbox.login import Login
from xmo_zendesk.sandbox.sideloads import Sideloads
from xmo_zendesk.sandbox.tickets import Tickets

_START = datetime(2026, 1, 1, tzinfo=UTC)
_USUAL = 300
_Answer = Callable[..., Response]
_Route = tuple[str, str, _Answer]


def build(
    options: SandboxOptions,
    *,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Flask:
    """Build the app: tickets of `options.data`, generated ones, or, where neither is named, 300 generated ones.
    `monotonic` drives the sandbox's clock, its limits and the age of tokens."""
    directory = Directory()
    tickets = _tickets(options, directory)
    end = max((ticket.events[-1].at for ticket in tickets), default=0)
    clock = Clock(options.at or datetime.fromtimestamp(end + 60, UTC), options.speed, monotonic)
    faults, login, limits = (
        Faults(options.faults or {}, options.seed),
        Login(options.seed, monotonic),
        Limits(monotonic),
    )
    account = Account(tickets, directory, clock)
    app = Flask("xmo_zendesk_sandbox", static_folder=None)
    guard = Guard(faults, login, limits, sleep)
    app.before_request(guard.check)
    app.after_request(guard.finish)
    app.register_error_handler(Failure, lambda failure: answers.json(failure.body, failure.status))
    app.register_error_handler(HTTPException, _refuse)
    app.add_url_rule("/oauth/tokens", "token", lambda: answers.json(login.token(_sent()), 201), methods=["POST"])
    sideloads = Sideloads(account, faults)
    _route(app, account, _routes(Exports(account, faults, sideloads), Tickets(account, sideloads), Lists(account)))
    _route_control(app, Control(account, faults, limits, login))
    return app


def _tickets(options: SandboxOptions, directory: Directory) -> list[work.Ticket]:
    tickets = work.read(options.data, directory) if options.data else []
    count = options.generate or (0 if options.data else _USUAL)
    start = options.at - WINDOW * (2 / 3) if options.at and not options.data else _START
    generator = Generator(directory, count, start, options.seed) if count else None
    first = max((ticket.id for ticket in tickets), default=0) + 1
    return tickets + ([generator.ticket(first + n) for n in range(count)] if generator else [])


def _routes(exports: Exports, tickets: Tickets, lists: Lists) -> Sequence[_Route]:
    return (
        ("GET", "incremental/tickets/cursor", exports.by_cursor),
        ("GET", "incremental/tickets", exports.by_time),
        ("GET", "incremental/ticket_events", exports.ticket_events),
        ("GET", "incremental/ticket_metric_events", exports.metric_events),
        ("GET", "tickets/show_many", tickets.many),
        ("GET", "tickets/count", tickets.count),
        ("GET", "tickets/<int:key>", tickets.one),
        ("PUT", "tickets/<int:key>", tickets.put),
        ("GET", "tickets/<int:key>/comments", tickets.comments),
        ("GET", "tickets/<int:key>/audits", tickets.audits),
        ("GET", "tickets/<int:key>/tags", tickets.tags),
        ("PUT", "tickets/<int:key>/tags", tickets.put_tags),
        ("POST", "tickets/<int:key>/tags", tickets.post_tags),
        ("DELETE", "tickets/<int:key>/tags", tickets.delete_tags),
        ("GET", "users/me", lists.me),
        ("GET", "users/show_many", lists.users),
        ("GET", "groups", lists.groups),
        ("GET", "organizations", lists.organizations),
        ("GET", "ticket_fields", lists.fields),
        ("GET", "custom_statuses", lists.statuses),
        ("GET", "brands", lists.brands),
        ("GET", "ticket_forms", lists.forms),
        ("GET", "satisfaction_ratings", lists.ratings),
        ("GET", "guide/survey_responses", lists.responses),
        ("GET", "guide/<locale>/survey_responses/<key>", lists.response),
    )


def _route(app: Flask, account: Account, routes: Sequence[_Route]) -> None:
    def locked(answer: _Answer) -> _Answer:
        @wraps(answer)
        def call(**parts: object) -> Response:
            with account.lock:
                return answer(**parts)

        return call

    for method, path, answer in routes:
        for ending in ("", ".json"):
            app.add_url_rule(f"/api/v2/{path}{ending}", f"{method} {path}{ending}", locked(answer), methods=[method])


def _route_control(app: Flask, control: Control) -> None:
    for name, read, write in control.switches:
        if read:
            app.add_url_rule(f"/sandbox/{name}", f"sandbox-{name}", read, methods=["GET"])
        if write:
            app.add_url_rule(f"/sandbox/{name}", f"sandbox-put-{name}", write, methods=["PUT"])


def _sent() -> dict[str, object]:
    try:
        sent = orjson.loads(request.get_data()) if request.mimetype == "application/json" else None
    except orjson.JSONDecodeError:
        sent = None
    if not isinstance(sent, dict):
        raise Failure(400, {"error": "invalid_request", "error_description": "Send the parameters as JSON"})
    return sent


def _refuse(error: HTTPException) -> Response:
    if error.code in {404, 405}:
        return answers.json(answers.NO_ENDPOINT, 404)
    return answers.json({"error": error.name, "description": error.description}, error.code or 500)
