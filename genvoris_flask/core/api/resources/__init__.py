"""The calls of the REST API, by what they are about.

Every call raises UnauthorizedError or ForbiddenError (the key), RateLimitedError (429, once
repeating did not help), ServerError, UnreachableError (DeadlineError when the time was up) and
MalformedAnswerError; what else it raises, what a second one does, and when it is repeated is said
at the call. docs/api.md has it all in one table.
"""

from .conversions import Conversions
from .customers import Customers
from .events import Events
from .plans import Plans
from .returns import Returns
from .sessions import Sessions
from .tryons import TryOns
from .webhook_endpoints import WebhookEndpoints
from .widget import Widget

__all__ = [
    "Conversions",
    "Customers",
    "Events",
    "Plans",
    "Returns",
    "Sessions",
    "TryOns",
    "WebhookEndpoints",
    "Widget",
]
