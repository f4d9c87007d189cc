"""How single try-ons are sold: by the shop's own function, or by Stripe Checkout."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from flask import request

from ..core.charging.packs import CheckoutHook, Pack
from ..core.products import Product, own_page
from ..core.sessions import Shopper
from ..core.storage.interface import key_of_owner
from .hosts import own_url, shop_url
from .state import AppState, get_state


def checkout_hook(state: AppState, pack: Pack) -> CheckoutHook | None:
    """Return what starts a checkout for a pack: the shop's function, else Stripe; None if neither.

    Args:
        state: The state of the app.
        pack: What is sold.
    """
    if state.hooks.checkout is not None:
        return state.hooks.checkout
    if state.settings.stripe_api_key and pack.external_price_id:
        return _start_at_stripe
    return None


def stripe_checkout(
    shopper: Shopper, pack: Pack, return_url: str, *, key: str | None = None
) -> str:
    """Return the URL of a Checkout Session at Stripe for single try-ons.

    Raises:
        ConfigurationError: GENVORIS_STRIPE_API_KEY is not set, or the pack has no price at Stripe.
        StripeEventError: Stripe refuses, or does not answer.
        ValueError: ``return_url`` is no page of this shop.
    """
    from ..core.billing.stripe.checkout import SingleSale  # slow to import

    page = own_page(return_url, shop_url(request))
    if page is None:
        raise ValueError("return_url must be a page of this shop, on the host of this request.")
    parts = urlsplit(page)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    # Stripe fills in the id; encoded, its braces would stay.
    query = "session_id={CHECKOUT_SESSION_ID}&" + urlencode({"next": path})
    success_url = f"{own_url('/checkout/return')}?{query}"
    sale = SingleSale(shopper, pack, success_url, page, key)
    return get_state().checkout_sessions().create(sale)


def _start_at_stripe(
    shopper: Shopper, _product: Product | None, return_url: str, pack: Pack
) -> str:
    key = request.headers.get("Idempotency-Key")
    if key is not None:
        key = key_of_owner(shopper.external_id, key)
    return stripe_checkout(shopper, pack, return_url, key=key)
