"""A vendor in memory, tiny plugins, and a bench on which the whole line runs over a real store."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import sqlalchemy as sa
from marshmallow import Schema

from xmo_core.cli import main
from xmo_core.config import ChannelConfig, Config, Sections, SourceConfig
from xmo_core.keys import Keys
from xmo_core.line import run_line
from xmo_core.office import Office
from xmo_core.options import HttpOptions, LogOptions, SiteOptions
from xmo_core.progress import Progress
from xmo_core.registry import Registry
from xmo_core.secrets import Secret
from xmo_core.store import Store
from xmo_core.store import tables as t
from xmo_core.store.rows import Asking, Rowing, Rows
from xmo_core.store.runs import Run
from xmo_hooks import (
    Answer,
    Ask,
    BadRecord,
    ChannelKind,
    Contact,
    Estimate,
    Experience,
    Finding,
    Invitation,
    Json,
    Kind,
    Measurement,
    Message,
    Native,
    NotFound,
    Occasion,
    Page,
    Receipt,
    Row,
    Site,
    Ticket,
    Touchpoint,
    Unavailable,
    hookimpl,
)
from xmo_surveys.options import Survey

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
KEY = "0123456789abcdef0123456789abcdef"


NOT_YET = Asking(since=None, known_until=None)


class Clock:
    """A clock that goes when the test says so."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def tick(self, by: timedelta = HOUR) -> datetime:
        self.at += by
        return self.at


def ticket(key: str = "1", *, person: str | None = None, **facts: Any) -> Ticket:
    """A ticket that was opened yesterday and is resolved now; `person` "" has no requester."""
    who = f"person-{key}" if person is None else person
    contact = Contact(key=who, email=f"{who}@example.com", kind="employee", language="en") if who else None
    usual: dict[str, Any] = {
        "number": f"INC{key}",
        "kind": "incident",
        "vendor_type": "incident",
        "state": "resolved",
        "vendor_state": "6",
        "opened_at": NOW - DAY,
        "changed_at": facts.get("resolved_at", NOW),
        "requester": contact,
    }
    return Ticket(key=key, **{**usual, **facts})


class Vendor:
    """A source over a vendor in memory that keeps a journal of all that was written, and fails as it is told."""

    def __init__(self, page: int = 100) -> None:
        self.tickets: dict[str, Ticket] = {}
        self.journal: list[tuple[str, str]] = []
        self.told: dict[str, list[Touchpoint | Native | Measurement]] = {}  # by ticket: what its row tells besides
        self.deleted: list[str] = []  # reported by the next page
        self.swept = 0
        self.broken: set[str] = set()
        self.looked = 0
        self.fetch_error: Exception | None = None
        self.find_errors: deque[Exception | None] = deque()
        self.write_errors: deque[Exception] = deque()
        self.lost_answers = 0
        self.comments = True
        self.final: frozenset[str] = frozenset()
        self.look_errors: deque[Exception] = deque()
        self.unseen: set[str] = set()
        self.unseen_error: Exception = NotFound("There is no such ticket.")
        self.older: dict[str, Ticket] = {}  # what is told of a ticket behind its newest row
        self.on_look: Callable[[], object] = lambda: None
        self.on_write: Callable[[], object] = lambda: None
        self._page = page

    def put(self, *tickets: Ticket) -> None:
        for one in tickets:
            self.tickets[one.key] = one

    @property
    def markers(self) -> list[str]:
        return [text.rpartition("[")[2].rstrip("]") for _, text in self.journal]

    def check(self) -> Iterable[Finding]:
        return [Finding(level="ok", text="All is well.")]

    def count(self, cursor: Json, since: datetime | None) -> Estimate | None:
        return Estimate(tickets=len(self._behind(cursor, since)), requests=1)

    def fetch(self, cursor: Json, since: datetime | None) -> Iterator[Page]:
        if self.fetch_error:
            raise self.fetch_error
        found = self._behind(cursor, since)
        for start in range(0, len(found), self._page):
            rows = found[start : start + self._page]
            yield Page(rows=[self._row(one) for one in rows], cursor=_place(rows[-1]))
        if self.deleted:
            yield Page(rows=[], cursor=cursor, deleted=self.deleted)
            self.deleted = []

    def gone(self, keys: Sequence[str]) -> Iterable[str]:
        self.swept += 1
        return [key for key in keys if key not in self.tickets]

    def fetch_some(self, keys: Sequence[str]) -> Sequence[Row]:
        self.on_look()
        if self.look_errors:
            raise self.look_errors.popleft()
        if self.unseen.intersection(keys):
            raise self.unseen_error
        older = [self._row(self.older[key]) for key in keys if key in self.older]
        return [self._row(self.tickets[key]) for key in keys if key in self.tickets] + older

    def parse(self, row: Row) -> Iterable[Ticket | Touchpoint | Native | Measurement]:
        if "ticket" not in row:
            raise BadRecord("opened_at is no time: 'soon'", field="opened_at", key=row["key"])
        return [row["ticket"], *row["told"]]

    def find(self, ticket: Ticket, marker: str) -> Receipt | None:
        self.looked += 1
        if self.find_errors and (error := self.find_errors.popleft()) is not None:
            raise error
        for number, (key, text) in enumerate(self.journal):
            if key == ticket.key and marker in text:
                return Receipt(reference=str(number))
        return None

    def comment(self, ticket: Ticket, message: Message) -> Receipt:
        self.on_write()
        if self.write_errors:
            raise self.write_errors.popleft()
        self.journal.append((ticket.key, message.text))
        if self.lost_answers:
            self.lost_answers -= 1
            raise Unavailable("The connection broke before the answer.")
        return Receipt(reference=str(len(self.journal) - 1))

    def _behind(self, cursor: Json, since: datetime | None) -> list[Ticket]:
        found = sorted(self.tickets.values(), key=_place)
        return [one for one in found if _place(one) > (cursor or []) and (since is None or one.changed_at >= since)]

    def _row(self, one: Ticket) -> Row:
        return (
            {"key": one.key, "opened_at": "soon"}
            if one.key in self.broken
            else {"ticket": one, "told": self.told.get(one.key, ())}
        )


class Post:
    """A channel in memory: it reaches whoever has an address at `domain`, and fails as it is told."""

    def __init__(self, domain: str = "example.com") -> None:
        self.domain = domain
        self.sources: tuple[str, ...] | None = None
        self.letters: list[tuple[str, str]] = []
        self.errors: deque[Exception] = deque()
        self.full: set[str] = set()
        self.reference: Any = ""
        self.reach_error: Exception | None = None
        self.lost_answers = 0

    def check(self) -> Iterable[Finding]:
        return [Finding(level="ok", text="The post is open.")]

    def reaches(self, to: Contact, occasion: Occasion) -> bool:
        if self.reach_error:
            raise self.reach_error
        return bool(to.email) and str(to.email).endswith(f"@{self.domain}")

    def deliver(self, to: Contact, message: Message) -> Receipt:
        if self.errors:
            raise self.errors.popleft()
        if to.email in self.full:
            raise Unavailable("The mailbox is full.", reached=False)
        self.letters.append((str(to.email), message.text))
        if self.lost_answers:
            self.lost_answers -= 1
            raise Unavailable("The connection broke before the answer.")
        return Receipt(reference=self.reference or f"letter {len(self.letters)}")

    @property
    def markers(self) -> list[str]:
        return [text.rpartition("[")[2].rstrip("]") for _, text in self.letters]


def _place(one: Ticket) -> list[str]:
    return [f"{one.changed_at:%Y-%m-%dT%H:%M:%S.%f}", one.key]


def plugin(name: str, hooks: Mapping[str, Callable[..., Any]]) -> ModuleType:
    """A plugin module with these hooks."""
    module = ModuleType(name)
    for hook, function in hooks.items():
        setattr(module, hook, hookimpl(function))
    return module


def always(occasion: Occasion) -> Ask:
    return Ask(rule="always")


def words(invitation: Invitation) -> Message:
    return Message(marker=invitation.marker, text=f"How was it? {invitation.link} [{invitation.marker}]")


def net(experience: Experience) -> Mapping[str, int | None]:
    return {"net": next((1000 if answer.value == 5 else -1000 for answer in experience.answers), None)}


def surveys() -> ModuleType:
    """The stock trigger and its words, found as an installed plugin."""
    (point,) = entry_points(group="xmo.plugins", name="surveys")
    module: ModuleType = point.load()
    return module


def registry(**plugins: ModuleType) -> Registry:
    made = Registry()
    for name, module in plugins.items():
        made.add(name, module, "1.0")
    return made


def asks(**hooks: Callable[..., Any]) -> Registry:
    """A registry that asks always, unless a hook of the test says otherwise."""
    stock: dict[str, Callable[..., Any]] = {"xmo_decide": always, "xmo_compose": words, "xmo_score": net}
    return registry(stock=plugin("stock", stock | hooks))


def config(store_url: str, sources: Mapping[str, Vendor], survey: Survey, channels: Mapping[str, Post]) -> Config:
    site = SiteOptions(name="Northwind IT", url="http://127.0.0.1:8080", key=Secret(KEY), answer_within=14 * DAY)

    def kind(vendor: Vendor) -> Kind:
        can = frozenset({"comment"} if vendor.comments else ())
        return Kind(name="fake", schema=Schema, make=lambda _options, _tools: vendor, can=can, final=vendor.final)

    def way(post: Post) -> ChannelKind:
        return ChannelKind(name="post", schema=Schema, make=lambda _options, _tools: post)

    return Config(
        path=Path("xmo.toml"),
        site=site,
        store_url=store_url,
        http=HttpOptions(),
        log=LogOptions(),
        sources={
            name: SourceConfig(kind=kind(vendor), options=None, requests_per_minute=None)
            for name, vendor in sources.items()
        },
        channels={
            name: ChannelConfig(kind=way(post), options=None, sources=post.sources) for name, post in channels.items()
        },
        settings=Sections({Site: Site(name=site.name, url=site.url), Survey: survey}),
    )


@dataclass
class Bench:
    """One site with one vendor, `corp`, unless the test adds more."""

    store: Store
    clock: Clock = field(default_factory=Clock)
    wall: Clock = field(default_factory=Clock)
    sources: dict[str, Vendor] = field(default_factory=lambda: {"corp": Vendor()})
    channels: dict[str, Post] = field(default_factory=dict)
    registry: Registry = field(default_factory=asks)
    survey: Survey = field(default_factory=Survey)
    opened: list[Office] = field(default_factory=list)

    @property
    def vendor(self) -> Vendor:
        return self.sources["corp"]

    @property
    def office(self) -> Office:
        """The office, opened anew when the test has changed the plugins, as a new process would."""
        if not self.opened or self.opened[-1].registry is not self.registry:
            url = self.store.engine.url.render_as_string(hide_password=False)
            settings = config(url, self.sources, self.survey, self.channels)
            office = Office(config=settings, registry=self.registry, now=self.clock, wall=self.wall, apart=False)
            vars(office)["store"] = self.store  # opened already, and warm
            self.opened.append(office)
        return self.opened[-1]

    def reopen(self) -> None:
        """Have the next command read the config anew: the test has changed what stands in it."""
        self.opened.clear()

    def run(self) -> Run:
        return run_line(self.office, Progress(show=False))

    def pass_time(self, by: timedelta = HOUR) -> None:
        self.clock.tick(by)
        self.wall.tick(by)

    def resolve(self, key: str = "1", **facts: Any) -> Ticket:
        """Have the vendor resolve a ticket now."""
        one = ticket(key, **{"resolved_at": self.clock(), **facts})
        self.vendor.put(one)
        return one

    def rows(self, table: sa.Table, *order: str) -> list[Any]:
        with self.store.reading() as connection:
            query = sa.select(table).order_by(*[table.c[name] for name in order] or table.primary_key.columns)
            return list(connection.execute(query))

    def change(self, statement: Any) -> None:
        with self.store.writing() as connection:
            connection.execute(statement)

    def states(self) -> dict[str, str]:
        """The state of each invitation, by ticket and number."""
        return {f"{row.key}#{row.n}": row.state for row in self.rows(t.invitation)}

    def verdicts(self) -> dict[str, str]:
        """What was decided, by ticket and number: "ask", or the rule that skipped it."""
        return {f"{row.key}#{row.n}": row.rule if row.verdict == "skip" else "ask" for row in self.rows(t.decision)}

    def token(self, key: str = "1", n: int = 1) -> str:
        return self.office.keys.token(self.office.keys.invitation(f"corp:{key}#{n}"))

    def started(self) -> "Bench":
        """Switch the asking on by a first run, an hour before what follows."""
        self.run()
        self.pass_time()
        return self

    def close(self) -> None:
        """Look whether the promise was kept that stands above all others."""
        ways: list[Vendor | Post] = [*self.sources.values(), *self.channels.values()]
        written = [marker for way in ways for marker in way.markers]
        assert len(written) == len(set(written)), "a question went out twice"


def rows(store: Store, source: str, *tickets: Ticket, asking: Asking = NOT_YET) -> Rows:
    """What a source of this name tells by these tickets."""
    raws = [{"ticket": one} for one in tickets]
    return Rowing(source, lambda raw: [raw["ticket"]], Keys(KEY), store.dialect, asking).rows(raws)


def feeling(value: int, question: str = "feeling") -> Answer:
    return Answer(question=question, version="1", value=value, low=1, high=5, best=5, code=f"step{value}")


def empty(store: Store) -> None:
    """Delete every row, for the next example of a property."""
    with store.writing() as connection:
        for table in t.metadata.sorted_tables:
            connection.execute(sa.delete(table))


def install(folder: Path, plugins: Mapping[str, str], name: str = "xmo-made-here") -> None:
    """Make a distribution in `folder`, whose entry points are these plugins; who has the folder on its path has it."""
    info = folder / f"{name.replace('-', '_')}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n", encoding="utf-8")
    points = "".join(f"{point} = {module}\n" for point, module in plugins.items())
    (info / "entry_points.txt").write_text(f"[xmo.plugins]\n{points}", encoding="utf-8")


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Place:
    """A folder with a config, in which `xmo` is called, in this process or in one of its own."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self._capsys, self._monkeypatch = folder, capsys, monkeypatch
        (folder / "xmo.key").write_text(KEY, encoding="utf-8")
        self.write()

    def write(self, more: str = "", *, store: str = "sqlite:///xmo.db", sources: Sequence[str] = ("corp",)) -> None:
        """Write the config: a folder source for each name."""
        text = f'[site]\nname = "Northwind IT"\nkey = {{ file = "xmo.key" }}\n[store]\nurl = "{store}"\n'
        for name in sources:
            (self.folder / name).mkdir(exist_ok=True)
            if not (self.folder / name / "tickets.json").exists():
                self.tickets(name)
            text += f'[sources.{name}]\nkind = "folder"\nfolder = "{self.folder / name}"\n'
        (self.folder / "xmo.toml").write_text(text + more, encoding="utf-8")

    def tickets(self, source: str = "corp", **resolved: datetime) -> None:
        """Set the tickets of a source, by key, with when they were resolved."""
        rows = [self._row(key, at) for key, at in resolved.items()]
        (self.folder / source / "tickets.json").write_text(json.dumps(rows), encoding="utf-8")

    def _row(self, key: str, at: datetime) -> dict[str, str]:
        opened = "soon" if key.startswith("bad") else (NOW - 9 * DAY).isoformat()
        return {"key": key, "opened_at": opened, "changed_at": at.isoformat(), "resolved_at": at.isoformat()}

    def fails(self, source: str, error: str) -> None:
        (self.folder / source / "error.txt").write_text(error, encoding="utf-8")

    def xmo(self, *args: str, now: datetime | None = NOW) -> Done:
        """Call `xmo` in this process."""
        at = ["--now", now.isoformat()] if now else []
        self._monkeypatch.setattr(sys, "argv", ["xmo", *at, *args])
        self._capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 1
        out, err = self._capsys.readouterr()
        return Done(code, out, err)

    def start(self, *args: str, **environ: str) -> "subprocess.Popen[str]":
        """Start `xmo` as a process of its own."""
        path = os.pathsep.join([str(self.folder), str(Path(__file__).parents[2])])
        return subprocess.Popen(
            [sys.executable, "-m", "xmo_core", "--now", NOW.isoformat(), *args],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": path, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @contextmanager
    def held(self, source: str, *args: str) -> Iterator["subprocess.Popen[str]"]:
        """Start `xmo` as a process, and hold it at its first request to the source while the block runs; then let it
        come to its end."""
        gate = self.folder / source / "gate.txt"
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(60)  # where it dies before its request, nobody ever comes
            gate.write_text(str(listener.getsockname()[1]), encoding="utf-8")
            process = self.start(*args)
            try:
                connection, _ = listener.accept()
                with connection:
                    gate.unlink()
                    yield process
            finally:
                process.wait()

    def rows(self, query: str) -> list[Any]:
        with closing(sqlite3.connect(self.folder / "xmo.db")) as connection:
            return connection.execute(query).fetchall()
