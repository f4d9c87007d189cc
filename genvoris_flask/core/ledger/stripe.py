"""Carries out Stripe's sales as lots of the ledger.

An event is one transaction: its own row, the records of what Stripe has said so far, and the lots
that follow from them. Genvoris is not part of it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from ..billing.plan_catalog import PlanCatalog
from ..billing.stripe.history import HistoryRecord
from ..billing.stripe.payloads import Outcome
from ..billing.stripe.records import PaymentRecord, SubscriptionRecord
from ..billing.stripe.repository import OldPayment, StripeRepository
from ..billing.stripe.reversals import Reversal as StripeReversal
from ..billing.stripe.sales import EventKey, Work, warn_of_closed
from .accounts import LockedAccount
from .allowances import Period, Subscription, SubscriptionState
from .customer_states import tell_state
from .events import DatabaseRecords, forget, lock_records, receive
from .grants import Grant, give
from .lots import Reversal
from .reversal_records import set_reversal
from .service import Ledger
from .subscriptions import follow, move, read_subscription

log: logging.Logger = logging.getLogger("genvoris_flask.billing")

STRIPE = "stripe"


@dataclass(frozen=True)
class Singles:
    """The single try-ons that a shop sells by Stripe.

    Attributes:
        packs: How many try-ons each price of Stripe's brings.
        time: How long they last.
    """

    packs: Mapping[str, int] = field(default_factory=dict)
    time: timedelta = timedelta(hours=24)


class LotSales:
    """Turns what Stripe sells into lots; implements ``Sales``.

    Args:
        ledger: The shoppers' try-ons.
        catalog: Returns the plans that are sold.
        singles: The single try-ons that are sold.
        former: The records from when the shop had no ledger.
    """

    is_exact = True
    is_transaction = True

    def __init__(
        self,
        ledger: Ledger,
        catalog: Callable[[], PlanCatalog],
        singles: Singles = Singles(),
        former: StripeRepository | None = None,
    ) -> None:
        self._ledger = ledger
        self._former = former
        self.catalog = catalog
        self._singles = singles
        self.packs: Mapping[str, int] = singles.packs

    def once(self, event: EventKey, work: Work) -> Outcome:
        """Do the work of an event in one transaction, unless that was done before."""

        def transaction(connection: Connection) -> Outcome:
            lock_records(connection, self._ledger.now())
            body, now = {"about": event.about}, self._ledger.now()
            if receive(connection, f"stripe:{event.id}", body, None, now).repeated:
                return "repeated"
            outcome = work(self.settling(connection, event.id))
            if outcome != "applied":
                forget(connection, f"stripe:{event.id}")
            return outcome

        return self._ledger.database.run(transaction)

    def settling(self, connection: Connection, event_id: str) -> LotSettling:
        """Return what settles accounts in the transaction of an event."""
        records = DatabaseRecords(connection, self._ledger.now())
        repository = StripeRepository(records, self._former)
        time = self._singles.time
        return LotSettling(connection, self._ledger, event_id, time, repository)

    def end_grace(self, external_id: str | None = None) -> int:  # noqa: ARG002
        """Do nothing: a lot that was paid for ends by itself, and nothing unpaid follows."""
        return 0

    def take_back_old(self, old: OldPayment, charge: str) -> None:
        """Do nothing: version 0.1 had no ledger."""


class LotSettling:
    """Brings shoppers' lots to what they have bought; implements ``Settling``.

    Args:
        connection: The transaction of the event.
        ledger: The shoppers' try-ons.
        event_id: Stripe's id of the event.
        single_time: How long single try-ons last.
        repository: The records, in the same transaction.

    Attributes:
        repository: The records, in the same transaction.
        now: The current time.
    """

    def __init__(
        self,
        connection: Connection,
        ledger: Ledger,
        event_id: str,
        single_time: timedelta,
        repository: StripeRepository,
    ) -> None:
        self._connection = connection
        self._ledger = ledger
        self._event_id = event_id
        self._single_time = single_time
        self.repository = repository
        self.now: datetime = ledger.now()

    def settle(self, external_id: str, name: str, catalog: PlanCatalog) -> bool:
        """Make a shopper's lots what follows from a subscription or a single payment."""
        repository = self.repository
        stored = repository.account(external_id)
        if repository.is_closed(stored, name):
            warn_of_closed(repository.subscription(name), name)
            repository.forget_owner(name, external_id)
            return False
        payment = repository.payment(name)
        repository.save_account(
            external_id, stored.with_purchase(name, is_payment=payment is not None)
        )
        if customer := repository.customer_of(name):
            repository.link(customer, external_id)
        if payment is not None:
            return self._settle_payment(external_id, name, payment)
        known = repository.subscription(name)
        if known.external_id != external_id:
            return False  # it has moved to another shopper, with its lots
        return self._settle_subscription(external_id, name, known, catalog)

    def _settle_subscription(
        self, external_id: str, name: str, known: SubscriptionRecord, catalog: PlanCatalog
    ) -> bool:
        move(self._connection, STRIPE, name, external_id, self._ledger.now())
        self._note_plans(name, known, catalog)
        history = self.repository.history(name)
        account = self._ledger.lock(self._connection, external_id)  # before reversals, as elsewhere
        for invoice, period in history.invoices.items():
            self._save_reversal(invoice, period.paid, period.currency)
        before = account.lots
        stored = read_subscription(self._connection, STRIPE, name)
        subscription = what_is_sold(name, known, history)
        if stored:  # what the shop's own calls said stays
            subscription = replace(subscription, shop_state=stored.shop_state)
        follow(account, subscription, self._ledger.policy, self._event(account))
        tell_state(account)
        return account.lots != before

    def _settle_payment(self, external_id: str, name: str, payment: PaymentRecord) -> bool:
        if not payment.units:
            return False
        account = self._ledger.lock(self._connection, external_id)
        self._save_reversal(name, payment.paid, payment.currency)
        before = account.lots
        sold_at = datetime.fromtimestamp(payment.sold_at, UTC)
        grant = Grant(
            kind="single",
            source=STRIPE,
            source_id=name,
            units=payment.units,
            paid=payment.paid,
            currency=payment.currency,
            starts_at=sold_at,
            expires_at=sold_at + self._single_time if payment.is_single else None,
        )
        give(account, grant, self._event(account))
        tell_state(account)
        return account.lots != before

    def _note_plans(self, name: str, known: SubscriptionRecord, catalog: PlanCatalog) -> None:
        """Note which plan a price stands for, so that it keeps it when the plan's price changes."""
        plans = {
            price: plan.id for price in known.prices if (plan := catalog.plan(price, known.plans))
        }
        if plans.items() <= known.plans.items():
            return
        self.repository.merge_subscription(
            name, lambda record: replace(record, plans={**record.plans, **plans})
        )

    def _save_reversal(self, sale: str, paid: int, currency: str | None) -> None:
        reversal = lot_reversal(self.repository.reversal(sale), paid, currency)
        set_reversal(self._connection, STRIPE, sale, reversal)

    def _event(self, account: LockedAccount) -> str:
        return account.statement(f"stripe:{self._event_id}")


def what_is_sold(name: str, known: SubscriptionRecord, history: HistoryRecord) -> Subscription:
    """Return what the records say of a subscription."""
    states: dict[str, SubscriptionState] = {"paused": "paused", "ended": "ended"}
    return Subscription(
        source=STRIPE,
        id=name,
        buyer=known.customer or name,
        since=known.created or known.began_at,
        state=states.get(known.state, "active"),
        changes=tuple((at, units) for at, _, units in history.statements),
        periods=tuple(_periods(history)),
    )


def lot_reversal(known: StripeReversal, paid: int, currency: str | None) -> Reversal:
    """Return the reversal of a sale, as a part of what was paid for it."""
    shares = known.shares.values()
    refunded = sum(each[0] for each in shares)
    # An invoice may be paid in several parts. Of another currency, only the ratio counts.
    of_charges = sum(each[1] for each in shares)
    is_same = all(each[2] == currency for each in shares)
    whole = max(of_charges, paid) if is_same else of_charges
    return Reversal(refunded=refunded, paid=whole or None, dispute=known.dispute)


def _periods(history: HistoryRecord) -> Iterator[Period]:
    """Yield the periods of a history; the invoices of a trial are for the trial."""
    by_start: dict[int, Period] = {}
    start, end = history.trial or (0, 0)
    if history.trial and (units := _units_at(history, start)):
        by_start[start] = Period(str(start), start, end, units)
    for invoice, period in history.invoices.items():
        is_trial = start <= period.since and period.until <= end
        found = by_start.get(start if is_trial else period.since)
        made = Period(
            id=str(start if is_trial and found else period.since),
            starts_at=start if is_trial and found else period.since,
            ends_at=end if is_trial and found else period.until,
            units=period.units,
            payment=invoice,
            paid=period.paid,
            currency=period.currency,
        )
        if found is None or made.ends_at >= found.ends_at:
            by_start[int(made.starts_at)] = made
    yield from by_start.values()


def _units_at(history: HistoryRecord, start: int) -> int:
    """Return what was sold when a trial began."""
    before = [units for at, _, units in history.statements if at <= start]
    later = [units for _, _, units in history.statements]
    return (before[-1:] or later[:1] or [0])[0]
