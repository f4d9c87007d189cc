"""The events that Genvoris delivers, typed: what a function registered with ``@genvoris.on`` gets."""

from ..core.webhooks.events import (
    KNOWN_TYPES,
    CreditEvent,
    CustomerEvent,
    PlanEvent,
    TryonEvent,
    WebhookEvent,
)

__all__ = [
    "KNOWN_TYPES",
    "CreditEvent",
    "CustomerEvent",
    "PlanEvent",
    "TryonEvent",
    "WebhookEvent",
]
