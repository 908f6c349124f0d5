"""The tables, named by the words of the product in the singular."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Float, Index, Integer, MetaData, Table, Text, UniqueConstraint

from xmo_core.store.types import Utc

metadata = MetaData()


def _columns(type_: Any, names: str, **options: Any) -> Iterator[Column[Any]]:
    """Make columns of one type. A name with a question mark may be empty."""
    for name in names.split():
        yield Column(name.rstrip("?"), type_, nullable=name.endswith("?"), **options)


def _keys(names: str) -> Iterator[Column[Any]]:
    return _columns(Text, names, primary_key=True)


def _texts(names: str) -> Iterator[Column[Any]]:
    return _columns(Text, names)


def _times(names: str) -> Iterator[Column[Any]]:
    return _columns(Utc, names)


def _numbers(names: str) -> Iterator[Column[Any]]:
    return _columns(Integer, names)


def _documents(names: str) -> Iterator[Column[Any]]:
    return _columns(JSON(none_as_null=True), names)


ticket = Table(
    "ticket",
    metadata,
    *_keys("source key"),
    *_texts("problem person? number kind vendor_type state vendor_state"),
    *_times("opened_at changed_at resolved_at? closed_at? promised_at?"),
    *_texts("title? url?"),
    *_numbers("reopens reassignments"),
    Column("sla_met", Boolean(create_constraint=False)),
    *_texts("service? group? priority? category? channel? parent?"),
    *_documents("attributes?"),
)

person = Table(
    "person",
    metadata,
    *_keys("pseudonym"),
    *_texts("kind language? timezone? place? organisation?"),
    *_documents("attributes?"),
)

# Apart from `person`, which a sync writes: what the person decided outlives every sync.
opt_out = Table("opt_out", metadata, *_keys("person"), *_times("at"))

problem = Table(
    "problem",
    metadata,
    *_keys("id"),
    *_texts("source key person?"),
    *_times("opened_at changed_at ended_at?"),
    # how many times it has ended, and how many of these ends are settled: decided, or older than the asking
    *_numbers("ends decided"),
)
_undecided = problem.c.ends > problem.c.decided
Index("problem_undecided", problem.c.id, sqlite_where=_undecided, postgresql_where=_undecided)

decision = Table(
    "decision",
    metadata,
    *_keys("problem"),
    Column("n", Integer, primary_key=True),
    *_texts("source key person? month verdict rule reason"),
    *_times("ended_at? decided_at"),
    *_columns(Float, "probability draw?"),
    *_numbers("run"),
)

invitation = Table(
    "invitation",
    metadata,
    *_keys("id"),
    # `scored` names the definition of the scores it was scored by; empty: not yet, or answered since
    *_texts("problem source key person state marker reference? reason? scored?"),
    *_numbers("n run"),
    *_times("claimed_at sent_at? answered_at? ended_at? expires_at"),
    UniqueConstraint("problem", "n"),
)
_open = invitation.c.state.in_(("claimed", "sent"))
Index("invitation_open", invitation.c.state, invitation.c.expires_at, sqlite_where=_open, postgresql_where=_open)
Index("invitation_person", invitation.c.person)

attempt = Table(
    "attempt",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("invitation", Text, nullable=False, index=True),
    *_numbers("run"),
    *_times("at"),
    *_texts("outcome? detail?"),
)

answer = Table(
    "answer",
    metadata,
    *_keys("invitation question"),
    *_texts("version code? text?"),
    *_numbers("value? low? high? best?"),
    *_times("at"),
)

score = Table(
    "score",
    metadata,
    *_keys("problem"),
    Column("n", Integer, primary_key=True),
    *_keys("name"),
    *_numbers("value"),
)

figure = Table(
    "figure",
    metadata,
    *_keys("table key measure"),
    *_columns(Float, "value? low? high?"),
    *_numbers("asked? answered? persons?"),
    Column("hidden", Boolean(create_constraint=False), nullable=False),
    *_texts("unit definition caveat"),
    *_times("released_at"),
)

# `complete_at`: when (by the run's clock) a sync last came to the end of what the vendor had
cursor = Table("cursor", metadata, *_keys("source"), *_documents("cursor?"), *_times("complete_at?"))

quarantine = Table(
    "quarantine",
    metadata,
    *_keys("source key"),
    *_texts("field reason"),
    *_documents("raw"),
    *_times("seen_at"),
    *_numbers("run"),
)

run = Table(
    "run",
    metadata,
    Column("id", Integer, primary_key=True),
    *_texts("command state"),
    *_times("now started_at ended_at?"),
    *_documents("counts waited errors"),
)

lease = Table("lease", metadata, *_keys("name"), *_numbers("token"), *_texts("holder"), *_times("until"))

state = Table("state", metadata, *_keys("plugin key"), *_documents("document"))
