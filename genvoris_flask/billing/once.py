"""Makes an event of a billing system happen once, however often it is delivered.

Each event has a record in the shared store: *started*, with the period that the shopper was in
before, then *done*. A process that dies in between, or gets no answer, leaves *started*, and the
next delivery looks: has a new period begun since? Then the call was made, and only its record was
missing; else the call is made again. So a sale is not lost, and does not fill a quota twice.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..api.models import Customer
from ..errors import LockTimeoutError, StoreAwayError
from ..store.interface import Store, digest

# Stripe delivers for three days by itself, and by hand for thirty.
KEPT_SECONDS = 35 * 24 * 3600.0
LOCK_WAIT = 15.0
LOCK_HOLD = 90.0  # longer than all calls of one event may take together


@dataclass(frozen=True)
class Sale:
    """What is to happen once: which call, for whom, by which event of the billing system."""

    call: str
    external_id: str
    event_id: str

    @property
    def key(self) -> str:
        """Name its record."""
        return "billing:" + digest(f"{self.call}\n{self.external_id}\n{self.event_id}")


class Attempt:
    """One delivery of an event, while nobody else handles that shopper's.

    Args:
        store: Where its record is; None keeps none.
        sale: What it is about.
    """

    def __init__(self, store: Store | None = None, sale: Sale | None = None) -> None:
        self._store = store
        self._sale = sale
        raw = store.get(sale.key) if store and sale else None
        self._record: dict[str, str | None] = json.loads(raw) if raw else {}

    @property
    def done_for(self) -> str | None:
        """The customer id, when an earlier delivery did it all."""
        return self._record.get("done_for")

    def start(self, before: Customer | None) -> None:
        """Note how the shopper stands before the call, unless an earlier delivery did."""
        if not self._record:
            self._write({"period_start": _period(before)})

    def has_filled(self, now: Customer | None) -> bool:
        """Say whether a period began since an earlier delivery started."""
        if "period_start" not in self._record or now is None:
            return False
        return _period(now) != self._record["period_start"]

    def finish(self, customer: Customer) -> None:
        """Note that it is done."""
        self._write({"done_for": customer.id})

    def give_up(self) -> None:
        """Forget it: Genvoris refused, so surely nothing happened."""
        if self._store and self._sale:
            self._store.delete(self._sale.key)

    def _write(self, record: dict[str, str | None]) -> None:
        self._record = record
        if self._store and self._sale:
            self._store.set(self._sale.key, json.dumps(record).encode(), KEPT_SECONDS)


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
            StoreAwayError: It cannot be told whether it happened already. Deliver it again.
            LockTimeoutError: Another delivery for this shopper took too long. Deliver it again.
        """
        if event_id is None:
            yield Attempt()
            return
        try:
            with self._store.lock(f"billing:{external_id}", wait=LOCK_WAIT, hold=LOCK_HOLD):
                yield Attempt(self._store, Sale(call, external_id, event_id))
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
        self._store.set(_last_key(external_id), event_id.encode(), KEPT_SECONDS)

    def was_last(self, external_id: str, event_id: str) -> bool:
        """Say whether no other event is known to have filled the quota since this one."""
        last = self._store.get(_last_key(external_id))
        return last is None or last == event_id.encode()


def _last_key(external_id: str) -> str:
    return "billing:last:" + digest(external_id)


def _period(customer: Customer | None) -> str | None:
    start: dt.datetime | None = customer.period_start if customer else None
    return start.isoformat() if start else None
