"""Every try-on that was paid for or failed, as the sandbox's page and the attribution read it."""

from __future__ import annotations

import secrets
import sqlite3

from .context import context
from .notifications import tell_of_tryon
from .wire import Json


def log_tryon(
    db: sqlite3.Connection, customer: sqlite3.Row | None, *, source: str, **about: object
) -> None:
    """Keep one.

    Args:
        db: The transaction in which it is paid for.
        customer: Whose it is; None is a guest's.
        source: ``host`` when the sandbox made it, ``track`` when the shop did.
        about: variations, success, product_title, page_url, generation_ms, reason, where known.
    """
    row: Json = {
        "variations": 1,
        "success": True,
        "product_title": None,
        "page_url": None,
        "generation_ms": None,
        "reason": None,
        **about,
        "id": f"try_{secrets.token_hex(8)}",
        "customer": customer["id"] if customer else None,
        "source": source,
        "now": context().clock(),
    }
    db.execute(
        "INSERT INTO tryons (id, customer_id, variations, success, source, product_title, "
        "page_url, generation_ms, created_at) VALUES (:id, :customer, :variations, :success, "
        ":source, :product_title, :page_url, :generation_ms, :now)",
        row,
    )
    tell_of_tryon(db, customer, row)
