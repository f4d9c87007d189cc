"""Create the table of what shoppers think of their pictures."""

import sqlalchemy as sa
from alembic import op

from genvoris_flask.core.ledger.columns import id_type

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Create a table."""
    op.create_table(
        "genvoris_figure_opinions",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("product", id_type(), nullable=True),
        sa.Column("is_liked", sa.Boolean(), nullable=False),
        sa.Column("reasons", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_genvoris_figure_opinions")),
    )
    op.create_index("ix_genvoris_figure_opinions_day", "genvoris_figure_opinions", ["day"])
