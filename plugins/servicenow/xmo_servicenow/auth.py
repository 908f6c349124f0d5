"""Logging in: what each way puts into a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from requests import PreparedRequest
from requests.auth import AuthBase, HTTPBasicAuth

from xmo_hooks import Grant, Tools
from xmo_servicenow.secret import reveal
from xmo_servicenow.ways import CLIENT, GRANTS, PERSON

if TYPE_CHECKING:
    from xmo_servicenow.options import Options

API_KEY = "x-sn-apikey"


class _Header(AuthBase):
    """Log-in by what stands in one header."""

    def __init__(self, name: str, value: str) -> None:
        self._name, self._value = name, value

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers[self._name] = self._value
        return request


def log_in(options: Options, tools: Tools) -> AuthBase:
    """Return what logs requests in. Asks for nothing yet."""
    if options.api_key:
        return _Header(API_KEY, reveal(options.api_key))
    if options.token:
        return _Header("Authorization", f"Bearer {reveal(options.token)}")
    if options.client_id:
        return tools.oauth(_grant(options))
    # As bytes, for requests would write text as Latin-1.
    return HTTPBasicAuth(options.username.encode(), reveal(options.password).encode())


def _grant(options: Options) -> Grant:
    given = {name: getattr(options, name) for name in sorted(CLIENT | PERSON) if getattr(options, name)}
    refresh = reveal(options.refresh_token) if options.refresh_token else None
    kind = GRANTS[frozenset(given) | ({"refresh_token"} if refresh else frozenset())]
    fields = {"grant_type": kind, **{name: reveal(value) for name, value in given.items()}}
    if options.scope:
        fields["scope"] = options.scope
    return Grant(token_url=f"{options.url}/oauth_token.do", fields=fields, refresh_token=refresh)
