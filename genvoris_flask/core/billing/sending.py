"""Sends changes of a shopper's account to Genvoris."""

from __future__ import annotations

from typing import Any, Protocol

from ...errors import NotFoundError
from ..api.client import GenvorisClient
from ..api.models import Customer
from ..sessions.shopper import Shopper
from .changes import Change


class Names(Protocol):
    """What knows shoppers by the ids that Genvoris has."""

    def external_id(self, shopper: Shopper) -> str:
        """Return the shop's id as Genvoris knows it."""

    def customer_id(self, shopper: Shopper) -> str:
        """Return the best id to ask Genvoris about this shopper with."""


class Sender:
    """Finds, registers and changes customers.

    Args:
        client: Speaks to Genvoris.
        names: Knows shoppers' ids.
    """

    def __init__(self, client: GenvorisClient, names: Names) -> None:
        self._customers = client.customers
        self._names = names

    def get(self, customer_id: str) -> Customer:
        """Return a customer by Genvoris's id."""
        return self._customers.get(customer_id)

    def find(self, shopper: Shopper) -> Customer | None:
        """Return the shopper as Genvoris knows them, if it does."""
        try:
            return self._customers.get(self._names.customer_id(shopper))
        except NotFoundError:
            return None

    def send(
        self, shopper: Shopper, before: Customer | None, change: Change, *, is_whole: bool = True
    ) -> Customer:
        """Make a change.

        Args:
            shopper: Whose account it is; their email is sent with a registration.
            before: How they stand; None when that is unknown or Genvoris does not know them.
            change: What to set.
            is_whole: Whether nothing was left out of it because newer events have set that.

        Raises:
            NotFoundError: Genvoris does not know the shopper, and it is no sale.
        """
        keeps_plan = change.keeps_plan_of(before)
        sells_plan = change.fills and change.sets_plan and is_whole and not change.erases
        is_new = change.registers and (change.fills or before is None)
        if is_new or (sells_plan and not keeps_plan):
            return self._register(shopper, change.plan_id)
        customer_id = before.id if before else self._names.customer_id(shopper)
        fields: dict[str, Any] = {"reset_period": True} if change.fills else {}
        if change.sets_plan and not (change.fills and keeps_plan):
            # A plan that they keep is not named: it may not be sold to others any more.
            fields["plan_id"] = change.plan_id
        if change.status is not None:
            fields["status"] = change.status
        if change.erases:
            fields |= {"email": None, "metadata": None}
        if not fields:
            return self._customers.get(customer_id)
        return self._customers.update(customer_id, **fields)

    def _register(self, shopper: Shopper, plan_id: str | None) -> Customer:
        """Register or renew, as quickstart step 3 says."""
        customer = self._customers.upsert(
            external_id=self._names.external_id(shopper), email=shopper.email, plan_id=plan_id
        )
        if customer.status == "ACTIVE":
            return customer
        return self._customers.update(customer.id, status="ACTIVE")
