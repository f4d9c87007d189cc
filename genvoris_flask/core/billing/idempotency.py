"""Makes an event of a billing system happen once, in its place, however often it is delivered.

Each shopper has an order of events in the shared store: how many there were, which of them was the
latest to set each field, and the one that was begun and is not finished. That one is noted with
the period that the shopper was in before. When its process dies, or gets no answer, whichever
delivery of the shopper's comes next looks first: has a new period begun since? Then the call was
made, and only its record is missing; else the call is made now. So a sale is neither lost nor
doubled, and an event that is delivered again undoes nothing that came after it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from ...errors import ApiError, LockTimeoutError, StoreUnavailableError, UnknownPriceError
from ..api.models import Customer
from ..storage.interface import Store, digest
from .changes import Change, Field
from .order import Order, Record, read_order, read_record, register_fallbacks

# Stripe delivers for three days by itself, and by hand for thirty.
KEPT_SECONDS = 35 * 24 * 3600.0
LOCK_WAIT = 15.0
LOCK_HOLD = 90.0  # longer than all calls of one event, and of one before it, may take together


class Attempt:
    """One delivery of an event, while nobody else handles that shopper's.

    Args:
        store: Where records are; None keeps none.
        key: Names the event's record.
        owner: Whose it is.
        event_id: The billing system's id of it.
    """

    def __init__(
        self,
        store: Store | None = None,
        key: str = "",
        owner: str = "",
        event_id: str | None = None,
    ) -> None:
        self._store = store
        self._key = key
        self._owner = owner
        self._event_id = event_id
        self._is_first = False
        self._order = read_order(store, owner) if store else Order()
        self._record: Record = read_record(store, key) if store else {}
        if self._is_open and not self.is_done:
            self._record = dict(self._order.open or {})

    @property
    def is_done(self) -> bool:
        """Whether an earlier delivery did it all."""
        return "done_for" in self._record

    @property
    def done_for(self) -> str | None:
        """The customer id for whom it was done; None when Genvoris knew no such customer."""
        return self._record.get("done_for")

    @property
    def has_started(self) -> bool:
        """Whether this or an earlier delivery has noted what it is about to do."""
        return "period_start" in self._record

    @property
    def change(self) -> Change | None:
        """What it is about to do, as noted at the start."""
        return Change.load(self._record["change"]) if "change" in self._record else None

    @property
    def overtaken(self) -> set[Field]:
        """The fields that events set which first came after this one."""
        turn = self._record.get("turn")
        if turn is None:
            return set()
        written = self._order.written
        if written.get("erased", 0) > turn:
            return {"plan", "status", "quota"}
        # A sale fills the quota whenever it comes: it was paid for.
        found: set[Field] = {name for name in _OVERTAKEN if written.get(name, 0) > turn}
        change = self.change or Change()
        if written.get("refund", 0) > turn and not change.fills:
            found.add("plan")  # a refund takes back a sale before it, not a sale after that
        if change.adds:
            found.discard("plan")  # what is added is added to whatever plan there is
        return found

    def start(self, before: Customer | None, change: Change) -> None:
        """Note the event's place, what it changes, and how the shopper stands before."""
        self._is_first = True
        self._open(
            {
                "turn": self._record.get("turn", self._order.turn + 1),
                "period_start": _period(before),
                "plan_before": before.plan_id if before else None,
                "change": change.dump(),
            }
        )

    def resume(self, change: Change) -> None:
        """Go on with what an earlier delivery started; what it noted then still counts."""
        if not self._is_open:
            self._open({"turn": 0, **self._record, "change": change.dump()})

    def has_filled(self, now: Customer | None) -> bool:
        """Say whether a period began since an earlier delivery started."""
        earlier = self.has_started and not self._is_first
        return earlier and now is not None and _period(now) != self._record.get("period_start")

    def has_diverged(self, now: Customer | None) -> bool:
        """Say whether the shopper has neither the plan of before nor the one they were to have."""
        aimed = self.change.plan_id if self.change else None
        return (now.plan_id if now else None) not in (self._record.get("plan_before"), aimed)

    def finish(self, customer_id: str | None) -> None:
        """Note that it is done, or keep that note for longer."""
        if self._store is None:
            return
        done = {"done_for": customer_id, "turn": self._record.get("turn", 0)}
        self._write_record(done)  # first: what is done is never done again
        if self._is_open:
            self._close(Change.load((self._order.open or {}).get("change", {})), done["turn"])
        self._record = done

    def keep_place(self) -> None:
        """Note the event's place alone: it had no effect yet."""
        turn = self._record.get("turn", self._order.turn + 1)
        self._record = {"turn": turn}
        self._write_record(self._record)
        self._order.turn = max(self._order.turn, turn)
        if self._is_open:
            self._order.open = None
        self._write_order()

    @contextmanager
    def refused_without_effect(self) -> Iterator[None]:
        """Keep the event's place when Genvoris refuses what no earlier delivery can have done."""
        try:
            yield
        except (ApiError, UnknownPriceError) as error:
            has_no_effect = isinstance(error, UnknownPriceError) or error.status < 500
            if has_no_effect and (self._is_first or not self.has_started):
                self.keep_place()
            raise

    def interrupted(self) -> Attempt | None:
        """Return another event of the shopper's that was begun and is not finished."""
        if self._store is None or self._order.open is None or self._is_open:
            return None
        noted = self._order.open
        other = Attempt(self._store, noted["key"], self._owner, noted.get("event_id"))
        other._order = self._order  # both write the same one
        return other

    @property
    def _is_open(self) -> bool:
        return self._order.open is not None and self._order.open["key"] == self._key

    def _open(self, record: Record) -> None:
        self._record = record
        self._order.turn = max(self._order.turn, record["turn"])
        self._order.open = {"key": self._key, "event_id": self._event_id, **record}
        self._write_order()

    def _close(self, change: Change, turn: int) -> None:
        written = self._order.written
        if change.fills and turn >= written.get("quota", 0):
            self._order.sale = self._event_id
        for name in change.fields:
            written[name] = max(turn, written.get(name, 0))
        self._order.open = None
        self._write_order()

    def _write_record(self, record: Record) -> None:
        if self._store:
            self._store.set(self._key, json.dumps(record).encode(), KEPT_SECONDS)

    def _write_order(self) -> None:
        if self._store:
            register_fallbacks(self._store, self._owner, self._order)


class IdempotencyStore:
    """The records of all events.

    Args:
        store: Where they are; it must be shared by all processes that sell.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    @contextmanager
    def attempt(self, call: str, external_id: str, event_id: str | None) -> Iterator[Attempt]:
        """Handle a delivery, alone with this shopper. Without an event id nothing is kept.

        Raises:
            ValueError: The event id is no text, or empty.
            StoreUnavailableError: It cannot be told whether it happened already. Deliver it again.
            LockTimeoutError: Another delivery for this shopper took too long. Deliver it again.
        """
        if event_id is None:
            yield Attempt()
            return
        checked_event_id("event_id", event_id)
        try:
            with self._store.lock(f"billing:{external_id}", wait=LOCK_WAIT, hold=LOCK_HOLD):
                key = _event_key(call, external_id, event_id)
                yield Attempt(self._store, key, external_id, event_id)
        except LockTimeoutError:
            raise LockTimeoutError(
                "Another event of the same shopper is still being handled. Nothing was done: "
                "answer with an error, so that your billing system delivers this one again."
            ) from None
        except StoreUnavailableError as error:
            raise StoreUnavailableError(
                "The store of GENVORIS_STORE_URL does not answer, so it cannot be told whether "
                "this event happened already. Answer with an error, so that your billing system "
                f"delivers it again; nothing will happen twice. ({error})"
            ) from None

    def is_done(self, call: str, external_id: str, event_id: str) -> bool:
        """Say whether an event was carried out.

        Raises:
            ValueError: The event id is no text, or empty.
        """
        checked_event_id("event_id", event_id)
        return "done_for" in read_record(self._store, _event_key(call, external_id, event_id))

    def latest_sale(self, external_id: str) -> str | None:
        """Return the id of the event that filled the quota last, if it is known."""
        return read_order(self._store, external_id).sale


def checked_event_id(name: str, value: object) -> None:
    """Refuse an id that would fail midway, or that all events would share.

    Raises:
        ValueError: It is no text, or empty.
    """
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} must be a text that is not empty: use str(order.id).")


_OVERTAKEN: tuple[Field, ...] = ("plan", "status")


def _event_key(call: str, external_id: str, event_id: str) -> str:
    return "billing:" + digest(f"{call}\n{external_id}\n{event_id}")


def _period(customer: Customer | None) -> str | None:
    start = customer.period_start if customer else None
    return start.isoformat() if start else None
