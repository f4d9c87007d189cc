"""The billing calls of a shop with a ledger: they change lots instead of quotas at Genvoris."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Unpack

from ..api.models import Customer
from ..billing.accounts import BillingParts
from ..charging.credits import CreditRule, Order, OrderItem, lines_of
from .grants import Grant, check_lifetime, check_units
from .models import Balance, DisputeOutcome, JournalLine, OrderLine
from .service import Ledger
from .subscription_billing import SubscriptionBilling, connection_of


@dataclass(frozen=True)
class Terms:
    """How long what is sold lasts.

    Attributes:
        credit_seconds: The time of orders and gifts; None if they do not end.
        single_seconds: The time of single try-ons.
        credits: How many try-ons an order brings unless it says so.
        sells_singly: Whether an order is for single try-ons unless it says otherwise.
    """

    credit_seconds: float | None = None
    single_seconds: float = 24 * 3600.0
    credits: CreditRule | None = None
    sells_singly: bool = False


class LedgerBilling(SubscriptionBilling):
    """The billing calls of a shop with a ledger.

    Every change takes the ``event_id`` of the billing system's event, and then happens once, in the
    transaction that also notes the event. With a ``session`` of the shop's own SQLAlchemy, a change
    is part of the shop's transaction: both commit, or neither does.

    Args:
        ledger: The shoppers' try-ons.
        terms: How long what is sold lasts.
        parts: As for ``Billing``.
    """

    def __init__(self, *, ledger: Ledger, terms: Terms, **parts: Unpack[BillingParts]) -> None:
        super().__init__(ledger=ledger, **parts)
        self.terms = terms

    def grant(
        self,
        external_id: str,
        try_ons: int,
        *,
        email: str | None = None,  # noqa: ARG002
        event_id: str | None = None,
        expires_in: float | None = None,
        paid: int | None = None,
        currency: str | None = None,
        session: Any = None,
    ) -> Balance:
        """Grant a shopper try-ons; return what they have now.

        Raises:
            EventConflictError: The event gave something else before. Nothing was changed.
            LedgerUnavailableError: The database cannot be used. Nothing was changed.
        """
        event = None if event_id is None else f"grant:{event_id}"
        grant = Grant(
            kind="gift",
            source="grant",
            source_id=event_id or str(uuid.uuid4()),
            units=check_units("try_ons", try_ons),
            paid=paid,
            currency=currency,
            lasts=self._time(expires_in),
        )
        self._ledger.give(external_id, grant, event_id=event, connection=connection_of(session))
        return self.balance(external_id)

    def take_back(
        self,
        external_id: str,
        try_ons: int,
        *,
        event_id: str | None = None,
        session: Any = None,
    ) -> Balance:
        """Take back what ``grant`` gave, newest first; what is used stays used."""
        event = None if event_id is None else f"take-back:{event_id}"
        return self._ledger.take_back(
            external_id, try_ons, event_id=event, connection=connection_of(session)
        )

    def order_paid(
        self,
        order_id: str,
        *,
        external_id: str | None = None,
        email: str | None = None,
        lines: Sequence[OrderLine] | None = None,
        try_ons: int | None = None,
        items: Sequence[OrderItem] = (),
        paid: int | None = None,
        currency: str | None = None,
        single: bool | None = None,
        session: Any = None,
    ) -> None:
        """Grant what a paid order brings. Call it again if the order is edited: it is corrected."""
        order = Order(order_id, tuple(items), paid, currency, external_id)
        is_single = self.terms.sells_singly if single is None else single
        self._ledger.order_paid(
            order_id,
            lines_of(self.terms.credits, order, lines, try_ons),
            external_id=external_id,
            email=email,
            paid=paid,
            currency=currency,
            lasts=self._time(self.terms.single_seconds if is_single else None),
            kind="single" if is_single else "order",
            connection=connection_of(session),
        )

    def order_refunded(
        self,
        order_id: str,
        *,
        refunded: int,
        paid: int | None = None,
        line_id: str | None = None,
        session: Any = None,
    ) -> None:
        """Take back the share of an order's try-ons that was refunded."""
        source_id = order_id if line_id is None else f"{order_id}/{line_id}"
        self._ledger.refunded(
            "order", source_id, refunded, paid=paid, connection=connection_of(session)
        )

    def dispute(self, order_id: str, outcome: DisputeOutcome, *, session: Any = None) -> None:
        """Hold an order's try-ons while its payment is disputed."""
        self._ledger.disputed("order", order_id, outcome, connection=connection_of(session))

    def claim(self, external_id: str, email: str) -> Balance:
        """Grant a shopper what guests ordered under their address, which the shop has verified."""
        self._ledger.claim(external_id, email)
        return self.balance(external_id)

    def close_account(self, external_id: str, *, event_id: str | None = None) -> Customer | None:
        """Void all that a deleted user has, and reset their account at Genvoris."""
        self._ledger.close(external_id, event_id=event_id)
        return super().close_account(external_id, event_id=event_id)

    def void_account(self, external_id: str, event_id: str) -> None:
        """Void all that a shopper has in the ledger alone."""
        self._ledger.close(external_id, event_id=event_id)

    def balance(self, external_id: str) -> Balance:
        """Return what a shopper has."""
        return self._ledger.balance(external_id)

    def journal(self, external_id: str, *, limit: int = 100) -> list[JournalLine]:
        """Return the latest changes of a shopper's try-ons, the newest first."""
        return self._ledger.journal(external_id, limit=limit)

    def _time(self, seconds: float | None) -> timedelta | None:
        if seconds is None:
            seconds = self.terms.credit_seconds
        return None if seconds is None else check_lifetime("expires_in", seconds)
