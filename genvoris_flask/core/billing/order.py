"""The order of one shopper's events, in the shared store."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from ..storage.interface import Store, digest
from .changes import Change

# A year's subscription may be refunded as long as it runs.
ORDER_SECONDS = 400 * 24 * 3600.0

Record = dict[str, Any]


@dataclass
class Order:
    """The order of one shopper's events.

    Attributes:
        turn: How many events there were.
        written: The turn of the latest event that set a field, by field.
        sale: The id of the latest sale or renewal.
        open: The event that was begun and is not finished: its ``key``, and its record.
    """

    turn: int = 0
    written: dict[str, int] = field(default_factory=dict)
    sale: str | None = None
    open: Record | None = None


def register_fallbacks(store: Store, owner: str, order: Order) -> None:
    """Remember the order of a shopper's events; their lock must be held."""
    store.set(_order_key(owner), json.dumps(asdict(order)).encode(), ORDER_SECONDS)


def read_record(store: Store, key: str) -> Record:
    """Return a record, or an empty one."""
    raw = store.get(key)
    found: Record = json.loads(raw) if raw else {}
    return found


def read_order(store: Store, owner: str) -> Order:
    """Return the order of a shopper's events."""
    if found := read_record(store, _order_key(owner)):
        return Order(**found)
    # Version 0.1 kept the latest sale and the open event apart, and no order.
    last = store.get("billing:last:" + digest(owner))
    opened = store.get("billing:open:" + digest(owner))
    order = Order(sale=last.decode() if last else None)
    record = read_record(store, opened.decode()) if opened else {}
    if opened and "period_start" in record:
        change = Change(sets_plan=True, plan_id=record.get("plan_id"), registers=True)
        order.open = {"key": opened.decode(), "turn": 0, **record, "change": change.dump()}
    return order


def _order_key(owner: str) -> str:
    return "billing:order:" + digest(owner)
