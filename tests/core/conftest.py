"""One store on each database for all these tests, emptied after each: making them anew would take most of the time."""

import logging
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import structlog
from sqlalchemy import Engine, make_url

from tests.core.support import Bench, Place, empty, install
from xmo_core import secrets
from xmo_core.store import Store, open_store, versions


def _made(url: str) -> Iterator[Store]:
    store = open_store(url)
    versions.ensure(store)
    yield store
    store.close()


@pytest.fixture(scope="session")
def sqlite_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    yield from _made(f"sqlite:///{tmp_path_factory.mktemp('once') / 'xmo.db'}")


@pytest.fixture(scope="session")
def postgres_once(postgres_url: str) -> Iterator[Store]:
    import psycopg

    name = f"xmo_core_{uuid4().hex}"  # more than one folder of tests takes this fixture
    server = make_url(postgres_url)
    with psycopg.connect(server.set(drivername="postgresql").render_as_string(False), autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE template0'.encode())
        yield from _made(server.set(database=name).render_as_string(hide_password=False))
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """A store that is made and empty: every test that asks for it runs on SQLite and on PostgreSQL."""
    once = request.getfixturevalue("sqlite_once" if request.param == "sqlite" else "postgres_once")
    yield once
    empty(once)


@pytest.fixture
def bench(store: Store) -> Iterator[Bench]:
    made = Bench(store)
    yield made
    made.close()


@pytest.fixture
def place(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A folder with a config of one source, into which the test is put, and in which its plugin is installed."""
    opened: list[Store] = []
    make = Store.__init__

    def remember(store: Store, engine: Engine) -> None:
        make(store, engine)
        opened.append(store)

    install(tmp_path, {"folder": "tests.core.folder_source"})
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Store, "__init__", remember)
    monkeypatch.setattr(secrets, "_known", {})
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield Place(tmp_path, capsys, monkeypatch)
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    for store in opened:
        store.close()
