"""The sandbox as a WSGI app: the paths of the platform API, of Service Management, of the log-in and of the gateway."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

import orjson
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from xmo_hooks import SandboxOptions
from xmo_jira.sandbox import CLOUD_FAULTS, SERVER_FAULTS, answers, generate, work
from xmo_jira.sandbox.answers import Failure
from xmo_jira.sandbox.clock import Clock, millis, moment
from xmo_jira.sandbox.control import Control
from xmo_jira.sandbox.desk import Desk
from xmo_jira.sandbox.faults import Faults
from xmo_jira.sandbox.guard import GATEWAY, Guard
from xmo_jira.sandbox.instance import Instance
from xmo_jira.sandbox.issues import Issues
from xmo_jira.sandbox.login import SCOPES, Login
from xmo_jira.sandbox.meta import Meta
from xmo_jira.sandbox.search import Search
from xmo_jira.sandbox.site import CLOUD_ID
from xmo_jira.sandbox.work import Work

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_USUAL = 300  # made-up tickets where nobody says what to play
_START = millis(datetime(2026, 1, 1, tzinfo=UTC))
_CONTEXT = "/jira"  # the path below which a server lies, as many do; it also answers at the root


def build(
    options: SandboxOptions,
    *,
    cloud: bool = True,
    monotonic: Callable[[], float] = time.monotonic,
    wall: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> Flask:
    """Build the app: tickets of `options.data`, generated ones or both. `monotonic` drives the sandbox's clock, `wall`
    dates the answers of the rate limits."""
    works = _works(options)
    end = max((told.events[-1].at for told in works), default=_START)
    clock = Clock(options.at or moment(end), options.speed, monotonic)
    faults = Faults(options.faults or {}, CLOUD_FAULTS if cloud else SERVER_FAULTS, options.seed)
    instance = Instance(works, clock, faults, cloud=cloud)
    login = Login(options.seed, monotonic, cloud=cloud)
    guard = Guard(faults, login, wall, sleep, cloud=cloud)
    app = Flask("xmo_jira_sandbox", static_folder=None)
    app.before_request(guard.check)
    app.after_request(guard.finish)
    app.register_error_handler(Failure, answers.envelope)
    app.register_error_handler(HTTPException, _refuse)
    _route_platform(app, instance)
    _route_desk(app, Desk(instance))
    _route_control(app, Control(instance))
    if cloud:
        _route_login(app, login)
    below = _below(app.wsgi_app, f"{GATEWAY}{CLOUD_ID}" if cloud else _CONTEXT)
    app.wsgi_app = below  # type: ignore[method-assign, assignment]
    return app


def _works(options: SandboxOptions) -> list[Work]:
    told = work.read(options.data) if options.data else []
    tickets = options.generate or (0 if options.data else _USUAL)
    if not tickets:
        return told
    start = min((each.events[0].at for each in told), default=_START)
    if options.at and not told:
        start = millis(options.at) - generate.WINDOW * 2 // 3
    first = max((each.number for each in told), default=0) + 1
    return list(chain(told, generate.works(tickets, start, options.seed, first)))


def _route_platform(app: Flask, instance: Instance) -> None:
    for version in (2, 3) if instance.cloud else (2,):
        root = f"/rest/api/{version}"
        for path, method, answer in _paths(instance):
            name = f"{version} {method} {path}"
            app.add_url_rule(root + path, name, partial(answer, version), methods=[method])
    if instance.cloud:
        app.add_url_rule("/rest/api/3/search/approximate-count", "count", Search(instance).count, methods=["POST"])


def _paths(instance: Instance) -> Iterable[tuple[str, str, Callable[..., Response]]]:
    issues, meta, search = Issues(instance), Meta(instance), Search(instance)
    one = "/issue/<name>"
    yield from ((f"/{path}", "GET", answer) for path, answer in _listed(meta))
    yield from (
        ("/search", method, search.removed if instance.cloud else search.by_offset) for method in ("GET", "POST")
    )
    yield ("/project/<name>", "GET", meta.project)
    yield (one, "GET", issues.issue)
    yield (f"{one}/comment", "GET", issues.comments)
    yield (f"{one}/comment", "POST", issues.write_comment)
    yield (f"{one}/properties", "GET", issues.properties)
    yield from ((f"{one}/properties/<key>", method, issues.property) for method in ("GET", "PUT", "DELETE"))
    if instance.cloud:
        yield from (("/search/jql", method, search.by_token) for method in ("GET", "POST"))
        yield ("/project/search", "GET", meta.project_search)
        yield (f"{one}/changelog", "GET", issues.changelog)
        yield ("/issue/bulkfetch", "POST", issues.fetch)
        yield ("/changelog/bulkfetch", "POST", issues.changelogs)


def _listed(meta: Meta) -> Iterable[tuple[str, Callable[..., Response]]]:
    return (
        ("field", meta.fields),
        ("status", meta.statuses),
        ("priority", meta.priorities),
        ("project", meta.projects),
        ("myself", meta.myself),
        ("mypermissions", meta.rights),
        ("serverInfo", meta.server_info),
    )


def _route_desk(app: Flask, desk: Desk) -> None:
    root = "/rest/servicedeskapi"
    one = f"{root}/request/<name>"
    app.add_url_rule(f"{root}/info", "info", desk.info)
    app.add_url_rule(f"{root}/servicedesk", "desks", desk.desks)
    app.add_url_rule(one, "request", desk.request)
    app.add_url_rule(f"{one}/comment", "request-comments", desk.comments, methods=["GET"])
    app.add_url_rule(f"{one}/comment", "request-comment", desk.write_comment, methods=["POST"])
    app.add_url_rule(f"{one}/sla", "request-sla", desk.levels)
    app.add_url_rule(f"{one}/feedback", "feedback", desk.feedback, methods=["GET", "POST", "DELETE"])


def _route_control(app: Flask, control: Control) -> None:
    for name, read, write in control.switches:
        app.add_url_rule(f"/sandbox/{name}", f"sandbox-{name}", read, methods=["GET"])
        if write:
            app.add_url_rule(f"/sandbox/{name}", f"sandbox-put-{name}", write, methods=["PUT"])


def _route_login(app: Flask, login: Login) -> None:
    app.add_url_rule("/oauth/token", "token", partial(_token, login), methods=["POST"])
    app.add_url_rule("/oauth/token/accessible-resources", "sites", partial(_sites, login), methods=["GET"])


def _token(login: Login) -> Response:
    form: Any = request.form
    if request.mimetype == "application/json":
        form = orjson.loads(request.get_data() or b"{}")
    token = login.token(form) if hasattr(form, "get") else None
    if token is None:
        refusal = {"error": "unauthorized_client", "error_description": "refresh_token is invalid"}
        return answers.json(refusal, 403)
    return answers.json(token)


def _sites(login: Login) -> Response:
    if not login.knows(request.headers.get("Authorization", "").partition(" ")[2].strip()):
        return answers.gateway(401, "Unauthorized")
    site = {"id": CLOUD_ID, "name": "support", "url": request.host_url.rstrip("/"), "scopes": list(SCOPES)}
    return answers.json([{**site, "avatarUrl": f"{request.host_url}avatar.png"}])


def _refuse(error: HTTPException) -> Response:
    if request.path.startswith(GATEWAY):
        return answers.gateway(404, "Not Found")
    if error.code == 404:
        return answers.no_route()
    return answers.envelope(Failure(error.code or 500, error.name))


def _below(app: WSGIApplication, prefix: str) -> WSGIApplication:
    """Return an app that also answers below a path."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO", ""))
        if path.startswith(f"{prefix}/"):
            script = str(environ.get("SCRIPT_NAME", "")) + prefix
            environ = {**environ, "PATH_INFO": path.removeprefix(prefix), "SCRIPT_NAME": script}
        return app(environ, start_response)

    return answer
