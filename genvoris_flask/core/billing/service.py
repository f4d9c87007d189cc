"""The calls of ``genvoris.billing``: they tell Genvoris what the shop's billing system knows."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence

from ..api.client import GenvorisClient
from ..api.models import Customer
from ..ledger.models import Balance
from ..sessions import Shopper
from ..storage.interface import Store
from .accounts import Accounts, OnLinked, TokenCache
from .idempotency import check_event_id
from .plan_catalog import PlanService
from .plan_sync import PlanChange
from .plans import DeclaredPlan
from .without_ledger import WithoutLedger


class Billing(WithoutLedger):
    """Synchronises plans, and changes shoppers' accounts after sales.

    Every change takes the ``event_id`` of the billing system's event. It then happens once,
    however often and to whichever process the event is delivered, even if a process dies midway.
    Without an ``event_id`` it happens at each call. All changes raise the errors of the REST
    client, and with an ``event_id`` also StoreUnavailableError and LockTimeoutError. After any
    error, have the event delivered again. Calls that change or end something raise NotFoundError
    if Genvoris does not know the shopper.

    Args:
        client: The REST client.
        store: Holds the records of events. It must be shared by all processes that sell.
        tokens: Caches shoppers' tokens.
        on_linked: Called with a shopper and their customer id after a sale or a renewal.
        declared: GENVORIS_PLANS; None if unset.
        default_plan: GENVORIS_DEFAULT_PLAN, which refunds lead back to.
        clock: Returns the time in Unix seconds.

    Attributes:
        accounts: Changes shoppers' accounts at Genvoris.
        plans: Finds, creates and synchronises plans at Genvoris.
    """

    def __init__(
        self,
        client: GenvorisClient,
        store: Store,
        tokens: TokenCache,
        on_linked: OnLinked,
        *,
        declared: Sequence[DeclaredPlan] | None = None,
        default_plan: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._clock = clock
        self.accounts: Accounts = Accounts(client, store, tokens, on_linked, clock)
        self.plans: PlanService = PlanService(client, store, declared, default_plan)

    def sync_plans(self, *, dry_run: bool = False) -> list[PlanChange]:
        """Make the plans at Genvoris match GENVORIS_PLANS; return the steps, in order.

        A plan is matched by its external price id, then by its name. Active plans that match none
        are disabled: they can no longer be bought, and shoppers who have them keep them.
        GENVORIS_DEFAULT_PLAN, and plans that this package made for shops with a ledger, are left
        alone. Repeating it changes nothing.

        Args:
            dry_run: Return the steps without taking them.

        Raises:
            ConfigurationError: GENVORIS_PLANS is not set.
            LockTimeoutError: Another process is synchronising the plans.
        """
        return self.plans.sync(dry_run=dry_run)

    def known_prices(self) -> set[str]:
        """Return the external price ids that are sold: declared here, or known to Genvoris."""
        return self.plans.catalog().prices

    def activate(
        self,
        external_id: str,
        *,
        price_id: str | None = None,
        plan_id: str | None = None,
        email: str | None = None,
        event_id: str | None = None,
    ) -> Customer | Balance:
        """Start a plan that was sold: register the shopper, and give them its full quota.

        Args:
            external_id: The shop's own id of the shopper, as in ``Shopper``.
            price_id: The price's id in the billing system, or
            plan_id: Genvoris's id of the plan (``pln_…``).
            email: The shopper's address, if Genvoris should know it.
            event_id: The billing system's id of the event, or of the order.

        Raises:
            UnknownPriceError: No plan at Genvoris has that price.
            ForbiddenError: ``plan_not_found``: there is no such active plan.
        """
        plan = self.plans.resolver(price_id, plan_id)
        if price_id is None and plan_id is None:
            raise TypeError("activate() needs the price_id or the plan_id of what was sold.")
        shopper = Shopper(external_id, email)
        return self.accounts.start_period("activate", shopper, plan, event_id, is_sale=True)

    def renew(
        self,
        external_id: str,
        *,
        price_id: str | None = None,
        plan_id: str | None = None,
        email: str | None = None,
        event_id: str | None = None,
    ) -> Customer | Balance:
        """Start a new period with a full quota, as when the next month was paid for.

        Args:
            external_id: The shop's own id of the shopper.
            price_id: The price's id in the billing system, or
            plan_id: Genvoris's id of the plan. By default the shopper keeps their plan.
            email: The shopper's address, if Genvoris should know it.
            event_id: The billing system's id of the event, or of the invoice.

        Raises:
            NotFoundError: The shopper is unknown to Genvoris, and no plan was given.
            UnknownPriceError: No plan at Genvoris has that price.
        """
        plan = self.plans.resolver(price_id, plan_id)
        shopper = Shopper(external_id, email)
        return self.accounts.start_period("renew", shopper, plan, event_id, is_sale=False)

    def change_plan(
        self,
        external_id: str,
        *,
        price_id: str | None = None,
        plan_id: str | None = None,
        event_id: str | None = None,
    ) -> Customer | Balance:
        """Move the shopper to another plan; what they have used of this period stays used.

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
        plan = self.plans.resolver(price_id, plan_id)
        if price_id is None and plan_id is None:
            raise TypeError("change_plan() needs the price_id or the plan_id of the new plan.")
        return self.accounts.change("change_plan", Shopper(external_id), event_id, plan=plan)

    def pause(self, external_id: str, *, event_id: str | None = None) -> Customer | Balance:
        """Allow the shopper no try-ons until ``resume``; their plan and quota stay."""
        return self.accounts.change("pause", Shopper(external_id), event_id, status="PAUSED")

    def resume(self, external_id: str, *, event_id: str | None = None) -> Customer | Balance:
        """End a pause, or undo a cancellation; the quota is as it was."""
        return self.accounts.change("resume", Shopper(external_id), event_id, status="ACTIVE")

    def cancel(self, external_id: str, *, event_id: str | None = None) -> Customer | Balance:
        """End the shopper's plan; a later ``activate`` starts a new one."""
        return self.accounts.change("cancel", Shopper(external_id), event_id, status="CANCELLED")

    def refund(
        self, external_id: str, *, sale_id: str | None = None, event_id: str | None = None
    ) -> Customer | Balance:
        """Take back a sale: the shopper falls back to GENVORIS_DEFAULT_PLAN, or to no plan.

        They see the paywall, and can buy again. For a partial refund, call ``change_plan`` instead.

        Args:
            external_id: The shop's own id of the shopper.
            sale_id: The ``event_id`` of the sale. If another sale or renewal followed it, nothing
                is taken back: the current plan was paid for.
            event_id: The billing system's id of the refund.

        Raises:
            NotFoundError: The shopper is unknown to Genvoris.
        """
        if sale_id is not None:
            check_event_id("sale_id", sale_id)
        return self.accounts.change(
            "refund",
            Shopper(external_id),
            event_id,
            takes_back=None if sale_id is None else lambda latest: latest == sale_id,
            plan=lambda: self.plans.default_plan,
        )

    def close_account(self, external_id: str, *, event_id: str | None = None) -> Customer | None:
        """Reset a deleted user's account, so that the next owner of the id inherits nothing.

        At Genvoris the shopper becomes like a new one: on GENVORIS_DEFAULT_PLAN or no plan, in a
        fresh period, without email and metadata. Their token is dropped and revoked. Purchases
        made by Stripe until now no longer give a plan, and earlier events that are delivered again
        change nothing. Subscriptions at Stripe are not cancelled.

        Args:
            external_id: The shop's own id of the shopper.
            event_id: The shop's id of the deletion, needed if the call may be repeated when
                someone else has the id already. Without one, each call closes the account of the
                id's current owner.

        Returns:
            The customer; None if Genvoris does not know the shopper.

        Raises:
            StoreUnavailableError: The store does not answer. Call it again.
            LockTimeoutError: An event of the shopper is being handled. Call it again.
        """
        return self.reset_account(external_id, event_id or f"once:{uuid.uuid4()}")

    def reset_account(
        self, external_id: str, event_id: str, *, starts_anew: bool = True
    ) -> Customer | None:
        """Do what ``close_account`` does at Genvoris, and with what Stripe's events have said.

        Args:
            external_id: The shop's own id of the shopper.
            event_id: The id of the event that asks for it; a repeat changes nothing.
            starts_anew: Whether the period is a fresh one, and a paused or cancelled account is
                active again. If not, nobody gets free try-ons again by erasing their data.

        Returns:
            The customer; None if Genvoris does not know the shopper.

        Raises:
            StoreUnavailableError: The store does not answer. Call it again.
            LockTimeoutError: An event of the shopper is being handled. Call it again.
        """
        shopper = Shopper(external_id)
        if self.accounts.is_done("close_account", shopper, event_id):
            return self.accounts.find(shopper)
        from .stripe.repository import StripeRepository  # slow to import

        StripeRepository(self._store).close_account(external_id, self._clock())
        plan_id = self.plans.default_plan
        return self.accounts.close(
            "close_account", shopper, event_id, plan_id, starts_anew=starts_anew
        )
