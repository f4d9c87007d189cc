"""Opens what Stripe's events are applied to, for a shop that has Stripe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from flask import Flask

from ..core.billing.plan_catalog import PlanService
from ..core.billing.stripe.events import StripeEvents
from ..core.billing.stripe.lookup import open_lookup
from ..core.billing.stripe.repository import StripeRepository
from ..core.billing.stripe.sales import Sales
from ..core.storage.interface import Store
from ..settings import Settings
from .billing import AppBilling
from .hooks import Hooks
from .state import get_state

if TYPE_CHECKING:  # imports SQLAlchemy, an extra
    from ..core.ledger.service import Ledger


class CurrentStripe:
    """Applies Stripe's events by the settings that the shop has at the time.

    Args:
        app: The shop.
        hooks: The shop's own functions.
        open_sales_of: Returns the sales of a shop with some settings.
    """

    def __init__(
        self,
        app: Flask,
        hooks: Hooks,
        open_sales_of: Callable[[Settings], Sales],
    ) -> None:
        self._app = app
        self._hooks = hooks
        self._open_sales_of = open_sales_of
        self._opened: tuple[Settings, StripeEvents] | None = None

    def apply(self, event: Mapping[str, Any]) -> str:
        """Apply an event; see ``StripeEvents.apply``."""
        return self._current().apply(event)

    def end_grace(self, external_id: str | None) -> int:
        """Pause those whose payment is overdue for too long; see ``Sales.end_grace``."""
        return self._current().end_grace(external_id)

    def _current(self) -> StripeEvents:
        settings = get_state(self._app).settings
        if self._opened is None or self._opened[0] is not settings:
            sales = self._open_sales_of(settings)
            self._opened = settings, open_stripe(settings, self._hooks, sales)
        return self._opened[1]


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
