"""Moves what shoppers have bought by Stripe from the records of plans to those of the ledger.

Records of plans name the newest period that was paid for, and no numbers of try-ons. So a running
period is made of what Genvoris says of it, in such a way that the next invoice goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from ..billing.plan_catalog import PlanCatalog
from ..billing.stripe.history import HistoryRecord, PaidPeriod
from ..billing.stripe.records import AccountRecord, PaymentRecord, SubscriptionRecord
from ..billing.stripe.repository import StripeRepository
from ..billing.stripe.reversals import Reversal
from .moving import Bought
from .plan_move import LedgerMove, PlanBalance
from .service import Ledger
from .stripe import STRIPE, LotSales, LotSettling

# Stands for an invoice that no record names.
UNKNOWN_INVOICE = "plan"


@dataclass(frozen=True)
class Purchases:
    """What a shopper has bought by Stripe, as the records of plans have it.

    Attributes:
        account: Which purchases there are, and which of them gives the plan.
        subscriptions: The subscriptions by Stripe's id.
        payment: The single payment that gives the plan, if it is one.
        reversals: What was refunded or disputed, by the invoice or Checkout Session.
    """

    account: AccountRecord
    subscriptions: dict[str, SubscriptionRecord]
    payment: PaymentRecord | None
    reversals: dict[str, Reversal]

    @classmethod
    def read(cls, former: StripeRepository, external_id: str) -> Purchases:
        """Read the records of a shopper."""
        account = former.account(external_id)
        subscriptions = {name: former.subscription(name) for name in account.subscriptions}
        is_payment = account.source in account.payments
        paid = [each.invoice for each in subscriptions.values() if each.invoice]
        return cls(
            account=account,
            subscriptions=subscriptions,
            payment=former.payment(str(account.source)) if is_payment else None,
            reversals={name: former.reversal(name) for name in (*paid, *account.payments)},
        )

    def gives(self, plan: PlanBalance) -> bool:
        """Return whether one of the purchases gives a plan at Genvoris."""
        return self.account.source is not None and self.account.plan_id == plan.plan_id


class StripeMove:
    """Moves shoppers together with what they have bought by Stripe; implements ``MoveTarget``.

    Args:
        ledger: Where shoppers are moved to.
        sales: Turns purchases into lots.
        former: The records of plans.
        catalog: Returns the plans at Genvoris.
    """

    def __init__(
        self,
        ledger: Ledger,
        sales: LotSales,
        former: StripeRepository,
        catalog: Callable[[], PlanCatalog],
    ) -> None:
        self._ledger = ledger
        self._sales = sales
        self._former = former
        self._catalog = catalog

    def move_in(self, plan: PlanBalance, *, dry_run: bool = False) -> LedgerMove:
        """Put what is left of a plan into the ledger, once; with ``dry_run``, only say how."""
        purchases = Purchases.read(self._former, plan.external_id)
        if not purchases.subscriptions and purchases.payment is None:
            return self._ledger.move_in(plan, dry_run=dry_run)
        sold, names = self._sales.catalog(), self._names_of_plans()

        def buy(connection: Connection) -> Bought:
            settling = self._sales.settling(connection, f"move:{plan.customer_id}")
            return _Transfer(settling, purchases, plan, sold, names).run()

        return self._ledger.move_in(plan, buy, dry_run=dry_run)

    def _names_of_plans(self) -> dict[str, str]:
        """Return the names of plans by Genvoris's ids; a ledger knows declared plans by name."""
        return {plan.id: plan.name for plan in self._catalog().plans}


@dataclass(frozen=True)
class _Transfer:
    """Writes a shopper's purchases into the ledger's records, and makes lots of them."""

    settling: LotSettling
    purchases: Purchases
    plan: PlanBalance
    sold: PlanCatalog
    names: dict[str, str]

    def run(self) -> Bought:
        """Return which purchase gives the plan at Genvoris."""
        repository, account = self.settling.repository, self.purchases.account
        for name, reversal in self.purchases.reversals.items():
            repository.merge_reversal(name, reversal)
        is_moved = {name: self._write(name, known) for name, known in self._subscriptions()}
        payment, source = self.purchases.payment, str(account.source)
        if payment and repository.payment(source) is None:
            repository.save_payment(source, replace(payment, units=self.plan.units))
            is_moved[source] = True
        for name in is_moved:
            self.settling.settle(self.plan.external_id, name, self.sold)
        gives = self.purchases.gives(self.plan)
        carries = is_moved.get(source, False) and (gives or self.plan.kind == "gift")
        return Bought(STRIPE, source if carries else None, gives_plan=gives)

    def _subscriptions(self) -> list[tuple[str, SubscriptionRecord]]:
        found = self.purchases.subscriptions.items()
        return [(name, known) for name, known in found if known.has_started]

    def _write(self, name: str, known: SubscriptionRecord) -> bool:
        """Store a subscription, unless the ledger has heard of a newer period; return if so."""
        repository = self.settling.repository
        plans = {price: self._known_as(plan) for price, plan in known.plans.items()}
        moved = replace(known, plans=plans)
        repository.merge_subscription(name, lambda record: record if record.has_started else moved)
        if repository.history(name).invoices:
            return False
        if period := self._period(name, moved):
            history = HistoryRecord(invoices={known.invoice or UNKNOWN_INVOICE: period})
            repository.save_history(name, history)
        return True

    def _period(self, name: str, known: SubscriptionRecord) -> PaidPeriod | None:
        """Return the running period of a subscription; None if nothing more was paid for."""
        now, paid_until = self.settling.now.timestamp(), known.paid_until
        started, ends = int(self.plan.starts_at.timestamp()), int(self.plan.ends_at.timestamp())
        is_source = name == self.purchases.account.source
        units = self._units(known)
        if is_source and self.purchases.gives(self.plan):
            units = max(self.plan.units, self.plan.used)
        if known.state == "ended" or not units:
            return None
        if paid_until > now:
            return PaidPeriod(started, paid_until, units)
        if known.is_overdue or not is_source:
            return None
        # Its next invoice is on the way, and Genvoris may have begun the period that it pays for.
        begin = paid_until if 0 < paid_until <= started else known.created or started
        return PaidPeriod(min(begin, ends - 1), ends, units)

    def _units(self, known: SubscriptionRecord) -> int:
        price = self.sold.sold_price(known.prices, known.plans)
        found = self.sold.plan(price, known.plans) if price else None
        return (found.monthly_try_ons or 0) if found else 0

    def _known_as(self, plan_id: str) -> str:
        if self.sold.by_id(plan_id):
            return plan_id
        name = self.names.get(plan_id, plan_id)
        return name if self.sold.by_id(name) else plan_id
