"""Create the audit log, and let shoppers be listed and failed try-ons say why."""

import sqlalchemy as sa
from alembic import op

from genvoris_flask.core.ledger.columns import UtcDateTime, id_type, row_id_type

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create a table, an index and a column."""
    op.create_table(
        "genvoris_audit",
        sa.Column("id", row_id_type(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor", id_type(), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("subject", id_type(), nullable=True),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("form", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_genvoris_audit")),
        sa.UniqueConstraint("form", name=op.f("uq_genvoris_audit_form")),
    )
    op.create_index("ix_genvoris_audit_subject_id", "genvoris_audit", ["subject", "id"])
    op.create_index(
        "ix_genvoris_accounts_created_at_external_id",
        "genvoris_accounts",
        ["created_at", "external_id"],
    )
    op.add_column("genvoris_reservations", sa.Column("reason", sa.String(length=32)))
