"""The tables, named by the words of the product in the singular."""

from typing import Any

from sqlalchemy import JSON, Boolean, Column, Float, Index, Integer, MetaData, Table, Text, UniqueConstraint
from sqlalchemy.schema import SchemaItem

from xmo_core.store.types import Utc

metadata = MetaData()

_KEYS = {"keys": Text, "numbered": Integer}
_TYPES: dict[str, Any] = _KEYS | {
    "texts": Text,
    "times": Utc,
    "numbers": Integer,
    "floats": Float,
    "flags": Boolean,
    "documents": JSON(none_as_null=True),
}


def _table(name: str, *items: SchemaItem, **columns: str) -> Table:
    """Make a table with columns of these types. A column with a question mark may be empty."""
    made = [
        Column(column.rstrip("?"), _TYPES[type_], primary_key=type_ in _KEYS, nullable=column.endswith("?"))
        for type_, names in columns.items()
        for column in names.split()
    ]
    return Table(name, metadata, *made, *items)


ticket = _table(
    "ticket",
    keys="source key",
    texts="problem person? number kind vendor_type state vendor_state title? url? service? group? priority? category? "
    "channel? parent?",
    times="opened_at changed_at resolved_at? closed_at? promised_at? deleted_at?",
    numbers="reopens reassignments",
    flags="sla_met?",
    documents="attributes?",
)
# `ticket` is part of the key, and so "" where there is none: of two rows without a value, none would be the other's.
touchpoint = _table("touchpoint", keys="source ticket key", texts="what side channel? person?", times="at promised_at?")
native = _table(
    "native",
    keys="source ticket key",
    texts="question version code? text?",
    numbers="value? low? high? best?",
    times="at",
)
measurement = _table(
    "measurement", keys="source key", texts="name unit family about? ticket? person?", floats="value", times="at"
)
person = _table(
    "person", keys="pseudonym", texts="kind language? timezone? place? organisation?", documents="attributes?"
)
# Apart from `person`, which a sync writes: what the person decided outlives every sync.
opt_out = _table("opt_out", keys="person", times="at")

problem = _table(
    "problem",
    keys="id",
    texts="source key person?",
    times="opened_at changed_at ended_at?",
    # how many times it has ended, and how many of these ends are settled: decided, or older than the asking
    numbers="ends decided",
)
# Both indexes with conditions: see the migration. A condition here would have every run import both dialects.
Index("problem_undecided", problem.c.id)

decision = _table(
    "decision",
    keys="problem",
    numbered="n",
    texts="source key person? month verdict rule reason",
    times="ended_at? decided_at",
    floats="probability draw?",
    numbers="run",
)

invitation = _table(
    "invitation",
    UniqueConstraint("problem", "n"),
    keys="id",
    # `scored` names the definition of the scores it was scored by; empty: not yet, or answered since
    texts="problem source key person state marker reference? reason? scored?",
    numbers="n run",
    times="claimed_at sent_at? answered_at? ended_at? expires_at",
)
Index("invitation_open", invitation.c.state, invitation.c.expires_at)
Index("invitation_person", invitation.c.person)

attempt = _table("attempt", numbered="id", texts="invitation channel? outcome? detail?", numbers="run", times="at")
Index("ix_attempt_invitation", attempt.c.invitation)

answer = _table(
    "answer", keys="invitation question", texts="version code? text?", numbers="value? low? high? best?", times="at"
)
score = _table("score", keys="problem name", numbered="n", numbers="value")
figure = _table(
    "figure",
    keys="table key measure",
    floats="value? low? high?",
    numbers="asked? answered? persons?",
    flags="hidden",
    texts="unit definition caveat",
    times="released_at",
)

# `known_since`: when (by the run's clock) it was synced first; `complete_at`: when a sync last came to the end of all;
# `swept_at`: when the vendor was last asked which tickets it no longer has
cursor = _table("cursor", keys="source", documents="cursor?", times="known_since complete_at? swept_at?")
quarantine = _table(
    "quarantine", keys="source key", texts="field reason", documents="raw", times="seen_at", numbers="run"
)
# What webhooks named, until it is fetched: `times` rung since then, `tries` that did not come to an end, and when the
# next one is `due_at`. Both these tables live by the wall clock.
ring = _table("ring", keys="source key", numbers="times tries", times="due_at")
# The webhooks of the last day, so that none counts twice.
call = _table("call", keys="source digest", times="heard_at")
Index("call_heard_at", call.c.heard_at)
run = _table(
    "run", numbered="id", texts="command state", times="now started_at ended_at?", documents="counts waited errors"
)
lease = _table("lease", keys="name", numbers="token", texts="holder", times="until")
state = _table("state", keys="plugin key", documents="document")
