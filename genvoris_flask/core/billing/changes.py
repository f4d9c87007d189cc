"""Changes of a shopper's account at Genvoris, and how they are sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, Protocol

from ...errors import NotFoundError
from ..api.client import GenvorisClient
from ..api.models import Customer, Status
from ..sessions import Shopper

# "quota" is set by events that start a period, "refund" by those that take a sale back, "erased"
# by closing the account.
Field = Literal["plan", "status", "quota", "refund", "erased"]


@dataclass(frozen=True)
class Change:
    """The fields of an account that an event sets. It is stored as JSON, with these names.

    Attributes:
        fills: Whether a period with a full quota starts.
        registers: Whether it is a sale, which registers a shopper unknown to Genvoris.
        sets_plan: Whether the shopper moves to ``plan_id``, or to no plan if that is None.
        plan_id: Genvoris's id of the plan.
        status: The new status; None keeps it.
        adds: Whether the plan was made larger or smaller by a grant of a former version.
        is_refund: Whether it takes back the plan of one sale, and nothing sold since.
        erases: Whether email and metadata are erased.
        rolled: Whether Genvoris has begun the period that was paid for by itself.
    """

    fills: bool = False
    registers: bool = False
    sets_plan: bool = False
    plan_id: str | None = None
    status: Status | None = None
    adds: bool = False
    is_refund: bool = False
    erases: bool = False
    rolled: bool = False

    @classmethod
    def load(cls, record: Mapping[str, Any]) -> Change:
        """Return what ``dump`` wrote; fields of other versions are ignored."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in record.items() if name in known})

    def dump(self) -> dict[str, Any]:
        """Return the change as JSON can represent it."""
        return asdict(self)

    @property
    def fields(self) -> set[Field]:
        """The fields that it sets."""
        found: set[Field] = set()
        if self.sets_plan:
            found.add("refund" if self.is_refund else "plan")
        if self.status is not None:
            found.add("status")
        if self.fills or self.rolled:
            found.add("quota")
        if self.erases:
            found.add("erased")
        return found

    def without(self, superseded: Iterable[Field]) -> Change:
        """Return the rest of the change when newer events have set some of its fields."""
        names = set(superseded)
        if not names:
            return self
        return replace(
            self,
            fills=self.fills and "quota" not in names,
            registers=False,
            sets_plan=self.sets_plan and "plan" not in names,
            status=None if "status" in names else self.status,
        )

    def keeps_plan_of(self, customer: Customer | None) -> bool:
        """Return whether the customer already has the plan, or keeps the plan that they have."""
        return customer is not None and (not self.sets_plan or customer.plan_id == self.plan_id)

    def fits(self, customer: Customer | None) -> bool:
        """Return whether the customer has the plan and the status of this change."""
        return (
            customer is not None
            and self.keeps_plan_of(customer)
            and self.status in (None, customer.status)
        )


class CustomerIds(Protocol):
    """Translates shoppers into the ids that Genvoris knows."""

    def external_id(self, shopper: Shopper) -> str:
        """Return the shop's id, as Genvoris knows it."""

    def customer_id(self, shopper: Shopper) -> str:
        """Return the best id for requests about this shopper."""


class CustomerUpdater:
    """Finds, registers and updates customers.

    Args:
        client: The REST client.
        ids: Translates shoppers into ids.
    """

    def __init__(self, client: GenvorisClient, ids: CustomerIds) -> None:
        self._customers = client.customers
        self._ids = ids

    def get(self, customer_id: str) -> Customer:
        """Return a customer by Genvoris's id."""
        return self._customers.get(customer_id)

    def find(self, shopper: Shopper) -> Customer | None:
        """Return the shopper's customer, or None if Genvoris does not know the shopper."""
        try:
            return self._customers.get(self._ids.customer_id(shopper))
        except NotFoundError:
            return None

    def apply(
        self, shopper: Shopper, before: Customer | None, change: Change, *, is_whole: bool = True
    ) -> Customer:
        """Apply a change.

        Args:
            shopper: Whose account it is; a registration includes their email.
            before: The current customer; None if unknown, or unknown to Genvoris.
            change: The fields to set.
            is_whole: Whether no fields were removed because newer events have set them.

        Raises:
            NotFoundError: Genvoris does not know the shopper, and the change is not a sale.
        """
        keeps_plan = change.keeps_plan_of(before)
        sells_plan = change.fills and change.sets_plan and is_whole and not change.erases
        is_new = change.registers and (change.fills or before is None)
        if is_new or (sells_plan and not keeps_plan):
            return self._register(shopper, change.plan_id)
        customer_id = before.id if before else self._ids.customer_id(shopper)
        fields: dict[str, Any] = {"reset_period": True} if change.fills else {}
        if change.sets_plan and not (change.fills and keeps_plan):
            # A plan that stays is not named: Genvoris would refuse one that is no longer sold.
            fields["plan_id"] = change.plan_id
        if change.status is not None:
            fields["status"] = change.status
        if change.erases:
            fields |= {"email": None, "metadata": None}
        if not fields:
            return self._customers.get(customer_id)
        return self._customers.update(customer_id, **fields)

    def _register(self, shopper: Shopper, plan_id: str | None) -> Customer:
        customer = self._customers.upsert(
            external_id=self._ids.external_id(shopper), email=shopper.email, plan_id=plan_id
        )
        if customer.status == "ACTIVE":
            return customer
        return self._customers.update(customer.id, status="ACTIVE")
