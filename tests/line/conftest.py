"""The `xmo` command on a sandbox, in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.line.desks import Desk
from tests.line.desks import desk as make_desk
from tests.line.support import Xmo

VENDORS = ("servicenow", "jira", "zendesk")


@pytest.fixture(params=VENDORS)
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Desk:
    """A vendor: every test that asks for it runs on each."""
    return make_desk(request.param, tmp_path)


@pytest.fixture
def make_xmo(tmp_path: Path) -> Callable[..., Xmo]:
    """Write a config for a sandbox and return the command on it."""

    def make(store_url: str, source: str, **more: str) -> Xmo:
        (tmp_path / "xmo.key").write_text("a key that no one else has, for tests")
        pages = more.pop("pages", "http://127.0.0.1:1")
        sections = {
            "site": f'name = "Test IT"\nurl = "{pages}"\nkey = {{ file = "xmo.key" }}',
            "store": f'url = "{store_url}"',
            "log": 'level = "error"',
            "sources.corp": source,
            "survey": 'quiet_period = "14d"',
        } | {name.replace("_", "."): text for name, text in more.items()}
        text = "\n".join(f"[{name}]\n{text}\n" for name, text in sections.items())
        (tmp_path / "xmo.toml").write_text(text)
        return Xmo(tmp_path)

    return make
