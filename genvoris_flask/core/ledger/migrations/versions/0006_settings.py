"""Create the table of settings that were changed while the shop runs."""

import sqlalchemy as sa
from alembic import op

from genvoris_flask.core.ledger.columns import UtcDateTime

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "genvoris_settings",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_genvoris_settings")),
    )
