"""The sandbox's data: one SQLite file. What was answered is on disk before the answer goes out."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SCHEMA_VERSION = 1
FILE_NAME = "sandbox.sqlite3"
LOCK_SECONDS = 30.0

SCHEMA = """
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


class StoreError(Exception):
    """The data folder cannot be used; the message says why."""


class Store:
    """Opens the file and gives transactions.

    Args:
        folder: Where the file is, or will be.
        shop_id: The shop's id, when the file is new.
        credits_at_start: Credits in the pool, when the file is new.

    Raises:
        StoreError: The file is of a newer version, or no database at all.
    """

    def __init__(self, folder: Path, shop_id: str, credits_at_start: int) -> None:
        self._path = folder / FILE_NAME
        try:
            with self.transaction() as db:
                self._create_or_check(db, shop_id, credits_at_start)
        except sqlite3.DatabaseError as error:
            raise StoreError(f"{self._path} cannot be used: {error}.") from error

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Give a connection that nobody else writes beside; all is kept, or nothing."""
        db = sqlite3.connect(self._path, timeout=LOCK_SECONDS, isolation_level=None)
        db.row_factory = sqlite3.Row
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA foreign_keys = ON")
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")
        finally:
            db.close()

    def _create_or_check(self, db: sqlite3.Connection, shop_id: str, credits_at_start: int) -> None:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version == SCHEMA_VERSION:
            return
        if version != 0:
            raise StoreError(
                f"{self._path} was written by version {version} of the sandbox's data, and this is "
                f"version {SCHEMA_VERSION}. Use another folder, or delete that file to start anew."
            )
        for statement in SCHEMA.split(";"):
            db.execute(statement)
        db.execute("INSERT INTO shop VALUES (?, ?)", (shop_id, credits_at_start))
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
