"""Keeps the records of what Stripe's events said, in the shared store."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from ...storage.interface import Store, digest
from .records import Account, Bought, Subscribed
from .reversals import Reversal

EVENT_SECONDS = 35 * 24 * 3600.0  # Stripe lets people send an event again for 30 days
# Longer than a yearly subscription is silent.
LONG_SECONDS = 400 * 24 * 3600.0
LOCK_WAIT = 15.0
LOCK_HOLD = 180.0  # longer than all that one event asks of Genvoris


@dataclass(frozen=True)
class OldPayment:
    """What version 0.1 remembered of a payment: to whom, and the id of the sale."""

    external_id: str
    sale_id: str


class StripeMemory:
    """Records by Stripe's ids. Those that several events change at once are merged.

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
        """Return the shop's id of a Stripe customer."""
        return self._read("customer", customer)

    def link(self, customer: str, external_id: str) -> None:
        """Remember whose Stripe customer this is."""
        self._write("customer", customer, external_id)

    def unlink(self, customer: str) -> None:
        """Forget whose Stripe customer this is."""
        self._store.delete(_key("customer", customer))

    def subscription(self, name: str) -> Subscribed:
        """Return what is known of a subscription."""
        raw = self._read("subscription", name)
        return Subscribed.load(json.loads(raw)) if raw else Subscribed()

    def merge_subscription(
        self, name: str, merge: Callable[[Subscribed], Subscribed]
    ) -> tuple[Subscribed, Subscribed]:
        """Merge something into what is known of a subscription; return it before and after."""
        before = after = Subscribed()

        def change(record: dict[str, Any] | None) -> dict[str, Any]:
            nonlocal before, after
            before = Subscribed.load(record) if record else Subscribed()
            after = merge(before)
            return after.dump()

        # One that never sold a plan is remembered for as long as its events may come late.
        self._merge(
            _key("subscription", name),
            change,
            lambda record: LONG_SECONDS if record["plans"] else EVENT_SECONDS,
        )
        return before, after

    def purchase(self, session: str) -> Bought | None:
        """Return what is known of a single payment."""
        raw = self._read("purchase", session)
        return Bought.load(json.loads(raw)) if raw else None

    def keep_purchase(self, session: str, bought: Bought) -> None:
        """Remember a single payment."""
        self._write("purchase", session, json.dumps(bought.dump()))

    def lock(self, external_id: str) -> AbstractContextManager[None]:
        """Change a shopper's account alone.

        Raises:
            LockTimeoutError: Somebody else changed it all the time.
        """
        return self._store.lock(f"stripe-account:{external_id}", wait=LOCK_WAIT, hold=LOCK_HOLD)

    def account(self, external_id: str) -> Account:
        """Return what a shopper has bought, and what Genvoris was told of it."""
        raw = self._read("account", external_id)
        if raw:
            return Account.load(json.loads(raw))
        # Version 0.1 knew the subscription that the plan came from.
        current = self._read("current", external_id)
        return Account((current,), is_sure=False) if current else Account()

    def keep_account(self, external_id: str, account: Account) -> None:
        """Remember a shopper's account; its lock must be held."""
        self._write("account", external_id, json.dumps(account.dump()))

    def reversal(self, name: str) -> Reversal:
        """Return what was taken back of a payment, by any id of it."""
        raw = self._read("reversal", name)
        if raw:
            return Reversal.load(json.loads(raw))
        # Version 0.1 noted refunds of what it did not know yet.
        return Reversal(is_refunded=self._read("refunded", name) is not None)

    def reverse(self, name: str, reversal: Reversal, seconds: float = LONG_SECONDS) -> bool:
        """Remember that something was taken back of a payment.

        Returns:
            Whether that was news.
        """
        is_news = True

        def change(record: dict[str, Any] | None) -> dict[str, Any]:
            nonlocal is_news
            known = Reversal.load(record) if record else Reversal()
            after = known.and_also(reversal)
            is_news = after != known
            return after.dump()

        self._merge(_key("reversal", name), change, lambda _record: seconds)
        return is_news

    def paid_by(self, payment: str) -> str | None:
        """Return what a payment paid: an invoice or a Checkout Session."""
        return self._read("intent", payment)

    def keep_paid_by(self, payment: str, paid: str) -> None:
        """Remember what a payment paid."""
        self._write("intent", payment, paid)

    def subscription_of(self, invoice: str) -> str | None:
        """Return the subscription that an invoice was for."""
        return self._read("invoice", invoice)

    def keep_invoice(self, invoice: str, subscription: str) -> None:
        """Remember which subscription an invoice was for."""
        self._write("invoice", invoice, subscription)

    def old_payment(self, name: str) -> OldPayment | None:
        """Return what version 0.1 remembered of a payment."""
        raw = self._read("payment", name)
        return OldPayment(**json.loads(raw)) if raw else None

    def _merge(
        self,
        key: str,
        change: Callable[[dict[str, Any] | None], dict[str, Any]],
        seconds: Callable[[dict[str, Any]], float],
    ) -> None:
        """Change a record, again whenever somebody else has changed it meanwhile."""
        is_kept = False
        while not is_kept:
            raw = self._store.get(key)
            record = change(json.loads(raw) if raw else None)
            value = json.dumps(record).encode()
            if raw is None:
                is_kept = self._store.add(key, value, seconds(record))
            else:
                is_kept = self._store.replace(key, value, seconds(record), expected=raw)

    def _read(self, kind: str, name: str) -> str | None:
        raw = self._store.get(_key(kind, name))
        return raw.decode() if raw else None

    def _write(self, kind: str, name: str, value: str) -> None:
        self._store.set(_key(kind, name), value.encode(), LONG_SECONDS)


def _key(kind: str, name: str) -> str:
    return f"stripe:{kind}:{digest(name)}"
