"""A ServiceNow that moves, a config that reads it, and `xmo` as a timer would call it."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import requests
from click.testing import CliRunner
from sqlalchemy import Connection
from werkzeug.serving import WSGIRequestHandler, make_server

from xmo_core.cli import cli, exit_code
from xmo_core.store import open_store
from xmo_hooks import Sandbox, SandboxOptions, XmoError

ROOT = Path(__file__).parents[2]
EXCERPT = ROOT / "plugins/servicenow/xmo_servicenow/data/incidents.csv.gz"
WHOLE = ROOT.parent / "shared/data/uci-servicenow-incidents/incident_event_log.part_a.csv.gz"


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


class Vendor:
    """A sandbox on a real socket, and its switches."""

    def __init__(self, url: str) -> None:
        self.url = url

    def put(self, switch: str, body: dict[str, Any]) -> None:
        answer = requests.put(f"{self.url}/sandbox/{switch}", json=body, timeout=30)
        assert answer.ok, answer.text

    def move(self, now: datetime) -> None:
        self.put("clock", {"now": now.isoformat()})

    def journal(self) -> list[dict[str, str]]:
        entries: list[dict[str, str]] = requests.get(f"{self.url}/sandbox/journal", timeout=30).json()
        return entries


@contextmanager
def vendor(sandbox: Sandbox, **options: Any) -> Iterator[Vendor]:
    app = sandbox.make(SandboxOptions(**options))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Vendor(f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Xmo:
    """The `xmo` command in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "xmo.toml"

    def __call__(self, now: datetime, *command: str) -> str:
        """Call the command in this process, as the console script does; it must succeed."""
        code, said = self.attempt(now, *command)
        assert code == 0, f"{command}: exit {code}: {said}"
        return said

    def attempt(self, now: datetime, *command: str) -> tuple[int, str]:
        """Call the command and return its exit code and what it said."""
        result = CliRunner().invoke(cli, ["--config", str(self.config), "--now", now.isoformat(), *command])
        if isinstance(result.exception, XmoError):
            return exit_code(result.exception), str(result.exception)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.output


@contextmanager
def reading(store_url: str) -> Iterator[Connection]:
    """Look into the store from outside, and let go of it."""
    store = open_store(store_url)
    try:
        with store.reading() as connection:
            yield connection
    finally:
        store.close()


def minute(text: str) -> datetime | None:
    """Read a time of the UCI file: D/M/YYYY HH:MM, `?` for none."""
    return None if text == "?" else datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=UTC)


def log_of(path: Path) -> dict[str, list[dict[str, str]]]:
    """Read the UCI file without the sandbox's help: the rows of each incident in their order."""
    rows: dict[str, list[dict[str, str]]] = {}
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            rows.setdefault(row["number"], []).append(row)
    return rows
