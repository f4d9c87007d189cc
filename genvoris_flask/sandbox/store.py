"""The sandbox's data: one SQLite file. What was answered is kept, even if the process is killed."""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .credits import YEAR, add_pack
from .schema import SCHEMA_VERSION, STEPS

FILE_NAME = "sandbox.sqlite3"
LOCK_SECONDS = 30.0


class StoreError(Exception):
    """The data folder cannot be used; the message says why."""


class Store:
    """Opens the file and gives transactions.

    One connection serves all threads in turn: SQLite has one writer at a time anyway, and threads
    that wait for a lock are served sooner than connections that poll the file.

    Args:
        folder: Where the file is, or will be.
        shop_id: The shop's id, when the file is new.
        credits_at_start: Credits in the pool, when the file is new.
        now: The time in Unix seconds, from which the credits are valid.

    Raises:
        StoreError: The file is of a newer version, or no database at all.
    """

    def __init__(self, folder: Path, shop_id: str, credits_at_start: int, now: float) -> None:
        self._path = folder / FILE_NAME
        self._lock = threading.RLock()
        try:
            self._db = self._connect()
            with self.transaction() as db:
                if self._bring_up_to_date(db) == 0:
                    _start_shop(db, shop_id, credits_at_start, now)
        except sqlite3.DatabaseError as error:
            raise StoreError(f"{self._path} cannot be used: {error}.") from error

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Give a connection that nobody else writes beside; all is kept, or nothing."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(
            self._path, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False
        )
        weakref.finalize(self, db.close)
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA journal_mode = WAL")
        # Outlives the process, which is what is promised; only a power cut could lose the last.
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("PRAGMA foreign_keys = ON")
        return db

    def _bring_up_to_date(self, db: sqlite3.Connection) -> int:
        """Run the steps that the file lacks; return the version that it had, 0 if it is new."""
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise StoreError(
                f"{self._path} was written by version {version} of the sandbox's data, and this is "
                f"version {SCHEMA_VERSION}. Use another folder, or delete that file to start anew."
            )
        for step in range(version, SCHEMA_VERSION):
            for statement in STEPS[step].split(";"):
                db.execute(statement)
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        return int(version)


def _start_shop(db: sqlite3.Connection, shop_id: str, credits_at_start: int, now: float) -> None:
    db.execute("INSERT INTO shop VALUES (?)", (shop_id,))
    if credits_at_start:
        add_pack(db, credits_at_start, now, now + YEAR)
