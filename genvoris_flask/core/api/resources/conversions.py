"""``/conversions``."""

from __future__ import annotations

from ..http import RetryPolicy
from ..models import Conversion, ConversionPlatform
from ..parsing import read_object
from .base import Resource, present


class Conversions(Resource):
    """``/conversions``: orders, so that Genvoris can say which of them a try-on led to."""

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
        """Tell of an order.

        A second one of the same order counts nothing again and says so (``deduped``), so it is
        repeated whenever the fault may pass.

        Args:
            order_id: The shop's id of the order.
            amount_cents: What was paid, in the currency's minor unit.
            platform: Where the shop runs.
            currency: An ISO 4217 code, such as ``EUR``.
            quantity: How many were bought.
            product_id: The shop's id of the product.
            product_title: Its name.
            session_id: The widget's id of the visit.
            customer_email: The shopper's address.
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
