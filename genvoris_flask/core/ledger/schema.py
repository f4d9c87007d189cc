"""The tables of the ledger.

They are SQLAlchemy Core tables, so that they work in a shop's own transaction whatever mapper or
session the shop uses. Counters of a lot are sums over its journal lines, kept in the lot so that a
try-on reads one row; ``flask genvoris reconcile`` compares them.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Exists,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    exists,
)
from sqlalchemy.dialects import mysql

from .columns import UtcDateTime, id_type, row_id_type

VERSION_TABLE = "genvoris_version"

metadata: MetaData = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# One row for each shopper. Updating it is the lock under which the shopper's lots change.
accounts: Table = Table(
    "genvoris_accounts",
    metadata,
    Column("external_id", id_type(), primary_key=True),
    Column("version", BigInteger, nullable=False, default=0),
    Column("created_at", UtcDateTime, nullable=False),
    Index(None, "created_at", "external_id"),
)

lots: Table = Table(
    "genvoris_lots",
    metadata,
    Column("id", row_id_type(), primary_key=True),
    Column("account", id_type(), ForeignKey("genvoris_accounts.external_id"), nullable=True),
    Column("email_hash", String(64), nullable=True, index=True),
    Column("kind", String(16), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("source", String(32), nullable=False),
    Column("source_id", id_type(), nullable=False),
    # What several lots belong to, such as an order with several lines or a subscription.
    Column("bundle", id_type(), nullable=True),
    Column("state", String(8), nullable=False),
    Column("holds", String(64), nullable=False, default=""),
    Column("granted", Integer, nullable=False),
    Column("allowed", Integer, nullable=False),
    Column("reserved", Integer, nullable=False, default=0),
    Column("used", Integer, nullable=False, default=0),
    Column("taken_back", Integer, nullable=False, default=0),
    Column("paid", BigInteger, nullable=True),
    Column("currency", String(3), nullable=True),
    # When the billing system last said what the lot is: an older statement changes nothing.
    Column("stated_at", UtcDateTime, nullable=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=True),
    UniqueConstraint("source", "source_id"),
    Index(None, "account", "state"),
    Index(None, "source", "bundle"),
    CheckConstraint("reserved >= 0 AND used >= 0 AND reserved + used <= granted", name="counts"),
    CheckConstraint("allowed >= 0 AND allowed <= granted", name="allowed"),
)

# What is known of each subscription; its lots follow from that.
subscriptions: Table = Table(
    "genvoris_subscriptions",
    metadata,
    Column("source", String(32), primary_key=True),
    Column("id", id_type(), primary_key=True),
    Column("account", id_type(), ForeignKey("genvoris_accounts.external_id"), nullable=False),
    # When one of its lots next begins or ends, without anything being reported.
    Column("due_at", UtcDateTime, nullable=True, index=True),
    Column("body", JSON, nullable=False),
    Index(None, "account", "due_at"),
)

# The name of a column that says whether one of an account's subscriptions is due.
IS_DUE = "is_due"


def is_due_now() -> Exists:
    """Return the condition that a subscription of ``of_account`` is due at ``now``."""
    return exists().where(
        subscriptions.c.account == bindparam("of_account"),
        subscriptions.c.due_at <= bindparam("now"),
    )


# What the events of a payment provider have said so far.
records: Table = Table(
    "genvoris_records",
    metadata,
    Column("key", id_type(), primary_key=True),
    Column("value", Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

reservations: Table = Table(
    "genvoris_reservations",
    metadata,
    Column("key", id_type(), primary_key=True),
    Column("account", id_type(), ForeignKey("genvoris_accounts.external_id"), nullable=False),
    Column("lot_id", row_id_type(), ForeignKey("genvoris_lots.id")),
    Column("state", String(9), nullable=False),
    Column("attempt", Integer, nullable=False, default=1),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("lapses_at", UtcDateTime, nullable=False),
    # Why the last attempt brought no picture, if it failed.
    Column("reason", String(32), nullable=True),
    Index(None, "account", "state"),
)

# The journal. Rows are only ever added.
entries: Table = Table(
    "genvoris_entries",
    metadata,
    Column("id", row_id_type(), primary_key=True),
    Column("account", id_type(), nullable=True),
    Column(
        "lot_id",
        row_id_type(),
        ForeignKey("genvoris_lots.id"),
        nullable=False,
    ),
    Column("reservation", id_type(), nullable=True),
    Column("kind", String(16), nullable=False),
    # By how much the lot's counters changed.
    Column("allowed", Integer, nullable=False, default=0),
    Column("reserved", Integer, nullable=False, default=0),
    Column("used", Integer, nullable=False, default=0),
    Column("event", id_type(), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    UniqueConstraint("event", "kind", "lot_id"),
    Index(None, "account", "id"),
    Index(None, "lot_id", "id"),
)

events: Table = Table(
    "genvoris_events",
    metadata,
    Column("id", id_type(), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("account", id_type(), nullable=True),
    Column("at", UtcDateTime, nullable=False),
)

# Refunds and disputes, of a lot or of a bundle of lots. One that is delivered before its sale waits
# here for it.
reversals: Table = Table(
    "genvoris_reversals",
    metadata,
    Column("source", String(32), primary_key=True),
    Column("source_id", id_type(), primary_key=True),
    Column("refunded", BigInteger, nullable=False, default=0),
    Column("paid", BigInteger, nullable=True),
    Column("dispute", String(8), nullable=True),
    Column("disputed_at", UtcDateTime, nullable=True),
)

# What Genvoris, or a function of the shop's, has yet to be told.
outbox: Table = Table(
    "genvoris_outbox",
    metadata,
    Column("id", row_id_type(), primary_key=True),
    Column("key", id_type(), nullable=False),
    Column("kind", String(32), nullable=False),
    # Messages of one subject are delivered in their order.
    Column("subject", id_type(), nullable=True),
    Column("body", JSON, nullable=False),
    # Of the body, which is emptied once it was delivered.
    Column("digest", String(64), nullable=False),
    Column("version", Integer, nullable=False, default=1),
    Column("state", String(8), nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("queued_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    # The process that delivers it, and until when no other one does.
    Column("owner", String(32), nullable=True),
    Column("leased_until", UtcDateTime, nullable=True),
    Column("ended_at", UtcDateTime, nullable=True),
    Column("error", String(64), nullable=True),
    UniqueConstraint("key"),
    Index(None, "state", "due_at"),
    Index(None, "subject", "state"),
)

# The wordings that somebody has agreed to.
consent_texts: Table = Table(
    "genvoris_consent_texts",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("version", String(64), nullable=False),
    Column("language", String(8), nullable=False),
    Column("body", Text, nullable=False),
    Column("depicted", Text, nullable=False),
    Column("age", Text, nullable=True),
    Column("created_at", UtcDateTime, nullable=False),
)

# Who has agreed to which wording. Rows are added and withdrawn, never changed otherwise.
consents: Table = Table(
    "genvoris_consents",
    metadata,
    Column("id", row_id_type(), primary_key=True),
    Column("account", id_type(), nullable=True, index=True),
    Column("guest", String(32), nullable=True, index=True),
    Column("text", String(64), ForeignKey("genvoris_consent_texts.digest"), nullable=False),
    Column("given_at", UtcDateTime, nullable=False, index=True),
    Column("withdrawn_at", UtcDateTime, nullable=True),
)

# Erasures that were asked for. The account stays here only until all of it is done.
erasures: Table = Table(
    "genvoris_erasures",
    metadata,
    Column("id", id_type(), primary_key=True),
    Column("account", id_type(), nullable=True, index=True),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("done_at", UtcDateTime, nullable=True, index=True),
    Column("receipt", JSON, nullable=True),
)

# What the shop's staff have changed in the console. Rows are only ever added, but for an erasure.
audit: Table = Table(
    "genvoris_audit",
    metadata,
    Column("id", row_id_type(), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    # The shop's id of whoever changed it.
    Column("actor", id_type(), nullable=False),
    Column("action", String(32), nullable=False),
    # What was changed: the shop's id of a shopper, or the name of a setting.
    Column("subject", id_type(), nullable=True),
    Column("before", JSON, nullable=True),
    Column("after", JSON, nullable=True),
    Column("note", Text, nullable=True),
    # Identifies the form that asked for it, so that sending it again changes nothing.
    Column("form", String(64), nullable=True),
    UniqueConstraint("form"),
    Index(None, "subject", "id"),
)
