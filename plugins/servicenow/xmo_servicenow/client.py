"""The one place that knows pysnow: calls to the Table and Aggregate API, each answer checked to be a whole one.

pysnow's resources keep the parameters of earlier calls, so each call takes a new one. pysnow would also take a
partial answer for a whole one, so the answer is read from the response itself.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from requests import Response, Session
from requests.auth import AuthBase

from xmo_hooks import AuthError, ConfigError, RateLimited, Row, Unavailable, XmoError
from xmo_servicenow import keyset
from xmo_servicenow.keyset import safe_id, safe_table

# As the vendor documents them: pysnow writes Python's True and False.
_FLAGS = {
    "sysparm_display_value": "false",
    "sysparm_exclude_reference_link": "true",
    "sysparm_suppress_pagination_header": "false",
}


class Incomplete(Unavailable):
    """A 200 that does not hold the whole result, as when the vendor cancels a transaction after 60 seconds: the same
    again in smaller pages may succeed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """The visible rows of one page, its limit, and how many rows match in all, hidden ones included."""

    rows: list[dict[str, Any]]
    limit: int
    total: int


def is_trouble(error: XmoError) -> bool:
    """Tell whether an error may pass, or stands for the whole instance: anything but a refusal of this one thing."""
    return isinstance(error, AuthError | RateLimited | Unavailable)


def is_general(error: XmoError) -> bool:
    """Tell whether an error stands for the whole instance, so that asking for something else is no use."""
    return is_trouble(error) and not isinstance(error, Incomplete)


class Client:
    """A connection to one instance. All its methods raise the errors of the contract."""

    def __init__(self, address: str, session: Session, auth: AuthBase) -> None:
        pysnow = _pysnow()
        url, agent = urlsplit(address), session.headers.get("User-Agent")
        self._pysnow = pysnow.Client(host=url.netloc + url.path, use_ssl=url.scheme == "https", session=session)
        session.auth = auth
        session.headers.pop("Content-Type")  # pysnow's: JSON also for a request for a token, which is a form
        if agent is not None:
            session.headers["User-Agent"] = agent  # pysnow puts its own name there

    def page(
        self,
        table: str,
        where: str,
        columns: Sequence[str],
        *,
        limit: int,
        offset: int = 0,
        order: str = keyset.order(),
    ) -> Batch:
        """Fetch one page of a table. The vendor applies `limit` before its ACLs, so fewer rows do not mean the end."""
        resource = self._resource(f"/table/{table}", columns)
        resource.parameters.query = "^".join(filter(None, (where, order or keyset.order())))
        resource.parameters.limit = limit
        resource.parameters.offset = offset
        response, rows = self._call(resource, "GET")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise Unavailable(f"ServiceNow's answer about table {table} is not a list of records.")
        total = response.headers.get("X-Total-Count", "")
        if total.isascii() and total.isdigit():
            return Batch(rows=rows, limit=limit, total=int(total))
        # A proxy may strip the header. A full page needs no total: there may always be one more.
        return Batch(
            rows=rows, limit=limit, total=self.stats(table, where) if len(rows) < limit else offset + limit + 1
        )

    def count(self, table: str, where: str) -> int:
        """Count matching rows: through the Aggregate API, or where that is closed by the header of a page of one."""
        try:
            return self.stats(table, where)
        except XmoError as error:
            if is_general(error):
                raise
            return self.page(table, where, ["sys_id"], limit=1).total

    def stats(self, table: str, where: str) -> int:
        """Count matching rows through the Aggregate API."""
        resource = self._resource(f"/stats/{table}", ())
        resource.parameters.query = where
        resource.parameters.add_custom({"sysparm_count": "true"})
        return _counted(self._call(resource, "GET")[1])

    def groups(self, table: str, column: str) -> dict[str, int]:
        """Count the rows of a table by the values of one column."""
        resource = self._resource(f"/stats/{table}", ())
        resource.parameters.add_custom({"sysparm_count": "true", "sysparm_group_by": column})
        result = self._call(resource, "GET")[1]
        try:
            return {str(group["groupby_fields"][0]["value"]): _counted(group) for group in result}
        except (KeyError, IndexError, TypeError):
            raise Unavailable("ServiceNow's Aggregate API answered without groups.") from None

    def read(self, table: str, sys_id: str, columns: Sequence[str]) -> Row:
        """Fetch one record as it is now; raises `NotFound` where it is gone or may not be seen."""
        resource = self._resource(f"/table/{safe_table(table)}", columns)
        return _record(self._call(resource, "GET", path_append=f"/{safe_id(sys_id)}")[1])

    def write(self, table: str, sys_id: str, values: Mapping[str, str], columns: Sequence[str]) -> Row:
        """Change one record and return `columns` of it as they are then."""
        resource = self._resource(f"/table/{safe_table(table)}", columns)
        # A redirect would turn the PATCH into a GET, whose 200 looks like success.
        sent = {"data": json.dumps(values), "headers": {"Content-Type": "application/json"}, "allow_redirects": False}
        return _record(self._call(resource, "PATCH", path_append=f"/{safe_id(sys_id)}", **sent)[1])

    def _resource(self, path: str, columns: Sequence[str]) -> Any:
        # The time-out is the session's: pysnow's own is 60 s, the second at which the vendor cancels a transaction.
        resource = self._pysnow.resource(api_path=path, timeout=None)
        resource.parameters.fields = list(columns)
        resource.parameters.add_custom(_FLAGS)
        return resource

    def _call(self, resource: Any, method: str, **sent: Any) -> tuple[Response, Any]:
        """Make one request; return its response and the `result` in it."""
        seen: list[Response] = []
        resource.request(method, hooks={"response": lambda response, **_: seen.append(response)}, **sent)
        response = seen[-1]
        seen.clear()  # else request, hook and response hold each other, and whole pages stay until a collection
        return response, _result(response)


def _pysnow() -> Any:
    # pysnow's ijson would look for a C library that nothing here needs, by starting ldconfig and gcc: 0.3 s of each run
    spared: dict[str, Any] = dict.fromkeys({"ijson.backends.yajl2_cffi", "ijson.backends.yajl2"} - sys.modules.keys())
    sys.modules.update(spared)
    try:
        import pysnow
    except ImportError as error:
        raise ConfigError(
            f"A ServiceNow source needs pysnow, which is not installed ({error.name} is missing).",
            hint="pip install 'xmo-core[servicenow]'",
        ) from error
    finally:
        for name in spared:
            del sys.modules[name]
    return pysnow


def _result(response: Response) -> Any:
    """Return what stands under `result`. A status of 200 is no proof: the vendor may have begun the answer before it
    failed, or somebody else may answer in its place."""
    if response.status_code >= 300:
        raise Unavailable(
            f"ServiceNow redirects to another address ({response.status_code}).",
            hint="Set `url` to the address that the instance itself uses.",
        )
    if "html" in response.headers.get("Content-Type", "").lower() or response.content[:64].lstrip()[:1] == b"<":
        raise Unavailable(
            "ServiceNow answered with a web page in place of data: the instance may be asleep, or a single sign-on "
            "page stands before it.",
            hint="Open the instance in a browser to wake it up; let the API account log in without single sign-on.",
        )
    try:
        body = response.json()
    except ValueError:
        raise Incomplete("ServiceNow's answer is broken JSON, as after a cancelled transaction.") from None
    if not isinstance(body, dict) or body.get("error") or body.get("status") == "failure":
        raise Incomplete(f"ServiceNow reports an error inside a success: {_complaint(body)}.")
    if body.get("result") is None:
        raise Incomplete("ServiceNow's answer holds no result.")
    return body["result"]


def _complaint(body: Any) -> str:
    error = body.get("error") if isinstance(body, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    return str(message or "no message")[:200].rstrip(".")


def _counted(result: Any) -> int:
    try:
        return int(result["stats"]["count"])
    except (KeyError, TypeError, ValueError):
        raise Incomplete("ServiceNow's Aggregate API answered without a count.") from None


def _record(result: Any) -> Row:
    if not isinstance(result, dict):
        raise Unavailable("ServiceNow's answer is not one record.")
    return result
