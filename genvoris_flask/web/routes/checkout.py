"""``POST checkout``: from the paywall to a checkout for single try-ons, and back to the product."""

from __future__ import annotations

import logging
import re
from typing import Any

from flask import jsonify, redirect, request

from ...core.billing.stripe.fields import as_number
from ...core.charging.packs import CheckoutError, Pack, start_checkout
from ...core.products import Product, own_page, read_product
from ...errors import GenvorisError
from ..auth import authorize, login_url
from ..checkout import checkout_hook
from ..errors import HttpError
from ..hosts import may_change, shop_url
from ..rate_limits import count_address
from ..state import get_state

log: logging.Logger = logging.getLogger("genvoris_flask.billing")

# Stripe ends an unpaid session after a day.
RETURN_SECONDS = 2 * 24 * 3600


def create_checkout() -> Any:
    """Start a checkout and return its URL; a form of the shop's own is redirected there."""
    _check_offered()
    url = _start()
    # Browsers name text/html when they go to a page, and scripts do not.
    goes_there = "text/html" in request.headers.get("Accept", "")
    return redirect(url, 303) if goes_there else jsonify(url=url)


def go_to_checkout() -> Any:
    """Start a checkout for a click on a link in the shop's own pages, such as the paywall's.

    Links of other sites, and browsers that fetch in advance what might be clicked, lead back to the
    product.
    """
    _check_offered()
    is_prefetch = "prefetch" in request.headers.get("Sec-Purpose", "")
    if is_prefetch or not may_change(request, get_state().settings.trusted_origins):
        return redirect(_return_url(_product()), 303)
    try:
        return redirect(_start(), 303)
    except HttpError as error:  # its JSON is nothing for a person
        log.info("A checkout could not be started: %s", error)
        login = error.extra.get("login_url")
        return redirect(login or _return_url(_product()), 303)


def _check_offered() -> None:
    if "pay_per_use" not in get_state().settings.charging:
        raise HttpError("path_not_allowed")


def _start() -> str:
    visitor = authorize("checkout")
    if visitor.shopper is None:  # a guest has no account that could hold what was bought
        raise HttpError("login_required", login_url=login_url())
    pack = _pack()
    state = get_state()
    hook = checkout_hook(state, pack)
    if hook is None:
        raise HttpError("path_not_allowed")
    product = _product()
    try:
        return start_checkout(hook, visitor.shopper, product, _return_url(product), pack)
    except CheckoutError:
        raise HttpError("internal_error") from None


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


def _product() -> Product | None:
    """Return the product that the address describes; ``next`` is where the widget leads back to."""
    fields = {"page_url": request.args.get("next", ""), **request.args.to_dict()}
    return read_product(fields, (), shop_url(request))


def _return_url(product: Product | None) -> str:
    page = product.page_url if product else None
    return page or f"{shop_url(request)[:-1]}{request.script_root}/"


def _apply(session_id: str) -> None:
    state = get_state()
    session = state.checkout_sessions().find(session_id)
    now = int(state.clock())
    # Stripe keeps sessions for longer than the books: an old one would give its try-ons again.
    if now - as_number(session.get("created")) > RETURN_SECONDS:
        return
    state.apply_stripe_event(
        {
            "id": f"return:{session_id}",
            "type": "checkout.session.completed",
            "created": now,
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
