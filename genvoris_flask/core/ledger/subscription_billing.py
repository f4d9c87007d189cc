"""The billing calls for subscriptions of a shop with a ledger: a paid period is a lot."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Unpack

from ..billing.accounts import BillingParts
from ..billing.service import Billing
from .models import Balance
from .service import Ledger


class SubscriptionBilling(Billing):
    """The billing calls for subscriptions that the shop reports itself.

    Those that Stripe reports are handled by its events.

    Args:
        ledger: The shoppers' try-ons.
        parts: As for ``Billing``.
    """

    def __init__(self, *, ledger: Ledger, **parts: Unpack[BillingParts]) -> None:
        super().__init__(**parts)
        self._ledger = ledger

    def activate(
        self,
        external_id: str,
        *,
        price_id: str | None = None,
        plan_id: str | None = None,
        email: str | None = None,  # noqa: ARG002
        event_id: str | None = None,
        until: datetime | None = None,
        session: Any = None,
    ) -> Balance:
        """Start a plan that was sold: a period with all of its try-ons; return what there is now.

        The ``email`` is accepted as without a ledger, but not kept: addresses are stored as keyed
        digests alone. Genvoris gets the shopper's own at their first try-on, if the shop's
        ``shopper_loader`` returns it.

        Raises:
            UnknownPriceError: No plan has that price.
            EventConflictError: The event sold something else before. Nothing was changed.
        """
        if price_id is None and plan_id is None:
            raise TypeError("activate() needs the price_id or the plan_id of what was sold.")
        return self._ledger.start_period(
            "activate",
            external_id,
            self.plans.units_of(price_id, plan_id),
            event_id=event_id,
            until=until,
            connection=connection_of(session),
        )

    def renew(
        self,
        external_id: str,
        *,
        price_id: str | None = None,
        plan_id: str | None = None,
        email: str | None = None,  # noqa: ARG002
        event_id: str | None = None,
        until: datetime | None = None,
        session: Any = None,
    ) -> Balance:
        """Start the next period, as when the next month was paid for.

        Raises:
            UnknownPriceError: No plan has that price.
            UnknownSubscriptionError: No plan is given, and the shopper has none.
            EventConflictError: The event sold something else before. Nothing was changed.
        """
        is_named = price_id is not None or plan_id is not None
        return self._ledger.start_period(
            "renew",
            external_id,
            self.plans.units_of(price_id, plan_id) if is_named else None,
            event_id=event_id,
            until=until,
            connection=connection_of(session),
        )

    def change_plan(
        self,
        external_id: str,
        *,
        price_id: str | None = None,
        plan_id: str | None = None,
        event_id: str | None = None,
        session: Any = None,
    ) -> Balance:
        """Move the shopper to another plan; what they have used of this period stays used.

        A larger plan counts at once, and a smaller one from the next period, unless
        GENVORIS_DOWNGRADE_AT_ONCE is true.

        Raises:
            UnknownPriceError: No plan has that price.
            UnknownSubscriptionError: The shopper has no plan.
        """
        if price_id is None and plan_id is None:
            raise TypeError("change_plan() needs the price_id or the plan_id of the new plan.")
        units = self.plans.units_of(price_id, plan_id)
        return self._ledger.change_plan(
            external_id, units, event_id=event_id, connection=connection_of(session)
        )

    def pause(
        self, external_id: str, *, event_id: str | None = None, session: Any = None
    ) -> Balance:
        """Hold what the shopper's subscriptions come with until ``resume``."""
        return self._ledger.set_state(
            "pause", external_id, "paused", event_id=event_id, connection=connection_of(session)
        )

    def resume(
        self, external_id: str, *, event_id: str | None = None, session: Any = None
    ) -> Balance:
        """End a pause, or undo a cancellation."""
        return self._ledger.set_state(
            "resume", external_id, "active", event_id=event_id, connection=connection_of(session)
        )

    def cancel(
        self, external_id: str, *, event_id: str | None = None, session: Any = None
    ) -> Balance:
        """End the shopper's plan at once; a later ``activate`` starts a new one.

        If the shopper may use the rest of what they have paid for, do not call this: without
        ``renew`` the plan ends with its period.
        """
        return self._ledger.set_state(
            "cancel", external_id, "ended", event_id=event_id, connection=connection_of(session)
        )

    def refund(
        self,
        external_id: str,
        *,
        sale_id: str | None = None,
        event_id: str | None = None,
        session: Any = None,
    ) -> Balance:
        """Take back a sale; what is used stays used.

        Args:
            external_id: The shop's own id of the shopper.
            sale_id: The ``event_id`` of the sale, even if that has not come yet; by default the
                running period is taken back.
            event_id: The billing system's id of the refund.
            session: The shop's SQLAlchemy session, to share its transaction.
        """
        return self._ledger.refund_sale(
            external_id, sale_id, event_id=event_id, connection=connection_of(session)
        )


def connection_of(session: Any) -> Any:
    """Return the connection of a session of the shop's own, if there is one."""
    return None if session is None else session.connection()
