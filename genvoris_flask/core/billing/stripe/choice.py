"""Decides which of a shopper's purchases by Stripe gives them their plan.

The choice depends on the current state of the purchases alone: in whatever order events come, the
same purchases lead to the same plan.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from ...api.models import Customer, Plan
from ...sessions import Shopper
from ..plan_catalog import PlanCatalog
from ..service import Billing
from .records import AccountRecord, PaymentRecord, SubscriptionRecord
from .repository import StripeRepository

# The ids of sales made by Stripe start with this.
STRIPE = "stripe:"

PurchaseState = Literal["active", "on_hold", "ended", "lost"]


@dataclass(frozen=True)
class PlanContext:
    """What the choice of a plan depends on.

    Attributes:
        billing: Changes shoppers' accounts at Genvoris.
        repository: Stores what events said.
        default_plan: GENVORIS_DEFAULT_PLAN, which the end of a subscription leads back to.
        grace_days: GENVORIS_GRACE_DAYS, after which an overdue subscription is on hold.
        clock: Returns the time in Unix seconds.
    """

    billing: Billing
    repository: StripeRepository
    default_plan: str | None
    grace_days: int
    clock: Callable[[], float]

    def grace_end(self, known: SubscriptionRecord) -> float | None:
        """Return when an overdue subscription's days of grace end; None if it is not overdue."""
        if not known.is_overdue or known.state == "ended" or known.paid_until <= 0:
            return None
        return known.paid_until + self.grace_days * 24 * 3600

    def is_overdue(self, known: SubscriptionRecord) -> bool:
        """Return whether a subscription's payment is overdue for longer than the days of grace."""
        ends = self.grace_end(known)
        return ends is not None and self.clock() >= ends

    def customer(self, external_id: str) -> Customer | None:
        """Return a shopper's customer at Genvoris, or None."""
        return self.billing.accounts.find(Shopper(external_id))


@dataclass(frozen=True)
class Purchase:
    """A subscription or a single payment.

    Attributes:
        name: Stripe's id of the subscription or the Checkout Session.
        buyer: The Stripe customer; for a guest, the purchase's own id.
        is_subscription: Whether it continues until it is ended.
        state: ``active``; ``on_hold`` while it is paused or its payment is disputed; ``ended`` when
            it has ended or no longer sells a plan; ``lost`` when its payment was reversed.
        age: When it was created, and when it was first active, in Unix seconds.
        sold_at: When it last sold something, in Unix seconds.
        price: The price of its plan; None if none of its prices has one.
        plan: The plan; None if Genvoris does not have it.
        is_due: Whether it was paid for and has not filled the quota for that yet.
        sale_id: The event id for filling the quota.
        paid_until: For subscriptions, the end of the period that was paid for.
    """

    name: str
    buyer: str
    is_subscription: bool
    state: PurchaseState
    age: tuple[int, int]
    sold_at: int
    price: str | None
    plan: Plan | None
    is_due: bool
    sale_id: str
    paid_until: int = 0

    @property
    def size(self) -> int:
        """The number of try-ons per month."""
        return (self.plan.monthly_try_ons or 0) if self.plan else 0


def choose(purchases: Iterable[Purchase]) -> Purchase | None:
    """Return the purchase that gives the plan: an active one, or else one that is on hold.

    Of one buyer's purchases the newest subscription counts, or a single payment that was made
    after any subscription last sold something. Of several buyers' purchases the largest plan
    counts, so that no purchase reduces what someone else has paid for.
    """
    by_buyer: dict[str, list[Purchase]] = defaultdict(list)
    for each in purchases:
        by_buyer[each.buyer].append(each)
    for state in ("active", "on_hold"):
        found = [best for each in by_buyer.values() if (best := _of_one_buyer(each, state))]
        if found:
            return max(found, key=lambda each: (each.size, -each.sold_at, each.name))
    return None


def purchases_of(
    context: PlanContext, external_id: str, account: AccountRecord, catalog: PlanCatalog
) -> Iterator[Purchase]:
    """Yield a shopper's single payments, and those subscriptions that were ever active."""
    for name in account.subscriptions:
        known = context.repository.subscription(name)
        price = catalog.sold_price(known.prices, known.plans)
        if known.is_of(external_id) and known.has_started and known.has_sold:
            plan = _plan(context, external_id, catalog, price, known.plans)
            yield _subscription(context, name, known, price, plan)
    for name in account.payments:
        payment = context.repository.payment(name)
        if payment and payment.external_id == external_id:
            yield _payment(context, name, payment, catalog)


def _of_one_buyer(purchases: list[Purchase], state: str) -> Purchase | None:
    found = [each for each in purchases if each.state == state]
    subscriptions = [each for each in found if each.is_subscription]
    newest = max(subscriptions, key=lambda each: (each.age, each.name), default=None)
    # A sale by a subscription ends the single payments before it, for good.
    sales = [each.sold_at for each in purchases if each.is_subscription and each.state != "lost"]
    last_sale = max(sales, default=-1)
    payments = [each for each in found if not each.is_subscription and each.sold_at > last_sale]
    payment = max(payments, key=lambda each: (each.sold_at, each.name), default=None)
    return payment or newest


def _subscription(
    context: PlanContext,
    name: str,
    known: SubscriptionRecord,
    price: str | None,
    plan: Plan | None,
) -> Purchase:
    reversal = context.repository.reversal(known.invoice or name)
    state: PurchaseState = "active"
    if known.state == "ended" or price is None:
        state = "ended"
    elif reversal.is_lost:
        state = "lost"
    elif reversal.is_disputed or known.state == "paused" or context.is_overdue(known):
        state = "on_hold"
    return Purchase(
        name=name,
        buyer=known.customer or name,
        is_subscription=True,
        state=state,
        age=(known.created or known.began_at, known.began_at),
        sold_at=max(known.began_at, known.paid_at, known.repriced_at),
        price=price,
        plan=plan,
        is_due=known.is_due,
        sale_id=f"{STRIPE}{name}:start"
        if known.filled_until is None
        else f"{STRIPE}{known.invoice}",
        paid_until=known.paid_until,
    )


def _payment(
    context: PlanContext, name: str, payment: PaymentRecord, catalog: PlanCatalog
) -> Purchase:
    reversal = context.repository.reversal(name)
    state: PurchaseState = "active"
    if reversal.is_lost:
        state = "lost"
    elif reversal.is_disputed:
        state = "on_hold"
    former = {payment.price: payment.plan_id} if payment.plan_id else {}
    return Purchase(
        name=name,
        buyer=payment.customer or name,
        is_subscription=False,
        state=state,
        age=(payment.sold_at, payment.sold_at),
        sold_at=payment.sold_at,
        price=payment.price,
        plan=catalog.plan(payment.price, former),
        is_due=payment.plan_id is None,
        sale_id=f"{STRIPE}{name}",
    )


def _plan(
    context: PlanContext,
    external_id: str,
    catalog: PlanCatalog,
    price: str | None,
    former: Mapping[str, str],
) -> Plan | None:
    if price and former.get(price) == "":  # version 0.1 did not record which plan it was
        customer = context.customer(external_id)
        former = {price: customer.plan_id or ""} if customer else {}
    return catalog.plan(price, former) if price else None
