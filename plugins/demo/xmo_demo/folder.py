"""The folder of the demo: made anew each time, and nothing in it but what the demo makes."""

import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from xmo_demo.respondents import RULE
from xmo_hooks import ConfigError

MARK = "# Written by `xmo demo`, which makes this folder anew whenever it runs.\n"
CONFIG, KEY = "xmo.toml", "xmo.key"
VENDORS, VENDORS_STORE, SHARE = "vendors.toml", "vendors.db", "{}.jsonl"
DESKS = ("servicenow", "jira", "zendesk")
_STORES = {f"{store}{more}" for store in ("xmo.db", VENDORS_STORE) for more in ("", "-shm", "-wal")}
OURS = frozenset({CONFIG, KEY, "report.html", VENDORS, *_STORES, *map(SHARE.format, DESKS)})

CREDIT = (
    "Real tickets: 300 incidents out of the “Incident management process enriched event log” by Claudio Amaral, "
    "Marcelo Fantinato and Sarajane Peres, UCI Machine Learning Repository, dataset 498, CC BY 4.0."
)
NOTE = f"Simulated answers. The tickets are real, but nobody behind them was asked. {RULE} {CREDIT}"

_CONFIG = """\
[site]
name = "The demo desk"
url = {pages}
key = {{ file = "xmo.key" }}

[store]
url = "sqlite:///xmo.db"

[log]
level = "warning"

[sources.desk]
{source}
[survey]
quiet_period = "7d"  # to nobody more than one question a week
stale = "8d"  # one day more than lies between two runs of the demo

[insights]
cuts = ["service", "month"]

[board]
title = "How support made people feel: a demo"
note = {note}
"""

_VENDORS_CONFIG = """\
[site]
name = "The demo desks"
url = "http://127.0.0.1:1"
key = {{ file = "xmo.key" }}

[store]
url = "sqlite:///{store}"

[log]
level = "warning"

[survey]
stale = "8d"  # one day more than lies between the two runs
{sources}"""


def clear(folder: Path) -> None:
    """Make the folder, or empty it of an earlier demo. Raises `ConfigError`, and deletes nothing, where anything in it
    is not the demo's."""
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is a file.", hint="Name another folder: xmo demo --dir FOLDER")
    found = sorted(folder.iterdir()) if folder.exists() else []
    strange = [path.name for path in found if path.name not in OURS or not path.is_file()]
    if found and (strange or not _is_ours(folder / CONFIG)):
        what = f"holds {', '.join(strange[:3])}" if strange else f"has a {CONFIG} that no demo wrote, or none"
        raise ConfigError(f"{folder} {what}: nothing was deleted.", hint="Name another folder: xmo demo --dir FOLDER")
    for path in found:
        path.unlink()
    folder.mkdir(parents=True, exist_ok=True)


def _is_ours(config: Path) -> bool:
    return config.is_file() and config.read_text(encoding="utf-8", errors="replace").startswith(MARK)


def furnish(folder: Path, *, pages: str, source: str) -> Path:
    """Write config and key, and return the config's path. `pages` is the address of the survey pages, `source` the
    options of the source as the sandbox names them."""
    text = MARK + _CONFIG.format(pages=json.dumps(pages), source=source, note=json.dumps(NOTE, ensure_ascii=False))
    config, key = folder / CONFIG, folder / KEY
    config.write_text(text, encoding="utf-8")
    key.touch(mode=0o600)
    key.write_text(secrets.token_urlsafe(32) + "\n", encoding="utf-8")
    return config


def furnish_vendors(folder: Path, sources: Mapping[str, str]) -> Path:
    """Write the config of the desks that share a store, and return its path. `sources` are the options of each, by
    its name, as the sandboxes name them. Called after `furnish`, whose key it uses."""
    tables = "".join(f"\n[sources.{name}]\n{options}" for name, options in sources.items())
    config = folder / VENDORS
    config.write_text(_VENDORS_CONFIG.format(store=VENDORS_STORE, sources=tables), encoding="utf-8")
    return config
