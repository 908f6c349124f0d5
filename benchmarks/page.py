"""The budgets, and the page of results."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from benchmarks.measure import TIMES
from benchmarks.peers.beside import ROUNDS, Load
from benchmarks.sizes import Sync
from benchmarks.vendors import VENDORS

HERE = Path(__file__).parent
RATIO, AIM, MEMORY, NOTHING_NEW, HELP = 2.5, 1.7, 120, 1.0, 0.3
COUNT = 100_000  # the size at which CPU is judged
FASTER: Mapping[str, int] = {"dlt": 3, "Singer": 6}
_PACKAGES = ("xmo-core", "requests", "orjson", "pysnow", "sqlalchemy", "marshmallow")


@dataclass(frozen=True)
class Results:
    """What one run of the benchmark measured."""

    syncs: Sequence[Sync]
    loads: Sequence[Load]
    peers: Sequence[str]
    help: float


@dataclass(frozen=True)
class Verdict:
    """One budget, what was measured, and whether it was kept."""

    budget: str
    measured: str
    kept: bool


def verdicts(results: Results) -> Iterator[Verdict]:
    """Hold what was measured against the budgets."""
    for name, vendor in VENDORS.items():
        if wide := [one for one in results.syncs if one.size.vendor == name and one.size.rows == "wide"]:
            yield from _of_vendor(vendor.title, {one.size.count: one for one in wide})
    if results.syncs:
        idle = max(one.nothing_new.cpu for one in results.syncs)
        yield Verdict(f"a run with nothing new under {NOTHING_NEW} s of CPU", f"{idle:.2f} s", idle < NOTHING_NEW)
    yield from _beside(results.loads)
    yield Verdict(f"`xmo --help` under {HELP} s of CPU", f"{results.help:.2f} s", results.help < HELP)


def text(results: Results) -> str:
    """Write the page."""
    environment = Environment(
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, undefined=StrictUndefined
    )
    environment.filters |= {"whole": "{:,.0f}".format, "fine": "{:.2f}".format}
    template = environment.from_string((HERE / "results.md.j2").read_text(encoding="utf-8"))
    return template.render(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        machine=platform.platform(),
        cores=os.cpu_count(),
        python=platform.python_version(),
        packages=[f"{name} {version(name)}" for name in _PACKAGES],
        results=results,
        vendors=VENDORS,
        times=TIMES,
        rounds=ROUNDS,
        verdicts=list(verdicts(results)),
    )


def _of_vendor(title: str, wide: Mapping[int, Sync]) -> Iterator[Verdict]:
    if judged := wide.get(COUNT):
        budget = f"{title}: CPU at {COUNT:,} wide rows at most {RATIO} times the floor (aim {AIM})"
        yield Verdict(budget, f"{judged.ratio:.2f}", judged.ratio <= RATIO)
    peak = max(one.xmo.peak for one in wide.values())
    yield Verdict(f"{title}: peak memory under {MEMORY} MB", f"{peak:.0f} MB", peak < MEMORY)
    if COUNT in wide and max(wide) > COUNT:
        growth = wide[max(wide)].xmo.peak / wide[COUNT].xmo.peak
        budget = f"{title}: memory flat from {COUNT:,} to {max(wide):,} (within 10 %)"
        yield Verdict(budget, f"{growth:.2f} times", growth < 1.1)


def _beside(loads: Sequence[Load]) -> Iterator[Verdict]:
    ours = next((load.pace for load in loads if load.name == "XMO"), 0.0)
    for load in loads:
        if times := FASTER.get(load.name):
            faster, settings = ours / load.pace, load.settings.rpartition(", ")[2]
            budget = f"at least {times} times the tickets a second of {load.name}, {settings}"
            yield Verdict(budget, f"{faster:.1f} times", faster >= times)
    for load in loads:
        if load.name == "XMO":
            budget = f"beside them, peak memory at most {MEMORY} MB"
            yield Verdict(budget, f"{load.cost.peak:.0f} MB", load.cost.peak <= MEMORY)
