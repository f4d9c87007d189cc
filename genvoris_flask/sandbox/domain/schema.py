"""The tables of the sandbox's database, as migrations.

A database of an older version is migrated in one transaction. Published migrations never change; a
new version adds one.
"""

from __future__ import annotations

VERSION_1 = """
CREATE TABLE shop (id TEXT NOT NULL, credits INTEGER NOT NULL);
CREATE TABLE plans (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
    monthly_try_ons INTEGER NOT NULL, external_price_id TEXT, active INTEGER NOT NULL,
    created_at REAL NOT NULL, updated_at REAL NOT NULL
);
CREATE TABLE customers (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, external_id TEXT NOT NULL UNIQUE,
    email TEXT, plan_id TEXT REFERENCES plans (id), status TEXT NOT NULL, metadata TEXT NOT NULL,
    period_start REAL NOT NULL, period_end REAL NOT NULL, used INTEGER NOT NULL,
    created_at REAL NOT NULL, updated_at REAL NOT NULL
);
CREATE TABLE periods (
    customer_id TEXT NOT NULL REFERENCES customers (id), period_start REAL NOT NULL,
    period_end REAL NOT NULL, used INTEGER NOT NULL, quota INTEGER
);
CREATE INDEX periods_by_customer ON periods (customer_id);
CREATE TABLE sessions (
    jti TEXT PRIMARY KEY, customer_id TEXT NOT NULL REFERENCES customers (id),
    expires_at REAL NOT NULL, revoked INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE answers (key TEXT PRIMARY KEY, created_at REAL NOT NULL, body TEXT NOT NULL);
"""

VERSION_2 = """
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE credit_packs (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, credits INTEGER NOT NULL,
    remaining INTEGER NOT NULL, created_at REAL NOT NULL, expires_at REAL
);
INSERT INTO credit_packs (id, credits, remaining, created_at)
    SELECT 'pack_first', credits, credits, CAST(strftime('%s', 'now') AS REAL) FROM shop;
CREATE TABLE only_shop (id TEXT NOT NULL);
INSERT INTO only_shop SELECT id FROM shop;
DROP TABLE shop;
ALTER TABLE only_shop RENAME TO shop;
CREATE TABLE events (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, session_id TEXT NOT NULL,
    event_type TEXT NOT NULL, product_id TEXT, product_title TEXT, page_url TEXT,
    metadata TEXT NOT NULL, created_at REAL NOT NULL
);
CREATE INDEX events_by_session ON events (session_id, created_at);
CREATE TABLE conversions (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, order_id TEXT NOT NULL,
    platform TEXT NOT NULL, amount_cents INTEGER NOT NULL, currency TEXT, quantity INTEGER NOT NULL,
    product_id TEXT, product_title TEXT, session_id TEXT, customer_email TEXT,
    attributed INTEGER NOT NULL, created_at REAL NOT NULL, UNIQUE (platform, order_id)
);
CREATE TABLE returns (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    conversion_id TEXT NOT NULL REFERENCES conversions (id),
    refunded_amount_cents INTEGER NOT NULL, currency TEXT, reason TEXT, created_at REAL NOT NULL
);
CREATE TABLE tryons (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    customer_id TEXT REFERENCES customers (id),
    variations INTEGER NOT NULL, success INTEGER NOT NULL, source TEXT NOT NULL,
    product_title TEXT, page_url TEXT, generation_ms INTEGER, created_at REAL NOT NULL
);
CREATE INDEX tryons_by_time ON tryons (created_at);
CREATE INDEX tryons_by_customer ON tryons (customer_id, created_at);
CREATE TABLE endpoints (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, url TEXT NOT NULL, secret TEXT NOT NULL,
    events TEXT NOT NULL, description TEXT, active INTEGER NOT NULL, created_at REAL NOT NULL
);
CREATE TABLE deliveries (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    endpoint_id TEXT NOT NULL REFERENCES endpoints (id) ON DELETE CASCADE,
    event_id TEXT NOT NULL, type TEXT NOT NULL, body TEXT NOT NULL, state TEXT NOT NULL,
    attempts INTEGER NOT NULL, due_at REAL, status INTEGER, problem TEXT,
    created_at REAL NOT NULL, updated_at REAL NOT NULL
);
CREATE INDEX deliveries_due ON deliveries (due_at) WHERE due_at IS NOT NULL;
CREATE TABLE api_keys (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, hash TEXT NOT NULL UNIQUE,
    hint TEXT NOT NULL, created_at REAL NOT NULL, ends_at REAL
);
"""

# A period's quota is the plan's at its start. Returns may refer to unknown orders. A delivery has
# eight attempts instead of nine.
VERSION_3 = """
ALTER TABLE customers ADD COLUMN quota INTEGER;
UPDATE customers SET quota = (SELECT monthly_try_ons FROM plans WHERE plans.id = plan_id);
ALTER TABLE sessions ADD COLUMN token TEXT;
CREATE TABLE all_returns (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, platform TEXT NOT NULL,
    order_id TEXT NOT NULL, conversion_id TEXT REFERENCES conversions (id),
    refunded_amount_cents INTEGER NOT NULL, currency TEXT, reason TEXT, created_at REAL NOT NULL
);
INSERT INTO all_returns
    SELECT returns.number, returns.id, platform, order_id, conversion_id, refunded_amount_cents,
        returns.currency, reason, returns.created_at
    FROM returns JOIN conversions ON conversions.id = conversion_id;
DROP TABLE returns;
ALTER TABLE all_returns RENAME TO returns;
UPDATE deliveries SET state = 'dead', due_at = NULL WHERE state = 'pending' AND attempts >= 8;
"""

# Shoppers whom the shop has shown, registered or not.
VERSION_4 = """
CREATE TABLE seen_shoppers (external_id TEXT PRIMARY KEY, first_seen REAL NOT NULL);
INSERT INTO seen_shoppers SELECT external_id, created_at FROM customers;
CREATE INDEX seen_shoppers_by_time ON seen_shoppers (first_seen)
"""

MIGRATIONS = (VERSION_1, VERSION_2, VERSION_3, VERSION_4)
SCHEMA_VERSION = len(MIGRATIONS)
