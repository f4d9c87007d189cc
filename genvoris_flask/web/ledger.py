"""Opens the ledger of an app."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Unpack

from flask import Flask, Response

from ..core.billing.accounts import BillingParts
from ..core.ledger.billing import LedgerBilling
from ..core.ledger.database import Database
from ..core.ledger.free import FreeAllowance
from ..core.ledger.service import Ledger
from ..settings import Settings
from .billing import AppBilling


class AppLedgerBilling(AppBilling, LedgerBilling):
    """The billing calls of an app with a ledger, and its view for Stripe's events.

    Args:
        stripe_view: As for ``AppBilling``.
        ledger: As for ``LedgerBilling``, as is the rest.
    """

    def __init__(
        self,
        *,
        stripe_view: Callable[[], Response],
        ledger: Ledger,
        credit_days: int | None,
        **parts: Unpack[BillingParts],
    ) -> None:
        LedgerBilling.__init__(self, ledger=ledger, credit_days=credit_days, **parts)
        self._stripe_view = stripe_view


def open_ledger(
    app: Flask,
    settings: Settings,
    secret: Callable[[], bytes],
    clock: Callable[[], float],
) -> Ledger:
    """Return the ledger that the settings name. Nothing is connected before it is used."""
    target = settings.database_url or functools.partial(_engine_of, app, settings.database)
    is_freemium = "freemium" in settings.charging and settings.free_tryons is not None
    free = FreeAllowance(settings.free_tryons or 0) if is_freemium else None
    return Ledger(Database(target), clock=clock, secret=secret, free_allowance=free)


def _engine_of(app: Flask, database: Any) -> Any:
    """Return the engine of the shop's database, which Flask-SQLAlchemy has only within the app."""
    if not hasattr(database, "session"):
        return database
    with app.app_context():
        return database.engine
