"""A real Roundup on a loopback port, as an unprivileged user, that can be put back to a state it was in before."""

from __future__ import annotations

import itertools
import os
import pwd
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import requests

ADMIN, USER, OURS = ("admin", "admin-pw"), ("ash", "ash-pw"), ("xmo", "xmo-pw")
# What the README of the plugin asks of a tracker's admin: the account may see by which address a person is known.
RIGHTS = """
db.security.addRole(name='Surveys')
db.security.addPermissionToRole('Surveys', db.security.addPermission(
    name='View', klass='user', properties=('address',), description='Tell who is asked'))
"""
_ROOT = os.geteuid() == 0
_NOBODY = pwd.getpwnam("nobody").pw_uid
_numbers = itertools.count(1)
_TRIES = 5  # another program may take the port that was found free


class Tracker:
    """The tracker at `url`, which ends with a slash; its server's address is `server`."""

    def __init__(self, folder: Path, port: int) -> None:
        self.server = f"http://127.0.0.1:{port}"
        self.url = f"{self.server}/tracker/"
        self.mail = folder / "tracker/mail.txt"
        self._folder, self._db = folder, folder / "tracker/db"

    def ask(self, method: str, path: str, as_: tuple[str, str] = USER, **more: Any) -> Any:
        """Call the REST API as somebody."""
        headers = {"X-Requested-With": "rest", "Origin": self.server, **more.pop("headers", {})}
        with requests.Session() as session:
            session.trust_env = False
            url = f"{self.url}rest/data/{path}"
            answer = session.request(method, url, auth=as_, headers=headers, timeout=30, **more)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()["data"]

    def issue(self, title: str) -> str:
        """Open an issue with a first message, as a user does on the web, who is then told of the next ones; its id."""
        first = {"title": title, "priority": "bug", "messages": [self._message("Please help.", USER)]}
        return str(self.ask("POST", "issue", json=first)["id"])

    def change(self, issue: str, as_: tuple[str, str] = ADMIN, **values: Any) -> None:
        """Change an issue, as the desk's staff would."""
        self._put(f"issue/{issue}", as_, values)

    def user(self, name: str, **values: Any) -> None:
        """Change a user."""
        self._put(f"user/{self.ask('GET', f'user/username={name}', ADMIN)['id']}", ADMIN, values)

    def say(self, issue: str, text: str, as_: tuple[str, str] = USER) -> None:
        """Add a message to an issue."""
        self.change(issue, as_, messages=[f"+{self._message(text, as_)}"])

    def _put(self, path: str, as_: tuple[str, str], values: Mapping[str, Any]) -> None:
        tag = {"If-Match": self.ask("GET", path, as_)["@etag"]}
        self.ask("PUT", path, as_, json=values, headers=tag)

    def _message(self, text: str, as_: tuple[str, str]) -> str:
        author = self.ask("GET", f"user/username={as_[0]}", as_)["id"]
        return str(self.ask("POST", "msg", as_, json={"content": text, "author": author, "date": "."})["id"])

    def retire(self, issue: str) -> None:
        """Delete an issue; Roundup calls it so."""
        tag = {"If-Match": self.ask("GET", f"issue/{issue}", ADMIN)["@etag"]}
        self.ask("DELETE", f"issue/{issue}", ADMIN, headers=tag)

    def messages(self, issue: str) -> list[str]:
        """Return the texts that stand in an issue, as its creator reads them."""
        listed = self.ask("GET", f"issue/{issue}")["attributes"]["messages"]
        return [self.ask("GET", f"msg/{one['id']}?@verbose=3")["attributes"]["content"] for one in listed]

    def date(self, times: Mapping[str, str]) -> None:
        """Make issues look as old as an import would: opened and changed at these times, written as in the database."""
        with closing(sqlite3.connect(self._db / "db")) as db, db:
            db.executemany(
                "UPDATE _issue SET _creation = ?, _activity = ? WHERE id = ?", [(t, t, k) for k, t in times.items()]
            )

    def restore(self, name: str, make: Callable[[], None]) -> None:
        """Put the tracker into the state of this name: the first time, it is made of the present one."""
        if not (self._folder / name).exists():
            make()
            self._keep(self._folder / name)
        fresh, before = self._folder / f"fresh{next(_numbers)}", self._folder / f"before{next(_numbers)}"
        shutil.copytree(self._folder / name, fresh)
        _hand_over(fresh)
        self._db.rename(before)  # a call that was answered may still be closing its files there
        fresh.rename(self._db)
        self.mail.unlink(missing_ok=True)

    def _keep(self, place: Path) -> None:
        """Copy the database as SQLite does it: what was written last may stand beside its file still."""
        shutil.copytree(self._db, place, ignore=shutil.ignore_patterns("db*"))
        for file in (file for file in self._db.glob("db*") if not file.name.endswith(("-wal", "-shm"))):
            with closing(sqlite3.connect(file)) as here, closing(sqlite3.connect(place / file.name)) as there:
                here.backup(there)


@contextmanager
def serving(folder: Path, python: Path) -> Iterator[Tracker]:
    """Set a tracker up in an empty folder, and serve it until the block ends; `python` is whose Python serves."""
    home = folder / "tracker"
    _admin(home, "install", "classic", "sqlite")
    with (home / "schema.py").open("a", encoding="utf-8") as schema:
        schema.write(RIGHTS)
    for _ in range(_TRIES):
        port = _free_port()
        _configure(home, port)
        if not (home / "db/db").exists():
            _admin(home, "initialise", ADMIN[1])
            _hand_over(home)
        with _started(folder, python, port) as answers:
            if answers:
                yield Tracker(folder, port)
                return
    raise RuntimeError((folder / "server.log").read_text(encoding="utf-8"))


def a_python_for_nobody(folder: Path) -> Path | None:
    """Return a Python with which an unprivileged user can run Roundup. Root's files may lie where no other user can
    look, so the package is copied, and another Python on this machine may have to do."""
    if not _ROOT:
        return Path(sys.executable)
    spec = find_spec("roundup")
    assert spec
    assert spec.origin
    shutil.copytree(Path(spec.origin).parent, folder / "lib/roundup")
    system = [shutil.which(name, path="/usr/local/bin:/usr/bin") for name in ("python3.11", "python3")]
    for python in (os.path.realpath(sys.executable), *system):
        if python and _tried(folder, python):
            return Path(python)
    return None


def _tried(folder: Path, python: str) -> bool:
    try:
        done = subprocess.run(
            [python, "-c", "import roundup.rest"], **_as_nobody(folder), capture_output=True, check=False
        )
    except PermissionError:
        return False
    return done.returncode == 0


@contextmanager
def _started(folder: Path, python: Path, port: int) -> Iterator[bool]:
    """Start the server; gives whether it listens."""
    run = "from roundup.scripts.roundup_server import run; run()"
    where = ("-n", "127.0.0.1", "-p", str(port), f"tracker={folder / 'tracker'}")
    command: list[str | Path] = [python, "-u", "-c", run, *where]
    with (folder / "server.log").open("a") as log:
        process = subprocess.Popen(command, **_as_nobody(folder), stdout=subprocess.PIPE, stderr=log, text=True)
    with process:
        try:
            assert process.stdout
            yield "started" in process.stdout.readline()  # it says so once it listens, and nothing if it cannot
        finally:
            process.terminate()


def _as_nobody(folder: Path) -> dict[str, Any]:
    who = {"user": _NOBODY, "group": pwd.getpwuid(_NOBODY).pw_gid, "extra_groups": []} if _ROOT else {}
    return {
        **who,
        "cwd": folder,
        "stdin": subprocess.DEVNULL,
        "env": {"PYTHONPATH": str(folder / "lib"), "LC_ALL": "C.UTF-8"},
    }


def _admin(home: Path, *words: str) -> None:
    run = "import sys; from roundup.scripts.roundup_admin import run; sys.exit(run())"
    command: Sequence[str | Path] = [sys.executable, "-c", run, "-i", home, *words]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _configure(home: Path, port: int) -> None:
    file = home / "config.ini"
    text = file.read_text(encoding="utf-8")
    settings = {
        r"#?web = .*": f"web = http://127.0.0.1:{port}/tracker/",
        r"#domain = .*": "domain = example.com",
        r"#host = .*": "host = 127.0.0.1",
        r"debug = *": f"debug = {home / 'mail.txt'}",  # mails are written there, and not sent
        # each call hashes the password anew
        r"password_pbkdf2_default_rounds = .*": "password_pbkdf2_default_rounds = 1000",
    }
    for line, setting in settings.items():
        text = re.sub(f"^{line}$", setting, text, flags=re.MULTILINE)
    file.write_text(text, encoding="utf-8")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _hand_over(place: Path) -> None:
    for path in (place, *place.rglob("*")) if _ROOT else ():
        os.chown(path, _NOBODY, -1)
