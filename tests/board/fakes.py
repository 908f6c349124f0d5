"""Tables as the wall hands them on, made up: nine services, a year of months, hidden groups, long names."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from math import sqrt
from typing import TypeVar

from xmo_board.plugin import Board
from xmo_hooks import Figure, Site, Table

T = TypeVar("T")
NOW = datetime(2026, 7, 8, 6, 0, tzinfo=UTC)
SITE = Site(name="Northwind IT", url="https://xmo.northwind.example")
CODES = ("very_bad", "bad", "neither", "good", "very_good")
NOTE = "These answers are simulated: people served by Network and VPN or Printing answer bad more often."
SECRET = 87.654321  # a number that a hidden figure carries by mistake, and that must show nowhere


class FakeSettings:
    """Settings that hold a site and a board."""

    def __init__(self, board: Board | None = None, site: Site = SITE) -> None:
        self._held = (board or Board(), site)

    def get(self, type_: type[T]) -> T:
        return next(held for held in self._held if isinstance(held, type_))


def feeling(key: Sequence[str], counts: Sequence[int], *, asked: int | None = None) -> list[Figure]:
    """Make net, positive and negative from the five counts of answers."""
    n = sum(counts)
    shares = [count / n for count in counts]
    bad, good = shares[0] + shares[1], shares[3] + shares[4]
    error = 1.96 * sqrt(max((good + bad - (good - bad) ** 2) / n, 1e-9))
    net = _figure(key, "net", 100 * (good - bad), 100 * error, (-100, 100), n, asked, counts)
    return [net, *(_share(key, name, p, n, asked, counts) for name, p in (("positive", good), ("negative", bad)))]


def hidden(key: Sequence[str], *measures: str) -> list[Figure]:
    """Make what the wall leaves of a group; the numbers in it are a fault that the report must survive."""
    return [
        Figure(
            key=tuple(key),
            measure=measure,
            value=SECRET,
            low=SECRET,
            high=SECRET,
            unit="net" if measure == "net" else "share",
            asked=876543,
            answered=876543,
            persons=876543,
            shares=dict.fromkeys(CODES, 0.876543),
            hidden=True,
        )
        for measure in measures or ("net", "positive", "negative")
    ]


def count(key: str, n: int) -> Figure:
    """Make one count of rows."""
    return Figure(
        key=(key,), measure="rows", value=n, low=None, high=None, unit="count", asked=0, answered=0, persons=0
    )


def table(name: str, figures: Sequence[Figure], total: Sequence[Figure] = (), **more: str) -> Table:
    """Make a table; its axis is what its name ends in."""
    axis = {"watermelon": "service", "sla_by_feeling": "sla_met", "line": "step", "questions": "state"}.get(
        name, name.rpartition("_")[2]
    )
    title = more.get("title", f"{name.replace('_', ' ').capitalize()}")
    return Table(
        name=name,
        title=title,
        definition=more.get("definition", "Last answer of each problem; net = good minus bad, adjusted Wald interval."),
        by=(axis,),
        figures=figures,
        total=total,
        caveat=more.get("caveat", ""),
    )


SERVICES = {
    "Network and VPN": (77, 70, 49, 128, 88),
    "Accounts and passwords": (38, 57, 76, 275, 209),
    "Laptops": (27, 36, 48, 117, 73),
    "E-mail": (24, 35, 73, 219, 169),
    "Printing": (14, 19, 21, 31, 13),
    "SAP S/4HANA Production Planning and Detailed Scheduling (EMEA)": (3, 6, 9, 22, 8),
    "Meeting rooms": (0, 1, 1, 4, 2),
    "Fräsmaschinensteuerung": (),
    "勤怠管理システム": (1, 2, 4, 9, 5),
}


def full() -> list[Table]:
    """Make everything that a busy site would have."""
    everyone = feeling((), (185, 226, 281, 805, 567), asked=9412)
    services = [
        f for key, n in SERVICES.items() for f in (feeling((key,), n, asked=sum(n) * 5 - 3) if n else hidden((key,)))
    ]
    return [
        table("feeling_by_service", services, everyone),
        table(
            "feeling_by_category", _groups(("Hardware", "Software", "Access", "Request for something new")), everyone
        ),
        table(
            "feeling_by_priority",
            [*_groups(("1 - Critical", "2 - High", "3 - Moderate", "4 - Low")), *hidden(("5",))],
            everyone,
        ),
        table(
            "feeling_by_channel", _groups(("phone", "self-service", "email")), everyone, caveat="Chat is not read yet."
        ),
        table("feeling_by_month", _months(), everyone),
        table(
            "sla_by_feeling",
            [*feeling(("met",), (120, 170, 230, 730, 530)), *feeling(("missed",), (65, 56, 51, 75, 37))],
            everyone,
        ),
        table("watermelon", _melons(), [*_pair((), 0.88, 0.21, 1700)]),
        table("questions", _states(), [replace(count("", 303), key=())], title="How the questions stand"),
        table("line", [count(key, n) for key, n in LINE.items()], title="Rows at each step", definition=STEPS),
        Table(
            name="hops",
            title="Net feeling by hand-offs and service",
            definition="",
            by=("service", "hand_offs"),
            figures=[*feeling(("E-mail", "0"), (5, 6, 20, 60, 50))[:1], *hidden(("E-mail", "3"), "net")],
        ),
    ]


STEPS = "Skipped and invited make up the decisions, the six states below the invited."
LINE = {
    "tickets": 48210,
    "problems": 44871,
    "decisions": 45102,
    "skipped": 35690,
    "invited": 9412,
    "waiting to be sent": 14,
    "waiting for an answer": 4818,
    "answered": 2064,
    "declined": 143,
    "expired": 2372,
    "withdrawn": 1,
}


def empty() -> list[Table]:
    """Make what the first report of a fresh site holds: tables without a figure, and a line of zeros."""
    names = [name for name in (t.name for t in full()) if name not in ("line", "questions", "hops")]
    return [*(table(name, []) for name in names), table("line", [count(key, 0) for key in LINE])]


def _groups(keys: Sequence[str]) -> list[Figure]:
    return [
        f for at, key in enumerate(keys) for f in feeling((key,), (30 - 5 * at, 40, 60, 160 + 30 * at, 110), asked=1700)
    ]


def _months() -> list[Figure]:
    figures: list[Figure] = []
    for at in range(13):
        key = f"{2025 + (6 + at) // 12}-{(6 + at) % 12 + 1:02d}"
        lift = 30 * (at > 7)
        if at == 4:
            figures += hidden((key,))
        else:
            n = (30 - at, 25, 26 + at % 3, 45 + at % 5 * 3 + lift, 30 + lift)
            figures += feeling((key,), tuple(part // (9 if at == 12 else 1) for part in n), asked=780)
    return figures


def _melons() -> list[Figure]:
    rates = (
        (0.88, 0.31),
        (0.95, 0.12),
        (0.81, 0.17),
        (0.93, 0.09),
        (0.71, 0.28),
        (0.66, 0.2),
        (0.9, 0.13),
        None,
        (0.99, 0.1),
    )
    pairs = zip(SERVICES.items(), rates, strict=True)
    return [
        f
        for (key, n), r in pairs
        for f in (_pair((key,), *r, sum(n)) if r else hidden((key,), "in_time", "unhappy_in_time", "judged"))
    ]


def _states() -> list[Figure]:
    return [count("answered", 173), count("withdrawn", 0), replace(hidden(("expired",), "count")[0], unit="count")]


def _pair(key: Sequence[str], in_time: float, unhappy: float, n: int) -> list[Figure]:
    judged = Figure(
        key=tuple(key),
        measure="judged",
        value=n * 9,
        low=n * 9,
        high=n * 9,
        unit="count",
        asked=7,
        answered=7,
        persons=n,
    )
    shares = [_share(key, "in_time", in_time, n, None, ()), _share(key, "unhappy_in_time", unhappy, n, None, ())]
    return [*shares, judged]


def _share(key: Sequence[str], name: str, p: float, n: int, asked: int | None, counts: Sequence[int]) -> Figure:
    return _figure(key, name, p, 1.96 * sqrt(max(p * (1 - p), 0.01) / n), (0, 1), n, asked, counts)


def _figure(
    key: Sequence[str],
    name: str,
    value: float,
    error: float,
    ends: tuple[float, float],
    n: int,
    asked: int | None,
    counts: Sequence[int],
) -> Figure:
    return Figure(
        key=tuple(key),
        measure=name,
        value=value,
        low=max(value - error, ends[0]),
        high=min(value + error, ends[1]),
        unit="net" if name == "net" else "share",
        asked=asked or n * 5,
        answered=n,
        persons=max(n - n // 10, 1),
        shares=dict(zip(CODES, (c / n for c in counts), strict=True)) if counts else {},
    )
