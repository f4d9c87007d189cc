"""A small Genvoris with plans, customers and their periods, for tests of billing.

It is a transport: no sockets, no delays. Faults can be injected before and after each request.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import httpx

from genvoris_flask.core.api.client import GenvorisClient

START = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
Fault = Callable[[httpx.Request], Any]


def no_fault(_request: httpx.Request) -> None:
    """Inject nothing."""


class QuotaServer:
    """A transport that counts how often each customer's quota was filled.

    Attributes:
        fills: The number of fills by external id.
        calls: Method and path of each request that was carried out.
        sold_as: A customer's status after a sale.
        before: Called before a request is carried out; may raise, or return a response instead.
        after: Called after a request was carried out; may raise.
    """

    def __init__(self, *price_ids: str) -> None:
        self.plans: list[dict[str, Any]] = [
            {"id": f"pln_{price}", "name": price, "monthlyTryOns": 5, "externalPriceId": price}
            for price in price_ids
        ]
        self.customers: dict[str, dict[str, Any]] = {}
        self.fills: dict[str, int] = {}
        self.calls: list[str] = []
        self.sold_as = "ACTIVE"
        self.before: Fault = no_fault
        self.after: Fault = no_fault
        self.client = GenvorisClient(
            "gvk_test_1", transport=httpx.MockTransport(self), sleep=lambda _seconds: None
        )

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if (answer := self.before(request)) is not None:
            assert isinstance(answer, httpx.Response)
            return answer
        path = request.url.path.removeprefix("/api/v1")
        self.calls.append(f"{request.method} {path}")
        answer = self._answer(request.method, path, json.loads(request.content or b"{}"))
        self.after(request)
        return answer

    def _answer(self, method: str, path: str, body: dict[str, Any]) -> httpx.Response:
        if path == "/plans":
            if method == "POST":
                self.plans.append({"id": f"pln_{body['externalPriceId']}", **body})
                return httpx.Response(201, json=self.plans[-1])
            return httpx.Response(200, json={"data": self.plans})
        if path == "/customers":
            external_id = body["externalId"]
            new = {"id": f"ec_{external_id}", "externalId": external_id, "email": None}
            customer = self.customers.setdefault(external_id, new)
            self.fill(customer)
            customer.update({**body, "status": self.sold_as})
            return httpx.Response(200, json=customer)
        name = path.split("/")[2].removeprefix("ec_")
        if name not in self.customers:
            return httpx.Response(404, json={"error": "not_found", "detail": "No such customer."})
        customer = self.customers[name]
        if path.endswith("/usage"):
            return httpx.Response(200, json=self._usage(customer))
        if body.pop("resetPeriod", False):
            self.fill(customer)
        customer.update(body)
        return httpx.Response(200, json=customer)

    def clear_faults(self) -> None:
        """Inject no more faults."""
        self.before = self.after = no_fault

    def size(self, name: str) -> int | None:
        """Return the quota of a customer's plan."""
        plan_id = self.customers[name].get("planId")
        return next((plan["monthlyTryOns"] for plan in self.plans if plan["id"] == plan_id), None)

    def _usage(self, customer: dict[str, Any]) -> dict[str, Any]:
        current = {"used": 0, "limit": self.size(customer["externalId"])}
        return {"customer_id": customer["id"], "current": current}

    def fill(self, customer: dict[str, Any]) -> None:
        """Start a new period of a customer."""
        name = customer["externalId"]
        self.fills[name] = self.fills.get(name, 0) + 1
        customer["periodStart"] = (START + dt.timedelta(hours=self.fills[name])).isoformat()
