"""Stores the records of Stripe's events, in the shared store."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from typing import Any

from ....errors import StoreUnavailableError
from ...storage.interface import RecordStore, digest
from .history import HistoryRecord
from .records import AccountRecord, ClosureRecord, PaymentRecord, SubscriptionRecord
from .reversals import Reversal

EVENT_SECONDS = 35 * 24 * 3600.0  # Stripe allows manual redeliveries for 30 days
# A yearly subscription may cause no events for almost a year.
LONG_SECONDS = 400 * 24 * 3600.0
_OVERDUE = "stripe:overdue"
LOCK_WAIT = 15.0
LOCK_HOLD = 180.0  # longer than all requests of one event to Genvoris and Stripe


@dataclass(frozen=True)
class OldPayment:
    """A payment as version 0.1 recorded it: its owner, and the id of the sale."""

    external_id: str
    sale_id: str


class StripeRepository:
    """Records by Stripe's ids. Those that several events change at once are merged.

    Args:
        store: Holds the records.
        former: Where to look for links between Stripe's ids that are not there, such as the invoice
            that a payment paid. If it is unavailable, they are unknown.
    """

    def __init__(self, store: RecordStore, former: StripeRepository | None = None) -> None:
        self._store = store
        self._former = former

    def is_done(self, event_id: str) -> bool:
        """Return whether an event was handled."""
        return self._store.get(_key("event", event_id)) is not None

    def set_done(self, event_id: str) -> None:
        """Record that an event was handled."""
        self._store.set(_key("event", event_id), b"done", EVENT_SECONDS)

    def shopper(self, customer: str) -> str | None:
        """Return the shop's id of a Stripe customer."""
        return self._read("customer", customer) or self._ask_former("shopper", customer)

    def link(self, customer: str, external_id: str) -> None:
        """Store the shop's id of a Stripe customer."""
        self._write("customer", customer, external_id)

    def link_buyer(self, customer: str, external_id: str) -> None:
        """Store the shop's id of a Stripe customer who may have bought something else.

        The account has the customer as well, since no purchase leads from it to the link.

        Raises:
            LockTimeoutError: The shopper's account is being changed all the time.
        """
        with self.lock(external_id):
            account = self.account(external_id)
            if customer not in account.customers:
                customers = (*account.customers, customer)
                self.save_account(external_id, replace(account, customers=customers))
            self.link(customer, external_id)

    def subscription(self, name: str) -> SubscriptionRecord:
        """Return what is known of a subscription."""
        raw = self._read("subscription", name)
        return SubscriptionRecord.load(json.loads(raw)) if raw else SubscriptionRecord()

    def merge_subscription(
        self, name: str, merge: Callable[[SubscriptionRecord], SubscriptionRecord]
    ) -> tuple[SubscriptionRecord, SubscriptionRecord]:
        """Merge something into the record of a subscription; return it before and after."""
        before = after = SubscriptionRecord()

        def change(record: dict[str, Any] | None) -> dict[str, Any]:
            nonlocal before, after
            before = SubscriptionRecord.load(record) if record else SubscriptionRecord()
            after = merge(before)
            return after.dump()

        # Subscriptions that never sold a plan are kept only while their events may come late.
        self._merge(
            _key("subscription", name),
            change,
            lambda record: LONG_SECONDS if record["plans"] else EVENT_SECONDS,
        )
        return before, after

    def history(self, name: str) -> HistoryRecord:
        """Return what a subscription has sold."""
        raw = self._read("history", name)
        return HistoryRecord.load(json.loads(raw)) if raw else HistoryRecord()

    def save_history(self, name: str, history: HistoryRecord) -> None:
        """Store what a subscription has sold. The caller must hold a lock."""
        self._write("history", name, json.dumps(history.dump()))

    def overdue(self) -> dict[str, tuple[str, float]]:
        """Return the overdue subscriptions: whose each is, and when its days of grace end."""
        raw = self._store.get(_OVERDUE)
        return {name: (owner, ends) for name, (owner, ends) in json.loads(raw or b"{}").items()}

    def note_overdue(self, name: str, external_id: str, ends: float | None) -> None:
        """Store when a subscription's days of grace end; None if it is not in them."""
        if ends is None and name not in self.overdue():
            return

        def change(record: dict[str, Any] | None) -> dict[str, Any]:
            others = {each: kept for each, kept in (record or {}).items() if each != name}
            return others if ends is None else {**others, name: (external_id, ends)}

        self._merge(_OVERDUE, change, lambda _record: LONG_SECONDS)

    def payment(self, session: str) -> PaymentRecord | None:
        """Return what is known of a single payment, by its Checkout Session."""
        raw = self._read("purchase", session)
        return PaymentRecord.load(json.loads(raw)) if raw else None

    def save_payment(self, session: str, payment: PaymentRecord) -> None:
        """Store a single payment."""
        self._write("purchase", session, json.dumps(payment.dump()))

    def customer_of(self, name: str) -> str | None:
        """Return the Stripe customer of a subscription or a single payment."""
        return (self.payment(name) or self.subscription(name)).customer

    def lock(self, external_id: str) -> AbstractContextManager[None]:
        """Hold the lock of a shopper's account.

        Raises:
            LockTimeoutError: Someone else held it all the time.
        """
        return self._store.lock(f"stripe-account:{external_id}", wait=LOCK_WAIT, hold=LOCK_HOLD)

    def account(self, external_id: str) -> AccountRecord:
        """Return a shopper's purchases, and what was reported to Genvoris."""
        raw = self._read("account", external_id)
        if raw:
            return AccountRecord.load(json.loads(raw))
        # Version 0.1 recorded the subscription that the plan came from.
        current = self._read("current", external_id)
        return AccountRecord((current,), is_sure=False) if current else AccountRecord()

    def save_account(self, external_id: str, account: AccountRecord) -> None:
        """Store a shopper's account. The caller must hold its lock."""
        self._write("account", external_id, json.dumps(account.dump()))

    def close_account(self, external_id: str, now: float) -> None:
        """Keep earlier purchases from giving a plan to the next owner of the shop's id.

        Args:
            external_id: The shop's id of the shopper.
            now: The time, in Unix seconds.

        Raises:
            StoreUnavailableError: The store does not answer.
            LockTimeoutError: An event of the shopper is being handled.
        """
        with self.lock(external_id):
            account = self.account(external_id)
            purchases = (*account.subscriptions, *account.payments)
            customers = list(account.customers)
            customers += [found for name in purchases if (found := self.customer_of(name))]
            before = account.closed
            closed = ClosureRecord(
                at=now,
                purchases=tuple(dict.fromkeys((*before.purchases, *purchases))),
                customers=tuple(dict.fromkeys((*before.customers, *customers))),
            )
            self.save_account(external_id, AccountRecord(turn=account.turn, closed=closed))
            for customer in customers:
                if self._read("customer", customer) == external_id:
                    self._store.delete(_key("customer", customer))
            for name in closed.purchases:
                self.forget_owner(name, external_id)

    def forget_owner(self, name: str, external_id: str) -> None:
        """Forget that a purchase was a shopper's, since their account was closed.

        Args:
            name: Stripe's id of the subscription or the Checkout Session.
            external_id: The shop's id of the shopper. What is another one's by now stays theirs.
        """
        if payment := self.payment(name):
            if payment.external_id == external_id:
                self.save_payment(name, replace(payment, external_id=None))
            return
        known = self.subscription(name)
        if known.external_id in (None, external_id):
            self.merge_subscription(name, lambda record: record.closed(external_id))
            self.note_overdue(name, external_id, None)

    def is_closed(self, account: AccountRecord, name: str) -> bool:
        """Return whether a purchase was made before the account was closed."""
        closed = account.closed
        if name in closed.purchases:
            return True
        payment, subscription = self.payment(name), self.subscription(name)
        began = payment.sold_at if payment else (subscription.created or subscription.began_at)
        return (payment or subscription).customer in closed.customers and began <= closed.at

    def reversal(self, name: str) -> Reversal:
        """Return the reversal of a payment, by any of its ids."""
        raw = self._read("reversal", name)
        if raw:
            return Reversal.load(json.loads(raw))
        # Version 0.1 recorded refunds of payments that it did not know yet.
        return Reversal(is_refunded=self._read("refunded", name) is not None)

    def merge_reversal(self, name: str, reversal: Reversal, seconds: float = LONG_SECONDS) -> bool:
        """Merge something into the reversal of a payment.

        Returns:
            Whether that changed it.
        """
        has_changed = True

        def change(record: dict[str, Any] | None) -> dict[str, Any]:
            nonlocal has_changed
            known = Reversal.load(record) if record else Reversal()
            after = known.merged_with(reversal)
            has_changed = after != known
            return after.dump()

        self._merge(_key("reversal", name), change, lambda _record: seconds)
        return has_changed

    def paid_by(self, payment: str) -> str | None:
        """Return the invoice or Checkout Session that a payment paid."""
        return self._read("intent", payment) or self._ask_former("paid_by", payment)

    def save_paid_by(self, payment: str, paid: str) -> None:
        """Store the invoice or Checkout Session that a payment paid."""
        self._write("intent", payment, paid)

    def subscription_of(self, invoice: str) -> str | None:
        """Return the subscription that an invoice was for."""
        return self._read("invoice", invoice) or self._ask_former("subscription_of", invoice)

    def save_invoice(self, invoice: str, subscription: str) -> None:
        """Store the subscription that an invoice was for."""
        self._write("invoice", invoice, subscription)

    def old_payment(self, name: str) -> OldPayment | None:
        """Return a payment that version 0.1 recorded."""
        raw = self._read("payment", name)
        return OldPayment(**json.loads(raw)) if raw else None

    def _merge(
        self,
        key: str,
        change: Callable[[dict[str, Any] | None], dict[str, Any]],
        seconds: Callable[[dict[str, Any]], float],
    ) -> None:
        """Change a record; start over if someone else has changed it in the meantime."""
        is_saved = False
        while not is_saved:
            raw = self._store.get(key)
            record = change(json.loads(raw) if raw else None)
            value = json.dumps(record).encode()
            if raw is None:
                is_saved = self._store.add(key, value, seconds(record))
            else:
                is_saved = self._store.replace(key, value, seconds(record), expected=raw)

    def _read(self, kind: str, name: str) -> str | None:
        raw = self._store.get(_key(kind, name))
        return raw.decode() if raw else None

    def _ask_former(self, link: str, name: str) -> str | None:
        if self._former is None:
            return None
        with suppress(StoreUnavailableError):
            found: str | None = getattr(self._former, link)(name)
            return found
        return None

    def _write(self, kind: str, name: str, value: str) -> None:
        self._store.set(_key(kind, name), value.encode(), LONG_SECONDS)


def _key(kind: str, name: str) -> str:
    return f"stripe:{kind}:{digest(name)}"
