"""Events of the widget, orders and refunds, and where Genvoris sends webhooks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from ..parsing import Json, as_text, as_time, need_text, pick

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
# Genvoris knows these types only by an older name.
_OLDER_NAMES = {
    f"customer.{what}": f"end_customer.{what}"
    for what in ("created", "updated", "cancelled", "quota_warning", "period_rolled")
}


@dataclass(frozen=True)
class Event:
    """One thing that a shopper did with the widget.

    Attributes:
        session_id: The widget's own id for this visit.
        event_type: One of ``EVENT_TYPES``.
        product_id: The shop's id for the product.
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
        """Return the event as Genvoris's API takes it."""
        fields = {
            "sessionId": self.session_id,
            "eventType": self.event_type,
            "productId": self.product_id,
            "productTitle": self.product_title,
            "pageUrl": self.page_url,
            "metadata": None if self.metadata is None else dict(self.metadata),
        }
        return {name: value for name, value in fields.items() if value is not None}


ConversionPlatform = Literal["shopify", "woocommerce", "custom"]


@dataclass(frozen=True)
class Conversion:
    """An order that Genvoris knows of.

    Attributes:
        id: Genvoris's id.
        attributed_from_try_on: Whether a try-on led to it.
        deduped: Whether Genvoris knew the order already and counted nothing again.
    """

    id: str
    attributed_from_try_on: bool
    deduped: bool

    @classmethod
    def read(cls, payload: Json) -> Conversion:
        """Parse the response to a conversion."""
        return cls(
            id=need_text(payload, "id", "a call for a conversion"),
            attributed_from_try_on=pick(payload, "attributed_from_try_on") is True,
            deduped=payload.get("deduped") is True,
        )


@dataclass(frozen=True)
class Return:
    """A refund of an order. ``conversion_event_id`` is None when Genvoris knew no such order."""

    id: str
    conversion_event_id: str | None

    @classmethod
    def read(cls, payload: Json) -> Return:
        """Parse the response to a return."""
        return cls(
            id=need_text(payload, "id", "a call for a return"),
            conversion_event_id=as_text(pick(payload, "conversion_event_id")),
        )


def published_type(name: str) -> str:
    """Return Genvoris's own name for a type of webhook.

    ``@genvoris.on`` and ``event.type`` use newer names: ``customer.quota_warning`` is
    ``end_customer.quota_warning`` at Genvoris.
    """
    return _OLDER_NAMES.get(name, name)


@dataclass(frozen=True)
class WebhookEndpoint:
    """A URL of the shop that Genvoris posts to. The secret is never returned.

    Attributes:
        id: Genvoris's id.
        url: The URL.
        events: The types that are sent to it.
        description: A note.
        active: Whether anything is sent to it.
        created_at: When it was created.
    """

    id: str
    url: str
    events: tuple[str, ...]
    description: str | None
    active: bool
    created_at: dt.datetime | None

    @classmethod
    def read(cls, payload: Json) -> WebhookEndpoint:
        """Parse an endpoint."""
        events = payload.get("events")
        return cls(
            id=need_text(payload, "id", "a call for a webhook endpoint"),
            url=as_text(payload.get("url")) or "",
            events=tuple(str(each) for each in events) if isinstance(events, list) else (),
            description=as_text(payload.get("description")),
            active=payload.get("active") is not False,
            created_at=as_time(pick(payload, "created_at")),
        )


@dataclass(frozen=True)
class WebhookTest:
    """A test delivery. ``event_id`` is its event's ``id``, or None if Genvoris does not say."""

    event_id: str | None

    @classmethod
    def read(cls, payload: Json) -> WebhookTest:
        """Parse the response, whose form is not documented."""
        return cls(as_text(payload.get("id")) or as_text(pick(payload, "event_id")))
