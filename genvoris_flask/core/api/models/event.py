"""What shoppers do with the widget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

EventType = Literal[
    "WIDGET_OPENED",
    "PHOTO_UPLOADED",
    "TRYON_GENERATED",
    "TRYON_VIEWED",
    "RESULT_SHARED",
    "ADDED_TO_CART",
    "CHECKOUT_STARTED",
    "CLOSED",
]
EVENT_TYPES: tuple[str, ...] = get_args(EventType)


@dataclass(frozen=True)
class Event:
    """One thing that a shopper did.

    Attributes:
        session_id: The widget's own id of this visit.
        event_type: One of ``EVENT_TYPES``.
        product_id: The shop's id of the product.
        product_title: Its name.
        page_url: Where it happened.
        metadata: More about it.
    """

    session_id: str
    event_type: EventType
    product_id: str | None = None
    product_title: str | None = None
    page_url: str | None = None
    metadata: Mapping[str, Any] | None = field(default=None, repr=False)

    def write(self) -> dict[str, Any]:
        """Write it as the contract does."""
        fields = {
            "sessionId": self.session_id,
            "eventType": self.event_type,
            "productId": self.product_id,
            "productTitle": self.product_title,
            "pageUrl": self.page_url,
            "metadata": None if self.metadata is None else dict(self.metadata),
        }
        return {name: value for name, value in fields.items() if value is not None}
