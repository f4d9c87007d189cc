"""``genvoris.billing``: tells Genvoris what the shop's billing system knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..api.client import GenvorisClient
from ..api.models import Customer
from ..errors import ConfigurationError, UnknownPriceError
from ..plans import DeclaredPlan
from ..sessions.shopper import Shopper
from ..store.interface import Store
from .accounts import Accounts, Linked, Tokens
from .plan_sync import PlanChange, apply_changes, plan_changes

if TYPE_CHECKING:
    from flask import Response

SYNC_WAIT = 30.0
SYNC_HOLD = 120.0


class Billing:
    """Plans by declaration, and each change after a sale.

    Every change takes the ``event_id`` of the billing system's event, and then happens once
    however often that event is delivered, in whatever process, also when one of them dies midway.
    Without an ``event_id`` it happens at each call. All of them raise the errors of the REST
    client; StoreAwayError and LockTimeoutError too when there is an ``event_id``. After any error,
    deliver the event again.

    Args:
        client: Speaks to Genvoris.
        store: Remembers events; shared by all processes that sell.
        tokens: Keeps shoppers' tokens.
        linked: Told the customer id of a shopper after a sale or a renewal.
        declared: GENVORIS_PLANS; None when unset.
        default_plan: GENVORIS_DEFAULT_PLAN, which a refund leads back to.
    """

    def __init__(
        self,
        client: GenvorisClient,
        store: Store,
        tokens: Tokens,
        linked: Linked,
        *,
        declared: Sequence[DeclaredPlan] | None = None,
        default_plan: str | None = None,
    ) -> None:
        self._client = client
        self._store = store
        self._accounts = Accounts(client, store, tokens, linked)
        self._declared = declared
        self._default_plan = default_plan

    def sync_plans(self, *, dry_run: bool = False) -> list[PlanChange]:
        """Make the plans at Genvoris those of GENVORIS_PLANS; give what was done, in order.

        A plan is matched by its external price id, then by its name. Active plans that match none
        are disabled: nobody can buy them any more, and those who have them keep them. Doing it
        twice changes nothing.

        Args:
            dry_run: Give what would be done, and do nothing.

        Raises:
            ConfigurationError: GENVORIS_PLANS is not set.
            LockTimeoutError: Another process is doing it.
        """
        if self._declared is None:
            raise ConfigurationError("GENVORIS_PLANS is not set: list the plans that you sell.")
        if dry_run:
            return self._plan_changes()
        with self._store.lock("billing-plans", wait=SYNC_WAIT, hold=SYNC_HOLD):
            return list(apply_changes(self._client.plans, self._plan_changes()))

    def activate(
        self,
        external_id: str,
        *,
        price_id: str | None = None,
        plan_id: str | None = None,
        email: str | None = None,
        event_id: str | None = None,
    ) -> Customer:
        """Start a plan that was sold: the shopper is registered, and has its full quota.

        Args:
            external_id: The shop's own id of the shopper, as in ``Shopper``.
            price_id: The price's id in the billing system, or
            plan_id: Genvoris's id of the plan (``pln_…``).
            email: The shopper's address, if Genvoris shall know it.
            event_id: The billing system's id of the event, or of the order.

        Raises:
            UnknownPriceError: No plan at Genvoris has that price.
            ForbiddenError: ``plan_not_found``: there is no such active plan.
        """
        plan = self._plan(price_id, plan_id)
        if plan is None:
            raise TypeError("activate() needs the price_id or the plan_id of what was sold.")
        shopper = Shopper(external_id, email)
        return self._accounts.fill("activate", shopper, plan, event_id, anew=True)

    def renew(
        self,
        external_id: str,
        *,
        price_id: str | None = None,
        plan_id: str | None = None,
        email: str | None = None,
        event_id: str | None = None,
    ) -> Customer:
        """Start a new period with a full quota, as when the next month was paid for.

        Args:
            external_id: The shop's own id of the shopper.
            price_id: The price's id in the billing system, or
            plan_id: Genvoris's id of the plan; neither keeps the plan that the shopper has.
            email: The shopper's address, if Genvoris shall know it.
            event_id: The billing system's id of the event, or of the invoice.

        Raises:
            NotFoundError: The shopper is unknown to Genvoris, and no plan was given.
            UnknownPriceError: No plan at Genvoris has that price.
        """
        plan = self._plan(price_id, plan_id)
        shopper = Shopper(external_id, email)
        return self._accounts.fill("renew", shopper, plan, event_id, anew=False)

    def change_plan(
        self,
        external_id: str,
        *,
        price_id: str | None = None,
        plan_id: str | None = None,
        event_id: str | None = None,
    ) -> Customer:
        """Move the shopper to another plan. What they used of this period stays used.

        Args:
            external_id: The shop's own id of the shopper.
            price_id: The price's id in the billing system, or
            plan_id: Genvoris's id of the plan.
            event_id: The billing system's id of the event.

        Raises:
            NotFoundError: The shopper is unknown to Genvoris.
            UnknownPriceError: No plan at Genvoris has that price.
            ForbiddenError: ``plan_not_found``: there is no such active plan.
        """
        plan = self._plan(price_id, plan_id)
        if plan is None:
            raise TypeError("change_plan() needs the price_id or the plan_id of the new plan.")
        return self._accounts.change("change_plan", Shopper(external_id), event_id, plan_id=plan)

    def pause(self, external_id: str, *, event_id: str | None = None) -> Customer:
        """Let the shopper try nothing on until ``resume``; their plan and quota stay.

        Raises:
            NotFoundError: The shopper is unknown to Genvoris.
        """
        return self._accounts.change("pause", Shopper(external_id), event_id, status="PAUSED")

    def resume(self, external_id: str, *, event_id: str | None = None) -> Customer:
        """End a pause, or take a cancellation back. The quota is as it was.

        Raises:
            NotFoundError: The shopper is unknown to Genvoris.
        """
        return self._accounts.change("resume", Shopper(external_id), event_id, status="ACTIVE")

    def cancel(self, external_id: str, *, event_id: str | None = None) -> Customer:
        """End the shopper's plan; a later ``activate`` begins anew.

        Raises:
            NotFoundError: The shopper is unknown to Genvoris.
        """
        return self._accounts.change("cancel", Shopper(external_id), event_id, status="CANCELLED")

    def refund(
        self, external_id: str, *, sale_id: str | None = None, event_id: str | None = None
    ) -> Customer:
        """Take back what a sale gave: the shopper falls to GENVORIS_DEFAULT_PLAN, or to no plan.

        They see the paywall, and can buy again. For a refund in part, call ``change_plan`` instead.

        Args:
            external_id: The shop's own id of the shopper.
            sale_id: The ``event_id`` that the sale was told with. When another sale or renewal came
                after it, nothing is taken: what is there now was paid for.
            event_id: The billing system's id of the refund.

        Raises:
            NotFoundError: The shopper is unknown to Genvoris.
        """
        return self._accounts.change(
            "refund",
            Shopper(external_id),
            event_id,
            only_after=sale_id,
            plan_id=self._default_plan,
        )

    def stripe_webhook(self) -> Response:
        """Answer an event of Stripe's, in a view of the shop's own.

        ``POST stripe`` under GENVORIS_URL_PREFIX is there by itself as soon as
        GENVORIS_STRIPE_WEBHOOK_SECRET is set; this is for another address. Exempt that view from
        CSRF protection.
        """
        from .stripe_view import receive

        return receive()

    def known_prices(self) -> set[str]:
        """Give the external price ids that are sold: declared here, or known to Genvoris."""
        declared = [plan.external_price_id for plan in self._declared or ()]
        known = [plan.external_price_id for plan in self._client.plans.list(include_inactive=True)]
        return {price for price in declared + known if price}

    def _plan_changes(self) -> list[PlanChange]:
        return plan_changes(self._declared or (), self._client.plans.list(include_inactive=True))

    def _plan(self, price_id: str | None, plan_id: str | None) -> str | None:
        """Give the id of the plan that was named, by either id."""
        if price_id is None:
            return plan_id
        if plan_id is not None:
            raise TypeError("Give the price_id or the plan_id, not both.")
        plans = self._client.plans.list(include_inactive=True)
        found = [plan for plan in plans if plan.external_price_id == price_id]
        if not found:
            raise UnknownPriceError(
                f"No plan at Genvoris has the external price id {price_id!r}: add it to "
                "GENVORIS_PLANS and run `flask genvoris plans sync`."
            )
        return next((plan.id for plan in found if plan.active), found[0].id)
