"""Makes Checkout Sessions for single try-ons, and reads them when the shopper comes back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ....errors import ConfigurationError, StripeEventError
from ...charging.packs import Pack
from ...sessions import Shopper
from ...storage.interface import digest
from .fields import Json
from .payloads import EXTERNAL_ID, TRY_ONS

if TYPE_CHECKING:
    import stripe

TIMEOUT = 10.0  # seconds; a shopper waits for it


@dataclass(frozen=True)
class SingleSale:
    """A sale of single try-ons that is about to be paid for.

    Attributes:
        shopper: Who buys.
        pack: What they buy.
        success_url: Where Stripe leads to after the payment.
        cancel_url: Where Stripe leads to without one.
        key: Identifies this attempt to buy: a repeat with the same key is the same session.
    """

    shopper: Shopper
    pack: Pack
    success_url: str
    cancel_url: str
    key: str | None = None


def open_checkouts(api_key: str | None) -> CheckoutSessions:
    """Return what makes Checkout Sessions with this key.

    Raises:
        ConfigurationError: There is no key.
    """
    if api_key is None:
        raise ConfigurationError(
            "A Checkout Session needs GENVORIS_STRIPE_API_KEY: a restricted key of Stripe's that "
            "may write Checkout Sessions."
        )
    import stripe  # an extra, and slow to import

    http = stripe.RequestsClient(timeout=TIMEOUT)
    return CheckoutSessions(stripe.StripeClient(api_key, http_client=http, max_network_retries=1))


class CheckoutSessions:
    """Makes and reads Checkout Sessions.

    All methods raise StripeEventError if Stripe refuses or does not answer.

    Args:
        client: The library's client.
    """

    def __init__(self, client: stripe.StripeClient) -> None:
        self._sessions = client.v1.checkout.sessions

    def create(self, sale: SingleSale) -> str:
        """Return the URL of a new session, or of the one that was made with the same key.

        Raises:
            ConfigurationError: The pack has no price at Stripe.
        """
        if sale.pack.external_price_id is None:
            raise ConfigurationError(
                "A pack of GENVORIS_PACKS is sold by Stripe, but has no external_price_id."
            )
        options: Any = {}
        if sale.key is not None:
            # Stripe refuses a key that it knows with other contents.
            about = f"{sale.pack} {sale.success_url} {sale.cancel_url} {sale.shopper.email}"
            options["idempotency_key"] = digest(sale.key + digest(about))
        with _at_stripe("make a Checkout Session"):
            url = self._sessions.create(_parameters(sale), options).url
        if not url:
            raise StripeEventError("Stripe made a Checkout Session without a URL.")
        return url

    def find(self, session_id: str) -> Json:
        """Return a session as plain JSON."""
        with _at_stripe("read a Checkout Session"):
            found: Any = self._sessions.retrieve(session_id)
        # The library's objects were dicts before version 15.
        plain: Json = found if isinstance(found, Mapping) else found.to_dict()
        return plain


def _parameters(sale: SingleSale) -> Any:
    metadata = {
        EXTERNAL_ID: sale.shopper.external_id,
        TRY_ONS: str(sale.pack.try_ons),
    }
    parameters: dict[str, Any] = {
        "mode": "payment",
        "line_items": [{"price": sale.pack.external_price_id, "quantity": 1}],
        "client_reference_id": sale.shopper.external_id,
        "metadata": metadata,
        "payment_intent_data": {"metadata": metadata},
        "success_url": sale.success_url,
        "cancel_url": sale.cancel_url,
    }
    if sale.shopper.email:
        parameters["customer_email"] = sale.shopper.email
    return parameters


@contextmanager
def _at_stripe(what: str) -> Iterator[None]:
    """Turn the library's errors into StripeEventError."""
    import stripe

    try:
        yield
    except stripe.StripeError as error:
        # The library's message is left out: it may repeat a part of the key.
        kind = type(error).__name__
        raise StripeEventError(
            f"Stripe does not {what} ({kind}): check GENVORIS_STRIPE_API_KEY, which needs write "
            "access to Checkout Sessions, and the external_price_id of GENVORIS_PACKS."
        ) from None
