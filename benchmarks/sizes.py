"""One size: the floor and XMO beside each other on the same tickets, and an XMO run after that finds nothing new."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import requests

from benchmarks.measure import ROOT, Cost, cost, expect, least, served
from benchmarks.served.http import SENT
from benchmarks.vendors import VENDORS, Vendor

XMO = (sys.executable, "-m", "xmo_core", "--now", "2027-01-01T00:00:00Z")


@dataclass(frozen=True)
class Size:
    """So many tickets of a vendor; `rows`: wide or narrow, where the vendor shows what is asked for or more."""

    vendor: str
    count: int
    rows: str = "wide"


@dataclass(frozen=True)
class Sync:
    """What one size took."""

    size: Size
    requests: int  # of the floor, which are those of XMO but for a few
    sent: int  # bytes that these brought
    floor: Cost
    xmo: Cost
    nothing_new: Cost

    @property
    def ratio(self) -> float:
        """Return how many times the floor's CPU XMO takes."""
        return self.xmo.cpu / self.floor.cpu


def measure(size: Size) -> Sync:
    """Measure one size."""
    vendor = VENDORS[size.vendor]
    with tempfile.TemporaryDirectory() as name, served(vendor.name, str(size.count), size.rows) as url:
        folder = Path(name)
        write_config(folder, vendor, url)
        floor = cost(
            [sys.executable, "-m", f"benchmarks.floors.{vendor.name}", url, folder / "floor.db", *vendor.asked(url)],
            cwd=ROOT,
        )
        told = requests.get(url + SENT, timeout=60).json()
        took = cost([*XMO, "sync"], cwd=folder)
        for file in ("floor.db", "xmo.db"):
            expect(size.count, folder / file, "ticket")
        cost([*XMO, "run"], cwd=folder)
        nothing_new = least([*XMO, "run"], cwd=folder)
    return Sync(size, told["requests"], told["bytes"], floor, took, nothing_new)


def write_config(folder: Path, vendor: Vendor, url: str) -> None:
    """Write a config with this one source, as an `xmo init` would leave it."""
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
kind = "{vendor.name}"
url = "{url}"
requests_per_minute = 1000000
{vendor.options}""")
