"""The shop's own functions, and what happens when one of them fails.

A failing function never takes a page down: the error is logged once, not on every page.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # slow to import
    from ..core.charging.packs import CheckoutHook
    from ..core.privacy.consents import ConsentHook
    from ..core.products import Product, ProductFilter
    from ..core.sessions import Shopper
    from ..core.tryon.engines import EngineHook
    from ..core.tryon.paywall import PaywallHook
    from ..core.webhooks.handling import Handler

log: logging.Logger = logging.getLogger("genvoris_flask.storefront")

_logged: set[tuple[str, str]] = set()


@dataclass
class Hooks:
    """The functions that a shop registers. Apps of one ``GenvorisFlask`` object share them."""

    shopper_loader: Callable[[], Shopper | None] | None = None
    paywall: PaywallHook | None = None
    checkout: CheckoutHook | None = None
    webhook_handlers: list[Handler] = field(default_factory=list)
    tryon_engine: EngineHook | None = None
    stripe_shopper: Callable[[str], str | None] | None = None
    product_filter: ProductFilter | None = None
    consent_text: ConsentHook | None = None
    console_access: Callable[[], bool] | None = None
    console_names: Callable[[list[str]], Mapping[str, str]] | None = None

    def may_try_on(self, product: Product) -> bool:
        """Return whether the shop's ``product_filter`` offers a product for try-on.

        Without a filter every product may be tried on. A filter that raises excludes its product,
        since it exists to keep products out.
        """
        if self.product_filter is None:
            return True
        try:
            return bool(self.product_filter(product))
        except Exception as error:  # noqa: BLE001  (a fault of the shop's own function)
            log_once(
                self.product_filter,
                error,
                "The function registered with @genvoris.product_filter failed, so its product "
                "cannot be tried on",
            )
            return False


def log_once(
    subject: object,
    fault: Exception | str,
    message: str,
    *args: object,
    level: int = logging.ERROR,
) -> None:
    """Log a fault of a function, or of another object of the shop, the first time it occurs.

    Args:
        subject: What is at fault.
        fault: The exception, which is logged with its traceback, and of which each class is logged
            once; or a name for the kind of fault.
        message: The message.
        args: The values of its placeholders.
        level: The level to log at.
    """
    error = fault if isinstance(fault, Exception) else None
    key = repr(subject), type(error).__qualname__ if error else str(fault)
    if key in _logged:
        return
    _logged.add(key)
    log.log(level, message, *args, exc_info=error)
