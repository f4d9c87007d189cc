"""Create the tables of consents and erasures."""

import sqlalchemy as sa
from alembic import op

from genvoris_flask.core.ledger.columns import UtcDateTime, id_type, row_id_type

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create three tables."""
    op.create_table(
        "genvoris_consent_texts",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("depicted", sa.Text(), nullable=False),
        sa.Column("age", sa.Text(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_genvoris_consent_texts")),
    )
    op.create_table(
        "genvoris_consents",
        sa.Column("id", row_id_type(), nullable=False),
        sa.Column("account", id_type(), nullable=True),
        sa.Column("guest", sa.String(length=32), nullable=True),
        sa.Column("text", sa.String(length=64), nullable=False),
        sa.Column("given_at", UtcDateTime(), nullable=False),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_genvoris_consents")),
        sa.ForeignKeyConstraint(
            ["text"],
            ["genvoris_consent_texts.digest"],
            name=op.f("fk_genvoris_consents_text"),
        ),
    )
    for column in ("account", "guest", "given_at"):
        op.create_index(f"ix_genvoris_consents_{column}", "genvoris_consents", [column])
    op.create_table(
        "genvoris_erasures",
        sa.Column("id", id_type(), nullable=False),
        sa.Column("account", id_type(), nullable=True),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("receipt", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_genvoris_erasures")),
    )
    for column in ("account", "done_at"):
        op.create_index(f"ix_genvoris_erasures_{column}", "genvoris_erasures", [column])
