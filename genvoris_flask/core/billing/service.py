"""``genvoris.billing``: tells Genvoris what the shop's billing system knows."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence

from ..api.client import GenvorisClient
from ..api.models import Customer
from ..sessions.shopper import Shopper
from ..storage.interface import Store
from .accounts import Accounts, Linked, Tokens
from .idempotency import checked_event_id
from .plan_catalog import PlanBook
from .plan_sync import PlanChange
from .plans import DeclaredPlan
from .stripe.closing import close_purchases


class Billing:
    """Plans by declaration, and each change after a sale.

    Every change takes the ``event_id`` of the billing system's event, and then happens once
    however often that event is delivered, in whatever process, also when one of them dies midway.
    Without an ``event_id`` it happens at each call. All of them raise the errors of the REST
    client; StoreUnavailableError and LockTimeoutError too when there is an ``event_id``. After any
    error, deliver the event again. What changes or ends something raises NotFoundError when
    Genvoris does not know the shopper.

    Args:
        client: Speaks to Genvoris.
        store: Remembers events; shared by all processes that sell.
        tokens: Keeps shoppers' tokens.
        linked: Told the customer id of a shopper after a sale or a renewal.
        declared: GENVORIS_PLANS; None when unset.
        default_plan: GENVORIS_DEFAULT_PLAN, which a refund leads back to.
        clock: The wall clock, in Unix seconds.

    Attributes:
        accounts: Changes the shoppers' accounts at Genvoris.
        plans: Finds the plans at Genvoris.
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
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._clock = clock
        self.accounts = Accounts(client, store, tokens, linked)
        self.plans = PlanBook(client, store, declared, default_plan)

    def sync_plans(self, *, dry_run: bool = False) -> list[PlanChange]:
        """Make the plans at Genvoris those of GENVORIS_PLANS; return the steps, in order.

        A plan is matched by its external price id, then by its name. Active plans that match none
        are disabled: nobody can buy them any more, and those who have them keep them. Left alone
        are GENVORIS_DEFAULT_PLAN and what ``grant`` has made. Doing it twice changes nothing.

        Args:
            dry_run: Return what would be done, and do nothing.

        Raises:
            ConfigurationError: GENVORIS_PLANS is not set.
            LockTimeoutError: Another process is doing it.
        """
        return self.plans.sync(dry_run=dry_run)

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
        plan = self.plans.named(price_id, plan_id)
        if price_id is None and plan_id is None:
            raise TypeError("activate() needs the price_id or the plan_id of what was sold.")
        shopper = Shopper(external_id, email)
        return self.accounts.fill("activate", shopper, plan, event_id, anew=True)

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
        plan = self.plans.named(price_id, plan_id)
        shopper = Shopper(external_id, email)
        return self.accounts.fill("renew", shopper, plan, event_id, anew=False)

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
        plan = self.plans.named(price_id, plan_id)
        if price_id is None and plan_id is None:
            raise TypeError("change_plan() needs the price_id or the plan_id of the new plan.")
        return self.accounts.change("change_plan", Shopper(external_id), event_id, plan=plan)

    def pause(self, external_id: str, *, event_id: str | None = None) -> Customer:
        """Let the shopper try nothing on until ``resume``; their plan and quota stay."""
        return self.accounts.change("pause", Shopper(external_id), event_id, status="PAUSED")

    def resume(self, external_id: str, *, event_id: str | None = None) -> Customer:
        """End a pause, or take a cancellation back. The quota is as it was."""
        return self.accounts.change("resume", Shopper(external_id), event_id, status="ACTIVE")

    def cancel(self, external_id: str, *, event_id: str | None = None) -> Customer:
        """End the shopper's plan; a later ``activate`` begins anew."""
        return self.accounts.change("cancel", Shopper(external_id), event_id, status="CANCELLED")

    def grant(
        self,
        external_id: str,
        try_ons: int,
        *,
        email: str | None = None,
        event_id: str | None = None,
    ) -> Customer:
        """Add try-ons to what the shopper has, as an order does that comes with some.

        Genvoris knows quotas alone, so the shopper moves to a plan that is larger by as many; such
        plans are made when they are needed.

        Args:
            external_id: The shop's own id of the shopper.
            try_ons: How many, at least 1.
            email: The shopper's address, if Genvoris shall know it.
            event_id: The shop's id of the order.
        """
        if try_ons < 1:
            raise ValueError(f"grant() adds at least one try-on, not {try_ons}.")
        return self.accounts.resize(
            "grant",
            Shopper(external_id, email),
            event_id,
            lambda customer: self.plans.enlarged(customer, try_ons),
            is_sale=True,
        )

    def take_back(self, external_id: str, try_ons: int, *, event_id: str | None = None) -> Customer:
        """Take back what ``grant`` added, as a refund of the order does; what is used stays used.

        Args:
            external_id: The shop's own id of the shopper.
            try_ons: How many, at least 1. When fewer than that were left, none are.
            event_id: The shop's id of the refund.

        Raises:
            NotFoundError: The shopper is unknown to Genvoris.
        """
        if try_ons < 1:
            raise ValueError(f"take_back() takes at least one try-on, not {try_ons}.")
        return self.accounts.resize(
            "take_back",
            Shopper(external_id),
            event_id,
            lambda customer: self.plans.reduced(customer, try_ons),
            is_sale=False,
        )

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
        if sale_id is not None:
            checked_event_id("sale_id", sale_id)
        return self.accounts.change(
            "refund",
            Shopper(external_id),
            event_id,
            takes_back=None if sale_id is None else lambda latest: latest == sale_id,
            plan=lambda: self.plans.default_plan,
        )

    def close_account(self, external_id: str, *, event_id: str | None = None) -> Customer | None:
        """Leave nothing of a deleted user to whoever has their id next.

        At Genvoris the shopper is as a newcomer: with GENVORIS_DEFAULT_PLAN or no plan, a fresh
        period, and neither email nor metadata. Their token is dropped and revoked. What they
        bought by Stripe gives no plan any more, and events that were told before and are
        delivered again change nothing. A subscription at Stripe is yours to cancel.

        Args:
            external_id: The shop's own id of the shopper.
            event_id: The shop's id of the deletion, if the call may be repeated when the id is
                another's already. Without one, each call closes the account of whoever has it.

        Returns:
            The customer; None when Genvoris does not know the shopper.

        Raises:
            StoreUnavailableError: The store does not answer. Call it again.
            LockTimeoutError: An event of the shopper's is being handled. Call it again.
        """
        shopper = Shopper(external_id)
        if event_id is None:
            event_id = f"once:{uuid.uuid4()}"
        if self.accounts.is_done("close_account", shopper, event_id):
            return self.accounts.find(shopper)
        close_purchases(self._store, external_id, self._clock())
        return self.accounts.close("close_account", shopper, event_id, self.plans.default_plan)

    def known_prices(self) -> set[str]:
        """Return the external price ids that are sold: declared here, or known to Genvoris."""
        return self.plans.catalog().prices
