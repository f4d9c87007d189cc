"""The tables of the shop's figures, which name no shopper."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Date, Index, Integer, String, Table

from .columns import id_type
from .schema import metadata

NAME_LENGTH = 64

# How often something happened on a day, in UTC.
figures: Table = Table(
    "genvoris_figures",
    metadata,
    Column("day", Date, primary_key=True),
    Column("name", String(NAME_LENGTH), primary_key=True),
    Column("count", BigInteger, nullable=False),
)

# The same for each product. Apart, so that the shop's own sums read few rows.
product_figures: Table = Table(
    "genvoris_product_figures",
    metadata,
    Column("day", Date, primary_key=True),
    Column("name", String(NAME_LENGTH), primary_key=True),
    Column("product", id_type(), primary_key=True),
    Column("count", BigInteger, nullable=False),
)

figure_products: Table = Table(
    "genvoris_figure_products",
    metadata,
    Column("id", id_type(), primary_key=True),
    Column("title", id_type(), nullable=False),
)

# Orders that followed a try-on, or that were placed by a visitor of the hold-out. Amounts are in
# the currency's minor unit.
figure_orders: Table = Table(
    "genvoris_figure_orders",
    metadata,
    # Of the platform and the shop's id of the order, so that none counts twice.
    Column("digest", String(64), primary_key=True),
    Column("day", Date, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("returned", BigInteger, nullable=False, default=0),
    Column("product", id_type(), nullable=True),
    Column("is_attributed", Boolean(create_constraint=False), nullable=False),
    # Of the hold-out: the visitor's random id, digested, and what their cookie says.
    Column("visitor", String(64), nullable=True),
    Column("first_day", Date, nullable=True),
    Column("share", Integer, nullable=True),
    Column("is_held", Boolean(create_constraint=False), nullable=True),
    Index(None, "day"),
    Index(None, "share", "first_day"),
)

# What shoppers think of their pictures. A row for each try-on, since they may change their mind.
figure_opinions: Table = Table(
    "genvoris_figure_opinions",
    metadata,
    # Of the try-on's id, which is random.
    Column("digest", String(64), primary_key=True),
    Column("day", Date, nullable=False),
    Column("product", id_type(), nullable=True),
    Column("is_liked", Boolean(create_constraint=False), nullable=False),
    # Why not, in alphabetical order, separated by spaces.
    Column("reasons", String(64), nullable=False),
    Index(None, "day"),
)
