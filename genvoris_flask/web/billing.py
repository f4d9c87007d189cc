"""``genvoris.billing`` in an app: the calls of ``core.billing``, and a view for Stripe's events.

Under GENVORIS_ENABLED = False, ``NoBilling`` and ``NoCalls`` take the place of what makes calls.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, Unpack

from flask import Response

from ..core.billing.accounts import BillingParts
from ..core.billing.service import Billing
from ..core.charging.packs import Pack
from ..core.sessions import Shopper
from .errors import HttpError, answer_error

log: logging.Logger = logging.getLogger("genvoris_flask")


class StripeCheckout(Protocol):
    """Makes a Checkout Session at Stripe and returns its URL."""

    def __call__(
        self, shopper: Shopper, pack: Pack, return_url: str, *, key: str | None = None
    ) -> str:
        """Return the URL."""


class ClaimUrl(Protocol):
    """Makes the link by which a guest's order is claimed."""

    def __call__(self, order_id: str, *, next: str = "/") -> str:  # noqa: A002
        """Return the URL."""


@dataclass(frozen=True)
class RequestCalls:
    """The billing calls that belong to requests.

    Attributes:
        stripe_view: Answers the current request, which is an event from Stripe.
        stripe_checkout: Makes a Checkout Session.
        claim_url: Makes the link in an order's mail.
    """

    stripe_view: Callable[[], Response]
    stripe_checkout: StripeCheckout
    claim_url: ClaimUrl


class AppBilling(Billing):
    """The billing calls of an app, and those that belong to requests.

    Args:
        web: The calls that belong to requests.
        parts: As for ``Billing``.
    """

    def __init__(self, *, web: RequestCalls, **parts: Unpack[BillingParts]) -> None:
        super().__init__(**parts)
        self._web = web

    def stripe_checkout(
        self, shopper: Shopper, pack: Pack, return_url: str, *, key: str | None = None
    ) -> str:
        """Return the URL of a Checkout Session at Stripe that sells single try-ons.

        Call it in a request, as in a function registered with ``@genvoris.checkout``. Without such
        a function, packs with an ``external_price_id`` are sold like this anyway.

        Args:
            shopper: Who buys.
            pack: One of GENVORIS_PACKS.
            return_url: The page of this shop where the shopper goes on.
            key: Identifies this attempt: a repeat returns the same session.

        Raises:
            ConfigurationError: GENVORIS_STRIPE_API_KEY is not set, or the pack has no price there.
            StripeEventError: Stripe refuses, or does not answer.
            ValueError: ``return_url`` is no page of this shop.
        """
        return self._web.stripe_checkout(shopper, pack, return_url, key=key)

    def claim_url(self, order_id: str, *, next: str = "/") -> str:  # noqa: A002
        """Return the link for an order's mail, by which a guest takes what it brought.

        Whoever opens it logs in, or is logged in, and has the order's try-ons in their account.

        Args:
            order_id: The shop's id of the order, as told to ``order_paid`` with ``email=``.
            next: The path of this shop where the shopper goes on.

        Raises:
            ConfigurationError: The shop has no ledger, or the app no SECRET_KEY.
            ValueError: ``next`` is no path of this shop.
        """
        return self._web.claim_url(order_id, next=next)

    def stripe_webhook(self) -> Response:
        """Answer an event from Stripe in a view of the shop's own.

        ``POST stripe`` under GENVORIS_URL_PREFIX is registered as soon as
        GENVORIS_STRIPE_WEBHOOK_SECRET is set. This method is for another address. Exempt that
        view from CSRF protection.
        """
        return self._web.stripe_view()


class NoCalls:
    """Accepts any call, logs it at debug level, and returns None.

    Args:
        name: The name that calls are logged under, such as ``genvoris.client``.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        """Return an object that can be called, or looked up further names in."""
        if name.startswith("__"):  # copy, pickle and others look for these
            raise AttributeError(name)
        return NoCalls(f"{self._name}.{name}")

    def __call__(self, *_args: object, **_options: object) -> None:
        """Do nothing."""
        log.debug("%s() does nothing: GENVORIS_ENABLED is false.", self._name)


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
