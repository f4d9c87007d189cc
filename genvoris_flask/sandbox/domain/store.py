"""The data folder: its SQLite database, its permissions, and its lock."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .balances import YEAR, add_pack
from .schema import MIGRATIONS, SCHEMA_VERSION

DATABASE_NAME = "sandbox.sqlite3"
LOCK_NAME = "in-use.sqlite3"
SIGNING_KEY_NAME = "signing-key.pem"
SIGNING_KEY_DRAFT_NAME = "signing-key.new"
LOCK_SECONDS = 30.0
IGNORE_NAME = ".gitignore"
IGNORE_ALL = "# The data of a local Genvoris.\n*\n"
DATABASES = (DATABASE_NAME, LOCK_NAME)
OWN_FILES = {
    *(name + end for name in DATABASES for end in ("", "-wal", "-shm", "-journal")),
    SIGNING_KEY_NAME,
    SIGNING_KEY_DRAFT_NAME,
    IGNORE_NAME,
}


class StoreError(Exception):
    """The data folder cannot be used; the message says why."""


class Store:
    """The database. What a response has confirmed is stored, even if the process is killed.

    All threads share one connection and take turns: SQLite allows one writer at a time, and waiting
    for a lock is faster than polling the file from several connections.

    Args:
        folder: The folder of the file, which is created if it does not exist.
        shop_id: The shop's id if the file is new.
        credits_at_start: The shop's credits if the file is new.
        now: The time in Unix seconds, from which the credits are valid.

    Raises:
        StoreError: The file is not a database, or was written by a newer version.
    """

    def __init__(self, folder: Path, shop_id: str, credits_at_start: int, now: float) -> None:
        self._path = folder / DATABASE_NAME
        self._lock = threading.RLock()
        try:
            self._db = self._connect()
            with self.transaction() as db:
                if self._migrate(db) == 0:
                    _create_shop(db, shop_id, credits_at_start, now)
        except sqlite3.DatabaseError as error:
            raise StoreError(f"{self._path} cannot be used: {error}.") from error

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection that writes exclusively. An exception rolls everything back."""
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
        # Survives a crash of the process. Only a power cut can lose the latest transactions.
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("PRAGMA foreign_keys = ON")
        return db

    def _migrate(self, db: sqlite3.Connection) -> int:
        """Run missing migrations; return the version before them, which is 0 for a new file."""
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise StoreError(
                f"{self._path} was written by version {version} of the sandbox's data, and this is "
                f"version {SCHEMA_VERSION}. Use another folder, or delete that file to start anew."
            )
        for step in range(version, SCHEMA_VERSION):
            for statement in MIGRATIONS[step].split(";"):
                db.execute(statement)
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        return int(version)


def _create_shop(db: sqlite3.Connection, shop_id: str, credits_at_start: int, now: float) -> None:
    db.execute("INSERT INTO shop VALUES (?)", (shop_id,))
    if credits_at_start:
        add_pack(db, credits_at_start, now, now + YEAR)


def get_value(db: sqlite3.Connection, name: str, default: Any) -> Any:
    """Return the JSON value stored under a name, or the default."""
    row = db.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
    return json.loads(row["value"]) if row else default


def set_value(db: sqlite3.Connection, name: str, value: Any) -> None:
    """Store a JSON value under a name."""
    db.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, json.dumps(value)))


def prepare_folder(folder: Path) -> None:
    """Create the folder, or make an existing one private to its owner.

    If the folder contains other files, only the sandbox's own files become private.

    Raises:
        OSError: The folder cannot be written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    names = {entry.name for entry in folder.iterdir()}
    if names <= OWN_FILES:
        _restrict(folder, 0o700)
        if IGNORE_NAME not in names:
            (folder / IGNORE_NAME).write_text(IGNORE_ALL)
    for name in DATABASES:
        # SQLite creates the files beside a database with the database's mode.
        os.close(os.open(folder / name, os.O_WRONLY | os.O_CREAT, 0o600))
    for name in (names & OWN_FILES) - {IGNORE_NAME}:
        _restrict(folder / name, 0o600)


def _restrict(path: Path, mode: int) -> None:
    # Another user may own and share the folder, and SQLite may remove a file in the meantime.
    with suppress(PermissionError, FileNotFoundError):
        path.chmod(mode)


class FolderLock:
    """A lock that is held until its process ends, even if it is killed, or until ``release``.

    Two processes would each send webhooks, and would not share the request log, faults and rate
    limits. SQLite's own lock is available on every system, which frees it when a process ends.

    Args:
        folder: The data folder.

    Raises:
        StoreError: Another process holds the lock.
    """

    def __init__(self, folder: Path) -> None:
        self._db = sqlite3.connect(
            folder / LOCK_NAME, timeout=0, isolation_level=None, check_same_thread=False
        )
        self.release: Callable[[], object] = weakref.finalize(self, self._db.close)
        try:
            self._db.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            self.release()
            raise StoreError(
                f"{folder} is in use by another sandbox. End that one, or give this one another "
                "folder (--data)."
            ) from None
