"""``/plans``."""

from __future__ import annotations

from ..http import RetryPolicy
from ..models import Plan
from ..parsing import read_list, read_object
from .base import UNSET, Resource, given, path_id


class Plans(Resource):
    """``/plans``: what the shop sells."""

    def list(self, *, include_inactive: bool = False) -> list[Plan]:
        """Return all plans. Retried while the error may be temporary."""
        params = {"include_inactive": "true"} if include_inactive else {}
        body = self._send("GET", "/plans", RetryPolicy.ALWAYS, params=params)
        items, _ = read_list(body, "GET /plans")
        return [Plan.read(item) for item in items]

    def create(
        self, *, name: str, monthly_try_ons: int, external_price_id: str | None = None
    ) -> Plan:
        """Create a plan. Never retried, since a second request creates a second plan.

        Args:
            name: 1 to 80 characters.
            monthly_try_ons: 1 to 1,000,000.
            external_price_id: The price's id in the shop's billing system.

        Raises:
            BadRequestError: A field is wrong.
        """
        fields = given(
            name=name,
            monthlyTryOns=monthly_try_ons,
            externalPriceId=UNSET if external_price_id is None else external_price_id,
        )
        body = self._send("POST", "/plans", RetryPolicy.NEVER, json=fields)
        return Plan.read(read_object(body, "POST /plans"))

    def get(self, plan_id: str) -> Plan:
        """Return one plan. Retried while the error may be temporary.

        Raises:
            NotFoundError: There is no such plan.
        """
        body = self._send("GET", f"/plans/{path_id(plan_id)}", RetryPolicy.ALWAYS)
        return Plan.read(read_object(body, "GET /plans/{id}"))

    def update(
        self,
        plan_id: str,
        *,
        name: str = UNSET,
        monthly_try_ons: int = UNSET,
        external_price_id: str | None = UNSET,
        active: bool = UNSET,
    ) -> Plan:
        """Change the fields that are passed; None clears a field.

        A second request changes nothing more, so it is retried while the error may be temporary.

        Raises:
            BadRequestError: A field is wrong.
            NotFoundError: There is no such plan.
        """
        fields = given(
            name=name,
            monthlyTryOns=monthly_try_ons,
            externalPriceId=external_price_id,
            active=active,
        )
        body = self._send("PATCH", f"/plans/{path_id(plan_id)}", RetryPolicy.ALWAYS, json=fields)
        return Plan.read(read_object(body, "PATCH /plans/{id}"))

    def disable(self, plan_id: str) -> None:
        """Stop selling a plan. Customers who have it keep it.

        A second request changes nothing more, so it is retried while the error may be temporary.

        Raises:
            NotFoundError: There is no such plan.
        """
        self._send("DELETE", f"/plans/{path_id(plan_id)}", RetryPolicy.ALWAYS)
