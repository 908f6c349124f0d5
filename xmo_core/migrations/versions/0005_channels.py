"""What came with channels: which one an attempt went through, and invitations of which nobody knows."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add a column, and have the index of what is open hold what is uncertain, too."""
    op.add_column("attempt", sa.Column("channel", sa.Text(), nullable=True))
    op.drop_index("invitation_open", "invitation")
    still = sa.text("state IN ('claimed', 'sent', 'uncertain')")
    columns = ["state", "expires_at"]
    op.create_index("invitation_open", "invitation", columns, sqlite_where=still, postgresql_where=still)
