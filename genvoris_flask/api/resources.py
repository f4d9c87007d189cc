"""The calls of the REST API, by what they are about.

Each says what may be repeated when it fails (see ``Repeat``). Upserting a customer starts a new
period with a fresh quota, and creating a plan twice makes two, so neither is sent twice unless
the first surely had no effect.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from .http import HttpClient, Repeat
from .models import Customer, Page, Plan, Session, Status, Usage
from .wire import read_list, read_object

UNSET: Any = object()


class Resource:
    """What all resources share: where to send, and how long to wait."""

    def __init__(self, http: HttpClient, timeout: float) -> None:
        self._http = http
        self._timeout = timeout

    def _send(self, method: str, path: str, repeat: Repeat, **content: Any) -> bytes:
        answer = self._http.request(method, path, timeout=self._timeout, repeat=repeat, **content)
        return answer.body


class Plans(Resource):
    """``/plans``: what the shop sells."""

    def list(self, *, include_inactive: bool = False) -> list[Plan]:
        """Give all plans."""
        params = {"include_inactive": "true"} if include_inactive else {}
        body = self._send("GET", "/plans", Repeat.ALWAYS, params=params)
        items, _ = read_list(body, "GET /plans")
        return [Plan.read(item) for item in items]

    def create(
        self, *, name: str, monthly_try_ons: int, external_price_id: str | None = None
    ) -> Plan:
        """Create a plan. Never repeated: the contract says that doing it twice makes two.

        Args:
            name: 1 to 80 characters.
            monthly_try_ons: 1 to 1,000,000.
            external_price_id: The price's id in the shop's billing system.
        """
        fields = _given(
            name=name,
            monthlyTryOns=monthly_try_ons,
            externalPriceId=UNSET if external_price_id is None else external_price_id,
        )
        body = self._send("POST", "/plans", Repeat.NEVER, json=fields)
        return Plan.read(read_object(body, "POST /plans"))

    def get(self, plan_id: str) -> Plan:
        """Give one plan."""
        body = self._send("GET", f"/plans/{_id(plan_id)}", Repeat.ALWAYS)
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
        """Change what is given; None clears."""
        fields = _given(
            name=name,
            monthlyTryOns=monthly_try_ons,
            externalPriceId=external_price_id,
            active=active,
        )
        body = self._send("PATCH", f"/plans/{_id(plan_id)}", Repeat.ALWAYS, json=fields)
        return Plan.read(read_object(body, "PATCH /plans/{id}"))

    def disable(self, plan_id: str) -> None:
        """Stop selling a plan; those who have it keep it."""
        self._send("DELETE", f"/plans/{_id(plan_id)}", Repeat.ALWAYS)


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

        Each call gives a fresh quota and counts against 100 an hour, so call it on a sale or a
        renewal, never on a page view.
        """
        fields = {"externalId": external_id, "email": email, "planId": plan_id}
        fields = {name: value for name, value in fields.items() if value is not None}
        extra = {} if metadata is None else {"metadata": dict(metadata)}
        body = self._send("POST", "/customers", Repeat.IF_UNSENT, json={**fields, **extra})
        return Customer.read(read_object(body, "POST /customers"))

    def list(
        self, *, status: Status | None = None, limit: int = 50, cursor: str | None = None
    ) -> Page[Customer]:
        """Give one page of customers.

        Args:
            status: Only those.
            limit: 1 to 200.
            cursor: ``next_cursor`` of the page before.
        """
        asked = {"status": status, "limit": limit, "cursor": cursor}
        params = {name: value for name, value in asked.items() if value is not None}
        body = self._send("GET", "/customers", Repeat.ALWAYS, params=params)
        items, next_cursor = read_list(body, "GET /customers")
        return Page(tuple(Customer.read(item) for item in items), next_cursor)

    def iterate(self, *, status: Status | None = None, page_size: int = 200) -> Iterator[Customer]:
        """Give all customers, page by page."""
        cursor: str | None = None
        while True:
            page = self.list(status=status, limit=page_size, cursor=cursor)
            yield from page.items
            cursor = page.next_cursor
            if not cursor:
                return

    def get(self, customer_id: str) -> Customer:
        """Give one customer, by Genvoris's id or the shop's."""
        body = self._send("GET", f"/customers/{_id(customer_id)}", Repeat.ALWAYS)
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
        """Change what is given; None clears. The quota is refilled only by ``reset_period``."""
        fields = _given(
            email=email,
            planId=plan_id,
            status=status,
            metadata=metadata,
            resetPeriod=True if reset_period else UNSET,
        )
        repeat = Repeat.IF_UNSENT if reset_period else Repeat.ALWAYS
        body = self._send("PATCH", f"/customers/{_id(customer_id)}", repeat, json=fields)
        return Customer.read(read_object(body, "PATCH /customers/{id}"))

    def cancel(self, customer_id: str) -> None:
        """Cancel a customer; Genvoris keeps the record."""
        self._send("DELETE", f"/customers/{_id(customer_id)}", Repeat.ALWAYS)

    def usage(self, customer_id: str) -> Usage:
        """Say how much of the quota is spent."""
        body = self._send("GET", f"/customers/{_id(customer_id)}/usage", Repeat.ALWAYS)
        return Usage.read(read_object(body, "GET /customers/{id}/usage"))


class Sessions(Resource):
    """``/customers/{id}/sessions``: tokens for browsers."""

    def __init__(self, http: HttpClient, timeout: float, now: Callable[[], float] = time.time):
        super().__init__(http, timeout)
        self._now = now

    def mint(self, customer_id: str, *, expires_in: int | None = None) -> Session:
        """Mint a token. A second one does no harm, so a failure is tried again.

        Args:
            customer_id: Genvoris's id or the shop's.
            expires_in: Seconds to live, 60 to 3600; 900 when not given.

        Raises:
            CustomerInactiveError: The customer is paused or cancelled.
            NotFoundError: There is no such customer.
        """
        fields = {} if expires_in is None else {"expires_in": expires_in}
        asked_at = self._now()
        path = f"/customers/{_id(customer_id)}/sessions"
        body = self._send("POST", path, Repeat.ALWAYS, json=fields)
        return Session.read(read_object(body, "POST /customers/{id}/sessions"), asked_at)

    def revoke(self, customer_id: str, jti: str) -> None:
        """Make a token useless before its end."""
        path = f"/customers/{_id(customer_id)}/sessions/{_id(jti)}"
        self._send("DELETE", path, Repeat.ALWAYS)


def _id(value: str) -> str:
    """Encode an id for a path; ids may hold anything, but an empty one would name the list."""
    if not value:
        raise ValueError("An id is needed, not an empty text.")
    encoded = quote(value, safe="")
    # A path of dots would be resolved away on the wire.
    return encoded.replace(".", "%2E") if set(value) <= {"."} else encoded


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not UNSET}
