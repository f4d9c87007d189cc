"""The API keys that are good now. Only their hashes are kept."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3

from .wire import Json, iso

START = "key_start"
GOOD = "(ends_at IS NULL OR ends_at > ?)"


def keep_start_key(db: sqlite3.Connection, key: str, now: float) -> None:
    """Make the key good that the sandbox was started with, in place of an earlier start's."""
    db.execute(
        "INSERT OR REPLACE INTO api_keys (id, hash, hint, created_at) VALUES (?, ?, ?, ?)",
        (START, _hash(key), key[-4:], now),
    )


def is_good(db: sqlite3.Connection, key: str | None, now: float) -> bool:
    """Say whether a key is good now."""
    query = f"SELECT 1 FROM api_keys WHERE hash = ? AND {GOOD}"  # noqa: S608
    return db.execute(query, (_hash(key or ""), now)).fetchone() is not None


def rotate(db: sqlite3.Connection, now: float, grace: float) -> str:
    """Make a new key, and end all others after a while, in seconds; give the new one."""
    key = f"gvk_test_{secrets.token_urlsafe(24)}"
    query = f"UPDATE api_keys SET ends_at = ? WHERE {GOOD}"  # noqa: S608
    db.execute(query, (now + grace, now))
    db.execute(
        "INSERT INTO api_keys (id, hash, hint, created_at) VALUES (?, ?, ?, ?)",
        (f"key_{secrets.token_hex(6)}", _hash(key), key[-4:], now),
    )
    return key


def good_keys(db: sqlite3.Connection, now: float) -> list[Json]:
    """List the keys that are good now, without themselves."""
    query = f"SELECT * FROM api_keys WHERE {GOOD} ORDER BY number"  # noqa: S608
    return [
        {
            "id": row["id"],
            "hint": row["hint"],
            "createdAt": iso(row["created_at"]),
            "endsAt": None if row["ends_at"] is None else iso(row["ends_at"]),
        }
        for row in db.execute(query, (now,))
    ]


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
