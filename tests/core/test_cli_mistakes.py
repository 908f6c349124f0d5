"""What a mistake looks like: one clear message, the exit code that it deserves, no traceback, and never a secret."""

import socket
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.core.support import KEY, Place
from xmo_hooks import SandboxOptions
from xmo_servicenow.sandbox import SANDBOX

PASSWORD = "correct-horse-battery"


def servicenow(url: str, **options: str) -> str:
    more = "".join(f"{name} = {value}\n" for name, value in options.items())
    return f'[sources.now]\nkind = "servicenow"\nurl = "{url}"\nusername = "xmo"\ntables = ["incident"]\n{more}'


@pytest.fixture
def closed_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def sandbox() -> Iterator[str]:
    """A ServiceNow that knows the password "sandbox" only."""

    class Quiet(WSGIRequestHandler):
        def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
            """Say nothing."""

    server = make_server("127.0.0.1", 0, SANDBOX.make(SandboxOptions(generate=3)), threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (
            '[sources.corp]\nkind = "folder"\nfolder = "x"\nfodler = "x"\n',
            'fodler: there is no such option (did you mean "folder"?)',
        ),
        ('[sources.corp]\nkind = "floder"\n', 'no plugin has the kind "floder" (did you mean "folder"?)'),
        ('[sources.corp]\nkind = "folder"\nfolder = 7\n', "sources.corp.folder: Not a valid string."),
        ('[sources.corp]\nkind = "folder"\nfolder = "x"\nwanted = "7"\n', "sources.corp.wanted: Not a valid integer."),
        ('[sources.corp]\nkind = "folder"\n', "sources.corp.folder: is missing."),
        (
            '[sources.corp]\nkind = "folder"\nfolder = "x"\npassword = { env = "NOT_SET" }\n',
            "sources.corp.password: the environment variable NOT_SET is not set.",
        ),
        (
            f'[sources.corp]\nkind = "folder"\nfolder = "x"\npassword = "{PASSWORD}"\n',
            "sources.corp.password: is a secret: write { env =",
        ),
        ('[sources.corp]\nkind = "folder\n', "xmo.toml:7 "),
        ("[surveys]\n", 'surveys: no plugin has such a section (did you mean "survey"?).'),
    ],
)
def test_a_mistake_in_the_config_is_one_line_with_its_place(place: Place, config: str, said: str) -> None:
    place.write(config, sources=())
    for command in ("run", "check", "sync"):
        done = place.xmo(command)
        assert (done.code, done.out) == (2, "")
        message, hint = done.err.strip().splitlines()
        assert message.startswith("xmo.toml:")
        assert said in message
        assert hint == "Mend these lines; `xmo check` reads the config again."
        assert PASSWORD not in done.err


def test_a_config_that_is_not_there_is_named_with_what_to_do(place: Place) -> None:
    done = place.xmo("--config", "other.toml", "run")
    assert (done.code, done.out) == (2, "")
    assert done.err == "There is no config file other.toml.\n`xmo init` writes one to start from.\n"


def test_a_mistake_of_usage_is_told_by_the_command(place: Place) -> None:
    for args in (("rum",), ("run", "--jsom"), ("invitations", "withdraw")):
        done = place.xmo(*args)
        assert (done.code, done.out) == (2, "")
        assert "Usage:" in done.err


def test_a_vendor_that_cannot_be_reached_fails_the_run_and_is_named(place: Place, closed_port: int) -> None:
    place.write(
        servicenow(f"http://127.0.0.1:{closed_port}", password=f'"{PASSWORD}"') + '[http]\nmax_wait = "0s"\n',
        sources=(),
    )
    done = place.xmo("run")
    assert done.code == 1
    assert any(line.startswith("now: ") for line in done.err.splitlines())
    for args in (("check",), ("sync", "--plan")):
        done = place.xmo(*args)
        assert done.code == 1
        assert f"127.0.0.1:{closed_port}" in done.out + done.err
        assert "Traceback" not in done.err
        assert PASSWORD not in done.out + done.err


def test_a_check_tells_at_once_what_a_run_would_wait_out(place: Place, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/api/now/table/incident").respond_with_data(status=503)
    url = httpserver.url_for("/").rstrip("/").replace("localhost", "127.0.0.1")
    place.write(servicenow(url, password=f'"{PASSWORD}"'), sources=())
    done = place.xmo("check")
    assert (done.code, "failed to answer" in done.out) == (1, True)
    paths = [request.path for request, _ in httpserver.log]
    assert len(paths) == len(set(paths)), "a request was repeated"


def test_a_wrong_password_is_told_as_such_and_never_shown(
    place: Place, sandbox: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOW_PASSWORD", PASSWORD)
    place.write(servicenow(sandbox, password='{ env = "NOW_PASSWORD" }'), sources=())
    for args in (("--verbose", "run"), ("--log-format", "json", "sync"), ("check",), ("sync", "--plan")):
        done = place.xmo(*args)
        assert done.code == 1, args
        assert "now" in done.out + done.err
        assert "Traceback" not in done.err
        assert PASSWORD not in done.out + done.err
    assert PASSWORD not in str(place.rows("SELECT * FROM run"))


def test_nothing_that_is_shown_holds_the_key_of_the_site(place: Place) -> None:
    for args in (("run",), ("status",), ("check",), ("plugins",), ("sync", "--plan"), ("report", "--json")):
        done = place.xmo("--verbose", *args)
        assert done.code == 0, args
        assert KEY not in done.out + done.err


@pytest.mark.parametrize(
    ("store", "said"),
    [
        ("sqlite:///nowhere/xmo.db", "cannot be opened: unable to open database file"),
        ("postgresql://xmo@localhost/xmo", "Write postgresql+psycopg://"),
        ("mysql://xmo@localhost/xmo", "Write sqlite:///FILE or postgresql+psycopg://"),
        ("sqlite:///not-a-database.db", "cannot be opened: file is not a database"),
        ("postgresql+psycopg://xmo@localhost:port/xmo", "[store] url is not the address of a database."),
    ],
)
def test_a_store_that_cannot_be_opened_says_why(place: Place, store: str, said: str) -> None:
    (place.folder / "not-a-database.db").write_text("What is this?\n" * 100)
    place.write(store=store)
    done = place.xmo("status")
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert "Traceback" not in done.err


def test_a_postgresql_that_does_not_answer_is_no_mistake_of_the_config(place: Place, closed_port: int) -> None:
    place.write(store=f"postgresql+psycopg://xmo:{PASSWORD}@127.0.0.1:{closed_port}/xmo")
    done = place.xmo("status")
    assert (done.code, PASSWORD in done.err) == (1, False)
    assert "does not answer" in done.err


def test_a_database_that_does_not_exist_is_one(place: Place, postgres_url: str) -> None:
    place.write(store=postgres_url.replace("/postgres?", "/nowhere?"))
    done = place.xmo("status")
    assert (done.code, "does not exist" in done.err) == (2, True)
    assert done.err.endswith("Look at [store] url.\n")


def test_without_its_driver_the_store_says_what_to_install(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    place.write(store="postgresql+psycopg://xmo@localhost/xmo")
    done = place.xmo("status")
    assert done.code == 2
    assert "pip install 'xmo-core[postgres]'" in done.err


def test_a_store_of_a_newer_xmo_is_left_alone(place: Place) -> None:
    place.xmo("status")
    with closing(sqlite3.connect(place.folder / "xmo.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0999'")
    for args in (("run",), ("db", "upgrade"), ("status",)):
        done = place.xmo(*args)
        assert (done.code, done.out) == (2, "")
        assert "newer than this xmo knows" in done.err


def test_a_port_that_is_taken_is_named(place: Place) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = str(listener.getsockname()[1])
        server = place.start("serve", "--port", port)
        _, err = server.communicate()
    assert server.returncode == 2
    assert err.startswith(f"Cannot listen on 127.0.0.1:{port}: ")
    assert "Traceback" not in err


def test_pages_without_a_plugin_that_serves_them_are_a_mistake(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xmo_surveys.plugin", None)
    done = place.xmo("serve", "--port", "0")
    assert (done.code, "No plugin serves pages." in done.err) == (2, True)


def test_a_plugin_that_fails_while_it_is_checked_stops_no_other(place: Place) -> None:
    place.write(sources=("corp", "branch"))
    (place.folder / "corp" / "tickets.json").write_text("{ this is no json")
    done = place.xmo("check")
    assert done.code == 1
    assert "✗ The plugin failed: JSONDecodeError" in done.out
    assert "✓ 0 rows." in done.out
