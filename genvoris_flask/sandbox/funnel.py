"""How far shoppers went with the widget, from its opening to an order."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

STAGES = {
    "WIDGET_OPENED": "Opened the widget",
    "PHOTO_UPLOADED": "Gave a photo",
    "TRYON_GENERATED": "Got a try-on",
    "TRYON_VIEWED": "Looked at it",
    "ADDED_TO_CART": "Put it in the cart",
    "CHECKOUT_STARTED": "Went to the checkout",
}
ORDERED = "Ordered"


@dataclass(frozen=True)
class Stage:
    """How many widget sessions came this far; ``share`` is of the widest stage, in per cent."""

    label: str
    sessions: int
    share: float


def read_funnel(db: sqlite3.Connection, since: float) -> list[Stage]:
    """Count the widget sessions that came to each stage."""
    query = (
        "SELECT event_type, COUNT(DISTINCT session_id) AS sessions FROM events "
        "WHERE created_at >= ? GROUP BY event_type"
    )
    counts = {row["event_type"]: row["sessions"] for row in db.execute(query, (since,))}
    query = (
        "SELECT COUNT(DISTINCT session_id) FROM conversions WHERE attributed AND created_at >= ?"
    )
    (ordered,) = db.execute(query, (since,)).fetchone()
    reached = [(label, counts.get(type_, 0)) for type_, label in STAGES.items()]
    reached.append((ORDERED, ordered))
    widest = max(count for _label, count in reached) or 1
    return [Stage(label, count, round(100 * count / widest, 1)) for label, count in reached]
