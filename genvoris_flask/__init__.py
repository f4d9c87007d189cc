"""Virtual try-on by Genvoris for Flask shops."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .core.charging.credits import Order, OrderItem
    from .core.charging.packs import Pack
    from .core.images.photos import Photo, Picture
    from .core.ledger.models import OrderLine
    from .core.privacy.consents import ConsentText
    from .core.products import Product
    from .core.sessions import Shopper
    from .core.tryon.paywall import Paywall, PaywallOption, Refusal
    from .errors import ConfigurationError, GenvorisError
    from .extension import GenvorisFlask
    from .web.account import genvoris_account, genvoris_balance
    from .web.button import genvoris_button
    from .web.privacy_notice import genvoris_privacy_notice
    from .web.widget_tags import genvoris_widget

# Names are loaded when they are asked for: pytest imports this package in every run, for the
# fixtures in genvoris_flask.testing, and need not wait for Flask and httpx then.
_HOMES = {
    "ConfigurationError": ".errors",
    "ConsentText": ".core.privacy.consents",
    "GenvorisError": ".errors",
    "GenvorisFlask": ".extension",
    "Order": ".core.charging.credits",
    "OrderItem": ".core.charging.credits",
    "OrderLine": ".core.ledger.models",
    "Pack": ".core.charging.packs",
    "Paywall": ".core.tryon.paywall",
    "PaywallOption": ".core.tryon.paywall",
    "Photo": ".core.images.photos",
    "Picture": ".core.images.photos",
    "Product": ".core.products",
    "Refusal": ".core.tryon.paywall",
    "Shopper": ".core.sessions",
    "genvoris_account": ".web.account",
    "genvoris_balance": ".web.account",
    "genvoris_button": ".web.button",
    "genvoris_privacy_notice": ".web.privacy_notice",
    "genvoris_widget": ".web.widget_tags",
}

__all__ = [
    "ConfigurationError",
    "ConsentText",
    "GenvorisError",
    "GenvorisFlask",
    "Order",
    "OrderItem",
    "OrderLine",
    "Pack",
    "Paywall",
    "PaywallOption",
    "Photo",
    "Picture",
    "Product",
    "Refusal",
    "Shopper",
    "genvoris_account",
    "genvoris_balance",
    "genvoris_button",
    "genvoris_privacy_notice",
    "genvoris_widget",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import_module(".web.compat", __name__).require_oldest()
    value = globals()[name] = getattr(import_module(_HOMES[name], __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
