"""What makes a picture of a product on a shopper: Genvoris, or the shop's own function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from ...images.photos import Photo
from ...images.pictures import Picture
from ...products import Product
from ...sessions.shopper import Shopper
from ..paywall import Refusal

T = TypeVar("T")


@dataclass(frozen=True)
class Order:
    """One try-on that is wanted.

    Attributes:
        photo: The shopper's photo, without what its camera noted.
        product: What to put on; its ``image`` is known.
        shopper: Who is metered; None: a guest, at the shop's cost.
        origin: The shop's own address, such as ``https://shop.example``.
        key: Lets a repeat of the same job be told from a new one.
    """

    photo: Photo = field(repr=False)
    product: Product
    shopper: Shopper | None
    origin: str
    key: str


class AsShopper(Protocol):
    """Does something with the shopper's session token; once more when that one was revoked.

    The token is None for a guest.
    """

    def __call__(self, call: Callable[[str | None], T]) -> T:
        """Give what the call gives."""


class Engine(Protocol):
    """Makes try-ons and has them metered."""

    def make(self, order: Order, as_shopper: AsShopper) -> Picture | Refusal:
        """Make a picture, or say why the shopper may not have one.

        Raises:
            GenvorisError: Genvoris refused, could not be reached, or answered without a picture.
        """


# The shop's own engine: it takes the photo, the product and the shopper (None: a guest).
EngineHook = Callable[[Photo, Product, Shopper | None], bytes | Picture]
