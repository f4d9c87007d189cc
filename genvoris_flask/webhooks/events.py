"""The events that functions registered with ``@genvoris.on`` receive."""

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
