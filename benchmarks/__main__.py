"""Speed as ratios: what a sync costs beside a hand-written floor, on the same served data, in one run.

`make bench`: measure, print, and write `benchmarks/RESULTS.md`. Leaves with 1 when a budget is not kept.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import click
from jinja2 import Template

from xmo_servicenow.fields import layout
from xmo_servicenow.options import OptionsSchema

HERE = Path(__file__).parent
RATIO, AIM, MEMORY, NOTHING_NEW, HELP = 2.5, 1.7, 120, 1.0, 0.3
_PACKAGES = ("xmo-core", "requests", "orjson", "pysnow", "sqlalchemy", "marshmallow")
_TIMES = 5
_NOW = "2027-01-01T00:00:00Z"


@dataclass(frozen=True)
class Cost:
    """What one process took: CPU seconds (user and system), and its peak memory in MB."""

    cpu: float
    peak: float


def cost(*command: str | Path, cwd: Path) -> Cost:
    """Run a command to its end and return what it took; a failure ends the benchmark."""
    # as on a user's machine: there the byte code of what is imported is kept
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(command, cwd=cwd, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{said.decode()[-2000:]}")
    kilobyte = 1024 if sys.platform == "darwin" else 1
    return Cost(cpu=used.ru_utime + used.ru_stime, peak=used.ru_maxrss / 1024 / kilobyte)


def least(*command: str | Path, cwd: Path) -> Cost:
    """Run a short command some times and return the cheapest: what else the machine does only adds."""
    return min((cost(*command, cwd=cwd) for _ in range(_TIMES)), key=lambda one: one.cpu)


@contextmanager
def served(count: int, width: str) -> Iterator[str]:
    """Serve tickets from a process of their own."""
    command = [sys.executable, "-m", "benchmarks.server", str(count), width]
    with subprocess.Popen(command, cwd=HERE.parent, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


def _write_config(folder: Path, url: str) -> None:
    (folder / "xmo.key").write_text("only for this benchmark, and thrown away with it")
    (folder / "xmo.toml").write_text(f"""\
[site]
name = "Benchmark"
url = "http://127.0.0.1:1"
key = {{ file = "xmo.key" }}
[store]
url = "sqlite:///xmo.db"
[log]
level = "error"
[sources.corp]
kind = "servicenow"
url = "{url}"
username = "xmo"
password = "sandbox"
tables = ["incident"]
""")


def _fields() -> str:
    """Return the field list that the plugin asks for."""
    options = OptionsSchema().load(
        {"url": "http://127.0.0.1:1", "username": "x", "password": "x", "tables": ["incident"]}
    )
    return ",".join(layout(options.tables[0], options).columns)


@dataclass(frozen=True)
class Sync:
    """Floor and XMO beside each other on the same tickets, and an XMO run after that finds nothing new."""

    count: int
    width: str
    floor: Cost
    xmo: Cost
    nothing_new: Cost

    @property
    def ratio(self) -> float:
        """Return how many times the floor's CPU XMO takes."""
        return self.xmo.cpu / self.floor.cpu


def sync(count: int, width: str) -> Sync:
    """Measure one size."""
    xmo = (sys.executable, "-m", "xmo_core", "--now", _NOW)
    with tempfile.TemporaryDirectory() as name, served(count, width) as url:
        folder = Path(name)
        _write_config(folder, url)
        floor = cost(sys.executable, HERE / "floor.py", url, _fields(), folder / "floor.db", cwd=folder)
        took = cost(*xmo, "sync", cwd=folder)
        cost(*xmo, "run", cwd=folder)
        nothing_new = least(*xmo, "run", cwd=folder)
    return Sync(count, width, floor, took, nothing_new)


@dataclass(frozen=True)
class Verdict:
    """One budget, what was measured, and whether it was kept."""

    budget: str
    measured: str
    kept: bool


def verdicts(syncs: Sequence[Sync], help_: float) -> Iterator[Verdict]:
    """Hold what was measured against the budgets."""
    wide = {one.count: one for one in syncs if one.width == "wide"}
    if middle := wide.get(100_000):
        budget = f"CPU at 100,000 wide rows at most {RATIO} times the floor (aim {AIM})"
        yield Verdict(budget, f"{middle.ratio:.2f}", middle.ratio <= RATIO)
    peak = max(one.xmo.peak for one in syncs)
    yield Verdict(f"peak memory under {MEMORY} MB", f"{peak:.0f} MB", peak < MEMORY)
    if {100_000, 1_000_000} <= wide.keys():
        growth = wide[1_000_000].xmo.peak / wide[100_000].xmo.peak
        yield Verdict("memory flat from 100,000 to 1,000,000 (within 10 %)", f"{growth:.2f} times", growth < 1.1)
    idle = max(one.nothing_new.cpu for one in syncs)
    yield Verdict(f"a run with nothing new under {NOTHING_NEW} s of CPU", f"{idle:.2f} s", idle < NOTHING_NEW)
    yield Verdict(f"`xmo --help` under {HELP} s of CPU", f"{help_:.2f} s", help_ < HELP)


def text(syncs: Sequence[Sync], help_: float) -> str:
    """Write the page of results."""
    template = Template((HERE / "results.md.j2").read_text(encoding="utf-8"), keep_trailing_newline=True)
    page: str = template.render(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        machine=platform.platform(),
        cores=os.cpu_count(),
        python=platform.python_version(),
        packages=[f"{name} {version(name)}" for name in _PACKAGES],
        syncs=syncs,
        help=help_,
        times=_TIMES,
        verdicts=list(verdicts(syncs, help_)),
    )
    return page


@click.command()
@click.option("--largest", default=1_000_000, show_default=True, help="Leave out sizes over this one.")
def main(largest: int) -> None:
    """Measure all sizes and write the table."""
    sizes = [(10_000, "wide"), (100_000, "wide"), (100_000, "narrow"), (1_000_000, "wide")]
    syncs = []
    for count, width in sizes:
        if count <= largest:
            syncs.append(sync(count, width))
            click.echo(f"{count:,} {width}: {syncs[-1].ratio:.2f} times the floor", err=True)
    help_ = least(sys.executable, "-m", "xmo_core", "--help", cwd=HERE.parent).cpu
    page = text(syncs, help_)
    click.echo(page)
    if largest >= max(count for count, _ in sizes):
        (HERE / "RESULTS.md").write_text(page, encoding="utf-8")
    if not all(verdict.kept for verdict in verdicts(syncs, help_)):
        sys.exit(1)


if __name__ == "__main__":
    main()
