"""An invented chat service and its channel, as an integrator would begin: one module, and a small service."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from marshmallow import Schema, fields

from xmo_hooks import (
    Channel,
    ChannelKind,
    Contact,
    Finding,
    Message,
    Occasion,
    Receipt,
    Tools,
    Unavailable,
    hookimpl,
)

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_ADDRESS = re.compile(r"[^\s@,<>]+@[^\s@,<>]+\.[^\s@,<>]+")


class Options(Schema):
    """What stands in [channels.NAME] besides `kind`."""

    url = fields.Url(required=True, require_tld=False)
    token = fields.Raw(required=True)


class Birch:
    """One Birch Chat."""

    def __init__(self, options: dict[str, Any], tools: Tools) -> None:
        self.url, self.session, self.tools = options["url"], tools.session, tools
        self.session.headers["Authorization"] = f"Bearer {options['token'].reveal()}"

    def check(self) -> Iterable[Finding]:
        self.session.get(f"{self.url}/me")
        yield Finding(level="ok", text="Birch Chat answers.")

    def reaches(self, to: Contact, occasion: Occasion) -> bool:
        return to.email is not None and _ADDRESS.fullmatch(to.email) is not None

    def deliver(self, to: Contact, message: Message) -> Receipt:
        made = self.session.post(f"{self.url}/messages", json=self.body(to, message)).json()
        if not isinstance(made, dict) or not isinstance(made.get("id"), str):
            raise Unavailable("Birch Chat did not say what became of a message.")
        return Receipt(reference=made["id"])

    def body(self, to: Contact, message: Message) -> dict[str, Any]:
        return {"to": to.email, "text": message.text}


def offering(make: type[Channel]) -> Any:
    """Return a plugin that offers the channel: what stands for its module."""

    class Plugin:
        __name__ = "birch"

        @hookimpl
        def xmo_channels(self) -> Iterable[ChannelKind]:
            return [ChannelKind(name="birch", schema=Options, make=make)]

    return Plugin()


class Chat:
    """Birch Chat itself: a WSGI app, and what has arrived. It knows those at example.com, but for `nobody`."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.arrived: list[Mapping[str, str]] = []

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        status, answer = self.answer(environ)
        start_response(status, [("Content-Type", "application/json")])
        return [json.dumps(answer).encode()]

    def answer(self, environ: WSGIEnvironment) -> tuple[str, Any]:
        if environ.get("HTTP_AUTHORIZATION") != f"Bearer {self.token}":
            return "401 Unauthorized", {"error": "who are you?"}
        if environ["REQUEST_METHOD"] == "GET":
            return "200 OK", {"id": "xmo"}
        try:
            sent = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        except ValueError:
            return "400 Bad Request", {"error": "that was only half of it"}
        if sent["to"].startswith("nobody@"):
            return "404 Not Found", {"error": "there is no such person"}
        self.arrived.append(sent)
        return "201 Created", {"id": str(len(self.arrived))}
