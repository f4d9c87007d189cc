"""What shoppers think of their pictures, as the widget reports it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from .sessions import Shopper

# The shop's own type of event, which Genvoris does not know.
TRYON_RATED = "TRYON_RATED"
Reason = Literal["likeness", "product", "quality"]
REASONS: tuple[str, ...] = get_args(Reason)
MAX_ID = 100


@dataclass(frozen=True)
class Rating:
    """Whether a shopper likes a picture. A later one of the same try-on replaces it.

    Attributes:
        tryon_id: The try-on's id.
        liked: Whether they like it.
        reasons: Why not, if they said so: ``likeness``, ``product``, ``quality``.
        product_id: The shop's id of the product.
        product_title: Its name.
        shopper: Who it is; None for a guest.
    """

    tryon_id: str
    liked: bool
    reasons: tuple[str, ...] = ()
    product_id: str | None = None
    product_title: str | None = None
    shopper: Shopper | None = None


def problem_of(metadata: dict[str, Any] | None) -> str | None:
    """Return what is wrong with the metadata of a rating, or None."""
    fields = metadata or {}
    tryon_id, liked, reasons = (fields.get(name) for name in ("tryOn", "liked", "reasons"))
    if not isinstance(tryon_id, str) or not 1 <= len(tryon_id) <= MAX_ID:
        return "must have the try-on's id as tryOn"
    if not isinstance(liked, bool):
        return "must have liked, true or false"
    if reasons is not None and not (
        isinstance(reasons, str) and set(reasons.split()) <= set(REASONS)
    ):
        return f"must have reasons out of {', '.join(REASONS)}"
    return None
