"""Opens the ledger of an app."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from typing import Any

from flask import Flask, Response

from ..core.api.client import GenvorisClient
from ..core.billing.accounts import OnLinked, TokenCache
from ..core.billing.plans import DeclaredPlan
from ..core.ledger.billing import LedgerBilling
from ..core.ledger.database import Database
from ..core.ledger.service import Ledger
from ..core.storage.interface import Store
from ..settings import Settings
from .billing import AppBilling


class AppLedgerBilling(AppBilling, LedgerBilling):
    """The billing calls of an app with a ledger, and its view for Stripe's events.

    Args:
        client: As for ``LedgerBilling``, and so are the others that are not listed here.
        stripe_view: Answers the current request, which is an event from Stripe.
    """

    def __init__(
        self,
        client: GenvorisClient,
        store: Store,
        tokens: TokenCache,
        on_linked: OnLinked,
        *,
        ledger: Ledger,
        stripe_view: Callable[[], Response],
        credit_days: int | None = None,
        declared: Sequence[DeclaredPlan] | None = None,
        default_plan: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        LedgerBilling.__init__(
            self,
            client,
            store,
            tokens,
            on_linked,
            ledger=ledger,
            credit_days=credit_days,
            declared=declared,
            default_plan=default_plan,
            clock=clock,
        )
        self._stripe_view = stripe_view


def open_ledger(
    app: Flask,
    settings: Settings,
    secret: Callable[[], bytes],
    clock: Callable[[], float],
) -> Ledger:
    """Return the ledger that the settings name. Nothing is connected before it is used."""
    target = settings.database_url or functools.partial(_engine_of, app, settings.database)
    return Ledger(Database(target), clock=clock, secret=secret)


def _engine_of(app: Flask, database: Any) -> Any:
    """Return the engine of the shop's database, which Flask-SQLAlchemy has only within the app."""
    if not hasattr(database, "session"):
        return database
    with app.app_context():
        return database.engine
