"""Brings a shopper's plan at Genvoris to what they have bought by Stripe.

By the time this starts, everything that the events said is in the records, and each step is
recorded before it is taken. So it may be interrupted at any point: the shopper's next event
continues from there.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace

from ....errors import NotFoundError, see
from ...api.models import Status
from ...sessions import Shopper
from ..plan_catalog import PlanCatalog
from .choice import STRIPE, PlanContext, Purchase, choose, purchases_of
from .records import SubscriptionRecord
from .sales import warn_of_closed

log: logging.Logger = logging.getLogger("genvoris_flask.billing")

MAX_PLANS = 20  # the number of plans that are remembered of a subscription


def settle(context: PlanContext, external_id: str, name: str, catalog: PlanCatalog) -> bool:
    """Report to Genvoris what follows from all of a shopper's purchases.

    Args:
        context: The services.
        external_id: The shop's id of the shopper.
        name: The subscription or Checkout Session that the event was about.
        catalog: The current plans.

    Returns:
        Whether there was anything to report.

    Raises:
        GenvorisError: It cannot be done now, and must be tried again.
    """
    with context.repository.lock(external_id):
        return _Settlement(context, external_id, catalog).run(name)


class _Settlement:
    """One shopper's account, while its lock is held."""

    def __init__(self, context: PlanContext, external_id: str, catalog: PlanCatalog) -> None:
        self._context = context
        self._external_id = external_id
        self._catalog = catalog
        self._account = context.repository.account(external_id)

    def run(self, name: str) -> bool:
        repository = self._context.repository
        if repository.is_closed(self._account, name):
            warn_of_closed(repository.subscription(name), name)
            repository.forget_owner(name, self._external_id)
            return False
        if customer := repository.customer_of(name):
            repository.link(customer, self._external_id)  # each time, so that it does not expire
        self._account = self._account.with_purchase(
            name, is_payment=repository.payment(name) is not None
        )
        purchases = list(
            purchases_of(self._context, self._external_id, self._account, self._catalog)
        )
        chosen = choose(purchases)
        if chosen is None:
            return self._report_end(purchases)
        if self._is_withheld(chosen):
            self._save()
            return False
        is_due = chosen.is_due
        if is_due:
            self._fill(chosen)
        self._warn_of_withheld(
            each for each in purchases if each.state == "active" and each.buyer != chosen.buyer
        )
        status: Status = "ACTIVE" if chosen.state == "active" else "PAUSED"
        plan = self._catalog.require(chosen.plan, chosen.price)
        has_changed = self._report(plan.id, status, purchases)
        self._account = replace(self._account, source=chosen.name, buyer=chosen.buyer)
        self._save()
        return has_changed or is_due

    def _fill(self, purchase: Purchase) -> None:
        """Report a sale or a renewal to Genvoris."""
        plan = self._catalog.require(purchase.plan, purchase.price)
        self._account = replace(self._account, source=purchase.name, buyer=purchase.buyer)
        self._save_intention(plan.id)
        billing = self._context.billing
        is_first = purchase.sale_id.endswith(":start") or not purchase.is_subscription
        customer = billing.accounts.start_period(
            "activate" if is_first else "renew",
            Shopper(self._external_id),
            lambda: plan.id,
            purchase.sale_id,
            is_sale=is_first,
        )
        self._save_filled(purchase, plan.id)
        self._account = replace(
            self._account,
            # As Genvoris has them: a sale that was reported before changes nothing.
            plan_id=customer.plan_id,
            status=customer.status,
            is_sure=True,
            intended=(),
        )

    def _save_filled(self, purchase: Purchase, plan_id: str) -> None:
        def merge(known: SubscriptionRecord) -> SubscriptionRecord:
            plans = {**known.plans, str(purchase.price): plan_id}
            return replace(
                known,
                filled_until=max(purchase.paid_until, known.filled_until or 0),
                plans=dict(list(plans.items())[-MAX_PLANS:]),
            )

        repository = self._context.repository
        if purchase.is_subscription:
            repository.merge_subscription(purchase.name, merge)
        elif payment := repository.payment(purchase.name):
            repository.save_payment(purchase.name, replace(payment, plan_id=plan_id))

    def _report_end(self, purchases: Sequence[Purchase]) -> bool:
        """Report that none of the purchases gives a plan any more."""
        has_changed = False
        if self._account.status is not None or not self._account.is_sure:
            with suppress(NotFoundError):
                if self._context.default_plan is not None:
                    has_changed = self._report(self._context.default_plan, "ACTIVE", purchases)
                elif any(each.state == "ended" for each in purchases):
                    has_changed = self._report(self._account.plan_id, "CANCELLED", purchases)
                else:
                    has_changed = self._report(None, "ACTIVE", purchases)
        self._save()
        return has_changed

    def _report(self, plan_id: str | None, status: Status, purchases: Sequence[Purchase]) -> bool:
        """Report the plan and the status to Genvoris, unless the last report was the same."""
        account = self._account
        if account.is_sure and (plan_id, status) == (account.plan_id, account.status):
            return False
        sets_plan = status != "CANCELLED" and not (account.is_sure and plan_id == account.plan_id)
        was_lost = any(each.name == account.source and each.state == "lost" for each in purchases)
        self._account = replace(account, turn=account.turn + 1)
        self._save_intention(plan_id)
        self._context.billing.accounts.change(
            "follow",
            Shopper(self._external_id),
            f"{STRIPE}turn:{self._account.turn}",
            plan=(lambda: plan_id) if sets_plan else None,
            status=status,
            # What was sold since by other means than Stripe is not taken back.
            takes_back=(lambda latest: latest.startswith(STRIPE)) if was_lost else None,
        )
        self._account = replace(
            self._account, plan_id=plan_id, status=status, is_sure=True, intended=()
        )
        return True

    def _save_intention(self, plan_id: str | None) -> None:
        """Record what is about to be reported."""
        intended = (*self._account.intended, *([plan_id] if plan_id else []))
        self._account = replace(self._account, is_sure=False, intended=intended[-MAX_PLANS:])
        self._save()

    def _is_withheld(self, purchase: Purchase) -> bool:
        """Return whether another buyer's new plan is smaller than one sold by other means."""
        if not purchase.is_due or purchase.buyer == self._account.buyer:
            return False
        customer = self._context.customer(self._external_id)
        if customer is None or customer.status != "ACTIVE" or self._is_own(customer.plan_id):
            return False
        if self._catalog.sold_size(customer.plan_id) <= purchase.size:
            return False
        self._warn_of_withheld([purchase])
        return True

    def _is_own(self, plan_id: str | None) -> bool:
        """Return whether a plan may stem from here, rather than from a sale by other means."""
        reported = (self._account.plan_id, *self._account.intended)
        return plan_id in (None, self._context.default_plan, *reported)

    def _save(self) -> None:
        self._context.repository.save_account(self._external_id, self._account)

    def _warn_of_withheld(self, purchases: Iterable[Purchase]) -> None:
        """Warn once of each purchase that waits for a larger plan to end."""
        names = [each.name for each in purchases if each.is_due]
        for name in names:
            if name not in self._account.withheld:
                log.warning(
                    "%s was bought by another Stripe customer than the shopper's plan, and is not "
                    "larger. It counts when that plan ends (%s).",
                    name,
                    see("billing.md"),
                )
        self._account = replace(self._account, withheld=tuple(names))
