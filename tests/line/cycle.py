"""One sync-ask-answer cycle in a process of its own, made to be killed.

A parent that has everything imported reads one order a line from stdin, forks a child for it, and says how the child
ended. The child runs `xmo run`, then serves the pages and answers them over HTTP, then scores.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from threading import Thread
from typing import Any

import requests
from waitress.server import create_server
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware

import xmo_jira.source  # noqa: F401 - imported once, before the forks
import xmo_servicenow.source  # noqa: F401
import xmo_surveys.pages  # noqa: F401
import xmo_zendesk.source  # noqa: F401
from xmo_core import checkpoints, line, logs
from xmo_core.commands.serve import pages
from xmo_core.office import Office, open_office
from xmo_core.progress import Progress

LINK = re.compile(r"http://pages\.test/a/(\S+?)(?:/never)?$", re.MULTILINE)


def cycle(config: Path, now: datetime, vendor: str) -> None:
    office = open_office(config, now)
    logs.configure(office.config.log)
    run = line.run_line(office, Progress(show=False))
    if run.errors:
        sys.stderr.write(f"{run.errors}\n")
        sys.exit(1)
    _answer_all(office, vendor)
    line.score_only(office)


def _answer_all(office: Office, vendor: str) -> None:
    server = create_server(DispatcherMiddleware(NotFound(), pages(office)), host="127.0.0.1", port=0, threads=2)
    Thread(target=server.run, daemon=True).start()
    entries = requests.get(f"{vendor}/sandbox/journal", timeout=30).json()
    for entry in entries:
        found = LINK.search(entry["text"])
        assert found, entry
        dice = sha256(f"{entry['number']} {entry['reopen_count']}".encode()).digest()
        if dice[0] % 2:
            _answer(f"http://127.0.0.1:{server.effective_port}/a/{found[1]}", dice)


def _answer(page: str, dice: bytes) -> None:
    """Answer like a browser without script, from whichever screen the page is at."""
    with requests.Session() as browser:
        browser.cookies.set("answering", dice.hex())  # a browser that outlives the server knows its number
        for _ in range(3):
            shown = browser.get(page, timeout=30)
            if shown.status_code in (404, 410) or "/done/" in shown.url:
                return
            if 'name="feeling"' in shown.text:
                form = {"feeling": ("very_bad", "bad", "neither", "good", "very_good")[dice[1] % 5]}
            elif 'name="more"' in shown.text:
                form = {"more": "yes" if dice[2] % 2 else "no"}
            else:
                form = {"resolved_completely": "partly", "choices": "bad"}
            assert browser.post(page, data=form, timeout=30).ok


def _doom(point: str, passes: int) -> None:
    """Die at the given pass through a named instant."""
    left = [passes]

    def watcher(reached: str) -> None:
        if reached == point:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    checkpoints.watch(watcher)


def _child(order: dict[str, Any]) -> None:
    if point := order.get("point"):
        _doom(point, order["passes"])
    cycle(Path(order["config"]), datetime.fromisoformat(order["now"]), order["vendor"])


def main() -> None:
    for text in sys.stdin:
        order = json.loads(text)
        began, child = time.monotonic(), os.fork()
        if child == 0:
            code = 1
            try:
                _child(order)
                code = 0
            finally:
                sys.stderr.flush()
                os._exit(code)
        if delay := order.get("after"):
            time.sleep(delay)  # the random instant at which it is killed
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        ended = {"killed": os.WIFSIGNALED(status), "code": os.waitstatus_to_exitcode(status)}
        sys.stdout.write(json.dumps(ended | {"seconds": time.monotonic() - began}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
