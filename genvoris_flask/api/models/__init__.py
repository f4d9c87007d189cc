"""What Genvoris tells us about, as frozen objects."""

from .attribution import Conversion, ConversionPlatform, Return
from .customer import Customer, Period, Status, Usage, read_status
from .event import EVENT_TYPES, Event, EventType
from .page import Page
from .plan import Plan
from .session import Session
from .tracking import QuotaLeft, Tracked
from .webhook import WebhookEndpoint, WebhookTest

__all__ = [
    "EVENT_TYPES",
    "Conversion",
    "ConversionPlatform",
    "Customer",
    "Event",
    "EventType",
    "Page",
    "Period",
    "Plan",
    "QuotaLeft",
    "Return",
    "Session",
    "Status",
    "Tracked",
    "Usage",
    "WebhookEndpoint",
    "WebhookTest",
    "read_status",
]
