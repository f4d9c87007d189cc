"""The objects that Genvoris's REST API returns, as frozen dataclasses."""

from .customers import Customer, Page, Period, Plan, PlanSummary, Status, Usage, read_status
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
from .sessions import ActiveSession, Session
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
