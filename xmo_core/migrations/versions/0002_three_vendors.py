"""What came with the second and third vendor: events of a ticket's life, native answers, deletions."""

import sqlalchemy as sa
from alembic import op

from xmo_core.store.types import Utc

revision = "0002"
down_revision = "0001"

_VIEWS = {
    # Service data for BI tools: no person, no decision, no answer.
    "v_ticket": """
        SELECT source, number, kind, vendor_type, state, vendor_state, {opened_at}, {changed_at}, {resolved_at},
               {closed_at}, {promised_at}, {deleted_at}, reopens, reassignments, sla_met, service, "group", priority,
               category, channel
        FROM ticket
    """,
    # What happened and which side acted, and nobody's words.
    "v_touchpoint": """
        SELECT touchpoint.source, number, what, side, touchpoint.channel, {at}, {promised}
        FROM touchpoint JOIN ticket ON ticket.source = touchpoint.source AND ticket.key = touchpoint.ticket
    """,
}
_TIMES = ("opened_at", "changed_at", "resolved_at", "closed_at", "promised_at", "deleted_at", "at")


def upgrade() -> None:
    """Add two tables, two columns, and both to the views."""
    op.add_column("ticket", sa.Column("deleted_at", Utc(), nullable=True))
    op.add_column("cursor", sa.Column("swept_at", Utc(), nullable=True))
    op.create_table(
        "touchpoint",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("ticket", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("promised_at", Utc(), nullable=True),
        sa.PrimaryKeyConstraint("source", "ticket", "key"),
    )
    op.create_table(
        "native",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("ticket", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("value", sa.Integer(), nullable=True),
        sa.Column("low", sa.Integer(), nullable=True),
        sa.Column("high", sa.Integer(), nullable=True),
        sa.Column("best", sa.Integer(), nullable=True),
        sa.Column("at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("source", "ticket", "key"),
    )
    sqlite = op.get_bind().dialect.name == "sqlite"
    shown = "strftime('%Y-%m-%d %H:%M:%S', {0} / 1000000, 'unixepoch')" if sqlite else "{0}"
    times = {name: f"{shown.format(name)} AS {name}" for name in _TIMES}
    times["promised"] = f"{shown.format('touchpoint.promised_at')} AS promised_at"
    op.execute("DROP VIEW v_ticket")
    for name, query in _VIEWS.items():
        made = query.format(**times)
        op.execute(sa.text(f"CREATE VIEW {name} AS {made}".replace(":", "\\:")))
