"""XMO beside others: a dlt pipeline and a Singer tap with its target load the same served ServiceNow rows, in one run.

All ask for the same fields by pages of the same size, remember how far they came, and upsert by `sys_id` into a
file of SQLite. The others live in `.venv/peers`, which `make bench` makes from `peers.txt`. Of dlt's destinations its
own DuckDB was tried as well: with its standard settings it is slower than SQLite and takes gigabytes.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.floors.servicenow import PAGE
from benchmarks.measure import ROOT, Command, Cost, chain, cost, expect, served
from benchmarks.sizes import XMO, write_config
from benchmarks.vendors import VENDORS, servicenow_fields

HERE = Path(__file__).parent
PYTHON = ROOT / ".venv" / "peers" / "bin" / "python"
ROUNDS = 3
Way = Callable[[Path, str], Cost]
_QUIET = {"RUNTIME__DLTHUB_TELEMETRY": "false", "LOGLEVEL": "ERROR"}


@dataclass(frozen=True)
class Load:
    """What one of them took for so many tickets."""

    name: str
    settings: str
    count: int
    costs: Sequence[Cost]

    @property
    def cost(self) -> Cost:
        """Return what the fastest of the rounds took: what else the machine does only adds."""
        return min(self.costs, key=lambda one: one.wall)

    @property
    def slowest(self) -> float:
        """Return the seconds of the slowest round."""
        return max(one.wall for one in self.costs)

    @property
    def pace(self) -> float:
        """Return the tickets per second, by the clock."""
        return self.count / self.cost.wall


def measure(count: int) -> list[Load]:
    """Measure all some times, in turn: a quiet minute of the machine falls to nobody alone."""
    rounds = [[_load(count, *way[2:]) for way in _WAYS] for _ in range(ROUNDS)]
    return [Load(name, settings, count, costs) for (name, settings, *_), *costs in zip(_WAYS, *rounds, strict=True)]


def versions() -> list[str]:
    """Return the versions of the others."""
    asked = "from importlib.metadata import version as v; print('dlt', v('dlt')); print('singer-sdk', v('singer-sdk'))"
    return subprocess.run([PYTHON, "-c", asked], check=True, capture_output=True, text=True).stdout.splitlines()


def _load(count: int, load: Way, file: str, table: str) -> Cost:
    with tempfile.TemporaryDirectory() as folder, served("servicenow", str(count), "wide") as url:
        took = load(Path(folder), url)
        expect(count, Path(folder) / file, table)
    return took


def _xmo(folder: Path, url: str) -> Cost:
    write_config(folder, VENDORS["servicenow"], url)
    return cost([*XMO, "sync"], folder)


def _dlt(folder: Path, url: str) -> Cost:
    return _run_dlt(folder, url, {})


def _dlt_with_workers(folder: Path, url: str) -> Cost:
    # files of this size, for workers share out whole files
    workers = {"NORMALIZE__WORKERS": str(os.cpu_count()), "EXTRACT__DATA_WRITER__FILE_MAX_ITEMS": "10000"}
    return _run_dlt(folder, url, workers)


def _run_dlt(folder: Path, url: str, settings: Mapping[str, str]) -> Cost:
    command: Command = [PYTHON, HERE / "load_dlt.py", url, ",".join(servicenow_fields()), str(PAGE)]
    return cost(command, folder, {**_QUIET, **settings})


def _singer(folder: Path, url: str) -> Cost:
    configs = {
        "tap": {"url": url, "fields": servicenow_fields(), "page": PAGE},
        "target": {"path": str(folder / "peer.db"), "validate_records": False, "add_record_metadata": False},
    }
    for name, config in configs.items():
        (folder / f"{name}.json").write_text(json.dumps(config))
    commands: list[Command] = [[PYTHON, HERE / f"{name}.py", "--config", folder / f"{name}.json"] for name in configs]
    return chain(commands, folder, _QUIET)


_WAYS: Sequence[tuple[str, str, Way, str, str]] = (
    ("XMO", "`xmo sync`, as `xmo init` sets it up", _xmo, "xmo.db", "ticket"),
    ("dlt", "`rest_api` source, SQLAlchemy destination, `merge`, standard settings", _dlt, "peer.db", "incident"),
    ("dlt", "the same, a worker for each core", _dlt_with_workers, "peer.db", "incident"),
    ("Singer", "`RESTStream` into `SQLSink` with an upsert, msgspec, no validation", _singer, "peer.db", "incident"),
)
