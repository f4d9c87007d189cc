"""Make the outbox one of messages with keys, subjects and leases.

No earlier version has written to the table, so it is made anew.
"""

import sqlalchemy as sa
from alembic import op

from genvoris_flask.core.ledger.columns import UtcDateTime, id_type, row_id_type

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table anew."""
    op.drop_table("genvoris_outbox")
    op.create_table(
        "genvoris_outbox",
        sa.Column("id", row_id_type(), nullable=False),
        sa.Column("key", id_type(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("subject", id_type(), nullable=True),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("queued_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("owner", sa.String(length=32), nullable=True),
        sa.Column("leased_until", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("error", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_genvoris_outbox")),
        sa.UniqueConstraint("key", name=op.f("uq_genvoris_outbox_key")),
    )
    op.create_index("ix_genvoris_outbox_state_due_at", "genvoris_outbox", ["state", "due_at"])
    op.create_index("ix_genvoris_outbox_subject_state", "genvoris_outbox", ["subject", "state"])
