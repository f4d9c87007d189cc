"""The objects that Genvoris's REST API returns, as frozen dataclasses."""

from .customers import (
    ActiveSession,
    Customer,
    Page,
    Period,
    Plan,
    PlanSummary,
    Session,
    Status,
    Usage,
    read_status,
)
from .reporting import (
    EVENT_TYPES,
    Conversion,
    ConversionPlatform,
    Event,
    EventType,
    Return,
    WebhookEndpoint,
    WebhookTest,
    published_type,
)
from .tryons import QuotaLeft, Tracked, TryOnStatus, WidgetHash, read_button_design

__all__ = [
    "EVENT_TYPES",
    "ActiveSession",
    "Conversion",
    "ConversionPlatform",
    "Customer",
    "Event",
    "EventType",
    "Page",
    "Period",
    "Plan",
    "PlanSummary",
    "QuotaLeft",
    "Return",
    "Session",
    "Status",
    "Tracked",
    "TryOnStatus",
    "Usage",
    "WebhookEndpoint",
    "WebhookTest",
    "WidgetHash",
    "published_type",
    "read_button_design",
    "read_status",
]
