"""What is reported: ``/events``, ``/conversions``, ``/returns``, and ``/webhooks`` in return."""

from __future__ import annotations

import builtins
from collections.abc import Sequence

from ..http import RetryPolicy
from ..models import (
    Conversion,
    ConversionPlatform,
    Event,
    Return,
    WebhookEndpoint,
    WebhookTest,
    published_type,
)
from ..parsing import as_int, read_list, read_object
from . import Resource, path_id, present

MAX_EVENTS = 50  # in one call


class Events(Resource):
    """``/events``: what shoppers do with the widget."""

    def send(self, events: Sequence[Event]) -> int:
        """Send 1 to 50 events, and return how many Genvoris accepted.

        A second request would count them twice, so the call is retried only if the first one
        certainly had no effect.

        Raises:
            ValueError: There are none, or more than 50.
            BadRequestError: A field is wrong.
        """
        if not 1 <= len(events) <= MAX_EVENTS:
            raise ValueError(f"Send 1 to {MAX_EVENTS} events in one call, not {len(events)}.")
        content = {"events": [event.write() for event in events]}
        body = self._send("POST", "/events", RetryPolicy.IF_UNSENT, json=content)
        accepted = as_int(read_object(body, "POST /events").get("accepted"))
        return len(events) if accepted is None else accepted


class Conversions(Resource):
    """``/conversions``: orders, so that Genvoris can attribute them to try-ons."""

    def record(
        self,
        *,
        order_id: str,
        amount_cents: int,
        platform: ConversionPlatform = "custom",
        currency: str | None = None,
        quantity: int | None = None,
        product_id: str | None = None,
        product_title: str | None = None,
        session_id: str | None = None,
        customer_email: str | None = None,
        attribution_window_minutes: int | None = None,
    ) -> Conversion:
        """Report an order.

        A second report of the same order counts nothing again and says so (``deduped``), so the
        call is retried while the error may be temporary.

        Args:
            order_id: The shop's id for the order.
            amount_cents: What was paid, in the currency's minor unit.
            platform: Where the shop runs.
            currency: An ISO 4217 code, such as ``EUR``.
            quantity: How many were bought.
            product_id: The shop's id for the product.
            product_title: Its name.
            session_id: The widget's id for the visit.
            customer_email: The shopper's email address.
            attribution_window_minutes: How long after a try-on an order counts.

        Raises:
            BadRequestError: A field is wrong.
        """
        fields = present(
            orderId=order_id,
            platform=platform,
            amountCents=amount_cents,
            currency=currency,
            quantity=quantity,
            productId=product_id,
            productTitle=product_title,
            sessionId=session_id,
            customerEmail=customer_email,
            attributionWindowMinutes=attribution_window_minutes,
        )
        body = self._send("POST", "/conversions", RetryPolicy.ALWAYS, json=fields)
        return Conversion.read(read_object(body, "POST /conversions"))


class Returns(Resource):
    """``/returns``: refunds of orders that were reported to ``/conversions``."""

    def record(
        self,
        *,
        order_id: str,
        refunded_amount_cents: int,
        platform: ConversionPlatform = "custom",
        currency: str | None = None,
        reason: str | None = None,
    ) -> Return:
        """Report a refund.

        An order may be refunded in parts, so a second request counts a second refund. The call is
        retried only if the first one certainly had no effect.

        Args:
            order_id: The shop's id for the order.
            refunded_amount_cents: What was paid back this time, in the currency's minor unit.
            platform: Where the shop runs.
            currency: An ISO 4217 code, such as ``EUR``.
            reason: Why, in the shop's words.

        Raises:
            BadRequestError: A field is wrong.
            NotFoundError: Genvoris does not know the order.
        """
        fields = present(
            orderId=order_id,
            platform=platform,
            refundedAmountCents=refunded_amount_cents,
            currency=currency,
            reason=reason,
        )
        body = self._send("POST", "/returns", RetryPolicy.IF_UNSENT, json=fields)
        return Return.read(read_object(body, "POST /returns"))


class WebhookEndpoints(Resource):
    """``/webhooks``: where Genvoris sends webhooks."""

    def list(self) -> builtins.list[WebhookEndpoint]:
        """Return all endpoints. Retried while the error may be temporary."""
        items, _ = read_list(self._send("GET", "/webhooks", RetryPolicy.ALWAYS), "GET /webhooks")
        return [WebhookEndpoint.read(item) for item in items]

    def create(
        self, *, url: str, secret: str, events: Sequence[str], description: str | None = None
    ) -> WebhookEndpoint:
        """Have webhooks sent to a URL of the shop.

        A second request creates a second endpoint, and both deliver: the call is retried only if
        the first one certainly had no effect.

        Args:
            url: The URL, which starts with ``https://``.
            secret: Signs the deliveries; set the same one as GENVORIS_WEBHOOK_SECRET.
            events: The types to send, such as ``tryon.completed``. The names of ``@genvoris.on``
                work here too: where Genvoris knows only an older name, that one is sent.
            description: A note.

        Raises:
            BadRequestError: A field is wrong.
        """
        types = [*dict.fromkeys(published_type(event) for event in events)]
        fields = present(url=url, secret=secret, events=types, description=description)
        body = self._send(
            "POST", "/webhooks", RetryPolicy.IF_UNSENT, json=fields, secrets=(secret,)
        )
        return WebhookEndpoint.read(read_object(body, "POST /webhooks"))

    def test(self, endpoint_id: str) -> WebhookTest:
        """Have a ``webhook.test`` delivered. A second one does no harm, so the call is retried.

        Raises:
            NotFoundError: There is no such endpoint.
        """
        body = self._send("POST", f"/webhooks/{path_id(endpoint_id)}/test", RetryPolicy.ALWAYS)
        return WebhookTest.read(read_object(body, "POST /webhooks/{id}/test") if body else {})

    def delete(self, endpoint_id: str) -> None:
        """Delete an endpoint.

        The call is retried only if the first request certainly had no effect, so that a retry
        never raises NotFoundError.

        Raises:
            NotFoundError: There is no such endpoint, or it was deleted already.
        """
        self._send("DELETE", f"/webhooks/{path_id(endpoint_id)}", RetryPolicy.IF_UNSENT)
