"""What came with measurements: their table and view; and touchpoints without a ticket, each with its person."""

import sqlalchemy as sa
from alembic import op

from xmo_core.store.types import Utc

revision = "0004"
down_revision = "0003"

_VIEWS = {
    # What happened and which side acted, and nobody's words: of known tickets, and of contacts that became none.
    "v_touchpoint": """
        SELECT touchpoint.source, number, what, side, touchpoint.channel, {at}, {promised}
        FROM touchpoint LEFT JOIN ticket ON ticket.source = touchpoint.source AND ticket.key = touchpoint.ticket
        WHERE ticket.key IS NOT NULL OR touchpoint.ticket = ''
    """,
    # What was measured, and about which thing; about which person, only the table knows.
    "v_measurement": """
        SELECT measurement.source, number, name, value, unit, family, about, {at}
        FROM measurement LEFT JOIN ticket ON ticket.source = measurement.source AND ticket.key = measurement.ticket
    """,
}


def upgrade() -> None:
    """Add a table with its view, and a column; show what has no ticket."""
    op.add_column("touchpoint", sa.Column("person", sa.Text(), nullable=True))
    op.create_table(
        "measurement",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=True),
        sa.Column("ticket", sa.Text(), nullable=True),
        sa.Column("person", sa.Text(), nullable=True),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("source", "key"),
    )
    sqlite = op.get_bind().dialect.name == "sqlite"
    shown = "strftime('%Y-%m-%d %H:%M:%S', {0} / 1000000, 'unixepoch')" if sqlite else "{0}"
    times = {"at": f"{shown.format('at')} AS at"}
    times["promised"] = f"{shown.format('touchpoint.promised_at')} AS promised_at"
    op.execute("DROP VIEW v_touchpoint")
    for name, query in _VIEWS.items():
        made = query.format(**times)
        op.execute(sa.text(f"CREATE VIEW {name} AS {made}".replace(":", "\\:")))
