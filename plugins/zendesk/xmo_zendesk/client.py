"""Calls to one account's API: the log-in, and answers that are checked to be what they should be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from requests import PreparedRequest, Response
from requests.auth import AuthBase, HTTPBasicAuth

from xmo_hooks import Forbidden, Grant, NotFound, Tools, Unavailable, XmoError
from xmo_zendesk.options import Options, reveal

Body = dict[str, Any]
Params = Mapping[str, str | int]
MANY = 100  # ids or records that the list endpoints take at once


class Client:
    """A connection to one account. All its methods raise the errors of the contract."""

    def __init__(self, options: Options, tools: Tools) -> None:
        self._url, self._session = options.url, tools.session
        self._session.auth = _auth(options, tools)

    def get(self, path: str, params: Params | None = None) -> Body:
        """Read one answer, a JSON object."""
        return _body(self._session.get(f"{self._url}/api/v2/{path}", params=params), path)

    def put(self, path: str, body: Body) -> Body:
        """Write, once."""
        # A redirect would turn the PUT into a GET, whose 200 looks like success.
        return _body(self._session.put(f"{self._url}/api/v2/{path}", json=body, allow_redirects=False), path)

    def rows(self, path: str, name: str, params: Params | None = None) -> list[Body]:
        """Read one answer and return the records that stand in it under `name`."""
        return records(self.get(path, params), name)

    def many(self, path: str, name: str, ids: Sequence[str], include: str = "") -> Iterator[Body]:
        """Read records by their ids, a hundred at a time, and yield the answers."""
        for start in range(0, len(ids), MANY):
            params = {"ids": ",".join(ids[start : start + MANY])} | ({"include": include} if include else {})
            body = self.get(path, params)
            records(body, name)
            yield body

    def optional(self, path: str, name: str) -> list[Body]:
        """Read a list that plan or role may not show; then it is empty. Follows the pages of up to 100 records."""
        found: list[Body] = []
        params: dict[str, str | int] = {"page[size]": MANY}
        try:
            while True:
                body = self.get(path, params)
                found += records(body, name)
                after = (body.get("meta") or {}).get("after_cursor")
                if not (body.get("meta") or {}).get("has_more") or after in (None, params.get("page[after]")):
                    return found
                params["page[after]"] = after
        except (Forbidden, NotFound):
            return found


def records(body: Body, name: str) -> list[Body]:
    """Return the list of records under `name`, or raise `Unavailable` where there is none."""
    rows = body.get(name)
    if not isinstance(rows, list) or not {*map(type, rows)} <= {dict}:
        raise Unavailable(f"Zendesk's answer holds no list of {name}.")
    return rows


def record(body: Body, name: str) -> Body:
    """Return the record under `name`, or raise `Unavailable` where there is none."""
    row = body.get(name)
    if not isinstance(row, dict):
        raise Unavailable(f"Zendesk's answer holds no {name}.")
    return row


def status_of(error: XmoError) -> int | None:
    """Return the HTTP status behind an error of the session, if there was an answer."""
    response = getattr(error.__cause__, "response", None)
    return getattr(response, "status_code", None)


class _Bearer(AuthBase):
    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _auth(options: Options, tools: Tools) -> AuthBase:
    if options.way == "api token":
        # As bytes, for requests would write text as Latin-1.
        return HTTPBasicAuth(f"{options.username}/token".encode(), reveal(options.token).encode())
    if options.way == "access token":
        return _Bearer(reveal(options.token))
    return tools.oauth(_grant(options))


def _grant(options: Options) -> Grant:
    """Zendesk's token endpoint takes JSON; each use of a refresh token deletes it and answers with the next."""
    fields = {"client_id": options.client_id, "client_secret": reveal(options.client_secret)}
    url = f"{options.url}/oauth/tokens"
    if options.refresh_token:
        first = reveal(options.refresh_token)
        fields |= {"grant_type": "refresh_token"}
        return Grant(token_url=url, fields=fields, refresh_token=first, as_json=True)
    fields |= {"grant_type": "client_credentials", "scope": options.scope}
    return Grant(token_url=url, fields=fields, as_json=True)


def _body(response: Response, path: str) -> Body:
    if response.status_code >= 300:
        raise Unavailable(
            f"Zendesk redirects {path} to another address ({response.status_code}).",
            hint="Set `url` to the account's own address, https://SUBDOMAIN.zendesk.com.",
        )
    body = response.json()
    if not isinstance(body, dict):
        raise Unavailable(f"Zendesk's answer to {path} is not an object.")
    return body
