"""The ledger of one shopper's events, in the shared store.

It holds the number of events so far, the latest event that set each field of the account, and the
event that was started and has not been finished.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from ..storage.interface import Store, digest
from .changes import Change, Field

# A yearly subscription may be refunded for as long as it runs.
LEDGER_SECONDS = 400 * 24 * 3600.0

Record = dict[str, Any]


@dataclass
class Ledger:
    """The events of one shopper. It is stored as JSON, with these names.

    Attributes:
        turn: The number of events so far. Each event has the turn of its first delivery.
        written: The turn of the latest event that set a field, by field.
        sale: The id of the latest sale or renewal.
        open: The event that was started and has not been finished: its ``key`` and its record.
    """

    turn: int = 0
    written: dict[str, int] = field(default_factory=dict)
    sale: str | None = None
    open: Record | None = None

    def superseded(self, turn: int, change: Change) -> set[Field]:
        """Return the fields that an event must not set, since newer events have set them.

        Args:
            turn: The event's turn.
            change: What the event sets.
        """
        if self.written.get("erased", 0) > turn:
            return {"plan", "status", "quota"}
        # A late sale still fills the quota: it was paid for.
        candidates: tuple[Field, ...] = ("plan", "status")
        found = {name for name in candidates if self.written.get(name, 0) > turn}
        if self.written.get("refund", 0) > turn and not change.fills:
            found.add("plan")  # a refund takes back an earlier sale, never a later one
        if change.adds:
            found.discard("plan")  # try-ons are added to whatever plan there is now
        return found

    def start(self, record: Record) -> None:
        """Note an event as started: its key, its id and its record."""
        self.turn = max(self.turn, record["turn"])
        self.open = record

    def finish(self, turn: int, event_id: str | None) -> None:
        """Note that the open event has set its fields."""
        change = Change.load((self.open or {}).get("change", {}))
        if "quota" in change.fields and turn >= self.written.get("quota", 0):
            self.sale = event_id
        for name in change.fields:
            self.written[name] = max(turn, self.written.get(name, 0))
        self.open = None


def read_record(store: Store, key: str) -> Record:
    """Return a record, or an empty one."""
    raw = store.get(key)
    found: Record = json.loads(raw) if raw else {}
    return found


def read_ledger(store: Store, owner: str) -> Ledger:
    """Return the ledger of a shopper's events.

    Args:
        store: Holds the ledgers.
        owner: The shop's id of the shopper.
    """
    if found := read_record(store, _ledger_key(owner)):
        return Ledger(**found)
    # Version 0.1 stored the latest sale and the open event under keys of their own, without turns.
    last = store.get("billing:last:" + digest(owner))
    opened = store.get("billing:open:" + digest(owner))
    ledger = Ledger(sale=last.decode() if last else None)
    record = read_record(store, opened.decode()) if opened else {}
    if opened and "period_start" in record:
        change = Change(sets_plan=True, plan_id=record.get("plan_id"), registers=True)
        ledger.open = {"key": opened.decode(), "turn": 0, **record, "change": change.dump()}
    return ledger


def write_ledger(store: Store, owner: str, ledger: Ledger) -> None:
    """Store the ledger of a shopper's events. The caller must hold the shopper's lock."""
    store.set(_ledger_key(owner), json.dumps(asdict(ledger)).encode(), LEDGER_SECONDS)


def _ledger_key(owner: str) -> str:
    return "billing:order:" + digest(owner)
