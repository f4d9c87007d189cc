"""The sandbox's data: one SQLite file. What was answered is kept, even if the process is killed."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .balances import YEAR, add_pack
from .schema import SCHEMA_VERSION, STEPS

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
        self._path = folder / DATABASE_NAME
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


def recall(db: sqlite3.Connection, name: str, default: Any) -> Any:
    """Give what is kept under a name."""
    row = db.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
    return json.loads(row["value"]) if row else default


def remember(db: sqlite3.Connection, name: str, value: Any) -> None:
    """Keep a JSON value under a name."""
    db.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, json.dumps(value)))


def prepare_folder(folder: Path) -> None:
    """Create the folder, or take the access of others away from an existing one.

    A folder that holds other things as well is left as it is, apart from the sandbox's own files.

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
        # SQLite gives what it writes beside a database the same mode.
        os.close(os.open(folder / name, os.O_WRONLY | os.O_CREAT, 0o600))
    for name in (names & OWN_FILES) - {IGNORE_NAME}:
        _restrict(folder / name, 0o600)


def _restrict(path: Path, mode: int) -> None:
    # The folder may be another user's, who shares it; its mode is then theirs to choose. SQLite may
    # remove a file in between.
    with suppress(PermissionError, FileNotFoundError):
        path.chmod(mode)


class FolderLock:
    """Held until its process ends, however it ends, or until ``release``.

    Calls, faults and rate limits are kept in a process, and webhooks would go out twice from two.
    The lock is SQLite's own, which every system has and lets go of when a process is killed.

    Args:
        folder: The data folder.

    Raises:
        StoreError: Another process has it.
    """

    def __init__(self, folder: Path) -> None:
        self._db = sqlite3.connect(
            folder / LOCK_NAME, timeout=0, isolation_level=None, check_same_thread=False
        )
        self.release = weakref.finalize(self, self._db.close)
        try:
            self._db.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            self.release()
            raise StoreError(
                f"{folder} is in use by another sandbox. End that one, or give this one another "
                "folder (--data)."
            ) from None
