"""``POST checkout``: from the paywall to a checkout for single try-ons, and back to the product."""

from __future__ import annotations

import logging
import re
from typing import Any

from flask import jsonify, redirect, request

from ...core.charging.checkout import CheckoutError, start_checkout
from ...core.charging.packs import Pack
from ...core.products import own_page, read_product
from ...errors import GenvorisError
from ..auth import authorize, login_url
from ..checkout import checkout_hook
from ..errors import HttpError
from ..hosts import shop_url
from ..rate_limits import count_address
from ..state import get_state

log = logging.getLogger("genvoris_flask.billing")


def create_checkout() -> Any:
    """Start a checkout and return its URL; a form of the shop's own is redirected there."""
    visitor = authorize("checkout")
    if visitor.shopper is None:  # a guest has no account that could hold what was bought
        raise HttpError("login_required", login_url=login_url())
    pack = _pack()
    state = get_state()
    hook = checkout_hook(state, pack)
    if hook is None:
        raise HttpError("path_not_allowed")
    product = read_product(request.args, (), shop_url(request))
    page = product.page_url if product else None
    return_url = page or f"{shop_url(request)[:-1]}{request.script_root}/"
    try:
        url = start_checkout(hook, visitor.shopper, product, return_url, pack)
    except CheckoutError:
        raise HttpError("internal_error") from None
    # Browsers name text/html when they go to a page, and the widget does not.
    goes_there = "text/html" in request.headers.get("Accept", "")
    return redirect(url, 303) if goes_there else jsonify(url=url)


def complete_checkout() -> Any:
    """Give what was paid for at Stripe, whose event may still be on its way, and go on.

    The session is read from Stripe, so that nothing in the address has to be trusted.
    """
    count_address("checkout")
    session_id = request.args.get("session_id", "")
    if re.fullmatch(r"cs_\w{1,200}", session_id):
        try:
            _apply(session_id)
        except GenvorisError as error:
            log.warning("A payment is not known yet; Stripe's event will tell. %s", error)
    home = f"{request.script_root}/"
    page = own_page(request.args.get("next", home), shop_url(request))
    return redirect(page or home, 303)


def _apply(session_id: str) -> None:
    state = get_state()
    session = state.checkout_sessions().find(session_id)
    state.apply_stripe_event(
        {
            "id": f"return:{session_id}",
            "type": "checkout.session.completed",
            "created": int(state.clock()),
            "data": {"object": session},
        }
    )


def _pack() -> Pack:
    """Return the pack that the address names by its number of try-ons."""
    number = request.args.get("try_ons", type=int)
    found = [pack for pack in get_state().settings.packs if pack.try_ons == number]
    if not found:
        raise HttpError("path_not_allowed")
    return found[0]
