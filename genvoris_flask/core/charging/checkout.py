"""The shop's own function that starts a checkout for single try-ons."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ..addresses import is_web_link
from ..products import Product
from ..sessions import Shopper
from .packs import Pack

log = logging.getLogger("genvoris_flask.billing")

# Takes who buys, for which product, where the checkout shall lead back to, and what they buy.
CheckoutHook = Callable[[Shopper, "Product | None", str, Pack], str]


class CheckoutError(Exception):
    """The checkout could not be started; the reason was logged."""


def start_checkout(
    hook: CheckoutHook, shopper: Shopper, product: Product | None, return_url: str, pack: Pack
) -> str:
    """Return the URL of a checkout that the shop has started.

    Raises:
        CheckoutError: The shop's function failed, or returned something else.
    """
    try:
        url: object = hook(shopper, product, return_url, pack)
    except Exception as error:  # the shop's own code must not break the dialog
        log.exception("The function that starts a checkout failed")
        raise CheckoutError from error
    if not isinstance(url, str) or not url or not is_web_link(url):
        log.error(
            "The function registered with @genvoris.checkout must return the URL of a checkout: "
            "a path, or an http or https address."
        )
        raise CheckoutError
    return url
