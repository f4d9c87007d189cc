"""``/plans``, ``/customers`` and the sessions below them."""

from __future__ import annotations

import builtins
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ....errors import MalformedAnswerError
from ..http import HttpClient, RetryPolicy
from ..models import ActiveSession, Customer, Page, Plan, Session, Status, Usage
from ..parsing import read_list, read_object
from . import UNSET, Resource, given, path_id


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


class Customers(Resource):
    """``/customers``: the shoppers that Genvoris meters."""

    def upsert(
        self,
        *,
        external_id: str,
        email: str | None = None,
        plan_id: str | None = None,
        metadata: Mapping[str, str | int | float | bool | None] | None = None,
    ) -> Customer:
        """Register a shopper, or start a new period for one.

        Each call starts a fresh quota and counts against 100 an hour, so call it for a sale or a
        renewal, never for a page view. It is retried only if the first request certainly had no
        effect; ``genvoris.billing`` calls it once for each event of a billing system.

        Args:
            external_id: The shop's own id for the shopper; anything stable.
            email: Their email address.
            plan_id: The plan that they bought (``pln_…``).
            metadata: Data of the shop's own, at most 20 keys and 4 KB.

        Raises:
            BadRequestError: A field is wrong.
            ForbiddenError: ``plan_not_found``: there is no such active plan.
            RateLimitedError: Over 100 in an hour.
        """
        fields = {"externalId": external_id, "email": email, "planId": plan_id}
        fields = {name: value for name, value in fields.items() if value is not None}
        extra = {} if metadata is None else {"metadata": dict(metadata)}
        body = self._send("POST", "/customers", RetryPolicy.IF_UNSENT, json={**fields, **extra})
        return Customer.read(read_object(body, "POST /customers"))

    def list(
        self, *, status: Status | None = None, limit: int = 50, cursor: str | None = None
    ) -> Page[Customer]:
        """Return one page of customers. Retried while the error may be temporary.

        Args:
            status: Return only customers with this status.
            limit: 1 to 200.
            cursor: ``next_cursor`` of the page before.

        Raises:
            BadRequestError: A field is wrong.
        """
        asked = {"status": status, "limit": limit, "cursor": cursor}
        params = {name: value for name, value in asked.items() if value is not None}
        body = self._send("GET", "/customers", RetryPolicy.ALWAYS, params=params)
        items, next_cursor = read_list(body, "GET /customers")
        return Page(tuple(Customer.read(item) for item in items), next_cursor)

    def iterate(self, *, status: Status | None = None, page_size: int = 200) -> Iterator[Customer]:
        """Yield all customers; each page is fetched when it is needed.

        Raises:
            MalformedAnswerError: A page names itself as the next one.
        """
        cursor: str | None = None
        while True:
            page = self.list(status=status, limit=page_size, cursor=cursor)
            yield from page.items
            if not page.next_cursor:
                return
            if page.next_cursor == cursor:
                raise MalformedAnswerError("GET /customers gives the same page again and again.")
            cursor = page.next_cursor

    def get(self, customer_id: str) -> Customer:
        """Return one customer, by Genvoris's id or the shop's. Retried on temporary errors.

        Raises:
            NotFoundError: There is no such customer.
        """
        body = self._send("GET", f"/customers/{path_id(customer_id)}", RetryPolicy.ALWAYS)
        return Customer.read(read_object(body, "GET /customers/{id}"))

    def update(
        self,
        customer_id: str,
        *,
        email: str | None = UNSET,
        plan_id: str | None = UNSET,
        status: Status = UNSET,
        metadata: Mapping[str, Any] | None = UNSET,
        reset_period: bool = False,
    ) -> Customer:
        """Change the fields that are passed; None clears a field.

        Only ``reset_period`` starts a fresh quota. A second request changes nothing more, so the
        call is retried while the error may be temporary; with ``reset_period``, only if the first
        request certainly had no effect.

        Raises:
            BadRequestError: A field is wrong.
            ForbiddenError: ``plan_not_found``: there is no such active plan.
            NotFoundError: There is no such customer.
        """
        fields = given(
            email=email,
            planId=plan_id,
            status=status,
            metadata=metadata,
            resetPeriod=True if reset_period else UNSET,
        )
        repeat = RetryPolicy.IF_UNSENT if reset_period else RetryPolicy.ALWAYS
        body = self._send("PATCH", f"/customers/{path_id(customer_id)}", repeat, json=fields)
        return Customer.read(read_object(body, "PATCH /customers/{id}"))

    def cancel(self, customer_id: str) -> None:
        """Cancel a customer; Genvoris keeps the record.

        A second request changes nothing more, so it is retried while the error may be temporary.

        Raises:
            NotFoundError: There is no such customer.
        """
        self._send("DELETE", f"/customers/{path_id(customer_id)}", RetryPolicy.ALWAYS)

    def usage(self, customer_id: str) -> Usage:
        """Return how much of the quota is used. Retried while the error may be temporary.

        Raises:
            NotFoundError: There is no such customer.
        """
        body = self._send("GET", f"/customers/{path_id(customer_id)}/usage", RetryPolicy.ALWAYS)
        return Usage.read(read_object(body, "GET /customers/{id}/usage"))


class Sessions(Resource):
    """``/customers/{id}/sessions``: tokens for browsers."""

    def __init__(self, http: HttpClient, timeout: float, now: Callable[[], float] = time.time):
        super().__init__(http, timeout)
        self._now = now

    def mint(self, customer_id: str, *, expires_in: int | None = None) -> Session:
        """Mint a token. A second one does no harm, so the call is retried.

        Args:
            customer_id: Genvoris's id or the shop's.
            expires_in: Its lifetime in seconds, 60 to 3600. Defaults to 900.

        Raises:
            CustomerInactiveError: The customer is paused or cancelled.
            BadRequestError: ``expires_in`` is out of range.
            NotFoundError: There is no such customer.
        """
        fields = {} if expires_in is None else {"expires_in": expires_in}
        asked_at = self._now()
        path = f"/customers/{path_id(customer_id)}/sessions"
        body = self._send("POST", path, RetryPolicy.ALWAYS, json=fields)
        return Session.read(read_object(body, "POST /customers/{id}/sessions"), asked_at)

    def list(self, customer_id: str) -> builtins.list[ActiveSession]:
        """Return a customer's valid tokens. Retried while the error may be temporary.

        Args:
            customer_id: Genvoris's id or the shop's.

        Raises:
            NotFoundError: There is no such customer.
        """
        path = f"/customers/{path_id(customer_id)}/sessions"
        items, _ = read_list(
            self._send("GET", path, RetryPolicy.ALWAYS), "GET /customers/{id}/sessions"
        )
        return [ActiveSession.read(item) for item in items]

    def revoke(self, customer_id: str, jti: str) -> None:
        """Revoke a token.

        A second request changes nothing more, so it is retried while the error may be temporary.

        Raises:
            NotFoundError: There is no such customer, or the token is not theirs.
        """
        path = f"/customers/{path_id(customer_id)}/sessions/{path_id(jti)}"
        self._send("DELETE", path, RetryPolicy.ALWAYS)
