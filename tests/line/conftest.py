"""The `xmo` command on a sandbox, in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.line.support import Xmo


@pytest.fixture
def make_xmo(tmp_path: Path) -> Callable[..., Xmo]:
    """Write a config for a sandbox and return the command on it."""

    def make(store_url: str, url: str, **more: str) -> Xmo:
        (tmp_path / "xmo.key").write_text("a key that no one else has, for tests")
        pages, size = more.pop("pages", "http://127.0.0.1:1"), more.pop("page_size", "500")
        sections = {
            "site": f'name = "Test IT"\nurl = "{pages}"\nkey = {{ file = "xmo.key" }}',
            "store": f'url = "{store_url}"',
            "log": 'level = "error"',
            "sources.corp": (
                f'kind = "servicenow"\nurl = "{url}"\nusername = "xmo"\npassword = "sandbox"\ntables = ["incident"]\n'
                f'page_size = {size}\nfields = {{ service = "category" }}\nrequests_per_minute = 1000000'
            ),
            "survey": 'quiet_period = "14d"',
        } | {name.replace("_", "."): text for name, text in more.items()}
        text = "\n".join(f"[{name}]\n{text}\n" for name, text in sections.items())
        (tmp_path / "xmo.toml").write_text(text)
        return Xmo(tmp_path)

    return make
