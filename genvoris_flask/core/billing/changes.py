"""What an event of the billing system asks of a shopper's account at Genvoris."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from ..api.models import Customer, Status

# "quota" is set by whatever begins a period, "refund" by what takes a plan back with its sale,
# "erased" by the end of the account.
Field = Literal["plan", "status", "quota", "refund", "erased"]


@dataclass(frozen=True)
class Change:
    """The fields of an account that an event sets.

    Attributes:
        fills: Whether a period with a full quota begins.
        registers: Whether it is a sale, which registers a shopper whom Genvoris does not know.
        sets_plan: Whether the shopper moves to ``plan_id``, or to no plan when that is None.
        plan_id: Genvoris's id of the plan.
        status: The new status; None keeps it.
        adds: Whether the plan was chosen from the one that the shopper had, as larger or smaller.
        is_refund: Whether it takes back the plan of one sale, and nothing that was sold since.
        erases: Whether email and metadata are erased.
    """

    fills: bool = False
    registers: bool = False
    sets_plan: bool = False
    plan_id: str | None = None
    status: Status | None = None
    adds: bool = False
    is_refund: bool = False
    erases: bool = False

    @classmethod
    def load(cls, record: Mapping[str, Any]) -> Change:
        """Read what ``dump`` wrote; fields of other versions are left out."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in record.items() if name in known})

    def dump(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return asdict(self)

    @property
    def fields(self) -> set[Field]:
        """What it sets."""
        found: set[Field] = set()
        if self.sets_plan:
            found.add("refund" if self.is_refund else "plan")
        if self.status is not None:
            found.add("status")
        if self.fills:
            found.add("quota")
        if self.erases:
            found.add("erased")
        return found

    def without(self, overtaken: Iterable[Field]) -> Change:
        """Return what is left of it when newer events have set some of its fields."""
        names = set(overtaken)
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
        """Say whether the customer has the plan already, or keeps whatever it is."""
        return customer is not None and (not self.sets_plan or customer.plan_id == self.plan_id)

    def fits(self, customer: Customer | None) -> bool:
        """Say whether a customer has the plan and the status of this change."""
        return (
            customer is not None
            and self.keeps_plan_of(customer)
            and self.status in (None, customer.status)
        )
