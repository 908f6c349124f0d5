"""Real `xmo` processes: what they say when they fail, and that none outlives the demo."""

import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from xmo_demo.processes import Xmo
from xmo_hooks import XmoError

NOW = datetime(2016, 3, 9, tzinfo=UTC)
SANDBOX = ("sandbox", "servicenow", "--port", "0")


def _listens(url: str) -> bool:
    parts = urlsplit(url)
    with socket.socket() as trial:
        return trial.connect_ex((parts.hostname, parts.port)) == 0


def test_a_command_that_fails_is_told_with_its_own_words(tmp_path: Path) -> None:
    with pytest.raises(XmoError, match=r"`xmo status` failed with exit code 2:\nThere is no config file"):
        Xmo(tmp_path / "xmo.toml").run("status", now=NOW)


def test_a_listener_that_ends_before_it_listens_is_told_with_its_own_words(tmp_path: Path) -> None:
    with (
        Xmo(tmp_path / "xmo.toml").listening("serve", now=NOW) as listener,
        pytest.raises(XmoError, match=r"`xmo serve` failed with exit code 2:\nThere is no config file"),
    ):
        listener.ready()


def test_a_listener_ends_with_its_block_also_when_that_fails(tmp_path: Path) -> None:
    urls = []

    def interrupted() -> None:
        with Xmo(tmp_path / "xmo.toml").listening(*SANDBOX, now=NOW) as listener:
            urls.append(listener.ready())
            assert _listens(urls[0])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not _listens(urls[0])


SIGNALLED = f"""
import os, signal, sys
from datetime import datetime
from pathlib import Path
from xmo_demo.processes import Xmo, orderly
with orderly(), Xmo(Path("xmo.toml")).listening(*{SANDBOX!r}, now=datetime.fromisoformat("2016-03-09T00:00Z")) as one:
    print(one.ready(), flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
    one.line()
"""


def test_a_demo_that_is_terminated_takes_its_listeners_along(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", SIGNALLED], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 128 + 15, done.stderr
    assert not _listens(done.stdout.strip())
