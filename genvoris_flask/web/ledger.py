"""Opens the ledger of an app."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Unpack

from flask import Flask

from ..core.billing.accounts import BillingParts
from ..core.billing.stripe.repository import StripeRepository
from ..core.ledger.allowances import Policy
from ..core.ledger.billing import LedgerBilling, Terms
from ..core.ledger.consents import ConsentRecords
from ..core.ledger.database import Database
from ..core.ledger.figures import FigureTable
from ..core.ledger.free import FreeAllowance
from ..core.ledger.plan_move import PlanMove
from ..core.ledger.service import Ledger
from ..core.ledger.stripe import LotSales, Singles
from ..core.ledger.stripe_move import StripeMove
from ..settings import Settings
from .billing import AppBilling, RequestCalls
from .state import AppState


class AppLedgerBilling(AppBilling, LedgerBilling):
    """The billing calls of an app with a ledger, and its view for Stripe's events.

    Args:
        web: As for ``AppBilling``.
        ledger: As for ``LedgerBilling``, as is the rest.
    """

    def __init__(
        self,
        *,
        web: RequestCalls,
        ledger: Ledger,
        terms: Terms,
        **parts: Unpack[BillingParts],
    ) -> None:
        LedgerBilling.__init__(self, ledger=ledger, terms=terms, **parts)
        self._web = web


def terms_of(settings: Settings) -> Terms:
    """Return how long what a shop sells lasts."""
    days, ways = settings.credit_days, settings.charging
    return Terms(
        credit_seconds=None if days is None else days * 24 * 3600.0,
        single_seconds=settings.single_hours * 3600.0,
        credits=settings.credits,
        sells_singly="pay_per_use" in ways and "credits" not in ways,
    )


def policy_of(settings: Settings) -> Policy:
    """Return what a shop has decided about subscriptions."""
    return Policy(
        rolls_over=settings.roll_over,
        prorates=settings.prorate_units,
        lowers_at_once=settings.downgrade_at_once,
    )


def free_allowance_of(settings: Settings) -> FreeAllowance | None:
    """Return what shoppers get for nothing."""
    if "freemium" not in settings.charging or settings.free_tryons is None:
        return None
    return FreeAllowance(settings.free_tryons)


def singles_of(settings: Settings) -> Singles:
    """Return the single try-ons that a shop sells by Stripe."""
    priced = {pack.external_price_id: pack.try_ons for pack in settings.packs}
    packs = {price: try_ons for price, try_ons in priced.items() if price is not None}
    return Singles(packs, timedelta(hours=settings.single_hours))


def open_ledger(
    app: Flask,
    settings: Settings,
    secrets: Callable[[], Sequence[bytes]],
    clock: Callable[[], float],
) -> Ledger:
    """Return the ledger that the settings name. Nothing is connected before it is used."""
    target = settings.database_url or functools.partial(_engine_of, app, settings.database)
    return Ledger(
        Database(target),
        clock=clock,
        secrets=secrets,
        policy=policy_of(settings),
        free_allowance=free_allowance_of(settings),
    )


def open_records(
    database: Database, clock: Callable[[], float]
) -> tuple[ConsentRecords, FigureTable]:
    """Return the records of consents, and the shop's figures."""
    return ConsentRecords(database, clock), FigureTable(database)


def follow_settings(state: AppState, settings: Settings) -> None:
    """Let the ledger of an app, and its billing calls, go by new settings."""
    if isinstance(state.spending, Ledger):
        state.spending.policy = policy_of(settings)
        state.spending.free_allowance = free_allowance_of(settings)
    if isinstance(state.billing, AppLedgerBilling):
        state.billing.terms = terms_of(settings)


def open_plan_move(state: AppState) -> PlanMove:
    """Return what moves shoppers from plans at Genvoris into the app's ledger.

    Without a ledger, it moves them into one in memory, which is enough for a preview.
    """
    ledger = state.spending
    if not isinstance(ledger, Ledger):
        ledger = open_ledger(
            state.app, replace(state.settings, database_url="sqlite://"), _no_secrets, state.clock
        )
        ledger.upgrade()
    plans, former = state.billing.plans, StripeRepository(state.store)
    sales = LotSales(ledger, plans.sold, singles_of(state.settings))
    return PlanMove(
        state.client,
        plans,
        StripeMove(ledger, sales, former, plans.catalog),
        prefix=state.settings.external_id_prefix,
        clock=state.clock,
    )


def _no_secrets() -> list[bytes]:
    return [b""]


def _engine_of(app: Flask, database: Any) -> Any:
    """Return the engine of the shop's database, which Flask-SQLAlchemy has only within the app."""
    if not hasattr(database, "session"):
        return database
    with app.app_context():
        return database.engine
