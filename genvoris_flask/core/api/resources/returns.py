"""``/returns``."""

from __future__ import annotations

from ..http import RetryPolicy
from ..models import ConversionPlatform, Return
from ..parsing import read_object
from .base import Resource, present


class Returns(Resource):
    """``/returns``: refunds of orders that were told to ``/conversions``."""

    def record(
        self,
        *,
        order_id: str,
        refunded_amount_cents: int,
        platform: ConversionPlatform = "custom",
        currency: str | None = None,
        reason: str | None = None,
    ) -> Return:
        """Tell of a refund.

        An order may be refunded in parts, so a second call counts a second refund. It is
        repeated only when the first surely had no effect.

        Args:
            order_id: The shop's id of the order.
            refunded_amount_cents: What was paid back this time, in the currency's minor unit.
            platform: Where the shop runs.
            currency: An ISO 4217 code, such as ``EUR``.
            reason: Why, in the shop's words.

        Raises:
            BadRequestError: A field is wrong.
            NotFoundError: Genvoris knows no such order, where it minds that.
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
