"""What the survey tests share: an honest desk in memory, settings, occasions, and the pages on a real socket."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
import requests
from hypothesis import settings
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from xmo_hooks import Answer, Invitation, Mount, Occasion, Person, Refused, Site, Ticket
from xmo_surveys.browsers import MARK
from xmo_surveys.options import Survey
from xmo_surveys.plugin import xmo_pages

T = TypeVar("T")
NOW = datetime(2026, 3, 6, 15, 0, tzinfo=UTC)
TOKEN = "bzE3.good-token"
STEADY = settings(deadline=None, derandomize=True)  # the same examples each time, and no word on how long they take


class Fixed:
    """Settings that hold what the test put in."""

    def __init__(self, *sections: object) -> None:
        self._sections = {type(each): each for each in sections}

    def get(self, type_: type[T]) -> T:
        found = self._sections[type_]
        assert isinstance(found, type_)
        return found


def occasion(*, person: Person | None = None, at: datetime = NOW, **ticket: Any) -> Occasion:
    facts: dict[str, Any] = {
        "key": "46d44a",
        "number": "INC0010023",
        "kind": "incident",
        "vendor_type": "incident",
        "state": "resolved",
        "vendor_state": "6",
        "opened_at": NOW - timedelta(days=4),
        "changed_at": NOW,
        "title": "VPN drops every hour",
    }
    return Occasion(
        key="o1",
        problem="p1",
        n=1,
        at=at,
        person=person or Person(pseudonym="4f2a"),
        source="corp",
        ticket=Ticket(**{**facts, **ticket}),
    )


def invitation(about: Occasion | None = None, **facts: Any) -> Invitation:
    given: dict[str, Any] = {
        "id": "i1",
        "state": "sent",
        "marker": "xmo:AbC123",
        "link": f"https://xmo.example.org/a/{TOKEN}",
        "expires_at": NOW + timedelta(days=14),
    }
    return Invitation(occasion=about or occasion(), **{**given, **facts})


@dataclass
class MemoryDesk:
    """A desk with one invitation. It keeps its word: each question once, one final word, then the token is used up."""

    invitation: Invitation = field(default_factory=invitation)
    refusal: str | None = None
    declined: bool = False
    opted_out: bool = False
    used: bool = False
    writes: int = 0
    failure: Exception | None = None
    before_record: Callable[[], object] = lambda: None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def stored(self) -> dict[str, str | None]:
        """What was said, without the mark of the browser in which it was."""
        return {each.question: each.code for each in self.invitation.answers if each.question != MARK}

    def open(self, token: str) -> Invitation:
        self._may(token)
        return self.invitation

    def record(self, token: str, answers: Sequence[Answer], *, final: bool) -> Invitation:
        self.before_record()
        with self._lock:
            self._may(token)
            if {each.question for each in answers} & {each.question for each in self.invitation.answers}:
                raise Refused("already answered", reason="used")
            self.writes += 1
            self.used = final
            self.invitation = replace(self.invitation, answers=[*self.invitation.answers, *answers])
            return self.invitation

    def decline(self, token: str) -> None:
        with self._lock:
            self._may(token)
            self.writes += 1
            self.declined = self.used = True

    def opt_out(self, token: str) -> None:
        if token != TOKEN:
            raise Refused("no such token", reason="unknown")
        self.writes += 1
        self.opted_out = self.used = True

    def _may(self, token: str) -> None:
        if self.failure is not None:
            raise self.failure
        if token != TOKEN:
            raise Refused("no such token", reason="unknown")
        if self.refusal or self.used:
            raise Refused("not any more", reason=self.refusal or "used")


Serve = Callable[..., str]
Forms = Sequence[dict[str, str]]
# what a browser has sent before it stands at each of the three screens
SCREENS: Sequence[Forms] = ([], [{"feeling": "bad"}], [{"feeling": "bad"}, {"more": "yes"}])


def screen(link: str, sent: Forms) -> str:
    """The page at which a browser stands that has sent these forms."""
    with requests.Session() as browser:
        for form in sent:
            browser.post(link, data=form, timeout=30)
        return browser.get(link, timeout=30).text


@pytest.fixture
def desk() -> MemoryDesk:
    return MemoryDesk()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """`serve(desk, survey, url=…)` serves the pages on a port of the loopback and returns the invitation's link."""
    running = []

    def start(desk: MemoryDesk, survey: Survey | None = None, *, name: str = "Northwind IT", url: str = "") -> str:
        site = Site(name=name, url=url or "http://127.0.0.1")
        (mount,) = list[Mount](xmo_pages(desk=desk, settings=Fixed(site, survey or Survey())))
        whole = DispatcherMiddleware(Response("not a page of this plugin", 404), {mount.path: mount.app})
        server = make_server("127.0.0.1", 0, whole, threaded=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{server.port}{mount.path}/{TOKEN}"

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()
