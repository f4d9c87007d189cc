"""Stripe's Checkout Sessions behind Stripe's own library, without a network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import stripe

from genvoris_flask.core.billing.stripe.checkout import CheckoutSessions

CREATED = 1_700_000_000


class FakeCheckouts(stripe.HTTPClient):
    """Makes sessions, the same one for the same key, and lets a test pay for one.

    Args:
        page: Where Stripe's own page is.

    Attributes:
        sessions: The sessions by id.
        asked: The parameters of each request that made one.
    """

    name = "fake"

    def __init__(self, page: str = "https://checkout.stripe.com") -> None:
        super().__init__()
        self.page = page
        self.sessions: dict[str, dict[str, Any]] = {}
        self.asked: list[dict[str, str]] = []
        self._by_key: dict[str, str] = {}

    @property
    def client(self) -> CheckoutSessions:
        """What makes sessions here."""
        return CheckoutSessions(stripe.StripeClient("rk_test_secret", http_client=self))

    def pay(self, session_id: str) -> dict[str, Any]:
        """Have a session paid, and return it."""
        session = self.sessions[session_id]
        session |= {"payment_status": "paid", "status": "complete", "payment_intent": "pi_1"}
        return session

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        **_: Any,
    ) -> tuple[str, int, dict[str, str]]:
        """Answer a request of the library's."""
        path = urlsplit(url).path
        if method == "post" and path == "/v1/checkout/sessions":
            return self._answer(self._make(dict(parse_qsl(post_data)), headers or {}))
        session = self.sessions.get(path.rpartition("/")[2])
        if session is None:
            error = {"type": "invalid_request_error", "message": "No such session: rk_test_secret"}
            return json.dumps({"error": error}), 404, {}
        return self._answer(session)

    def _make(self, fields: dict[str, str], headers: Mapping[str, str]) -> dict[str, Any]:
        self.asked.append(fields)
        key = headers["Idempotency-Key"]
        name = self._by_key.setdefault(key, f"cs_test_{len(self.sessions) + 1}")
        metadata = {
            field[len("metadata[") : -1]: value
            for field, value in fields.items()
            if field.startswith("metadata[")
        }
        session = {
            "id": name,
            "object": "checkout.session",
            "created": CREATED,
            "mode": fields["mode"],
            "customer": None,
            "client_reference_id": fields["client_reference_id"],
            "metadata": metadata,
            "amount_total": 399,
            "currency": "eur",
            "payment_status": "unpaid",
            "payment_intent": None,
            "url": f"{self.page}/c/{name}",
        }
        return self.sessions.setdefault(name, session)

    def _answer(self, fields: dict[str, Any]) -> tuple[str, int, dict[str, str]]:
        return json.dumps(fields), 200, {}
