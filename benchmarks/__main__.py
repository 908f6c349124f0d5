"""Speed as ratios: a sync beside a hand-written floor and beside others, on the same served data, in one run.

`make bench`: measure, print, and write `benchmarks/RESULTS.md`. Leaves with 1 when a budget is not kept.
"""

from __future__ import annotations

import sys

import click

from benchmarks import sizes
from benchmarks.measure import ROOT, least
from benchmarks.page import COUNT, HERE, Results, text, verdicts
from benchmarks.peers import beside
from benchmarks.sizes import Size
from benchmarks.vendors import VENDORS

SIZES = (
    *(Size("servicenow", 10_000), Size("servicenow", COUNT), Size("servicenow", COUNT, "narrow")),
    Size("servicenow", 1_000_000),
    *(Size("jira", 10_000), Size("jira", COUNT)),
    *(Size("zendesk", 10_000), Size("zendesk", COUNT)),
)
PEERS = "peers"
PARTS = (*VENDORS, PEERS)


@click.command()
@click.option("--largest", default=1_000_000, show_default=True, help="Leave out sizes over this one.")
@click.option("--only", type=click.Choice(PARTS), multiple=True, default=PARTS, help="Measure this part alone.")
def main(largest: int, only: tuple[str, ...]) -> None:
    """Measure all sizes and write the page; a part of them is only printed."""
    chosen = [size for size in SIZES if size.count <= largest and size.vendor in only]
    syncs = []
    for size in chosen:
        syncs.append(sizes.measure(size))
        click.echo(f"{size.vendor}, {size.count:,} {size.rows}: {syncs[-1].ratio:.2f} times the floor", err=True)
    loads = beside.measure(min(COUNT, largest)) if PEERS in only else []
    for load in loads:
        click.echo(f"{load.name}: {load.pace:,.0f} tickets a second", err=True)
    help_ = least([sys.executable, "-m", "xmo_core", "--help"], ROOT).cpu
    results = Results(syncs, loads, beside.versions() if loads else [], help_)
    page = text(results)
    click.echo(page)
    if len(chosen) == len(SIZES) and loads:
        (HERE / "RESULTS.md").write_text(page, encoding="utf-8")
    if not all(verdict.kept for verdict in verdicts(results)):
        sys.exit(1)


if __name__ == "__main__":
    main()
