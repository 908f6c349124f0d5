"""The sandboxes of all vendors with the canonical month, and the line that reads it from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import xmo_jira.sandbox
import xmo_servicenow.sandbox
import xmo_zendesk.sandbox
from docs import knowledge
from tests.line.support import Vendor, Xmo, vendor
from tests.vendors import month
from xmo_core.keys import Keys
from xmo_demo import month as demo

_SECRET = "a key that no one else has, for tests"
KEYS = Keys(_SECRET)
_SANDBOXES = {
    one.name: one
    for one in (
        xmo_servicenow.sandbox.SANDBOX,
        xmo_jira.sandbox.SANDBOX,
        xmo_jira.sandbox.SERVER,
        xmo_zendesk.sandbox.SANDBOX,
    )
}
KNOWLEDGE = knowledge.read()
VENDORS = tuple(KNOWLEDGE.vendors)


@contextmanager
def served(name: str, folder: Path, at: datetime) -> Iterator[Vendor]:
    """Serve the month as this vendor would."""
    data = folder / "month.jsonl"
    demo.write(data, month.TICKETS, month.SEED)
    with vendor(_SANDBOXES[name], data=data, at=at) as sandbox:
        yield sandbox


def source(name: str, url: str) -> str:
    """Return the options of a source that reads the vendor's sandbox for all that it tells."""
    return f"{_SANDBOXES[name].config(url)}{KNOWLEDGE.vendors[name].options}requests_per_minute = 1000000\n"


def xmo(folder: Path, store_url: str, sources: Mapping[str, str]) -> Xmo:
    """Write a config with these sources and return the command on it."""
    sections = {
        "site": 'name = "Test IT"\nurl = "http://127.0.0.1:1"\nkey = { file = "xmo.key" }',
        "store": f'url = "{store_url}"',
        "log": 'level = "error"',
        "survey": 'stale = "60d"',
        **{f"sources.{name}": options for name, options in sources.items()},
    }
    (folder / "xmo.key").write_text(_SECRET)
    (folder / "xmo.toml").write_text("\n".join(f"[{name}]\n{text}\n" for name, text in sections.items()))
    return Xmo(folder)
