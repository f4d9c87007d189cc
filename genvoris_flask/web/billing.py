"""``genvoris.billing`` in an app: the calls of ``core.billing``, and a view for Stripe's events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Unpack

from flask import Response

from ..core.billing.accounts import BillingParts
from ..core.billing.service import Billing
from .errors import HttpError, answer_error
from .switched_off import NoCalls


class AppBilling(Billing):
    """The billing calls of an app, and its view for Stripe's events.

    Args:
        stripe_view: Answers the current request, which is an event from Stripe.
        parts: As for ``Billing``.
    """

    def __init__(
        self, *, stripe_view: Callable[[], Response], **parts: Unpack[BillingParts]
    ) -> None:
        super().__init__(**parts)
        self._stripe_view = stripe_view

    def stripe_webhook(self) -> Response:
        """Answer an event from Stripe in a view of the shop's own.

        ``POST stripe`` under GENVORIS_URL_PREFIX is registered as soon as
        GENVORIS_STRIPE_WEBHOOK_SECRET is set. This method is for another address. Exempt that
        view from CSRF protection.
        """
        return self._stripe_view()


class NoBilling(NoCalls):
    """Stands in for ``genvoris.billing`` under GENVORIS_ENABLED = False.

    Calls that return something to iterate over return it empty.
    """

    def sync_plans(self, *, dry_run: bool = False) -> list[Any]:  # noqa: ARG002
        """Return no steps."""
        self.__getattr__("sync_plans")()
        return []

    def known_prices(self) -> set[str]:
        """Return no prices."""
        self.__getattr__("known_prices")()
        return set()

    def stripe_webhook(self) -> Response:
        """Answer 503, so that Stripe delivers the event again until try-on is switched on."""
        self.__getattr__("stripe_webhook")()
        detail = "Try-on is switched off in this shop."
        return answer_error(HttpError("not_configured", detail=detail))
