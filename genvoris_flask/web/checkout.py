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

# Seconds in which clicks on the same offer lead to the same session.
SAME_CLICK = 900.0


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
    key = request.headers.get("Idempotency-Key") or _attempt(get_state(), shopper)
    return stripe_checkout(shopper, pack, return_url, key=key_of_owner(shopper.external_id, key))


def _attempt(state: AppState, shopper: Shopper) -> str:
    """Return what is the same for all clicks until the shopper has paid, or for a while.

    Stripe then returns the session that the first click made. It would lead nowhere once it was
    paid, so what the shopper has bought is a part of it.
    """
    window = int(state.clock() // SAME_CLICK)
    if state.spending is None:
        return str(window)
    lots = state.spending.balance(shopper.external_id).lots
    return f"{window} {[(lot.source, lot.granted) for lot in lots if lot.kind == 'single']}"
