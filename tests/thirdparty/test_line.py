"""The whole line at a real Roundup: an issue is resolved, its user is asked in it once, answers, and is counted."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import Connection, select

from tests.line.support import reading
from tests.thirdparty.conftest import PLUGIN
from tests.thirdparty.tracker import OURS, USER, Tracker
from xmo_core.store import tables as t
from xmo_core.testing import faults
from xmo_core.testing.clock import Clock
from xmo_core.testing.reverse import Reverse
from xmo_core.testing.server import serving
from xmo_core.testing.wire import Call, Fault, Plan, Wire
from xmo_hooks import MARKER

pytestmark = pytest.mark.slow
LINK = re.compile(r"http://pages\.test(/a/\S+?)(?:/never)?$", re.MULTILINE)
PATIENCE = 30  # runs, until the time has passed in which a write might still be on its way
CONFIG = """
[site]
name = "Acorn users"
url = "http://pages.test"
key = {{ file = "xmo.key" }}
[store]
url = "{store}"
[http]
timeout = "{timeout}"
max_wait = "1s"
[sources.issues]
kind = "roundup"
url = "{url}"
username = "{user}"
password = {{ env = "ROUNDUP_PASSWORD" }}
"""
# Dies at a named instant of a run, as by `kill -9`.
DOOM = """
import os, signal, sys
from xmo_core import checkpoints, cli
doom = sys.argv.pop(1)
checkpoints.watch(lambda point: point == doom and os.kill(os.getpid(), signal.SIGKILL))
cli.main()
"""


class Site:
    """The command `xmo` in a folder of its own, where the plugin is installed."""

    def __init__(self, folder: Path, url: str, timeout: str = "30s") -> None:
        self._folder, self.store = folder, f"sqlite:///{folder / 'xmo.db'}"
        (folder / "xmo.key").write_text("a key that no one else has, for tests", encoding="utf-8")
        text = CONFIG.format(store=self.store, url=url, user=OURS[0], timeout=timeout)
        (folder / "xmo.toml").write_text(text, encoding="utf-8")
        _install(folder)

    def __call__(self, *words: str, code: int = 0) -> str:
        done = self._run("-m", "xmo_core", *words)
        assert done.returncode == code, f"{words}: {done.returncode} {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def killed(self, point: str, *words: str) -> bool:
        """Run a command that dies at a named instant; returns whether it did."""
        return self._run("-c", DOOM, point, *words).returncode < 0

    @contextmanager
    def pages(self) -> Iterator[str]:
        """Serve the pages; gives their address."""
        with subprocess.Popen([sys.executable, "-m", "xmo_core", "serve", "--port", "0"], **self._how()) as process:
            try:
                yield re.findall(r"http://\S+", process.stdout.readline())[0]  # type: ignore[union-attr]
            finally:
                process.terminate()

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        how = {**self._how(), "stderr": subprocess.PIPE}
        return subprocess.run([sys.executable, *words], **how, check=False)

    def _how(self) -> dict[str, Any]:
        path = os.pathsep.join((str(self._folder), str(PLUGIN)))
        environment = os.environ | {"PYTHONPATH": path, "ROUNDUP_PASSWORD": OURS[1]}
        out = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
        return {"cwd": self._folder, "env": environment, "text": True, **out}


def _install(folder: Path) -> None:
    """Leave what `pip install` would leave."""
    project = tomllib.loads((PLUGIN / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = folder / "xmo_roundup-0.1.0.dist-info"
    info.mkdir()
    named = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (info / "METADATA").write_text(named, encoding="utf-8")
    points = "".join(f"{k} = {v}\n" for k, v in project["entry-points"]["xmo.plugins"].items())
    (info / "entry_points.txt").write_text(f"[xmo.plugins]\n{points}", encoding="utf-8")


@pytest.fixture
def site(tmp_path: Path, tracker: Tracker) -> Site:
    return Site(tmp_path, tracker.url)


def resolved(site: Site, tracker: Tracker) -> str:
    """An issue that is resolved an hour after the first run: Roundup tells whole seconds, and what was resolved in the
    second in which asking was switched on counts as before it."""
    issue = tracker.issue("Cannot print")
    site("--now", (datetime.now(UTC) - timedelta(hours=1)).isoformat(), "run")
    tracker.say(issue, "Try the other printer.", OURS)
    tracker.change(issue, status="resolved")
    return issue


def questions(tracker: Tracker, issue: str) -> list[str]:
    return [text for text in tracker.messages(issue) if MARKER.search(text)]


def answer(site: Site, text: str) -> None:
    """Answer as a browser without script does."""
    link = LINK.search(text)
    assert link, text
    with site.pages() as url, requests.Session() as browser:
        page = url + link[1]
        for form in ({"feeling": "bad"}, {"more": "no"}):
            assert next(iter(form)) in browser.get(page, timeout=30).text
            assert browser.post(page, data=form, timeout=30).ok


def told(connection: Connection) -> tuple[str, dict[str, str | None], dict[str, Any]]:
    """The one invitation, its answers and its scores."""
    (state,) = connection.execute(select(t.invitation.c.state)).scalars()
    answers = {row.question: row.code for row in connection.execute(select(t.answer))}
    return state, answers, {row.name: row.value for row in connection.execute(select(t.score))}


def test_a_resolved_issue_is_asked_about_answered_and_scored(site: Site, tracker: Tracker) -> None:
    assert "Roundup answers" in site("check")
    issue = resolved(site, tracker)
    said = site("run") + site("run")
    assert len(questions(tracker, issue)) == 1, said
    (text,) = questions(tracker, issue)
    assert "Acorn users would like to know" in text
    status = tracker.ask("GET", f"issue/{issue}?@verbose=2")["attributes"]["status"]["name"]
    assert status == "resolved"
    answer(site, text)
    site("run")
    with reading(site.store) as connection:
        state, answers, scores = told(connection)
    assert state == "answered"
    assert answers["feeling"] == "bad"
    assert scores
    assert questions(tracker, issue) == [text]


def test_the_question_reaches_the_user_by_mail_as_any_message_does(site: Site, tracker: Tracker) -> None:
    issue = resolved(site, tracker)
    site("run")
    (text,) = questions(tracker, issue)
    marker = MARKER.search(text)
    assert marker
    assert f"{USER[0]}@example.com" in tracker.mail.read_text(encoding="utf-8")
    assert marker[0] in tracker.mail.read_text(encoding="utf-8")


def test_an_issue_that_is_opened_again_before_the_run_is_not_asked_about(site: Site, tracker: Tracker) -> None:
    issue = resolved(site, tracker)
    tracker.say(issue, "It is broken again.")  # which Roundup takes for a reopening
    site("run")
    assert questions(tracker, issue) == []


@pytest.mark.parametrize("point", ["page.written", "page.stored", "decisions.stored", "question.sent"])
def test_a_run_that_is_killed_asks_once_all_the_same(site: Site, tracker: Tracker, point: str) -> None:
    issue = resolved(site, tracker)
    assert site.killed(point, "run")
    asked = len(questions(tracker, issue))
    assert asked == (point == "question.sent")
    until_asked(site, tracker, issue)
    site("run")
    assert len(questions(tracker, issue)) == 1


@pytest.mark.parametrize(("method", "seen"), [("POST", 0), ("PUT", 1)])
def test_whichever_answer_is_lost_the_question_stands_there_once(
    tmp_path: Path, tracker: Tracker, method: str, seen: int
) -> None:
    """A question takes two writes at Roundup: a message, and its place in the issue."""
    wire = Wire(Reverse(tracker.server), Clock(None).now)
    with serving(wire) as url:
        site = Site(tmp_path, f"{url}/tracker/", timeout="4s")  # and as long a write may be on its way
        issue = resolved(site, tracker)
        wire.plan = first(method, faults.lost)
        site("run")
        assert len(questions(tracker, issue)) == seen
        until_asked(site, tracker, issue)
        site("run")
    assert len(questions(tracker, issue)) == 1
    with reading(site.store) as connection:
        assert told(connection)[0] == "sent"


def until_asked(site: Site, tracker: Tracker, issue: str) -> None:
    """Run until the question stands there: while a write may be on its way, it is left."""
    for _ in range(PATIENCE):
        said = site("run")
        if questions(tracker, issue):
            return
    pytest.fail(f"The question never went out. {said}")


def first(method: str, fault: Fault) -> Plan:
    """Trouble the first call with this method."""
    met: list[Call] = []

    def plan(call: Call) -> Fault | None:
        if call.method != method or met:
            return None
        met.append(call)
        return fault

    return plan
