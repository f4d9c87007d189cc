"""What Genvoris tells us about, as frozen objects."""

from .attribution import Conversion, ConversionPlatform, Return
from .customer import Customer, Period, Status, Usage, read_status
from .event import EVENT_TYPES, Event, EventType
from .page import Page
from .plan import Plan, PlanSummary
from .session import ActiveSession, Session
from .status import TryOnStatus
from .tracking import QuotaLeft, Tracked
from .webhook import WebhookEndpoint, WebhookTest, published_type
from .widget import WidgetHash, read_button_design

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
