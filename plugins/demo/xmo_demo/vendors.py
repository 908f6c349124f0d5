"""One month of work, a third of it at each of three vendors, and one run over all of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from xmo_demo import month
from xmo_demo.folder import DESKS, SHARE, VENDORS, VENDORS_STORE, furnish_vendors
from xmo_demo.processes import Xmo
from xmo_demo.vendor import Vendor

TICKETS, SEED = 450, 1
FIRST, SECOND = datetime(2026, 3, 16, tzinfo=UTC), datetime(2026, 3, 20, tzinfo=UTC)

_SUMS = """
    SELECT count(*), count(coalesce(resolved_at, closed_at)), sum(reassignments), sum(reopens)
    FROM v_ticket WHERE source = ? AND deleted_at IS NULL
"""

_SKIPPED = """
    SELECT count(CASE rule WHEN 'surveys.quiet' THEN 1 END), count(CASE rule WHEN 'core.final' THEN 1 END)
    FROM decision WHERE source = ?
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shared:
    """What the store holds of one vendor after one run over all, how many questions stand in its tickets, and how many
    ends were not asked about: people who had been asked elsewhere (`spared`), tickets closed for good (`late`)."""

    vendor: str
    tickets: int
    ended: int
    hand_offs: int
    reopens: int
    asked: int
    spared: int
    late: int


def play(folder: Path) -> Sequence[Shared]:
    """Switch asking on with a first run, let four days pass, run again, and tell what came of each vendor. Raises
    `XmoError` and errors of requests."""
    shares = _shares(folder)
    xmo, vendors, sources = Xmo(folder / VENDORS), dict[str, Vendor](), dict[str, str]()
    with ExitStack() as stack:
        started = {
            name: stack.enter_context(xmo.listening("sandbox", name, *_options(file), now=FIRST))
            for name, file in shares.items()
        }
        for name, sandbox in started.items():
            vendors[name], sources[name] = Vendor(sandbox.ready()), sandbox.options()
        furnish_vendors(folder, sources)
        xmo.run("run", now=FIRST)
        for vendor in vendors.values():
            vendor.put_clock(SECOND)
        xmo.run("run", now=SECOND)
        asked = {name: vendor.written() for name, vendor in vendors.items()}
    with closing(sqlite3.connect(folder / VENDORS_STORE)) as store:
        return [_shared(store, name, asked[name]) for name in DESKS]


def _shares(folder: Path) -> dict[str, Path]:
    """Give each vendor its part of the month, in a file."""
    shares = {name: folder / SHARE.format(name) for name in DESKS}
    for turn, file in enumerate(shares.values()):
        month.write(file, TICKETS, SEED, share=slice(turn, None, len(shares)))
    return shares


def _options(file: Path) -> tuple[str, ...]:
    return ("--port", "0", "--data", str(file), "--at", FIRST.isoformat())


def _shared(store: sqlite3.Connection, name: str, asked: int) -> Shared:
    tickets, ended, hand_offs, reopens = store.execute(_SUMS, (name,)).fetchone()
    spared, late = store.execute(_SKIPPED, (name,)).fetchone()
    done = {"tickets": tickets, "ended": ended, "hand_offs": hand_offs, "reopens": reopens}
    return Shared(vendor=name, **done, asked=asked, spared=spared, late=late)
