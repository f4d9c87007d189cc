"""Create the tables of the shop's figures."""

import sqlalchemy as sa
from alembic import op

from genvoris_flask.core.ledger.columns import id_type

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create four tables."""
    op.create_table(
        "genvoris_figures",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "name", name=op.f("pk_genvoris_figures")),
    )
    op.create_table(
        "genvoris_product_figures",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("product", id_type(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "name", "product", name=op.f("pk_genvoris_product_figures")),
    )
    op.create_table(
        "genvoris_figure_products",
        sa.Column("id", id_type(), nullable=False),
        sa.Column("title", id_type(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_genvoris_figure_products")),
    )
    op.create_table(
        "genvoris_figure_orders",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("returned", sa.BigInteger(), nullable=False),
        sa.Column("product", id_type(), nullable=True),
        sa.Column("is_attributed", sa.Boolean(), nullable=False),
        sa.Column("visitor", sa.String(length=64), nullable=True),
        sa.Column("first_day", sa.Date(), nullable=True),
        sa.Column("share", sa.Integer(), nullable=True),
        sa.Column("is_held", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_genvoris_figure_orders")),
    )
    op.create_index("ix_genvoris_figure_orders_day", "genvoris_figure_orders", ["day"])
    op.create_index(
        "ix_genvoris_figure_orders_share_first_day",
        "genvoris_figure_orders",
        ["share", "first_day"],
    )
