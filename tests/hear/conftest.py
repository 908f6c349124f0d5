"""The three vendors, their sources with a secret, and a site that hears all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import structlog
from requests.auth import AuthBase
from sqlalchemy import select

from tests.core.conftest import postgres_once, sqlite_once, store  # noqa: F401 - fixtures
from tests.hear.signing import SECRET, SIGNERS, Signer
from xmo_core import logs
from xmo_core.hearing import Hearing
from xmo_core.office import Office, open_office
from xmo_core.options import LogOptions
from xmo_core.store import tables as t
from xmo_hooks import Grant, Hears, Tools

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
_OPTIONS = {
    "jira": 'url = "http://127.0.0.1:1"\nusername = "xmo@example.org"\ntoken = "token"\n',
    "zendesk": 'url = "http://127.0.0.1:1"\ntoken = "token"\n',
    "servicenow": 'url = "http://127.0.0.1:1"\nusername = "xmo"\npassword = "password"\n',
}


class _Auth(AuthBase):
    def __init__(self, _grant: Grant) -> None:
        pass


@dataclass
class Ear:
    """One vendor's source, on a clock that stands still."""

    signer: Signer
    source: Hears


@pytest.fixture(params=list(SIGNERS))
def signer(request: pytest.FixtureRequest) -> Signer:
    """A vendor: every test that asks for it runs on each."""
    return SIGNERS[str(request.param)]


@pytest.fixture
def make() -> Callable[..., Any]:
    """Make a vendor's source from options: `make(name, webhook_secret=…)`."""
    from xmo_core.registry import load

    kinds = load().kinds()

    def made(name: str, now: datetime = NOW, **options: str) -> Any:
        usual = {"url": "https://vendor.example"}
        ways = {
            "jira": {"username": "xmo@example.org", "token": "token"},
            "zendesk": {"token": "token"},
            "servicenow": {"username": "xmo", "password": "password"},
        }
        kind = kinds[name][1]
        log = structlog.get_logger("test")
        tools = Tools(session=requests.Session(), now=lambda: now, log=log, oauth=_Auth)
        return kind.make(kind.schema().load({**usual, **ways[name], **options}), tools)

    return made


@pytest.fixture
def ear(signer: Signer, make: Callable[..., Any]) -> Ear:
    return Ear(signer, make(signer.name, webhook_secret=SECRET))


class Site:
    """A site with a source for each vendor, and what stands in its queue."""

    def __init__(self, office: Office) -> None:
        self.office, self.rung = office, 0
        self.app = Hearing(office, self._start)

    def _start(self) -> int:
        self.rung += 1
        return 0

    def queue(self) -> list[tuple[str, str, int]]:
        with self.office.store.reading() as connection:
            query = select(t.ring.c.source, t.ring.c.key, t.ring.c.times).order_by(t.ring.c.source, t.ring.c.key)
            return [(row.source, row.key, row.times) for row in connection.execute(query)]


def write_site(folder: Path, more: str = "") -> Path:
    """Write the config of a site that hears all three vendors."""
    (folder / "xmo.key").write_text("a key that no one else has, for tests", encoding="utf-8")
    text = '[site]\nname = "Northwind IT"\nurl = "http://127.0.0.1:1"\nkey = { file = "xmo.key" }\n'
    text += f'[store]\nurl = "sqlite:///{folder / "xmo.db"}"\n[log]\nlevel = "error"\n'
    for name, options in _OPTIONS.items():
        text += f'[sources.{name}]\nkind = "{name}"\n{options}webhook_secret = "{SECRET}"\n'
    config = folder / "xmo.toml"
    config.write_text(text + more, encoding="utf-8")
    return config


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    logs.configure(LogOptions(level="error"))
    office = open_office(write_site(tmp_path), NOW)
    yield Site(office)
    office.close()
