"""What the core hands to plugins, and what a source is: small protocols, implemented on the other side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from xmo_hooks.records import (
    Answer,
    Call,
    Cell,
    Contact,
    Estimate,
    Finding,
    Heard,
    Invitation,
    Json,
    Measurement,
    Message,
    Native,
    Occasion,
    Page,
    Receipt,
    Row,
    Ticket,
    Touchpoint,
)

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from marshmallow import Schema
    from requests import Session
    from requests.auth import AuthBase

T = TypeVar("T")


class Log(Protocol):
    """A structured log: an event in a few words, its facts as keywords; a warning needs an admin's eye."""

    def info(self, event: str, **facts: Any) -> Any:
        """Say that something happened as it should."""

    def warning(self, event: str, **facts: Any) -> Any:
        """Say that something needs an admin's eye."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """How access tokens are got (RFC 6749): `fields` are sent to `token_url`, as JSON or as a form. `refresh_token` is
    the first one of a grant "refresh_token"; those that follow it, the core keeps."""

    token_url: str
    fields: Mapping[str, str] = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    as_json: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Tools:
    """What a source or a channel works with. `session` has time-outs, retries for reads, the rate limit, orjson behind
    `.json()`, and raises the errors of this contract; a POST that only reads says so by an empty header
    `Idempotency-Key`. `now` is the only clock. `oauth` returns what logs the session in with tokens that it renews: of
    all processes of one store, one renews, and keeps the new token before using it."""

    session: Session
    now: Callable[[], datetime]
    log: Log
    oauth: Callable[[Grant], AuthBase]


class Source(Protocol):
    """One connection to a vendor system. Made once a run; `fetch` and `parse` may run in different threads."""

    def check(self) -> Iterable[Finding]:
        """Tell `xmo check` whether log-in, rights, fields and states are as this source needs them."""

    def count(self, cursor: Json, since: datetime | None) -> Estimate | None:
        """Tell `xmo sync --plan` what a fetch would bring, or None where the vendor cannot say."""

    def fetch(self, cursor: Json, since: datetime | None) -> Iterator[Page]:
        """Yield pages of raw rows, oldest change first, from behind `cursor` (None: from the beginning, or from
        `since`). At least once: rows may come again, none may be left out."""

    def fetch_some(self, keys: Sequence[str]) -> Sequence[Row]:
        """Fetch these tickets as they are now: quarantined rows, and what webhooks name. Left out are those that are
        gone, and those that `fetch` would not yield."""

    def parse(self, row: Row) -> Iterable[Ticket | Touchpoint | Native | Measurement]:
        """Turn one raw row into what it tells: a ticket, events of its life, answers to the vendor's own survey, what
        was measured; or raise `BadRecord`. Pure: no request, no clock."""


class Comments(Protocol):
    """What a source can besides whose vendor shows its requesters what is written to a ticket. Capability "comment"."""

    def find(self, ticket: Ticket, marker: str) -> Receipt | None:
        """Look whether a comment with this marker stands in the ticket. Called before every `comment`."""

    def comment(self, ticket: Ticket, message: Message) -> Receipt:
        """Write a comment that the requester sees. Called at most once for one marker."""


class Sweeps(Protocol):
    """What a source can besides whose vendor does not report deletions. Capability "gone"."""

    def gone(self, keys: Sequence[str]) -> Iterable[str]:
        """Say which of these tickets the vendor no longer has. Called once a day for those that lately changed."""


class Restarts(Protocol):
    """What a source can besides whose cursor tells more than how far its tickets were read. Capability "restart"."""

    def restart(self, cursor: Json) -> Json:
        """Return what stays of a cursor (None: there is none yet) when all tickets are fetched again, as by `xmo sync
        --full`: how far deletions were read. Those since then would never be told. Takes a foreign cursor, too."""


class Hears(Protocol):
    """What a source can besides whose vendor sends webhooks. Capability "hear"."""

    def hear(self, call: Call) -> Heard:
        """Name the tickets that a webhook is about. Called by `xmo serve`, from several threads: no request, no clock
        but `now`. Compares the signature first, in constant time. Raises `Refused` for what the vendor did not sign
        ("forged"; "unset": no secret) or not within the last day ("expired"), `BadRecord` for what says nothing."""


class Channel(Protocol):
    """A way to a person besides the comment in their ticket: mail, a chat. Made twice a run, in a process that asks
    whom it reaches, and in one that delivers."""

    def check(self) -> Iterable[Finding]:
        """Tell `xmo check` whether log-in and rights are as this channel needs them; deliver nothing."""

    def reaches(self, to: Contact, occasion: Occasion) -> bool:
        """Say whether this channel can carry a question about this occasion to this person. Pure: no request, no
        clock. The first channel of the config that says yes is taken."""

    def deliver(self, to: Contact, message: Message) -> Receipt:
        """Deliver one message, and never repeat what may have arrived. `Unavailable` says that nobody knows whether it
        arrived, and with `reached=False` that it did not, as any other error does. A question of which nobody knows
        is shown as uncertain, and is not sent again."""


class Settings(Protocol):
    """The validated config."""

    def get(self, type_: type[T]) -> T:
        """Return the config section that loads to `type_` (see `Section`), or the `Site`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """Who asks: the organisation's name and the public address of its pages, without a slash at the end."""

    name: str
    url: str


class Reader(Protocol):
    """Figures read the joined record through this alone. One row stands for one decision on one occasion."""

    def columns(self) -> Mapping[str, str]:
        """Name what `by` and `where` may use: the cuts of ticket and person, and what each means."""

    def cells(
        self, by: Sequence[str], sums: Sequence[str] = (), where: Mapping[str, str] | None = None
    ) -> Sequence[Cell]:
        """Group all rows by the columns `by`. `sums` are names of scores, or "asked" and "answered"; rows without
        one of the scores do not count."""


class Desk(Protocol):
    """What a survey page may do, each with a token that it was handed. All raise `Refused`."""

    def open(self, token: str) -> Invitation:
        """Return the invitation, and record nothing."""

    def record(self, token: str, answers: Sequence[Answer], *, final: bool) -> Invitation:
        """Store answers, each question once; `final` uses the token up."""

    def decline(self, token: str) -> None:
        """Store that the person would rather not say."""

    def opt_out(self, token: str) -> None:
        """Never ask this person again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """A section of the config: `[name]`, checked by the marshmallow schema that `schema` returns, loading to `type`."""

    name: str
    type: type
    schema: Callable[[], Schema]


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A kind of source. `schema` checks its options (`url` among them), `make` connects nothing yet; `can` names
    its capabilities ("comment", "gone", "restart", "hear"); `requests_per_minute` is the vendor's documented limit,
    `limits` those of single paths, by how the path begins; the config may set others. `final` are states in which the
    vendor takes no more comments."""

    name: str
    schema: Callable[[], Schema]
    make: Callable[[Any, Tools], Source]
    can: frozenset[str] = frozenset()
    requests_per_minute: int | None = None
    limits: Mapping[str, int] = field(default_factory=dict)
    final: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelKind:
    """A kind of channel. `schema` checks its options, `make` connects nothing yet; `requests_per_minute` is the
    documented limit of one that is reached through the session."""

    name: str
    schema: Callable[[], Schema]
    make: Callable[[Any, Tools], Channel]
    requests_per_minute: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SandboxOptions:
    """Tickets from `data` or `generate`d; history up to `at`, then on at `speed` seconds a second; `faults`: rates."""

    data: Path | None = None
    generate: int = 0
    at: datetime | None = None
    speed: float = 0.0
    faults: Mapping[str, float] | None = None
    seed: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Sandbox:
    """A stand-in for a vendor's API. `faults`: what can be switched on; `config`: a `[sources.NAME]` for its URL."""

    name: str
    faults: Mapping[str, str]
    make: Callable[[SandboxOptions], WSGIApplication]
    config: Callable[[str], str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Mount:
    """A WSGI app and the path under which `xmo serve` serves it."""

    path: str
    app: WSGIApplication
