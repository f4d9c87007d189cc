"""Small things that the sandbox remembers by name, such as how far its clock was moved."""

from __future__ import annotations

import json
import sqlite3
from typing import Any


def recall(db: sqlite3.Connection, name: str, default: Any) -> Any:
    """Give what is kept under a name."""
    row = db.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
    return json.loads(row["value"]) if row else default


def remember(db: sqlite3.Connection, name: str, value: Any) -> None:
    """Keep a JSON value under a name."""
    db.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, json.dumps(value)))
