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


def open_sales(
    settings: Settings,
    billing: AppBilling,
    ledger: Ledger | None,
    plans: PlanService,
    store: Store,
    clock: Callable[[], float],
) -> Sales:
    """Return the sales of a shop: lots of its ledger, or else plans at Genvoris.

    Args:
        settings: The settings of the shop.
        billing: Its billing calls.
        ledger: Its ledger, if it has one.
        plans: The plans that it sells.
        store: Has the records of sales whose quotas are, or were, Genvoris's.
        clock: Returns the time in Unix seconds.
    """
    if ledger is not None:
        from ..core.ledger.stripe import LotSales
        from .ledger import singles_of

        # A store of this process alone has no records of former plans.
        former = StripeRepository(store) if settings.store_url else None
        return LotSales(ledger, plans.sold, singles_of(settings), former)
    from ..core.billing.stripe.plan_sales import PlanSales

    default, grace = settings.default_plan, settings.grace_days
    return PlanSales(billing, store, default, grace_days=grace, clock=clock)
