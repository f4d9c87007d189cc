"""One process at a time serves a data folder."""

from __future__ import annotations

import sqlite3
import weakref
from pathlib import Path

from .store import StoreError

FILE_NAME = "in-use.sqlite3"


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
            folder / FILE_NAME, timeout=0, isolation_level=None, check_same_thread=False
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
