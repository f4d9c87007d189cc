"""Opens what Stripe's events are applied to, for a shop that has Stripe."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..core.billing.plan_catalog import PlanService
from ..core.billing.stripe.events import StripeEvents
from ..core.billing.stripe.lookup import open_lookup
from ..core.billing.stripe.repository import StripeRepository
from ..core.billing.stripe.sales import Sales
from ..core.storage.interface import Store
from ..settings import Settings
from .billing import AppBilling
from .hooks import Hooks

if TYPE_CHECKING:  # imports SQLAlchemy, an extra
    from ..core.ledger.service import Ledger


def open_stripe(settings: Settings, hooks: Hooks, sales: Sales) -> StripeEvents:
    """Return what takes Stripe's events."""
    return StripeEvents(
        sales,
        lambda customer: hooks.stripe_shopper(customer) if hooks.stripe_shopper else None,
        open_lookup(settings.stripe_api_key),
        metadata_only=settings.stripe_metadata_only,
    )


def open_lot_sales(
    settings: Settings, ledger: Ledger, plans: PlanService, store: Store | None
) -> Sales:
    """Return the sales of a shop with a ledger.

    Args:
        settings: The settings of the shop.
        ledger: The shop's ledger.
        plans: The plans that it sells.
        store: Has the records of a shop whose quotas were Genvoris's before; None if nothing has.
    """
    from ..core.ledger.stripe import LotSales
    from .ledger import singles_of

    former = None if store is None else StripeRepository(store)
    return LotSales(ledger, plans.sold, singles_of(settings), former)


def open_plan_sales(
    settings: Settings, billing: AppBilling, store: Store, clock: Callable[[], float]
) -> Sales:
    """Return the sales of a shop whose quotas are Genvoris's."""
    from ..core.billing.stripe.plan_sales import PlanSales

    return PlanSales(
        billing,
        store,
        settings.default_plan,
        grace_days=settings.grace_days,
        clock=clock,
    )
