"""One store on each database for all these tests, emptied after each: making them anew would take most of the time."""

import os
from collections.abc import Iterator

import pytest
from sqlalchemy import make_url

from tests.core.support import Bench, empty
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

    name = f"xmo_core_{os.getpid()}"
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
