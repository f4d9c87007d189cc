"""Virtual try-on by Genvoris for Flask shops."""

from .errors import ConfigurationError, GenvorisError
from .extension import GenvorisFlask
from .sessions.shopper import Shopper
from .storefront.tags import genvoris_button, genvoris_widget
from .tryon.paywall import Paywall, Refusal
from .tryon.photos import Photo
from .tryon.pictures import Picture
from .tryon.product import Product

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
