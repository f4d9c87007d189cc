"""What is noted of a shopper under digests: the day's try-ons, and what billing systems said."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from ..billing.ledger import read_ledger
from ..billing.stripe.own_purchases import export_purchases
from ..billing.stripe.repository import StripeRepository
from ..storage.interface import Store
from ..tryon.daily_limit import DailyLimit
from .erasure import ReceiptLine
from .holders import owner_of


class RecordHolder:
    """What the store notes of a shopper under digests: the day's try-ons, and purchases.

    Args:
        store: Shared by all processes.
        limit: Counts the try-ons of a day.
    """

    place = "records"

    def __init__(self, store: Store, limit: DailyLimit) -> None:
        self._store = store
        self._limit = limit

    def export(self, external_id: str) -> dict[str, Any]:
        """Return when try-ons of the last day were started, and what billing systems have said."""
        times = self._limit.times(owner_of(external_id))
        return {
            "started_today": [datetime.fromtimestamp(each, UTC).isoformat() for each in times],
            "billing": asdict(read_ledger(self._store, external_id)),
            "stripe": export_purchases(StripeRepository(self._store), external_id),
        }

    def erase(self, external_id: str, erasure_id: str) -> list[ReceiptLine]:  # noqa: ARG002
        """Return what is kept: purchases, which forget their owner when the account is closed."""
        account = StripeRepository(self._store).account(external_id)
        count = len({*account.subscriptions, *account.payments, *account.closed.purchases})
        return [purchases_line(self.place, count)] if count else []


def purchases_line(place: str, count: int) -> ReceiptLine:
    """Return the line of a receipt about purchases that an account's closing keeps in mind."""
    what = "which purchases were made by Stripe, under a digest of your id of the shopper"
    reason = "so that a late event of Stripe's gives nothing to the next owner of the id"
    return ReceiptLine(place, what, "kept", count, reason, "purchases")
