"""The vendor as its users see it: the sandbox's clock, the comments in tickets, and the tickets themselves."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from requests import Response, Session

from xmo_demo.respondents import Facts

LOGIN = ("xmo", "sandbox")  # the documented log-in of the sandbox
_TIMEOUT = 30  # seconds
_COLUMNS = "number,reopen_count,reassignment_count,opened_at,resolved_at,closed_at,made_sla,category"


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A question as its receiver finds it in the ticket: the links to answer and to opt out, and the ticket's facts."""

    link: str
    never: str
    facts: Facts


class Vendor:
    """The sandbox at `url`, whose clock is at any vendor's. All methods raise the errors of requests."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = Session()
        self._session.trust_env = False  # no proxy of the environment stands before this machine
        self._session.auth = LOGIN

    def put_clock(self, now: datetime) -> None:
        """Let everything happen at the vendor that happened until `now`."""
        self._switch("PUT", "clock", json={"now": now.isoformat()})

    def written(self) -> int:
        """Return how many comments were written here."""
        return len(self._switch("GET", "journal").json())

    def questions(self, since: datetime, page: str) -> Iterator[Question]:
        """Yield the questions whose comments were written since then and hold a link to the page."""
        stamp = since.strftime("%Y-%m-%d %H:%M:%S")
        where = f"element=comments^sys_created_on>={stamp}^ORDERBYsys_created_on"
        found = self._get("sys_journal_field", sysparm_query=where, sysparm_fields="element_id,value")
        for comment in found:
            links = re.findall(re.escape(page) + r"/\S+", comment["value"])
            if len(links) >= 2:
                ticket = self._get(f"incident/{comment['element_id']}", sysparm_fields=_COLUMNS)
                yield Question(link=links[0], never=links[1], facts=facts(ticket))

    def _switch(self, method: str, name: str, **body: Any) -> Response:
        reply = self._session.request(method, f"{self._url}/sandbox/{name}", timeout=_TIMEOUT, **body)
        reply.raise_for_status()
        return reply

    def _get(self, path: str, **parameters: str) -> Any:
        reply = self._session.get(f"{self._url}/api/now/table/{path}", params=parameters, timeout=_TIMEOUT)
        reply.raise_for_status()
        return reply.json()["result"]


def facts(ticket: dict[str, str]) -> Facts:
    """Read the facts of a ticket that has ended from its raw row."""
    opened, ended = (_time(stamp) for stamp in (ticket["opened_at"], ticket["resolved_at"] or ticket["closed_at"]))
    return Facts(
        number=ticket["number"],
        reopens=int(ticket["reopen_count"] or 0),
        hand_offs=int(ticket["reassignment_count"] or 0),
        days=max(0.0, (ended - opened).total_seconds() / 86_400),
        missed=ticket["made_sla"] == "false",
        service=ticket["category"],  # what the sandbox proposes as the service
    )


def _time(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp).replace(tzinfo=UTC)
