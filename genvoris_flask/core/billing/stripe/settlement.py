"""Brings a shopper's plan at Genvoris to what they have bought by Stripe.

What events say is in the records already when this begins, and each step is noted before it is
made. So it may break off anywhere: whichever event of the shopper's comes next goes on with it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace

from ....errors import NotFoundError, see
from ...api.models import Status
from ...sessions.shopper import Shopper
from ..catalog import Catalog
from .choice import Source, choose
from .context import STRIPE, StripeDesk
from .records import Subscribed
from .sources import customer_of, is_closed, sources_of, with_purchase

log = logging.getLogger("genvoris_flask.billing")

MOST_PLANS = 20  # that are remembered of a subscription


class Settling:
    """Settles the accounts of shoppers, one at a time for each shopper.

    Args:
        desk: The means.
    """

    def __init__(self, desk: StripeDesk) -> None:
        self._desk = desk

    def settle(self, external_id: str, name: str, catalog: Catalog) -> bool:
        """Tell Genvoris what follows from all that the shopper has bought.

        Args:
            external_id: The shop's id of the shopper.
            name: The subscription or Checkout Session that something was said of.
            catalog: The plans.

        Returns:
            Whether there was something to tell.

        Raises:
            GenvorisError: It cannot be done now, and is to be tried again.
        """
        with self._desk.memory.lock(external_id):
            return _Settlement(self._desk, external_id, catalog).settle(name)


class _Settlement:
    """One shopper's account, while nobody else settles it."""

    def __init__(self, desk: StripeDesk, external_id: str, catalog: Catalog) -> None:
        self._desk = desk
        self._external_id = external_id
        self._catalog = catalog
        self._account = desk.memory.account(external_id)

    def settle(self, name: str) -> bool:
        if is_closed(self._desk, self._account, name):
            self._warn_of_closed(name)
            return False
        if customer := customer_of(self._desk, name):
            self._desk.memory.link(customer, self._external_id)  # each time, so that it lasts
        self._account = with_purchase(self._desk, self._account, name)
        sources = list(sources_of(self._desk, self._external_id, self._account, self._catalog))
        chosen = choose(sources)
        if chosen is None:
            return self._tell_end(sources)
        if self._is_withheld(chosen):
            self._keep()
            return False
        filled = chosen.is_due
        if filled:
            self._fill(chosen)
        self._warn_of_withheld(
            each for each in sources if each.standing == "active" and each.buyer != chosen.buyer
        )
        status: Status = "ACTIVE" if chosen.standing == "active" else "PAUSED"
        plan = self._catalog.need(chosen.plan, chosen.price)
        told = self._tell(plan.id, status, sources)
        self._account = replace(self._account, source=chosen.name, buyer=chosen.buyer)
        self._keep()
        return told or filled

    def _fill(self, source: Source) -> None:
        """Tell of a sale or a renewal."""
        plan = self._catalog.need(source.plan, source.price)
        self._account = replace(self._account, source=source.name, buyer=source.buyer)
        self._intend(plan.id)
        is_first = source.sale_id.endswith(":start") or not source.is_subscription
        tell = self._desk.billing.activate if is_first else self._desk.billing.renew
        now = tell(self._external_id, plan_id=plan.id, event_id=source.sale_id)
        self._note_filled(source, plan.id)
        self._account = replace(
            self._account,
            # As it is: a sale that was told before changes nothing.
            plan_id=now.plan_id,
            status=now.status,
            is_sure=True,
            intended=(),
        )

    def _note_filled(self, source: Source, plan_id: str) -> None:
        def merge(known: Subscribed) -> Subscribed:
            plans = {**known.plans, str(source.price): plan_id}
            return replace(
                known,
                filled_until=max(source.paid_until, known.filled_until or 0),
                plans=dict(list(plans.items())[-MOST_PLANS:]),
            )

        if source.is_subscription:
            self._desk.memory.merge_subscription(source.name, merge)
        elif bought := self._desk.memory.purchase(source.name):
            self._desk.memory.keep_purchase(source.name, replace(bought, plan_id=plan_id))

    def _tell_end(self, sources: Sequence[Source]) -> bool:
        """Tell that nothing of what was bought gives a plan any more."""
        told = False
        if self._account.status is not None or not self._account.is_sure:
            with suppress(NotFoundError):
                if self._desk.default_plan is not None:
                    told = self._tell(self._desk.default_plan, "ACTIVE", sources)
                elif any(each.standing == "over" for each in sources):
                    told = self._tell(self._account.plan_id, "CANCELLED", sources)
                else:
                    told = self._tell(None, "ACTIVE", sources)
        self._keep()
        return told

    def _tell(self, plan_id: str | None, status: Status, sources: Sequence[Source]) -> bool:
        """Tell the plan and the status, unless Genvoris has been told just that."""
        account = self._account
        if account.is_sure and (plan_id, status) == (account.plan_id, account.status):
            return False
        sets_plan = status != "CANCELLED" and not (account.is_sure and plan_id == account.plan_id)
        was_lost = any(each.name == account.source and each.standing == "lost" for each in sources)
        self._account = replace(account, turn=account.turn + 1)
        self._intend(plan_id)
        self._desk.billing.accounts.change(
            "follow",
            Shopper(self._external_id),
            f"{STRIPE}turn:{self._account.turn}",
            plan=(lambda: plan_id) if sets_plan else None,
            status=status,
            # What was sold since, other than by Stripe, is not taken back.
            takes_back=(lambda latest: latest.startswith(STRIPE)) if was_lost else None,
        )
        self._account = replace(
            self._account, plan_id=plan_id, status=status, is_sure=True, intended=()
        )
        return True

    def _intend(self, plan_id: str | None) -> None:
        """Note what Genvoris is about to be told."""
        intended = (*self._account.intended, *([plan_id] if plan_id else []))
        self._account = replace(self._account, is_sure=False, intended=intended[-MOST_PLANS:])
        self._keep()

    def _is_withheld(self, source: Source) -> bool:
        """Say whether a new buyer's plan is smaller than one that was not sold by Stripe."""
        if not source.is_due or source.buyer == self._account.buyer:
            return False
        customer = self._desk.customer(self._external_id)
        if customer is None or customer.status != "ACTIVE" or self._was_told(customer.plan_id):
            return False
        if self._catalog.sold_size(customer.plan_id) <= source.size:
            return False
        self._warn_of_withheld([source])
        return True

    def _was_told(self, plan_id: str | None) -> bool:
        told = (self._account.plan_id, *self._account.intended)
        return plan_id in (None, self._desk.default_plan, *told)

    def _keep(self) -> None:
        self._desk.memory.keep_account(self._external_id, self._account)

    def _warn_of_withheld(self, sources: Iterable[Source]) -> None:
        """Warn once of each purchase that waits for a larger plan to end."""
        names = [each.name for each in sources if each.is_due]
        for name in names:
            if name not in self._account.withheld:
                log.warning(
                    "%s was bought by another Stripe customer than the shopper's plan, and is not "
                    "larger. It counts when that plan ends (%s).",
                    name,
                    see("billing.md"),
                )
        self._account = replace(self._account, withheld=tuple(names))

    def _warn_of_closed(self, name: str) -> None:
        known = self._desk.memory.subscription(name)
        if known.has_started and known.state != "ended":
            log.warning(
                "%s goes on at Stripe though its shopper's account was closed: cancel it there.",
                name,
            )
