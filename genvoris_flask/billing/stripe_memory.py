"""What is remembered of Stripe's events, in the shared store."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from ..store.interface import Store, digest
from .stripe_shapes import State

EVENT_SECONDS = 35 * 24 * 3600.0  # Stripe lets people send an event again for 30 days
# Longer than a yearly subscription is silent.
LONG_SECONDS = 400 * 24 * 3600.0


@dataclass
class Standing:
    """Where a subscription stands, as far as events have come.

    Attributes:
        state: What its latest event said; None before it was started.
        state_at: When that event was made, in Unix seconds.
        price: What is sold by it.
        paid_until: The end of the last period that was paid for, in Unix seconds.
        waits_with: The price that it starts with once it is known whose it is.
    """

    state: State | None = None
    state_at: int = 0
    price: str | None = None
    paid_until: int = 0
    waits_with: str | None = None


@dataclass(frozen=True)
class Payment:
    """What was sold by a payment: to whom, and the id that the sale was told with."""

    external_id: str
    sale_id: str


class StripeMemory:
    """Records by Stripe's ids.

    Args:
        store: Where they are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def is_done(self, event_id: str) -> bool:
        """Say whether an event was handled."""
        return self._store.get(_key("event", event_id)) is not None

    def set_done(self, event_id: str) -> None:
        """Note that an event was handled."""
        self._store.set(_key("event", event_id), b"done", EVENT_SECONDS)

    def shopper(self, customer: str) -> str | None:
        """Give the shop's id of a Stripe customer."""
        return self._read("customer", customer)

    def link(self, customer: str, external_id: str) -> None:
        """Remember whose Stripe customer this is."""
        self._write("customer", customer, external_id)

    def current(self, external_id: str) -> str | None:
        """Give the subscription that the shopper's plan comes from."""
        return self._read("current", external_id)

    def set_current(self, external_id: str, subscription: str) -> None:
        """Remember which subscription the shopper's plan comes from."""
        self._write("current", external_id, subscription)

    def clear_current(self, external_id: str) -> None:
        """Forget it when that subscription ends, so that another one may carry the plan on."""
        self._store.delete(_key("current", external_id))

    def standing(self, subscription: str) -> Standing:
        """Give where a subscription stands."""
        raw = self._read("subscription", subscription)
        return Standing(**json.loads(raw)) if raw else Standing()

    def keep(self, subscription: str, standing: Standing) -> None:
        """Remember where a subscription stands."""
        self._write("subscription", subscription, json.dumps(asdict(standing)))

    def payment(self, ids: Iterable[str]) -> Payment | None:
        """Give what was sold by a payment, by any id of it."""
        for each in ids:
            if raw := self._read("payment", each):
                return Payment(**json.loads(raw))
        return None

    def keep_payment(self, ids: Iterable[str], payment: Payment) -> None:
        """Remember what was sold by a payment."""
        for each in ids:
            self._write("payment", each, json.dumps(asdict(payment)))

    def invoice(self, intent: str) -> str | None:
        """Give the invoice that a payment intent paid."""
        return self._read("intent", intent)

    def keep_invoice(self, intent: str, invoice: str) -> None:
        """Remember which invoice a payment intent paid."""
        self._write("intent", intent, invoice)

    def was_refunded(self, ids: Iterable[str]) -> bool:
        """Say whether a payment was refunded before it was known what it paid for."""
        return any(self._read("refunded", each) for each in ids)

    def keep_refund(self, ids: Iterable[str]) -> None:
        """Remember a refund of something that is not known yet."""
        for each in ids:
            self._store.set(_key("refunded", each), b"1", EVENT_SECONDS)

    def _read(self, kind: str, name: str) -> str | None:
        raw = self._store.get(_key(kind, name))
        return raw.decode() if raw else None

    def _write(self, kind: str, name: str, value: str) -> None:
        self._store.set(_key(kind, name), value.encode(), LONG_SECONDS)


def _key(kind: str, name: str) -> str:
    return f"stripe:{kind}:{digest(name)}"
