"""The sandbox as a WSGI app: the paths of the Table API, the Aggregate API and the token endpoint."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from xmo_hooks import SandboxOptions
from xmo_servicenow.sandbox import answers, generate, history, surveys, work
from xmo_servicenow.sandbox.answers import Failure
from xmo_servicenow.sandbox.clock import Clock, parse_time
from xmo_servicenow.sandbox.control import Control
from xmo_servicenow.sandbox.faults import Faults
from xmo_servicenow.sandbox.guard import Guard
from xmo_servicenow.sandbox.instance import Instance
from xmo_servicenow.sandbox.login import Login
from xmo_servicenow.sandbox.tables import Tables

EXCERPT = Path(__file__).parent.parent / "data" / "incidents.csv.gz"
_START = datetime(2026, 1, 1, tzinfo=UTC)
_ERRORS = {
    404: (400, "Requested URI does not represent any resource", None),
    405: (405, "Method not supported", None),
}


def build(
    options: SandboxOptions,
    *,
    monotonic: Callable[[], float] = time.monotonic,
    wall: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> Flask:
    """Build the app: tickets of `options.data`, generated ones, or, where neither is named, those of the excerpt that
    comes with XMO. `monotonic` drives the sandbox's clock, `wall` dates the answers of the rate rule."""
    told = _history(options)
    end = parse_time(told.changes[-1].stamp) if told.changes else _START
    clock = Clock(options.at or end, options.speed, monotonic)
    faults = Faults(options.faults or {}, options.seed)
    instance = Instance(told, clock)
    login = Login(options.seed, monotonic)
    app = Flask("xmo_servicenow_sandbox", static_folder=None)
    app.before_request(Guard(faults, login, wall, sleep).check)
    app.register_error_handler(Failure, lambda failure: answers.envelope(*failure.answer))
    app.register_error_handler(HTTPException, _refuse)
    app.add_url_rule("/oauth_token.do", "token", partial(_token, login), methods=["POST"])
    _route(app, Tables(instance, faults))
    _route_control(app, Control(instance, faults))
    return app


def _history(options: SandboxOptions) -> history.History:
    data = options.data or (None if options.generate else EXCERPT)
    told = _read(data) if data else history.History()
    if options.generate:
        start = parse_time(told.changes[0].stamp) if told.changes else _START
        if options.at and not data:
            start = options.at - generate.WINDOW * (2 / 3)
        generate.add(told, options.generate, start, options.seed)
        surveys.add(told, options.seed)
    return told


def _read(data: Path) -> history.History:
    return work.read(data) if work.is_work(data) else history.read(data)


def _route(app: Flask, tables: Tables) -> None:
    for version in ("", "v1/", "v2/"):
        root = f"/api/now/{version}"
        listing = partial(tables.listing, first_version=version == "v1/")
        app.add_url_rule(f"{root}table/<table>", f"{version}list", listing, methods=["GET"])
        app.add_url_rule(f"{root}table/<table>/<key>", f"{version}one", tables.one, methods=["GET"])
        app.add_url_rule(f"{root}table/<table>/<key>", f"{version}write", tables.write, methods=["PATCH", "PUT"])
        app.add_url_rule(f"{root}stats/<table>", f"{version}stats", tables.stats, methods=["GET"])


def _route_control(app: Flask, control: Control) -> None:
    for name, read, write in control.switches:
        app.add_url_rule(f"/sandbox/{name}", f"sandbox-{name}", read, methods=["GET"])
        if write:
            app.add_url_rule(f"/sandbox/{name}", f"sandbox-put-{name}", write, methods=["PUT"])


def _refuse(error: HTTPException) -> Response:
    code = error.code or 500
    return answers.envelope(*_ERRORS.get(code, (code, error.name, error.description)))


def _token(login: Login) -> Response:
    token = login.token(request.form, request.headers.get("Authorization", ""))
    if token is None:
        return answers.json({"error": "access_denied", "error_description": "access_denied"}, 401)
    return answers.json(token)
