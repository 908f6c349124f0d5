"""`xmo demo`: the line from ticket to report, played with the real command, real HTTP and real tickets."""

import socket
from pathlib import Path
from random import randrange

import click
from requests import RequestException
from rich.console import Console

from xmo_demo import vendors, words
from xmo_demo.folder import CONFIG, clear, furnish
from xmo_demo.processes import Xmo, orderly
from xmo_demo.vendor import Vendor
from xmo_demo.visit import Browser
from xmo_demo.weeks import PAUSE, START, WEEK, WEEKS, Stage, Week, play
from xmo_hooks import XmoError


@click.command()
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    default="demo",
    show_default=True,
    help="The folder to work in; that of an earlier demo is made anew.",
)
@click.option("--weeks", type=click.IntRange(1, WEEKS), default=WEEKS, show_default=True, help="How many to play.")
def demo(folder: Path, weeks: int) -> None:
    """Survey a service desk on this machine: real tickets, simulated answers, and the report on them.

    It serves real incidents with `xmo sandbox`, fetches them and asks with `xmo run`, has simulated people answer on
    the pages of `xmo serve`, and reports with `xmo report`. At last, one `xmo run` works for three vendors. It needs no
    account and no network.

    \b
    Example:
      xmo demo
      xmo demo --dir other --weeks 6
    """
    console = Console(highlight=False)
    clear(folder)
    words.hello(console)
    xmo, port, end = Xmo(folder / CONFIG), _free_port(), START + weeks * WEEK + 2 * PAUSE
    try:
        with orderly():
            played = _play(console, xmo, folder, port, weeks)
            words.sums(console, played)
            xmo.run("report", "--out", str(folder), now=end, shown=True)
            with console.status("Three vendors start"):
                told = vendors.play(folder)
            words.three(console, folder, told)
    except RequestException as error:
        raise XmoError(f"A request of the demo failed: {error}", hint="Try again: xmo demo") from error
    # Older links have expired by the end.
    left = next((week.left for week in reversed(played[-2:]) if week.left), None)
    words.what_next(console, folder, end, port, left)


def _play(console: Console, xmo: Xmo, folder: Path, port: int, weeks: int) -> list[Week]:
    played: list[Week] = []
    pages = f"http://127.0.0.1:{port}"
    starting = ("sandbox", "servicenow", "--port", "0", "--at", START.isoformat())
    with console.status("The service desk starts") as status, xmo.listening(*starting, now=START) as sandbox:
        vendor = Vendor(sandbox.ready())
        furnish(folder, pages=pages, source=sandbox.options())
        words.heading(console)
        for week in play(Stage(xmo=xmo, vendor=vendor, browser=Browser(), pages=pages, port=port), weeks):
            words.week(console, week, first=not played)
            played.append(week)
            status.update(f"Week {min(len(played), weeks)} of {weeks}")
    return played


def _free_port() -> int:
    """Return a port that is free, and below those that any system hands out by itself: it must stay free from one
    `xmo serve` to the next, for its number stands in the links."""
    while True:
        port = randrange(20_000, 30_000)  # noqa: S311 - no secret
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)):
                return port
