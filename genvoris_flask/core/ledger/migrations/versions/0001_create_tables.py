"""Create the tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from genvoris_flask.core.ledger.columns import UtcDateTime, id_type, row_id_type

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create all tables."""
    op.create_table(
        "genvoris_accounts",
        sa.Column("external_id", id_type(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("external_id", name=op.f("pk_genvoris_accounts")),
    )
    op.create_table(
        "genvoris_events",
        sa.Column("id", id_type(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("account", id_type(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_genvoris_events")),
    )
    op.create_table(
        "genvoris_outbox",
        sa.Column("id", row_id_type(), nullable=False),
        sa.Column("account", id_type(), nullable=False),
        sa.Column("topic", sa.String(length=32), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_genvoris_outbox")),
    )
    op.create_index("ix_genvoris_outbox_done_at_due_at", "genvoris_outbox", ["done_at", "due_at"])

    op.create_table(
        "genvoris_reversals",
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("source_id", id_type(), nullable=False),
        sa.Column("refunded", sa.BigInteger(), nullable=False),
        sa.Column("paid", sa.BigInteger(), nullable=True),
        sa.Column("dispute", sa.String(length=8), nullable=True),
        sa.Column("disputed_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("source", "source_id", name=op.f("pk_genvoris_reversals")),
    )
    op.create_table(
        "genvoris_lots",
        sa.Column("id", row_id_type(), nullable=False),
        sa.Column("account", id_type(), nullable=True),
        sa.Column("email_hash", sa.String(length=64), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("source_id", id_type(), nullable=False),
        sa.Column("bundle", id_type(), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("holds", sa.String(length=64), nullable=False),
        sa.Column("granted", sa.Integer(), nullable=False),
        sa.Column("allowed", sa.Integer(), nullable=False),
        sa.Column("reserved", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("taken_back", sa.Integer(), nullable=False),
        sa.Column("paid", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("stated_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "allowed >= 0 AND allowed <= granted", name=op.f("ck_genvoris_lots_allowed")
        ),
        sa.CheckConstraint(
            "reserved >= 0 AND used >= 0 AND reserved + used <= granted",
            name=op.f("ck_genvoris_lots_counts"),
        ),
        sa.ForeignKeyConstraint(
            ["account"], ["genvoris_accounts.external_id"], name=op.f("fk_genvoris_lots_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_genvoris_lots")),
        sa.UniqueConstraint("source", "source_id", name=op.f("uq_genvoris_lots_source_source_id")),
    )
    op.create_index("ix_genvoris_lots_account_state", "genvoris_lots", ["account", "state"])
    op.create_index("ix_genvoris_lots_email_hash", "genvoris_lots", ["email_hash"])
    op.create_index("ix_genvoris_lots_source_bundle", "genvoris_lots", ["source", "bundle"])

    op.create_table(
        "genvoris_subscriptions",
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("id", id_type(), nullable=False),
        sa.Column("account", id_type(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"],
            ["genvoris_accounts.external_id"],
            name=op.f("fk_genvoris_subscriptions_account"),
        ),
        sa.PrimaryKeyConstraint("source", "id", name=op.f("pk_genvoris_subscriptions")),
    )
    op.create_index(
        "ix_genvoris_subscriptions_account_due_at", "genvoris_subscriptions", ["account", "due_at"]
    )
    op.create_index("ix_genvoris_subscriptions_due_at", "genvoris_subscriptions", ["due_at"])
    op.create_table(
        "genvoris_records",
        sa.Column("key", id_type(), nullable=False),
        sa.Column(
            "value",
            sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb"),
            nullable=False,
        ),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_genvoris_records")),
    )

    op.create_table(
        "genvoris_entries",
        sa.Column("id", row_id_type(), nullable=False),
        sa.Column("account", id_type(), nullable=True),
        sa.Column("lot_id", row_id_type(), nullable=False),
        sa.Column("reservation", id_type(), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("allowed", sa.Integer(), nullable=False),
        sa.Column("reserved", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("event", id_type(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lot_id"], ["genvoris_lots.id"], name=op.f("fk_genvoris_entries_lot_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_genvoris_entries")),
        sa.UniqueConstraint(
            "event", "kind", "lot_id", name=op.f("uq_genvoris_entries_event_kind_lot_id")
        ),
    )
    op.create_index("ix_genvoris_entries_account_id", "genvoris_entries", ["account", "id"])

    op.create_table(
        "genvoris_reservations",
        sa.Column("key", id_type(), nullable=False),
        sa.Column("account", id_type(), nullable=False),
        sa.Column("lot_id", row_id_type(), nullable=True),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("lapses_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"],
            ["genvoris_accounts.external_id"],
            name=op.f("fk_genvoris_reservations_account"),
        ),
        sa.ForeignKeyConstraint(
            ["lot_id"], ["genvoris_lots.id"], name=op.f("fk_genvoris_reservations_lot_id")
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_genvoris_reservations")),
    )
    op.create_index(
        "ix_genvoris_reservations_account_state", "genvoris_reservations", ["account", "state"]
    )
