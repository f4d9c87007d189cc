"""Virtual try-on by Genvoris for Flask shops."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .errors import ConfigurationError, GenvorisError
    from .extension import GenvorisFlask
    from .products import Product
    from .sessions.shopper import Shopper
    from .storefront.tags import genvoris_button, genvoris_widget
    from .tryon.paywall import Paywall, Refusal
    from .tryon.photos import Photo
    from .tryon.pictures import Picture

# Names are loaded when they are asked for: pytest imports this package in every run, for the
# fixtures in genvoris_flask.testing, and need not wait for Flask and httpx then.
_HOMES = {
    "ConfigurationError": ".errors",
    "GenvorisError": ".errors",
    "GenvorisFlask": ".extension",
    "Paywall": ".tryon.paywall",
    "Photo": ".tryon.photos",
    "Picture": ".tryon.pictures",
    "Product": ".products",
    "Refusal": ".tryon.paywall",
    "Shopper": ".sessions.shopper",
    "genvoris_button": ".storefront.tags",
    "genvoris_widget": ".storefront.tags",
}

__all__ = [
    "ConfigurationError",
    "GenvorisError",
    "GenvorisFlask",
    "Paywall",
    "Photo",
    "Picture",
    "Product",
    "Refusal",
    "Shopper",
    "genvoris_button",
    "genvoris_widget",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import_module(".compat", __name__).require_oldest()
    value = globals()[name] = getattr(import_module(_HOMES[name], __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
