"""Let a shopper's journal be found by their lots."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create an index."""
    op.create_index("ix_genvoris_entries_lot_id_id", "genvoris_entries", ["lot_id", "id"])
