"""The plugin of docs/integrator.md, as printed there: installed from a throw-away distribution, and put to work."""

import json
import os
import re
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

PAGE = (Path(__file__).parents[1] / "docs" / "integrator.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
XMO = Path(sys.executable).with_name("xmo")
NOW = "2026-07-08T12:00:00Z"


def _ticket(key: str, **changed: str | None) -> dict[str, str | None]:
    ticket = {
        "id": key,
        "subject": "Cannot print",
        "state": "open",
        "opened": "2026-07-08T09:00:00+02:00",
        "changed": f"2026-07-08T09:00:{int(key):02}+02:00",
        "done": None,
        "email": f"person{key}@example.com",
    }
    return ticket | changed


class Acorn:
    """The invented help desk, over HTTP: two tickets a page, and comments."""

    def __init__(self, server: HTTPServer) -> None:
        self.tickets = [
            _ticket("1"),
            _ticket("2", opened="yesterday"),
            _ticket("3"),
            _ticket("4", subject="Password lost"),
        ]
        self.comments: list[dict[str, str]] = []
        server.expect_request("/tickets").respond_with_handler(self.list)
        server.expect_request(re.compile(r"/tickets/\d+$")).respond_with_handler(self.one)
        comments = re.compile(r"/tickets/\d+/comments$")
        server.expect_request(comments, method="GET").respond_with_handler(lambda _: _json(self.comments))
        server.expect_request(comments, method="POST").respond_with_handler(self.comment)

    def list(self, request: Request) -> Response:
        after = request.args.get("after", "")
        page = sorted(
            (each for each in self.tickets if str(each["changed"]) > after), key=lambda each: str(each["changed"])
        )[:2]
        return _json({"tickets": page, "next": page[-1]["changed"] if page else None})

    def one(self, request: Request) -> Response:
        return _json(next(each for each in self.tickets if each["id"] == request.path.rpartition("/")[2]))

    def comment(self, request: Request) -> Response:
        made = {"id": str(len(self.comments) + 1), "ticket": request.path.split("/")[2], **request.get_json()}
        self.comments.append(made)
        return _json(made)

    def close(self, key: str, at: str) -> None:
        next(each for each in self.tickets if each["id"] == key).update(state="done", done=at, changed=at)


def _json(value: object) -> Response:
    return Response(json.dumps(value), content_type="application/json")


@pytest.fixture
def acorn(httpserver: HTTPServer) -> Acorn:
    return Acorn(httpserver)


@pytest.fixture
def installed(tmp_path: Path, httpserver: HTTPServer) -> Path:
    """What `pip install` would leave: the module, and a distribution that names its entry point."""
    project = tomllib.loads(FILES["pyproject.toml"])["project"]
    points = [
        f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in named.items())
        for group, named in project["entry-points"].items()
    ]
    info = tmp_path / "xmo_acorn-0.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    (info / "entry_points.txt").write_text("\n".join(points))
    (tmp_path / "xmo_acorn.py").write_text(FILES["xmo_acorn.py"], encoding="utf-8")
    (tmp_path / "xmo.toml").write_text(FILES["xmo.toml"].replace("http://127.0.0.1:8200", httpserver.url_for("")))
    (tmp_path / "xmo.key").write_text("k" * 40)
    (tmp_path / "xmo.key").chmod(0o600)
    return tmp_path


@contextmanager
def _stand_in(folder: Path) -> Iterator[tuple[str, IO[str], IO[str]]]:
    """The page's stand-in on a free port: its URL, and what is typed and read at its terminal."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "acorn_desk.py").write_text(FILES["acorn_desk.py"].replace("8200", str(port)), encoding="utf-8")
    command = [sys.executable, str(folder / "acorn_desk.py")]
    quiet = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, **quiet) as process:  # type: ignore[call-overload]
        try:
            assert str(port) in process.stdout.readline()
            yield f"http://127.0.0.1:{port}", process.stdin, process.stdout
        finally:
            process.kill()


def _xmo(folder: Path, *words: str, now: str | None = NOW) -> str:
    environment = os.environ | {"PYTHONPATH": str(folder)}
    command = [str(XMO), *(["--now", now] if now else []), *words]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_plugin_is_found_and_checked(installed: Path, acorn: Acorn) -> None:
    listed = _xmo(installed, "plugins")
    assert "acorn" in listed
    assert "xmo_decide" in listed
    assert "Acorn Desk answers." in _xmo(installed, "check")


def test_the_plugin_fetches_asks_and_leaves_alone_what_its_trigger_says(installed: Path, acorn: Acorn) -> None:
    _xmo(installed, "sync", "--dry-run")
    assert not acorn.comments
    _xmo(installed, "run")
    assert "2" in _xmo(installed, "quarantine", "list")
    acorn.close("1", "2026-07-08T14:30:00+02:00")
    acorn.close("4", "2026-07-08T14:31:00+02:00")
    _xmo(installed, "run", now="2026-07-08T13:00:00Z")
    assert [comment["ticket"] for comment in acorn.comments] == ["1"]
    _xmo(installed, "run", now="2026-07-08T13:10:00Z")
    assert len(acorn.comments) == 1


def test_the_commands_of_the_page_lead_to_a_question(installed: Path) -> None:
    for name in ("xmo.toml", "xmo.key"):
        (installed / name).unlink()
    blocks = re.findall(r"^```console\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    typed = [line.split()[1:] for block in blocks for line in block.splitlines() if line.startswith("xmo ")]
    assert typed.pop(0) == ["init", "--kind", "acorn"]
    assert typed.pop() == ["serve"]
    with _stand_in(installed) as (url, keys, said):
        _xmo(installed, "init", "--kind", "acorn", now=None)
        (installed / "xmo.toml").write_text(FILES["xmo.toml"].replace("http://127.0.0.1:8200", url), encoding="utf-8")
        at = typed.index(["run"]) + 1
        assert "Acorn Desk answers." in "".join(_xmo(installed, *words, now=None) for words in typed[:at])
        keys.write("\n")
        keys.flush()
        assert "ended" in said.readline()
        listed = [_xmo(installed, *words, now=None) for words in typed[at:]]
        assert "A-1" in listed[-1]
        assert "A-2" not in listed[-1]
        assert "Acorn users would like to know" in said.readline() + said.readline()


def test_a_quarantined_ticket_comes_in_once_it_is_mended(installed: Path, acorn: Acorn) -> None:
    _xmo(installed, "sync")
    acorn.tickets[1]["opened"] = "2026-07-07T09:00:00+02:00"
    _xmo(installed, "quarantine", "replay")
    assert "oak" not in _xmo(installed, "quarantine", "list")


def test_the_plugin_is_as_short_as_it_is_said_to_be() -> None:
    code = [line for line in FILES["xmo_acorn.py"].splitlines() if line.strip()]
    assert len(code) < 85
