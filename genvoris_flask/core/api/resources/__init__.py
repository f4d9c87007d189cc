"""The calls of the REST API, by what they are about.

Every call raises UnauthorizedError or ForbiddenError (the key), RateLimitedError (429, once
repeating did not help), ServerError, UnreachableError (DeadlineError when the time was up) and
MalformedAnswerError; what else it raises, what a second one does, and when it is repeated is said
at the call. docs/api.md has it all in one table.
"""

from .customers import Customers, Sessions
from .plans import Plans
from .reporting import Conversions, Events, Returns
from .tryons import TryOns, Widget
from .webhooks import WebhookEndpoints

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
