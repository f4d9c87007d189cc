"""Which products may be tried on: what the shop's ``@genvoris.product_filter`` says."""

from __future__ import annotations

import logging

from ..core.products import Product
from .log_once import first_time
from .state import get_state

log = logging.getLogger("genvoris_flask.storefront")


def has_rules() -> bool:
    """Return whether the shop has any rule, so that a product need be described to it."""
    return get_state().hooks.product_filter is not None


def may_be_tried_on(product: Product) -> bool:
    """Return whether the shop offers a product for try-on.

    A rule that fails keeps its product off, since a rule is there to keep products off.
    """
    rule = get_state().hooks.product_filter
    if rule is None:
        return True
    try:
        return bool(rule(product))
    except Exception as error:  # the shop's own fault must not take the page down
        if first_time(rule, type(error).__qualname__):
            log.exception(
                "The function registered with @genvoris.product_filter failed, so its product "
                "cannot be tried on"
            )
        return False
