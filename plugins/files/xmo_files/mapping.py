"""What the config says about files: where they lie, and which of their columns is what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from zoneinfo import ZoneInfo

from xmo_hooks import Family, PersonKind, Side, State, What

When = Mapping[str, frozenset[str]]  # column: the values of which it must hold one
# What `fields` may feed; any other name becomes an attribute of the ticket.
TICKET = frozenset({"key", "number", "kind", "state", "title", "url", "parent"})
TICKET |= {"opened_at", "changed_at", "resolved_at", "closed_at", "promised_at", "reopens", "reassignments", "sla_met"}
TICKET |= {"service", "group", "priority", "category", "channel"}
REQUESTER = frozenset({"requester", "email", "name", "language", "timezone", "place", "organisation"})
WHO = frozenset({"requester", "email", "name"})
# What a row that is no ticket may say of itself: which ticket it belongs to, where it happened, and to whom.
ASIDE = REQUESTER | {"key", "channel"}
# Touchpoints that make sense by themselves; every other is part of a ticket's life.
ALONE: frozenset[What] = frozenset({"contact", "abandoned"})


@dataclass(frozen=True, slots=True)
class Pick:
    """Where a value comes from: the first of these columns that holds one, else `constant`."""

    columns: tuple[str, ...] = ()
    constant: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """A touchpoint that a row tells where `at` holds a time and `when` is met. Without `key` it is known by what
    happened and when, and where it has no ticket by its row; without `channel` it has the ticket's."""

    at: Pick
    what: What
    side: Side
    key: Pick | None = None
    channel: Pick | None = None
    promised_at: Pick | None = None
    when: When = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """An answer to the system's own survey that a row holds where `value` or `text` does. `values` are the numbers of
    answers in words. Without `key` a ticket has one answer to each question; without `at` it came when the ticket
    ended, else when it changed last."""

    question: str
    value: Pick | None = None
    text: Pick | None = None
    at: Pick | None = None
    key: Pick | None = None
    low: int = 1
    high: int = 5
    best: int = 5
    values: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Gauge:
    """A measurement that a row tells where `value` holds a number and `when` is met. Its key has its name in it, for a
    row may tell several; without `key` it is known by when it was taken, and by its ticket or row."""

    name: str
    value: Pick
    unit: str
    at: Pick
    family: Family = "technical"
    about: Pick | None = None
    key: Pick | None = None
    when: When = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """One way to read rows: of the files of this name (a pattern; "" for all), those that meet `when`."""

    name: str = ""
    when: When = field(default_factory=dict)
    fields: Mapping[str, Pick] = field(default_factory=dict)
    states: Mapping[str, State] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    touchpoints: Sequence[Event] = ()
    surveys: Sequence[Question] = ()
    measurements: Sequence[Gauge] = ()
    times: tuple[str, ...] = ("iso",)
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    missing: frozenset[str] = frozenset()
    encoding: str = "utf-8"
    delimiter: str = ""

    @property
    def tells_tickets(self) -> bool:
        """Whether a row is a ticket; else it only tells something about one, or about none."""
        return "opened_at" in self.fields

    def is_for(self, name: str) -> bool:
        """Tell whether the rows of a file are read this way."""
        return not self.name or fnmatch(name, self.name)

    def picks(self) -> Mapping[str, Pick]:
        """Name each value that is looked for, by the option that says where."""
        found = dict(self.fields)
        for option, entries, parts in (
            ("touchpoints", self.touchpoints, ("at", "key", "channel", "promised_at")),
            ("surveys", self.surveys, ("value", "text", "at", "key")),
            ("measurements", self.measurements, ("value", "at", "about", "key")),
        ):
            for number, entry in enumerate(entries, start=1):
                picked = {f"{option} {number} {part}": getattr(entry, part) for part in parts}
                found |= {name: pick for name, pick in picked.items() if pick is not None}
        return found

    def columns(self) -> Mapping[str, str]:
        """Name each column that is looked for, with the first of the options that do."""
        found: dict[str, str] = {}
        for option, pick in self.picks().items():
            for column in pick.columns:
                found.setdefault(column, option)
        conditions = [("when", self.when), *(("touchpoints when", event.when) for event in self.touchpoints)]
        conditions += (("measurements when", gauge.when) for gauge in self.measurements)
        for option, when in conditions:
            for column in when:
                found.setdefault(column, option)
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """The options of one source. `place` is a folder, a file or a pattern, absolute."""

    place: str
    tables: Sequence[Table]
    page_size: int = 500
    requester_kind: PersonKind = "unknown"
