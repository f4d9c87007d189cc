"""Makes an event of a billing system happen once, however often it is delivered.

Each event has a record in the shared store: *started*, with the period that the shopper was in
before, then *done*. A process that dies in between, or gets no answer, leaves *started*, and the
next delivery looks: has a new period begun since? Then the call was made, and only its record was
missing; else the call is made again. So a sale is not lost, and does not fill a quota twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from ..api.models import Customer
from ..errors import LockTimeoutError, StoreAwayError
from ..store.interface import Store, digest

# Stripe delivers for three days by itself, and by hand for thirty.
KEPT_SECONDS = 35 * 24 * 3600.0
# A year's subscription may be refunded as long as it runs.
LAST_SECONDS = 400 * 24 * 3600.0
LOCK_WAIT = 15.0
LOCK_HOLD = 90.0  # longer than all calls of one event may take together


class Attempt:
    """One delivery of an event, while nobody else handles that shopper's.

    Args:
        store: Where its record is; None keeps none.
        key: Names its record.
        owner: Whose it is.
    """

    def __init__(self, store: Store | None = None, key: str = "", owner: str = "") -> None:
        self._store = store
        self._key = key
        self._owner = owner
        self._is_first = False
        raw = store.get(key) if store else None
        self._record: dict[str, str | None] = json.loads(raw) if raw else {}

    @property
    def done_for(self) -> str | None:
        """The customer id, when an earlier delivery did it all."""
        return self._record.get("done_for")

    @property
    def has_started(self) -> bool:
        """Whether this or an earlier delivery has noted what it is about to do."""
        return "period_start" in self._record

    @property
    def plan_id(self) -> str | None:
        """The plan that the shopper is to have, as noted at the start."""
        return self._record.get("plan_id")

    def start(self, before: Customer | None, plan_id: str | None) -> None:
        """Note how the shopper stands before the call, and what plan they are to have."""
        self._is_first = True
        plan_before = before.plan_id if before else None
        self._write(
            {"period_start": _period(before), "plan_before": plan_before, "plan_id": plan_id}
        )

    def has_filled(self, now: Customer | None) -> bool:
        """Say whether a period began since an earlier delivery started."""
        return now is not None and _period(now) != self._record.get("period_start")

    def has_diverged(self, now: Customer | None) -> bool:
        """Say whether the shopper has neither the plan of before nor the one they were to have."""
        plan_id = now.plan_id if now else None
        return plan_id not in (self._record.get("plan_before"), self.plan_id)

    def finish(self, customer: Customer) -> None:
        """Note that it is done."""
        self._write({"done_for": customer.id})

    def give_up(self) -> None:
        """Forget it when Genvoris refused at the first delivery, since surely nothing happened."""
        if self._store and self._is_first:
            self._store.delete(self._key)

    def hold_open(self) -> None:
        """Let the shopper's next event find this one, should it not be finished."""
        if self._store:
            self._store.set(_open_key(self._owner), self._key.encode(), KEPT_SECONDS)

    def unfinished(self) -> Attempt | None:
        """Give another event of the shopper's that was held open and is not finished."""
        raw = self._store.get(_open_key(self._owner)) if self._store else None
        if raw is None or raw.decode() == self._key:
            return None
        other = Attempt(self._store, raw.decode(), self._owner)
        return other if other.has_started else None

    def _write(self, record: dict[str, str | None]) -> None:
        self._record = record
        if self._store:
            self._store.set(self._key, json.dumps(record).encode(), KEPT_SECONDS)


class OnceLedger:
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
            StoreAwayError: It cannot be told whether it happened already. Deliver it again.
            LockTimeoutError: Another delivery for this shopper took too long. Deliver it again.
        """
        if event_id is None:
            yield Attempt()
            return
        checked_event_id("event_id", event_id)
        try:
            with self._store.lock(f"billing:{external_id}", wait=LOCK_WAIT, hold=LOCK_HOLD):
                key = "billing:" + digest(f"{call}\n{external_id}\n{event_id}")
                yield Attempt(self._store, key, external_id)
        except LockTimeoutError:
            raise LockTimeoutError(
                "Another event of the same shopper is still being handled. Nothing was done: "
                "answer with an error, so that your billing system delivers this one again."
            ) from None
        except StoreAwayError as error:
            raise StoreAwayError(
                "The store of GENVORIS_STORE_URL does not answer, so it cannot be told whether "
                "this event happened already. Answer with an error, so that your billing system "
                f"delivers it again; nothing will happen twice. ({error})"
            ) from None

    def note_last(self, external_id: str, event_id: str) -> None:
        """Remember which event filled the quota last."""
        self._store.set(_last_key(external_id), event_id.encode(), LAST_SECONDS)

    def was_last(self, external_id: str, event_id: str) -> bool:
        """Say whether no other event is known to have filled the quota since this one."""
        last = self._store.get(_last_key(external_id))
        return last is None or last == event_id.encode()


def checked_event_id(name: str, value: object) -> None:
    """Refuse an id that would fail midway, or that all events would share.

    Raises:
        ValueError: It is no text, or empty.
    """
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} must be a text that is not empty: use str(order.id).")


def _last_key(external_id: str) -> str:
    return "billing:last:" + digest(external_id)


def _open_key(external_id: str) -> str:
    return "billing:open:" + digest(external_id)


def _period(customer: Customer | None) -> str | None:
    start = customer.period_start if customer else None
    return start.isoformat() if start else None
