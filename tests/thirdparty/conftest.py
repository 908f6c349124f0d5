"""A real Roundup for the tests of its plugin, once a session."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.thirdparty.tracker import ADMIN, OURS, USER, Tracker, a_python_for_nobody, serving

PLUGIN = Path(__file__).parent / "xmo-roundup"
sys.path.insert(0, str(PLUGIN))  # what `pip install -e` would do


@pytest.fixture(scope="session")
def running(need: Callable[[bool, str], None]) -> Iterator[Tracker]:
    """A tracker as it is set up."""
    need(find_spec("roundup") is not None, "no Roundup: pip install roundup")
    with tempfile.TemporaryDirectory(prefix="xmo-roundup-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        python = a_python_for_nobody(folder)
        need(python is not None, "no Python that an unprivileged user may run: Roundup refuses to be served by root")
        assert python
        with serving(folder, python) as tracker:
            yield tracker


@pytest.fixture
def tracker(running: Tracker) -> Tracker:
    """The tracker with a user, with our account, and without issues."""
    running.restore("empty", lambda: _people(running))
    return running


def _people(tracker: Tracker) -> None:
    for (user, password), roles in ((USER, "User"), (OURS, "User,Surveys")):
        person = {"username": user, "password": password, "address": f"{user}@example.com", "roles": roles}
        tracker.ask("POST", "user", ADMIN, json={**person, "realname": f"{user.title()} Example"})
